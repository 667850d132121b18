"""Settings in and out: read those of other tools, write them for other tools."""

from __future__ import annotations

from app import notices
from app.components import Html, Message, h
from app.widgets import page, words
from lora_core import exchange
from lora_core.errors import WorkbenchError
from lora_core.exchange import Imported, Outcome
from lora_core.exchange.export import DATASET, cleaned
from lora_core.options import TrainingOptions
from lora_core.presets import changes, is_personal, summary
from lora_core.session import Session

_TARGETS = {
    "": "Please choose",
    "workbench": "LoRA Workbench (one TOML file)",
    "sd-scripts": "sd-scripts (its files and the command)",
    "kohya-ss": "kohya_ss (JSON)",
}
_KOHYA = "kohya_ss.json"
_HEADINGS = {
    Outcome.TRANSLATED: "Translated",
    Outcome.DROPPED: "Left out, with the reason",
    Outcome.UNKNOWN: "Unknown",
    Outcome.TAKEN: "Taken as they are",
}


class Handover:
    """The card for import and export. Nothing is changed before its effect has been shown.

    Args:
        session: whose settings are replaced or written.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said: Html | str = ""
        self._given = ""
        self._found: Imported | None = None
        self._target = ""
        self._with_paths = False

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if it was about this card."""
        if message.do == "set" and message.field == "import-text":
            self._given, self._found = str(message.value), None
        elif message.do == "set" and message.field == "export-target":
            self._target = str(message.value) if message.value in _TARGETS else ""
        elif message.do == "set" and message.field == "export-paths":
            self._with_paths = bool(message.value)
        elif message.do == "read-import":
            self._read()
        elif message.do == "use-import":
            self._use()
        elif message.do == "drop-import":
            self._given, self._found, self.said = "", None, ""
        else:
            return False
        return True

    def _read(self) -> None:
        self.said, self._found = "", None
        try:
            self._found = exchange.read(self._given)
        except WorkbenchError as error:
            self.said = notices.of_error(error)

    def _use(self) -> None:
        if self._found is None:
            self.said = notices.notice(
                "note",
                "ℹ",
                "Note",
                "Nothing has been read yet.",
                remedy="Give a file or a text, and choose Read it.",
            )
            return
        before = self.session.engine_name
        title = self._found.title
        self.session.replace(self._after(self._found), title, baseline=[title])
        changed = f"{words.TRAINER_CHANGED}." if self.session.engine_name != before else ""
        self.said = notices.notice(
            "ok", "✔", "Done", "The settings are in use. Undo takes them back.", changed
        )
        self._given, self._found = "", None

    def _after(self, found: Imported) -> TrainingOptions:
        """The options as they would be: what the file does not tell of this machine stays."""
        options = found.options.copy()
        told = {entry.target for entry in found.entries if entry.target}
        present = self.session.options
        options.update({o.name: present[o.name] for o in present if is_personal(o) and o.name not in told})
        return options

    # Rendering

    def render(self) -> Html:
        """The card."""
        return page.card(
            "📤",
            "From and for other tools",
            "Bring settings along, or take them elsewhere.",
            h("div", self._import(), self._export(), class_="fields"),
        )

    def _import(self) -> Html:
        explain = (
            "From kohya_ss, sd-scripts (files or command line), LoRA Easy Training Scripts, OneTrainer, "
            "HollowStrawberry's trainer, or a LoRA file to train like. "
            "Give its path on this machine, or paste its text."
        )
        return h(
            "details",
            h("summary", "Read settings of another tool"),
            h(
                "div",
                h(
                    "div",
                    h("div", h("label", "File or text", for_="f-import-text"), class_="label"),
                    h(
                        "textarea",
                        self._given,
                        rows=4,
                        spellcheck="false",
                        id="f-import-text",
                        data_field="import-text",
                        data_v=self._given,
                        aria_describedby="explain-import",
                    ),
                    h("p", explain, class_="explain", id="explain-import"),
                    class_="field",
                ),
                h("button", "Read it", type="button", data_do="read-import"),
                h("div", self.said, role="status"),
                self._report(self._found) if self._found else None,
                class_="fields",
            ),
            class_="more guide",
            data_key="import",
        )

    def _report(self, found: Imported) -> Html:
        effect = changes(self.session.options, self._after(found))
        return h(
            "div",
            h("h3", f"{found.title[:1].upper()}{found.title[1:]}"),
            page.listed(*found.notes) if found.notes else None,
            [_entries(found, outcome, heading) for outcome, heading in _HEADINGS.items()],
            h("p", h("b", summary(effect))),
            h(
                "div",
                h("button", "Use these settings", type="button", data_do="use-import"),
                h("button", "Leave it", type="button", class_="link", data_do="drop-import"),
                class_="row",
            ),
            class_="stack",
            aria_live="polite",
        )

    def _export(self) -> Html:
        items = [
            h("option", text, value=name, selected=name == self._target) for name, text in _TARGETS.items()
        ]
        return h(
            "details",
            h("summary", "Write settings for another tool"),
            h(
                "div",
                h(
                    "div",
                    h("div", h("label", "For", for_="f-export-target"), class_="label"),
                    h(
                        "select",
                        items,
                        id="f-export-target",
                        data_field="export-target",
                        data_v=self._target,
                        aria_describedby="explain-export",
                    ),
                    h("p", "Passwords and tokens are never written.", class_="explain", id="explain-export"),
                    class_="field",
                ),
                h(
                    "label",
                    h(
                        "input",
                        type="checkbox",
                        role="switch",
                        checked=self._with_paths,
                        id="f-export-paths",
                        data_field="export-paths",
                        data_v="true" if self._with_paths else "false",
                    ),
                    h("span", "Write the paths of this machine, too"),
                    class_="switch",
                ),
                self._written(),
                class_="fields",
            ),
            class_="more guide",
            data_key="export",
        )

    def _written(self) -> Html | None:
        if not self._target:
            return None
        try:
            files = self._files()
        except WorkbenchError as error:
            return notices.of_error(error)
        return h(
            "div",
            self._lost(files),
            [
                h(
                    "div",
                    h("h3", name),
                    h("pre", text, tabindex="0", role="region", aria_label=f"Content of {name}"),
                )
                for name, text in files.items()
            ],
            class_="stack",
        )

    def _files(self) -> dict[str, str]:
        options, paths = self.session.options, self._with_paths
        if self._target == "workbench":
            return {"settings.toml": exchange.to_workbench(options, with_paths=paths)}
        count = self.session.count()
        steps = count.total if count else None
        files = exchange.to_trainer_files(options, with_paths=paths, total_steps=steps)
        if self._target == "kohya-ss":
            text = exchange.to_kohya_ss(options, with_paths=paths, dataset_config=DATASET, total_steps=steps)
            return {_KOHYA: text, DATASET: files[DATASET]}
        return files

    def _lost(self, files: dict[str, str]) -> Html | None:
        """The settings that the kohya_ss page would leave out."""
        if _KOHYA not in files:
            return None
        options = cleaned(self.session.options, with_paths=self._with_paths)
        lost = exchange.not_held(options, files[_KOHYA], files[DATASET])
        return h("p", f"That page cannot hold: {', '.join(lost)}.") if lost else None


def _entries(found: Imported, outcome: Outcome, heading: str) -> Html | None:
    entries = found.of(outcome)
    if not entries:
        return None
    return h(
        "details",
        h("summary", f"{heading} ({len(entries)})"),
        h("ul", [h("li", f"{entry.source}: {entry.text}") for entry in entries], class_="soft"),
        class_="more",
        data_key=f"import-{outcome.value}",
    )
