"""The chosen optimizer's arguments as fields. They are kept as texts in the option ``optimizer_args``."""

from __future__ import annotations

from typing import Any

from lora_core.options import TrainingOptions


def arguments(options: TrainingOptions) -> tuple[Any, ...]:
    """What the chosen optimizer can be told; empty if nothing is known about it."""
    return ()


def argument(options: TrainingOptions, name: str) -> Any:
    """One argument of the chosen optimizer."""
    return next(one for one in arguments(options) if one.name == name)


def values(options: TrainingOptions) -> dict[str, Any]:
    """The arguments that are set."""
    return {}


def write(options: TrainingOptions, name: str, value: Any) -> None:
    """Set one argument; at its default it is left out."""
