"""One field of a form: label, control, unit, explanation, changed mark, problems."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app import notices
from app.components import Html, h, join
from app.values import Asked, choices_of, said, written
from lora_core.errors import Level, Problem

DEPTHS = {
    "short": ("Short", "One sentence for each setting. The rest opens on demand."),
    "normal": ("Normal", "What it does and when to change it."),
    "deep": ("Deep", "Everything, with costs, usual values, formulas and the trainer's own names."),
}
"""How much of an explanation is open from the start: name and explanation of each depth."""


Said = str | tuple[str, ...]
"""A paragraph, or a list of short lines."""


@dataclass(frozen=True)
class Slot:
    """One control and what stands around it.

    Attributes:
        id: unique on the page; the control's name in messages.
        option: what is asked for.
        value: the present value.
        default: the value to go back to.
        doc: the explanation.
        key: the trainer's name, in small print; empty for none.
        unit: printed after the control.
        more: what goes further, each part with a heading: cost, usual values, how it works.
        words: words of the glossary that are used here, and what they mean.
        link: an address with more about it.
        note: a sentence about the own numbers.
        tag: a few words beside the label, such as that the chosen trainer leaves the setting out.
        draft: what was typed and could not be understood, and why.
        problems: what checking found about it.
        unset: what an empty value means.
        hidden: choices that are not offered here.
    """

    id: str
    option: Asked
    value: Any
    default: Any
    doc: str
    key: str = ""
    unit: str = ""
    more: Sequence[tuple[str, Said]] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    note: str = ""
    tag: str = ""
    draft: tuple[str, Problem] | None = None
    problems: Sequence[Problem] = field(default=())
    unset: str = "Not set"
    hidden: Collection[Any] = ()

    @property
    def changed(self) -> bool:
        return self.draft is not None or bool(self.value != self.default)

    @property
    def is_switch(self) -> bool:
        return self.option.kind == "boolean" and not self.option.optional

    @property
    def shown_value(self) -> Any:
        """What stands in the control: what was typed, or the value."""
        return self.draft[0] if self.draft else self.value

    @property
    def shown_problems(self) -> Sequence[Problem]:
        """What could not be understood hides what checking said of the value before."""
        return [self.draft[1]] if self.draft else self.problems

    @property
    def is_wrong(self) -> bool:
        """Whether an error is shown. What is only still to do is none."""
        marks = [notices.mark(one, self.shown_value, self.default) for one in self.shown_problems]
        return any(kind == Level.ERROR.value for kind, _, _ in marks)


def render(slot: Slot, depth: str, fix_button: Any) -> Html:
    """The whole field. ``fix_button`` gives a problem's button, or None."""
    return h(
        "div",
        _label(slot),
        h(
            "div",
            _control(slot),
            h("span", slot.unit, class_="unit", id=f"unit-{slot.id}") if slot.unit else None,
            class_="control",
        ),
        h(
            "div",
            [
                notices.beside(one, slot.shown_value, fix_button(one), default=slot.default)
                for one in slot.shown_problems
            ],
            id=f"problem-{slot.id}",
            aria_live="polite",
        ),
        _explanation(slot, depth),
        _mark(slot) if slot.changed else None,
        class_="field changed" if slot.changed else "field",
        data_key=f"field-{slot.id}",
    )


def _label(slot: Slot) -> Html:
    beside = [
        h("span", slot.key, class_="key mono") if slot.key else None,
        h("span", slot.tag, class_="tag") if slot.tag else None,
    ]
    if slot.is_switch:
        name = h("span", slot.option.label, class_="legend", id=f"label-{slot.id}")
    else:
        name = h("label", slot.option.label, for_=f"f-{slot.id}")
    return h("div", name, beside, class_="label")


def _control(slot: Slot) -> Html:
    value = slot.draft[0] if slot.draft else written(slot.option, slot.value)
    common: dict[str, Any] = {
        "id": f"f-{slot.id}",
        "data_field": slot.id,
        "data_v": value,
        "aria_describedby": " ".join(
            [*([f"unit-{slot.id}"] if slot.unit else []), f"explain-{slot.id}", f"problem-{slot.id}"]
        ),
        "aria_invalid": "true" if slot.is_wrong else None,
    }
    if slot.is_switch:
        return _switch(slot, value == "true", common)
    if choices := choices_of(slot.option, slot.unset):
        return _select(slot, choices, value, common)
    if slot.option.kind == "texts":
        rows = min(10, max(3, value.count("\n") + 2))
        return h("textarea", value, rows=rows, spellcheck="false", **common)
    return h("input", value=value, autocomplete="off", spellcheck="false", **_typed(slot), **common)


def _switch(slot: Slot, on: bool, common: dict[str, Any]) -> Html:
    box = h("input", type="checkbox", role="switch", checked=on, aria_labelledby=f"label-{slot.id}", **common)
    return h(
        "label", box, h("span", "On" if on else "Off", class_="state", aria_hidden="true"), class_="switch"
    )


def _select(slot: Slot, choices: list[tuple[str, Any]], value: str, common: dict[str, Any]) -> Html:
    items = [
        h("option", label, value=str(at), selected=str(at) == value)
        for at, (label, meant) in enumerate(choices)
        if meant not in slot.hidden or str(at) == value
    ]
    return h("select", items, **common)


def _typed(slot: Slot) -> dict[str, Any]:
    kind = slot.option.kind
    if kind in ("integer", "number"):
        # Not type="number": browsers drop what they cannot read, and change values by the wheel.
        placeholder = slot.unset.lower() if slot.option.optional else None
        return {"type": "text", "inputmode": "decimal", "class_": "number", "placeholder": placeholder}
    if kind in ("file", "folder"):
        return {"type": "text", "class_": "mono", "placeholder": f"Path of a {kind} on this machine"}
    return {"type": "text", "placeholder": slot.unset.lower() if slot.option.optional else None}


def _explanation(slot: Slot, depth: str) -> Html:
    """What the field is about: at once as much as was asked for, the rest on demand below it."""
    first, rest = _first_sentence(slot.doc)
    at_once = first if depth == "short" else slot.doc
    further = [*([("", rest)] if depth == "short" and rest else []), *slot.more]
    body = [_part(heading, text) for heading, text in further]
    if slot.words:
        body.append(_words(slot))
    if slot.link:
        body.append(h("p", h("a", "Read more about it", href=slot.link, rel="noreferrer", target="_blank")))
    opened: Html | None = None
    if body:
        opened = (
            h("div", body, class_="more deep")
            if depth == "deep"
            else h(
                "details",
                h("summary", "More about this", aria_label=f"More about this: {slot.option.label}"),
                body,
                class_="more",
                data_key=f"more-{slot.id}",
            )
        )
    return join(
        h("p", at_once, class_="explain", id=f"explain-{slot.id}"),
        h("p", slot.note, class_="soft small note") if slot.note else None,
        opened,
    )


def _first_sentence(text: str) -> tuple[str, str]:
    end = text.find(". ")
    return (text, "") if end < 0 else (text[: end + 1], text[end + 2 :])


def _part(heading: str, text: Said) -> Html:
    title = h("b", f"{heading} ") if heading else None
    if isinstance(text, str):
        return h("p", title, text)
    return join(h("p", title) if title else None, h("ul", [h("li", line) for line in text]))


def _words(slot: Slot) -> Html:
    """The glossary's words, closed: they come up at many settings, and are wanted once."""
    title = f"Words used here ({len(slot.words)})"
    return h(
        "details",
        h("summary", title, aria_label=f"{title}: {slot.option.label}"),
        h("ul", [h("li", h("b", f"{word}: "), meaning) for word, meaning in slot.words.items()]),
        class_="more words",
        data_key=f"words-{slot.id}",
    )


def _mark(slot: Slot) -> Html:
    return h(
        "div",
        h("b", "● Changed"),
        h("span", f"Default: {_default(slot)}"),
        h(
            "button",
            "Back to default",
            aria_label=f"Back to default: {slot.option.label}",
            type="button",
            class_="link",
            data_do="reset",
            data_arg=slot.id,
            data_focus=f"f-{slot.id}",
        ),
        class_="mark",
    )


def _default(slot: Slot) -> str:
    """The default as the control would name it."""
    if slot.default is not None:
        return said(slot.option, slot.default)
    names = {value: label for label, value in slot.option.choices.items() if label != "None"}
    return names.get(None, slot.unset.lower())
