"""The user's own presets: keep, rename, share, put into the bin."""

from __future__ import annotations

from app import notices
from app.components import Html, Message, h
from lora_core.errors import WorkbenchError
from lora_core.presets import Preset, own
from lora_core.session import Session


class OwnPresets:
    """The fold for own presets.

    Args:
        session: whose settings are kept.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said: Html | str = ""
        self._title = ""
        self._chosen = ""
        self._new_title = ""
        self._shared = ""

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if it was about own presets."""
        if message.do == "set" and message.field == "own-title":
            self._title = str(message.value)
        elif message.do == "set" and message.field == "own-chosen":
            self._chosen, self._new_title, self._shared = str(message.value), "", ""
        elif message.do == "set" and message.field == "own-new-title":
            self._new_title = str(message.value)
        elif message.do in ("own-save", "own-rename", "own-delete", "own-share"):
            self._act(message.do)
        else:
            return False
        return True

    def _act(self, what: str) -> None:
        folder = self.session.workspace.presets
        try:
            if what == "own-save":
                kept = own.save(folder, self._title, self.session.options)
                self._title, told = "", f"“{kept.title}” is kept. You find it among the presets."
            elif what == "own-rename":
                kept = own.rename(folder, self._chosen, self._new_title)
                self._chosen, self._new_title, told = kept.name, "", f"It is called “{kept.title}” now."
            elif what == "own-delete":
                binned = own.delete(folder, self._chosen)
                self._chosen, told = "", f"It lies in the bin now: {binned}"
            else:
                self._shared = own.export(self.session.find_preset(self._chosen))
                told = "Copy the text below into a file. It has no paths and no secrets."
        except WorkbenchError as error:
            self.said = notices.of_error(error)
            return
        self.said = notices.notice("ok", "✔", "Done", told)

    def render(self) -> Html:
        """The fold."""
        mine = [preset for preset in self.session.presets() if preset.own]
        return h(
            "details",
            h("summary", f"Your own presets ({len(mine)})"),
            h(
                "div",
                _field(
                    "own-title",
                    "Keep the present settings as",
                    self._title,
                    "A name for them, such as: My style.",
                ),
                h("button", "Keep as a preset", type="button", data_do="own-save"),
                self._known(mine) if mine else None,
                h("div", self.said, role="status"),
                class_="fields",
            ),
            class_="more guide",
            data_key="own-presets",
        )

    def _known(self, mine: list[Preset]) -> Html:
        items = [h("option", one.title, value=one.name, selected=one.name == self._chosen) for one in mine]
        return h(
            "div",
            h(
                "div",
                h("div", h("label", "One of your presets", for_="f-own-chosen"), class_="label"),
                h(
                    "select",
                    h("option", "Please choose", value="", selected=not self._chosen),
                    items,
                    id="f-own-chosen",
                    data_field="own-chosen",
                    data_v=self._chosen,
                ),
                class_="field",
            ),
            self._actions() if self._chosen else None,
            class_="fields",
        )

    def _actions(self) -> Html:
        return h(
            "div",
            _field("own-new-title", "New name", self._new_title, "Its file is renamed with it."),
            h(
                "div",
                h("button", "Rename", type="button", data_do="own-rename"),
                h("button", "Share", type="button", data_do="own-share"),
                h("button", "Put into the bin", type="button", data_do="own-delete"),
                class_="row",
            ),
            h("pre", self._shared, tabindex="0", role="region", aria_label="The preset as a file")
            if self._shared
            else None,
            class_="fields",
        )


def _field(name: str, label: str, value: str, explain: str) -> Html:
    return h(
        "div",
        h("div", h("label", label, for_=f"f-{name}"), class_="label"),
        h(
            "input",
            type="text",
            autocomplete="off",
            value=value,
            id=f"f-{name}",
            data_field=name,
            data_v=value,
            aria_describedby=f"explain-{name}",
        ),
        h("p", explain, class_="explain", id=f"explain-{name}"),
        class_="field",
    )
