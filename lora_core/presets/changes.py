"""What differs between two option sets, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lora_core.options import Option, TrainingOptions

LONGEST = 60
"""Characters after which a text is cut when it is only mentioned."""


@dataclass(frozen=True)
class Change:
    """One option that has another value.

    Attributes:
        name: the option.
        label: its name for people.
        before: the value it had.
        after: the value it has.
        text: all of it in words, such as ``Rank (dim): 16 → 32``.
    """

    name: str
    label: str
    before: Any
    after: Any
    text: str


def changes(before: TrainingOptions, after: TrainingOptions) -> list[Change]:
    """What differs, in the order of the form.

    An option that has no meaning in either set is passed over: nobody would see it.
    """
    found = []
    for option in before:
        old, new = before[option.name], after[option.name]
        if old != new and (before.applies(option.name) or after.applies(option.name)):
            found.append(change(option, old, new))
    return found


def change(option: Option, before: Any, after: Any) -> Change:
    """One option's change, in words."""
    text = f"{label(option)}: {say(option, before)} → {say(option, after)}"
    return Change(option.name, label(option), before, after, text)


def summary(found: Sequence[Change]) -> str:
    """How much changes, in a sentence."""
    if not found:
        return "Changes nothing."
    return f"Changes {count(found)}."


def count(found: Sequence[Any]) -> str:
    """``6 settings``."""
    return f"{len(found)} setting{'' if len(found) == 1 else 's'}"


def label(option: Option) -> str:
    """An option's label; with its unit where that tells two options of one label apart."""
    unit = option.meta.unit
    return f"{option.label} ({unit})" if unit in ("epochs", "steps") else option.label


def say(option: Option, value: Any) -> str:
    """A value as a sentence names it, such as ``on``, ``0.0005`` or a choice's label."""
    if value is None and None in option.choices.values():
        return next(text for text, choice in option.choices.items() if choice is None)
    if value is None or value == "" or value == []:
        return "empty"
    if isinstance(value, bool):
        return "on" if value else "off"
    if option.choices:
        return next((text for text, choice in option.choices.items() if choice == value), str(value))
    if option.kind == "folders":
        return f"{len(value)} folder{'' if len(value) == 1 else 's'}"
    if isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, float):
        return re.sub(r"e([+-])0+", r"e\1", repr(value)).removesuffix(".0")
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
