"""Foreign values in the form that our options take."""

from __future__ import annotations

import json
import math
from typing import Any

from lora_core.options.declare import Option

NOTHING = ("", "none", "null")
"""Words that stand for no value."""


class Unfit(ValueError):
    """A value that has no form here. The text says why, as a sentence."""


def settle(option: Option, value: Any) -> Any:
    """The value as the option takes it. That it lies within the option's bounds is not checked here.

    Raises:
        Unfit: it cannot be brought into the option's form.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
        return _nothing(option, value)
    if option.kind == "texts":
        return texts(value)
    if option.choices:
        return _choice(option, value)
    if isinstance(value, (list, tuple)) and option.kind in ("integer", "number"):
        value = _one_of(option, value)
    if option.kind == "boolean":
        return boolean(value)
    if option.kind in ("integer", "number"):
        return _number(option, value)
    if isinstance(value, dict):
        raise Unfit("A table does not fit there.")
    return plain(value)


def _nothing(option: Option, value: Any) -> Any:
    if option.choices and isinstance(value, str):
        for choice in option.choices.values():
            if isinstance(choice, str) and choice.lower() == value.strip().lower():
                return choice
    if option.optional:
        return None
    if option.kind == "texts":
        return []
    if option.kind in ("text", "file", "folder"):
        return ""
    raise Unfit("It is empty, and this setting needs a value.")


def boolean(value: Any) -> bool:
    """True or false, also where it is written as a word or as 0 and 1.

    Raises:
        Unfit: it is neither.
    """
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
    word = str(value).strip().lower().removesuffix(".0")
    if word not in words:
        raise Unfit("It is neither true nor false.")
    return words[word]


def _number(option: Option, value: Any) -> Any:
    if isinstance(value, bool):
        raise Unfit("It is no number.")
    if isinstance(value, str):
        text = value.strip()
        if option.name == "resolution" and any(mark in text for mark in ",xX"):
            return _side([part for part in text.lower().replace("x", ",").split(",") if part.strip()])
        try:
            value = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            raise Unfit("It is no number.") from None
    if not isinstance(value, (int, float)):
        raise Unfit("It is no number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unfit("It is no finite number.")
    if option.kind == "integer":
        if isinstance(value, float) and not value.is_integer():
            raise Unfit("It must be a whole number.")
        return int(value)
    return value


def _one_of(option: Option, values: Any) -> Any:
    """One number of a list: of a picture size the side of the square, else the value they share."""
    if option.name == "resolution" and len(values) == 2:
        return _side(values)
    if not values:
        return None if option.optional else option.default
    if len({str(value) for value in values}) > 1:
        raise Unfit("It has several values, and only one can be kept.")
    return values[0]


def _side(parts: Any) -> int:
    """The side of the square with the same area, as buckets are made from the area."""
    try:
        sides = [int(part) for part in parts]
    except (TypeError, ValueError):
        raise Unfit("It is no picture size.") from None
    if len(sides) == 1:
        return sides[0]
    if len(sides) != 2 or min(sides) < 1:
        raise Unfit("It is no picture size.")
    return sides[0] if sides[0] == sides[1] else round(math.sqrt(sides[0] * sides[1]) / 64) * 64


def _choice(option: Option, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        value = _one_of(option, value)
    choices = list(option.choices.values())
    for form in (_same, _last_part):
        for choice in choices:
            if choice is not None and form(choice) == form(value):
                return choice
    return value  # the option itself refuses it, and says which choices there are


def _same(value: Any) -> str:
    return str(value).strip().lower().replace(" ", "_")


def _last_part(value: Any) -> str:
    """``package.module.CAME`` and ``CAME`` are the same optimizer."""
    return _same(value).rpartition(".")[2]


def texts(value: Any) -> list[str]:
    """A list of ``name=value`` texts from a list, a table, or one text with blanks between them."""
    if isinstance(value, dict):
        return [f"{key}={plain(one)}" for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    from lora_core.exchange.words import split

    return split(str(value))


def plain(value: Any) -> str:
    """A value as the trainer reads it behind ``name=``."""
    if isinstance(value, (list, tuple)):
        return ",".join(plain(one) for one in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def pairs(value: Any) -> dict[str, Any]:
    """``name=value`` texts, or a table, as a dict; a text without an equals sign gets an empty value."""
    if isinstance(value, dict):
        return {str(key): one for key, one in value.items()}
    parts = (text.partition("=") for text in texts(value or []))
    return {key.strip(): one.strip().strip("\"'") for key, _, one in parts if key.strip()}
