"""The one renderer of option groups: declared options become an explained, accessible form.

A `Form` holds what the page adds to the options: text that could not be understood yet (nothing typed
is ever lost), which folds are open, and the problems to show beside their fields. It renders one group
at a time and takes in the messages of a `Live` view.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from app import notices
from app.components import Html, Message, h, join
from lora_core.errors import InputError, Level, Problem
from lora_core.options import Group, Option, TrainingOptions

_UNSET = "Not set"


def written(option: Option, value: Any) -> str:
    """A value as it stands in its control. None is empty."""
    if value is None:
        return ""
    if option.kind == "boolean" and not option.optional:
        return "true" if value else "false"
    if choices := choices_of(option):
        return str([v for _, v in choices].index(value))
    if option.kind == "texts":
        return "\n".join(value)
    if isinstance(value, float):
        return re.sub(r"e([+-])0+", r"e\1", repr(value)).removesuffix(".0")
    return str(value)


def said(option: Option, value: Any) -> str:
    """A value as a sentence would name it."""
    if value is None or value == "" or value == []:
        return "empty"
    if option.kind == "boolean":
        return "on" if value else "off"
    if choices := choices_of(option):
        return next(label for label, known in choices if known == value)
    if option.kind == "texts":
        return f"{len(value)} line{'s' if len(value) != 1 else ''}"
    return written(option, value)


def choices_of(option: Option) -> list[tuple[str, Any]]:
    """What a select offers: labels and values, with "Not set" in front where None is allowed."""
    if option.kind == "boolean":
        pairs: list[tuple[str, Any]] = [("On", True), ("Off", False)] if option.optional else []
    else:
        pairs = list(option.choices.items())
    if pairs and option.optional and all(value is not None for _, value in pairs):
        pairs.insert(0, (_UNSET, None))
    return [(_UNSET if value is None and label == "None" else label, value) for label, value in pairs]


def understood(option: Option, raw: Any) -> Any:
    """What was typed, as a value of the option.

    Raises:
        InputError: it is not one; the message says how to write it.
    """
    if isinstance(raw, bool):
        return raw
    text = str(raw)
    if choices := choices_of(option):
        return choices[int(text)][1] if text else None
    if option.kind == "texts":
        return [line.strip() for line in text.splitlines() if line.strip()]
    text = text.strip()
    if option.kind in ("integer", "number"):
        return _number(option, text)
    return None if text == "" and option.optional else text


def _number(option: Option, text: str) -> int | float | None:
    if text == "":
        if option.optional:
            return None
        raise _misread(option, text, "This field cannot be empty.", "Type a number.")
    if "," in text:
        raise _misread(
            option, text, "A comma can mean two things here.", "Write the decimal point as a dot, as in 0.5."
        )
    try:
        value = float(text)
    except ValueError:
        raise _misread(option, text, f"“{text}” is not a number.", _example(option)) from None
    if not math.isfinite(value):
        raise _misread(option, text, f"“{text}” is not a finite number.", _example(option))
    if option.kind == "number":
        return value
    if value != int(value):
        raise _misread(option, text, f"“{text}” is not a whole number.", _example(option))
    return int(text) if text.lstrip("+-").isdigit() else int(value)


def _example(option: Option) -> str:
    return "Type digits, as in 16." if option.kind == "integer" else "Type digits, as in 0.5 or 1e-4."


def _misread(option: Option, text: str, what: str, remedy: str) -> InputError:
    return InputError(what, remedy=remedy, field=option.name, value=text)


class Form:
    """The form over one set of options.

    Attributes:
        options: what is edited. May be replaced as a whole.
        problems: what checking found; shown beside their fields.
        practice: whether the practice engine is chosen: options that it leaves out say so.
    """

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.problems: Sequence[Problem] = ()
        self.practice = False
        self.opened: set[str] = set()
        self._drafts: dict[str, tuple[str, Problem]] = {}

    @property
    def draft_problems(self) -> list[Problem]:
        """Problems of what was typed but could not be understood: they block the start too."""
        return [problem for _, problem in self._drafts.values()]

    def replace(self, options: TrainingOptions) -> None:
        """Edit other options from now on. What was half typed is dropped with the old ones."""
        self.options = options
        self._drafts.clear()

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if the form or the options changed by it."""
        if message.do == "set" and message.field:
            return self._set(message.field, message.value)
        if message.do == "reset":
            option = self.options.option(message.arg)
            self._drafts.pop(message.arg, None)
            default = option.default
            self.options[message.arg] = list(default) if isinstance(default, list) else default
            return True
        if message.do in ("open", "close"):
            change = self.opened.add if message.do == "open" else self.opened.discard
            before = len(self.opened)
            change(message.arg)
            return len(self.opened) != before
        return False

    def apply(self, values: dict[str, Any]) -> None:
        """Set several options at once, as a problem's fix asks for."""
        self.options.update(values)
        for name in values:
            self._drafts.pop(name, None)

    def _set(self, name: str, raw: Any) -> bool:
        option = self.options.option(name)
        try:
            self.options[name] = understood(option, raw)
        except InputError as error:
            problem = Problem(Level.ERROR, (name,), error.what, error.why, error.remedy)
            self._drafts[name] = (str(raw), problem)
        else:
            self._drafts.pop(name, None)
        return True

    # Rendering

    def group(self, kind: type[Group]) -> Html:
        """One group as a card. Its fold is empty until it is opened."""
        shown = [option for option in kind.options() if self.options.applies(option.name)]
        basic = [option for option in shown if not option.meta.advanced]
        advanced = [option for option in shown if option.meta.advanced]
        heading = f"group-{kind.key()}"
        return h(
            "section",
            h(
                "header",
                h("h2", h("span", kind.emoji, class_="emoji", aria_hidden="true"), kind.title, id=heading),
                h("p", kind.purpose, class_="soft"),
            ),
            h("div", [self.field(option) for option in basic], class_="fields") if basic else None,
            self._fold(kind.key(), advanced) if advanced else None,
            class_="card",
            aria_labelledby=heading,
        )

    def _fold(self, key: str, options: list[Option]) -> Html:
        changed = sum(self._changed(option) for option in options)
        worst = [p for option in options for p in self._problems(option) if p.level is Level.ERROR]
        return h(
            "details",
            h(
                "summary",
                f"More settings ({len(options)})",
                f" · {changed} changed" if changed else "",
                f" · ✖ {len(worst)} to look at" if worst else "",
            ),
            h("div", [self.field(option) for option in options], class_="fields")
            if key in self.opened
            else h("p", "One moment.", class_="soft"),
            class_="fold",
            data_fold=key,
            open=key in self.opened,
        )

    def field(self, option: Option) -> Html:
        """One option: label, control, unit, explanation, changed mark, problems."""
        name, problems = option.name, self._problems(option)
        changed = self._changed(option)
        return h(
            "div",
            self._label(option),
            h("div", self._control(option, problems), self._unit(option), class_="control"),
            h("p", option.doc, class_="explain", id=f"explain-{name}"),
            self._more(option),
            self._mark(option) if changed else None,
            h(
                "div",
                [notices.beside(problem, self._fix_button(problem)) for problem in problems],
                id=f"problem-{name}",
                aria_live="polite",
            ),
            class_="field changed" if changed else "field",
            data_key=f"field-{name}",
        )

    def _label(self, option: Option) -> Html:
        key = h("span", option.key, class_="key mono")
        if self._is_switch(option):
            return h(
                "div",
                h("span", option.label, class_="legend", id=f"label-{option.name}"),
                key,
                class_="label",
            )
        return h("div", h("label", option.label, for_=f"f-{option.name}"), key, class_="label")

    def _control(self, option: Option, problems: Sequence[Problem]) -> Html:
        name = option.name
        draft = self._drafts.get(name)
        value = draft[0] if draft else written(option, self.options[name])
        common: dict[str, Any] = {
            "id": f"f-{name}",
            "data_field": name,
            "data_v": value,
            "aria_describedby": f"explain-{name} problem-{name}",
            "aria_invalid": "true" if any(p.level is Level.ERROR for p in problems) else None,
        }
        if self._is_switch(option):
            on = value == "true"
            box = h(
                "input", type="checkbox", role="switch", checked=on, aria_labelledby=f"label-{name}", **common
            )
            return h(
                "label",
                box,
                h("span", "On" if on else "Off", class_="state", aria_hidden="true"),
                class_="switch",
            )
        if choices := choices_of(option):
            items = [
                h("option", label, value=str(at), selected=str(at) == value)
                for at, (label, _) in enumerate(choices)
            ]
            if value == "":
                items.insert(0, h("option", "Not set", value="", selected=True))
            return h("select", items, **common)
        if option.kind == "texts":
            rows = min(10, max(3, value.count("\n") + 2))
            return h("textarea", value, rows=rows, spellcheck="false", **common)
        return h(
            "input", value=value, autocomplete="off", spellcheck="false", **self._typed(option), **common
        )

    @staticmethod
    def _typed(option: Option) -> dict[str, Any]:
        if option.kind in ("integer", "number"):
            # Not type="number": browsers drop what they cannot read, and change values by the wheel.
            placeholder = "empty" if option.optional else None
            return {"type": "text", "inputmode": "decimal", "class_": "number", "placeholder": placeholder}
        if option.kind in ("file", "folder"):
            return {
                "type": "text",
                "class_": "mono",
                "placeholder": f"Path of a {option.kind} on this machine",
            }
        return {"type": "text"}

    @staticmethod
    def _is_switch(option: Option) -> bool:
        return option.kind == "boolean" and not option.optional

    @staticmethod
    def _unit(option: Option) -> Html | None:
        return h("span", option.meta.unit, class_="unit") if option.meta.unit else None

    def _more(self, option: Option) -> Html | None:
        left_out = self.practice and not option.meta.practice
        if not option.meta.more and not left_out:
            return None
        return join(
            h("p", "ℹ The practice trainer leaves this setting out.", class_="soft small")
            if left_out
            else None,
            h(
                "details",
                h("summary", "More about this", aria_label=f"More about this: {option.label}"),
                h("p", " ".join(option.meta.more.split())),
                class_="more",
                data_key=f"more-{option.name}",
            )
            if option.meta.more
            else None,
        )

    def _mark(self, option: Option) -> Html:
        return h(
            "div",
            h("b", "● Changed"),
            h("span", f"Default: {said(option, option.default)}"),
            h(
                "button",
                "Back to default",
                aria_label=f"Back to default: {option.label}",
                type="button",
                class_="link",
                data_do="reset",
                data_arg=option.name,
                data_focus=f"f-{option.name}",
            ),
            class_="mark",
        )

    def _changed(self, option: Option) -> bool:
        return option.name in self._drafts or bool(self.options[option.name] != option.default)

    def _problems(self, option: Option) -> list[Problem]:
        if option.name in self._drafts:
            return [self._drafts[option.name][1]]
        return [p for p in self.problems if p.fields and p.fields[0] == option.name]

    def _fix_button(self, problem: Problem) -> Html | None:
        return fix_button(problem, self.problems)


def fix_button(problem: Problem, problems: Sequence[Problem]) -> Html | None:
    """The button that settles a problem, if one click can."""
    if not problem.fix or problem not in problems:
        return None
    named = ", ".join(f"{TrainingOptions.option(n).label} = {_fixed(n, v)}" for n, v in problem.fix.items())
    focus = f"f-{next(iter(problem.fix))}"
    at = list(problems).index(problem)
    return h("button", f"Set {named}", type="button", data_do="fix", data_arg=str(at), data_focus=focus)


def _fixed(name: str, value: Any) -> str:
    return said(TrainingOptions.option(name), value)
