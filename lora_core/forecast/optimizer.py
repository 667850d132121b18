"""How much an optimizer keeps for each number that is learned."""

from __future__ import annotations

from lora_core.forecast.estimate import Reader

_STATE = {
    "adafactor": 0.1,
    "came": 4.2,
    "lion": 4.0,
    "sgdnesterov": 4.0,
    "prodigy": 16.0,
    "prodigyplusschedulefree": 9.0,
    "adamwschedulefree": 8.0,
    "dadaptlion": 12.0,
    "dadaptsgd": 12.0,
}
"""Bytes a learned number beyond the number and its gradient: 4 for every copy in full precision. Adafactor
keeps one row and one column of each matrix; CAME one copy and rows and columns; Prodigy four copies."""
_EIGHT_BIT = {"adamw8bit": 2.0, "lion8bit": 1.0, "sgdnesterov8bit": 1.0, "ademamix8bit": 3.0}
_USUAL, _ADAPTING = 8.0, 16.0


def state_bytes(read: Reader) -> float:
    """Bytes that the chosen optimizer keeps for each learned number. Unknown ones count as AdamW, two copies."""
    name = short_name(read)
    eight_bit = name.removeprefix("paged")
    if eight_bit in _EIGHT_BIT:
        return _EIGHT_BIT[eight_bit]
    if name in _STATE:
        return _STATE[name]
    return _ADAPTING if name.startswith("dadapt") else _USUAL


def is_lean(read: Reader) -> bool:
    """Whether it keeps so little that another one would not help."""
    return state_bytes(read) <= 2.0


def short_name(read: Reader) -> str:
    """The optimizer's name in small letters, without its package."""
    return str(read.get("optimizer_type", "AdamW")).rsplit(".", 1)[-1].lower()
