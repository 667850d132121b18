"""What rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from lora_core.errors import Level, Problem
from lora_core.options.container import TrainingOptions
from lora_core.options.families import FAMILIES, Family


@dataclass(frozen=True)
class Facts:
    """What a rule may look at.

    Attributes:
        options: the options; single values by ``facts["name"]``.
        total_steps: the length of the training in steps, None if not counted.
        pictures: number of the user's own pictures, without those for regularization; None if not counted.
        uses: how often pictures are used in one epoch, with repeats and regularization; None if not counted.
        gpu: whether the trainer finds a GPU; None where that is unknown or does not matter.
        packages: names of the packages in the trainer's environment; None where they are not known.
    """

    options: TrainingOptions
    total_steps: int | None = None
    pictures: int | None = None
    uses: int | None = None
    gpu: bool | None = None
    packages: Collection[str] | None = None

    def __getitem__(self, name: str) -> Any:
        """The value that takes effect: off where the option has no meaning beside the others."""
        return self.options[name] if self.options.applies(name) else self.off(name)

    def off(self, name: str) -> Any:
        """The value of an option that does nothing: false, empty, or its default."""
        option = self.options.option(name)
        if option.kind == "boolean":
            return False
        if option.kind in ("texts", "folders"):
            return []
        return None if option.optional else option.default

    def number(self, name: str) -> float:
        """A value as a number; 0 where it is empty."""
        value = self[name]
        return float(value) if isinstance(value, (int, float)) else 0.0

    def on(self, *names: str) -> list[str]:
        """Which of these options are switched on or filled in."""
        return [name for name in names if self[name]]

    @property
    def family(self) -> Family:
        """The chosen family of base models."""
        return FAMILIES[self["family"]]

    @property
    def steps(self) -> int | None:
        """The length in steps as far as it is known."""
        if self.total_steps is not None:
            return self.total_steps
        return self["max_train_steps"] if self["max_train_epochs"] is None else None

    @property
    def captions_cached(self) -> bool:
        """Whether the text part's results are prepared once; keeping them on disk switches that on too."""
        return bool(self.on("cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk"))


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
