"""What rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lora_core.errors import Level, Problem
from lora_core.options.container import TrainingOptions


@dataclass(frozen=True)
class Facts:
    """What a rule may look at.

    Attributes:
        options: the options; single values by ``facts["name"]``.
        total_steps: the length of the training in steps, None if not counted.
    """

    options: TrainingOptions
    total_steps: int | None = None

    def __getitem__(self, name: str) -> Any:
        return self.options[name]

    @property
    def steps(self) -> int | None:
        """The length in steps as far as it is known."""
        if self.total_steps is not None:
            return self.total_steps
        return self["max_train_steps"] if self["max_train_epochs"] is None else None


Rule = Callable[[Facts], Iterator[Problem]]

RULES: list[Rule] = []
"""All rules, in the order in which they are asked."""


def rule(function: Rule) -> Rule:
    """Register a rule."""
    RULES.append(function)
    return function


def error(fields: str, what: str, why: str, remedy: str, **fix: Any) -> Problem:
    """A problem that blocks the start. ``fields``: option names apart by spaces, the main one first."""
    return Problem(Level.ERROR, tuple(fields.split()), what, why, remedy, fix)


def warning(fields: str, what: str, why: str, remedy: str, **fix: Any) -> Problem:
    """A problem that does not block the start."""
    return Problem(Level.WARNING, tuple(fields.split()), what, why, remedy, fix)


def note(fields: str, what: str, why: str, remedy: str, **fix: Any) -> Problem:
    """Something good to know."""
    return Problem(Level.NOTE, tuple(fields.split()), what, why, remedy, fix)
