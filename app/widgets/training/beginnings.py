"""Where to begin: which trainer, a preset, or three questions that lead to a proposal.

Nothing here changes a setting before its effect has been shown and accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from app import notices
from app.components import Html, Message, h, join
from app.widgets import page, words
from app.widgets.training.own import OwnPresets
from lora_core import goals, presets
from lora_core.engines import ENGINE_NAMES
from lora_core.errors import WorkbenchError
from lora_core.forecast import machine
from lora_core.forecast.estimate import GIB
from lora_core.options import TrainingOptions, families
from lora_core.presets import Preset
from lora_core.session import Session

ENGINES = {
    "practice": (
        "Practice",
        "A tiny model that comes with the workbench. It trains on any processor in about two minutes. "
        "Use it to see how training works.",
    ),
    "sd-scripts": (
        "sd-scripts",
        "The real trainer, for all model families. It wants its own installation, a base model "
        "and, in practice, a graphics card.",
    ),
}
"""Name and explanation of each engine."""

_NO_CHOICE = "Please choose"
SAID = "begin-said"
"""Id of the place that says what an action led to."""
_MEMORY = {
    "6": "6 GB",
    "8": "8 GB",
    "10": "10 GB",
    "12": "12 GB",
    "16": "16 GB",
    "24": "24 GB",
    "32": "32 GB",
    "48": "48 GB or more",
}
"""Choices for the memory of a graphics card."""


class Beginnings:
    """The cards above the form. Keeps what is chosen but not accepted yet.

    Args:
        session: whose settings are proposed and changed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said: Html | str = ""
        self.pictures = 0
        """How many pictures the chosen folder holds, as far as it is known."""
        self.own = OwnPresets(session)
        self._preset = ""
        self._answers = {"goal": "", "model": "", "pictures": ""}
        self._memory = ""
        """The graphics card's memory in GB as chosen; empty for what the machine itself tells."""
        self._proposal: goals.Proposal | None = None

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if it was about these cards."""
        if self.own.take(message):
            return True
        if message.do == "set" and message.field.startswith("begin-"):
            self._choose(message.field.removeprefix("begin-"), str(message.value))
            return True
        act = {
            "use-preset": self._use_preset,
            "propose": self._propose,
            "use-proposal": self._use_proposal,
            "drop-proposal": self._drop,
        }.get(message.do)
        if act is None:
            return False
        self.said = ""
        try:
            act()
        except WorkbenchError as error:
            self.said = notices.of_error(error)
        return True

    def _choose(self, name: str, value: str) -> None:
        self.said = ""
        if name == "preset":
            self._preset = value
        elif name == "memory":
            self._memory, self._proposal = value, None
        else:
            self._answers[name] = value
            self._proposal = None

    def _drop(self) -> None:
        self._preset, self._proposal = "", None

    def _use_preset(self) -> None:
        found = self._known(self._preset)
        if found is not None:
            before = self.session.engine_name
            self.session.use_preset(found.name)
            self._preset = ""
            self._done(f"“{found.title}” is in use. Undo takes it back.", before)

    def _done(self, what: str, trainer_before: str) -> None:
        changed = self.session.engine_name != trainer_before
        self.said = notices.notice("ok", "✔", "Done", what, f"{words.TRAINER_CHANGED}." if changed else "")

    def _propose(self) -> None:
        if not all(self._answers.values()):
            self.said = notices.notice(
                "note", "ℹ", "Not yet", "Please answer all three questions.", "They lead to the proposal."
            )
            return
        text = self._answers["pictures"].strip()
        if not text.isdigit() or int(text) < 1:
            self.said = notices.notice(
                "warning",
                "⚠",
                "Please check",
                f"“{text}” is not a number of pictures.",
                "",
                "Type digits, as in 20.",
            )
            return
        family, _, variant = self._answers["model"].partition(":")
        self._proposal = goals.propose(self._answers["goal"], family, variant, int(text), self._vram_gb())

    def _use_proposal(self) -> None:
        if self._proposal is not None:
            before = self.session.engine_name
            self.session.use_proposal(self._proposal)
            self._proposal = None
            self._done("The proposal is in use. Undo takes it back.", before)

    def _vram_gb(self) -> float | None:
        if self._memory:
            return float(self._memory)
        card = machine.gpu()
        return card.memory / GIB if card else None

    # Rendering

    def render(self) -> Html:
        """The card with trainer, guided start and presets."""
        return page.card(
            "🧭",
            "Where to begin",
            "Who does the work, and which settings to begin with.",
            h(
                "div",
                self._engine(),
                self._practice(),
                self._guide(),
                self._presets(),
                self.own.render(),
                class_="fields",
            ),
            h("div", self.said, role="status", id=SAID, tabindex="-1"),
        )

    def _engine(self) -> Html:
        cards = [self._engine_choice(name) for name in ENGINE_NAMES]
        return h("fieldset", h("legend", "Trainer", class_="legend"), cards, class_="choices")

    def _engine_choice(self, name: str) -> Html:
        title, text = ENGINES[name]
        on = name == self.session.engine_name
        return h(
            "label",
            h(
                "input",
                type="radio",
                name="engine",
                value=name,
                checked=on,
                data_field="engine",
                data_v="true" if on else "false",
                aria_describedby=f"about-{name}",
            ),
            h("span", title, class_="name"),
            h("span", text, class_="text", id=f"about-{name}"),
            class_="choice",
        )

    def _practice(self) -> Html:
        return h(
            "div",
            h("button", "Use the practice pictures", type="button", data_do="practice"),
            h(
                "p",
                "Fills in everything: 16 drawn pictures of a small creature, the zibbit, and settings that suit them.",
                class_="soft",
                id="about-practice-pictures",
            ),
            class_="stack",
        )

    def _guide(self) -> Html:
        models = [
            (
                f"{name}:{variant}",
                one.title if one.title.startswith(family.title) else f"{family.title}: {one.title}",
            )
            for name, family in families.FAMILIES.items()
            for variant, one in family.variants.items()
        ]
        hint = (
            f"There are {self.pictures} in your folder."
            if self.pictures
            else "15 to 50 good ones are enough for a character."
        )
        return h(
            "details",
            h("summary", "Three questions that lead to settings"),
            h(
                "div",
                self._question(
                    "goal",
                    "What are you teaching?",
                    list(goals.GOAL_TITLES.items()),
                    "Each kind wants other settings.",
                ),
                self._question(
                    "model", "Which model will you use?", models, "A LoRA works only with its own family."
                ),
                self._number("pictures", "How many pictures have you?", hint),
                self._card(),
                h("button", "Propose settings", type="button", data_do="propose"),
                self._proposed(),
                class_="fields",
            ),
            class_="more guide",
            data_key="guide",
        )

    def _card(self) -> Html:
        """How much fits: asked, as the page may be made ready on another machine than the one that trains."""
        card = machine.gpu()
        known = f"As found here: {card.name}, {card.memory / GIB:.0f} GB" if card else "I do not know"
        explain = "Not needed for a proposal. With it, the settings suit the graphics card that will train."
        return self._select(
            "memory",
            "How much memory has the graphics card?",
            self._memory,
            [h("option", text, value=key, selected=key == self._memory) for key, text in _MEMORY.items()],
            explain,
            none=known,
        )

    def _question(self, name: str, label: str, choices: Sequence[tuple[str, str]], explain: str) -> Html:
        value = self._answers[name]
        items = [h("option", text, value=key, selected=key == value) for key, text in choices]
        return self._select(name, label, value, items, explain)

    def _select(
        self,
        name: str,
        label: str,
        value: str,
        items: Sequence[Html],
        explain: str,
        none: str = _NO_CHOICE,
    ) -> Html:
        return h(
            "div",
            h("div", h("label", label, for_=f"f-begin-{name}"), class_="label"),
            h(
                "div",
                h(
                    "select",
                    h("option", none, value="", selected=value == ""),
                    items,
                    id=f"f-begin-{name}",
                    data_field=f"begin-{name}",
                    data_v=value,
                    aria_describedby=f"explain-begin-{name}",
                ),
                class_="control",
            ),
            h("p", explain, class_="explain", id=f"explain-begin-{name}"),
            class_="field",
        )

    def _number(self, name: str, label: str, explain: str) -> Html:
        value = self._answers[name]
        return h(
            "div",
            h("div", h("label", label, for_=f"f-begin-{name}"), class_="label"),
            h(
                "div",
                h(
                    "input",
                    type="text",
                    inputmode="numeric",
                    class_="number",
                    autocomplete="off",
                    value=value,
                    id=f"f-begin-{name}",
                    data_field=f"begin-{name}",
                    data_v=value,
                    aria_describedby=f"explain-begin-{name}",
                ),
                class_="control",
            ),
            h("p", explain, class_="explain", id=f"explain-begin-{name}"),
            class_="field",
        )

    def _proposed(self) -> Html | None:
        if self._proposal is None:
            return None
        after = self.session.options.copy()
        after.update(self._proposal.values)
        return h(
            "div",
            h("h3", "Proposal"),
            page.listed(*self._proposal.reasons),
            self._effect(after),
            h(
                "div",
                h("button", "Use these settings", type="button", data_do="use-proposal", data_goto=SAID),
                h("button", "Cancel", type="button", class_="link", data_do="drop-proposal"),
                class_="row",
            ),
            class_="stack",
            aria_live="polite",
        )

    def _presets(self) -> Html:
        known = self._all()
        chosen = self._known(self._preset)
        explain = (
            "A preset sets many settings at once. You see what it changes before it does. Your pictures stay."
        )
        return h(
            "div",
            self._select("preset", "Preset", self._preset, self._grouped(known), explain),
            self._about(chosen) if chosen else None,
            class_="stack",
        )

    def _about(self, preset: Preset) -> Html:
        facts = [("For", preset.description), ("Needs", preset.needs), ("Numbers from", preset.source)]
        try:
            effect = self._effect(presets.apply(preset, self.session.options))
        except WorkbenchError as error:
            return notices.of_error(error)
        return h(
            "div",
            [h("p", h("b", f"{name}: "), text, class_="soft") for name, text in facts if text],
            effect,
            h(
                "div",
                h(
                    "button",
                    "Use this preset",
                    type="button",
                    data_do="use-preset",
                    data_goto=SAID,
                ),
                h("button", "Cancel", type="button", class_="link", data_do="drop-proposal"),
                class_="row",
            ),
            class_="stack",
            aria_live="polite",
        )

    def _grouped(self, known: Sequence[Preset]) -> list[Html]:
        """The presets under headings: what suits the present model first."""
        family = self.session.options["family"]
        title = families.family(family).title
        groups: dict[str, list[Preset]] = {
            "Yours": [p for p in known if p.own],
            f"For {title}, by what you teach": [
                p for p in known if not p.own and not p.modifier and p.family == family
            ],
            "On top of it: your graphics card": [p for p in known if not p.own and p.slot == "memory"],
            "On top of it: other": [p for p in known if not p.own and p.modifier and p.slot != "memory"],
            "For another model": [p for p in known if not p.own and not p.modifier and p.family != family],
        }
        return [
            h(
                "optgroup",
                [h("option", p.title, value=p.name, selected=p.name == self._preset) for p in group],
                label=heading,
            )
            for heading, group in groups.items()
            if group
        ]

    def _effect(self, after: TrainingOptions) -> Html:
        """What would change: the number, and the list on demand."""
        changes = presets.changes(self.session.options, after)
        other = self.session.engine_for(after) != self.session.engine_name
        trainer = h("p", f"{words.TRAINER_CHANGED}.") if other else None
        if not changes:
            return join(h("p", presets.summary(changes)), trainer)
        return join(
            h("p", h("b", presets.summary(changes))),
            trainer,
            h(
                "details",
                h("summary", "Show the changes"),
                h("ul", [h("li", change.text) for change in changes], class_="soft"),
                class_="more",
                data_key="changes",
            ),
        )

    def _all(self) -> list[Preset]:
        family = self.session.options["family"]
        return [preset for preset in self.session.presets() if preset.fits(family)]

    def _known(self, name: str) -> Preset | None:
        return next((preset for preset in self._all() if preset.name == name), None)
