"""A reckoned figure, and a quiet reader of options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lora_core.options import TrainingOptions

GIB = 1024**3
"""Bytes of a GiB."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its uncertainty.

    Attributes:
        value: the likeliest value.
        low: it will hardly be less.
        high: it will hardly be more.
        unit: ``steps``, ``bytes``, ``seconds`` or ``price``.
        how: how it was reckoned, in plain words.
        source: where formula and constants come from.
    """

    value: float
    low: float
    high: float
    unit: str
    how: str
    source: str

    @property
    def exact(self) -> bool:
        """Whether there is no doubt about it."""
        return self.low == self.value == self.high

    def scaled(self, factor: float, *, low: float, high: float) -> Estimate:
        """The figure times a factor, with its bounds times further factors."""
        return replace(
            self, value=self.value * factor, low=self.low * factor * low, high=self.high * factor * high
        )


@dataclass(frozen=True)
class Part:
    """One item of a sum.

    Attributes:
        name: what it is, in plain words.
        value: its likeliest value, in the unit of the sum.
        how: how it was reckoned; may be empty.
        low: its least value.
        high: its greatest value.
    """

    name: str
    value: float
    how: str
    low: float
    high: float


def part(name: str, value: float, how: str = "", *, low: float = 1.0, high: float = 1.0) -> Part:
    """A part whose bounds are given as factors of its value."""
    return Part(name, value, how, value * low, value * high)


def total(parts: Iterable[Part], unit: str, how: str, source: str) -> Estimate:
    """The sum of parts. Bounds are added too: errors of one forecast mostly go the same way."""
    listed = list(parts)
    return Estimate(
        sum(one.value for one in listed),
        sum(one.low for one in listed),
        sum(one.high for one in listed),
        unit,
        how,
        source,
    )


class Reader:
    """Values of options by name, with a default where an option does not exist or has no meaning now.

    Args:
        options: what to read.
        instead: values that stand in for some of them, as when a remedy is tried out.
    """

    def __init__(self, options: TrainingOptions, instead: Mapping[str, Any] | None = None) -> None:
        self.options = options
        self.instead = dict(instead or {})
        self._names = frozenset(option.name for option in options)

    def get(self, name: str, default: Any = None) -> Any:
        """The value; the default if there is no such option, it does not apply, or it is empty."""
        if name in self.instead:
            return self.instead[name]
        if name not in self._names or not self._applies(name):
            return default
        value = self.options[name]
        return default if value is None else value

    def knows(self, name: str) -> bool:
        """Whether the option exists and has a meaning now."""
        return name in self._names and self._applies(name)

    def trying(self, **values: Any) -> Reader:
        """A reader that sees further values instead of the options'."""
        return Reader(self.options, {**self.instead, **values})

    def _applies(self, name: str) -> bool:
        conditions = self.options.option(name).meta.applies
        known: Callable[[str], Any] = lambda other: (  # noqa: E731
            self.instead[other] if other in self.instead else self.options[other]
        )
        return all(known(other) in allowed for other, allowed in conditions.items())
