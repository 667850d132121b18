"""Between what a control holds and what an option is: texts as typed, and values."""

from __future__ import annotations

import math
import re
from typing import Any, Protocol

from lora_core.errors import InputError


class Asked(Protocol):
    """Something a form asks for: a declared option, or an argument that looks like one."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def optional(self) -> bool: ...
    @property
    def choices(self) -> dict[str, Any]: ...
    @property
    def bounds(self) -> tuple[Any, Any] | None: ...


_UNSET = "Not set"


def written(option: Asked, value: Any) -> str:
    """A value as it stands in its control. None is empty."""
    known = [v for _, v in choices_of(option)]
    if value in known:
        return str(known.index(value))
    if value is None:
        return ""
    if option.kind == "boolean":
        return "true" if value else "false"
    if option.kind == "texts":
        return "\n".join(value)
    if isinstance(value, float):
        return re.sub(r"e([+-])0+", r"e\1", repr(value)).removesuffix(".0")
    return str(value)


def said(option: Asked, value: Any) -> str:
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


def choices_of(option: Asked, unset: str = _UNSET) -> list[tuple[str, Any]]:
    """What a select offers: labels and values, with ``unset`` in front where None is allowed."""
    if option.kind == "boolean":
        pairs: list[tuple[str, Any]] = [("On", True), ("Off", False)] if option.optional else []
    else:
        pairs = list(option.choices.items())
    if pairs and option.optional and all(value is not None for _, value in pairs):
        pairs.insert(0, (unset, None))
    return [(unset if value is None and label == "None" else label, value) for label, value in pairs]


def understood(option: Asked, raw: Any) -> Any:
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


def _number(option: Asked, text: str) -> int | float | None:
    if text == "":
        if option.optional:
            return None
        raise misread(option, text, "This field cannot be empty.", "Type a number.")
    if "," in text:
        raise misread(
            option, text, "A comma can mean two things here.", "Write the decimal point as a dot, as in 0.5."
        )
    try:
        value = float(text)
    except ValueError:
        raise misread(option, text, f"“{text}” is not a number.", _example(option)) from None
    if not math.isfinite(value):
        raise misread(option, text, f"“{text}” is not a finite number.", _example(option))
    if option.kind == "number":
        return value
    if value != int(value):
        raise misread(option, text, f"“{text}” is not a whole number.", _example(option))
    return int(text) if text.lstrip("+-").isdigit() else int(value)


def _example(option: Asked) -> str:
    return "Type digits, as in 16." if option.kind == "integer" else "Type digits, as in 0.5 or 1e-4."


def misread(option: Asked, text: str, what: str, remedy: str) -> InputError:
    return InputError(what, remedy=remedy, field=option.name, value=text)
