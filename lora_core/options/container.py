"""All options of one training together."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from param.parameterized import batch_call_watchers

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options.declare import Group, Option
from lora_core.options.groups import GROUPS

__all__ = ["GROUPS", "TrainingOptions", "unknown_key"]

_OPTIONS: dict[str, Option] = {option.name: option for group in GROUPS for option in group.options()}


class TrainingOptions:
    """One object per group, reachable by attribute; single options also by name.

    >>> options = TrainingOptions(network_dim=8)
    >>> options.network.network_dim
    8
    >>> options["network_dim"] = 4

    Option names are unique over all groups. Values are checked as they are set. To be told of changes,
    watch the groups: ``options.network.param.watch(...)``.

    Raises:
        UnknownKeyError: an argument is not an option.
        InputError: a value cannot be used.
    """

    def __init__(self, **values: Any) -> None:
        self.groups: dict[str, Group] = {kind.key(): kind(name=kind.__name__) for kind in GROUPS}
        for name, value in values.items():
            self[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["groups"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return getattr(self.groups[self.option(name).group], name)

    def __setitem__(self, name: str, value: Any) -> None:
        option = self.option(name)
        try:
            setattr(self.groups[option.group], name, value)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{option.label} ({name}) cannot be {value!r}.",
                why=_why(option, value, error),
                remedy=_expected(option),
                field=name,
                value=value,
            ) from error

    def __iter__(self) -> Iterator[Option]:
        return iter(_OPTIONS.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrainingOptions) and self.values() == other.values()

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def option(name: str) -> Option:
        """The declaration of an option.

        Raises:
            UnknownKeyError: there is no such option; the message names the nearest.
        """
        try:
            return _OPTIONS[name]
        except KeyError:
            raise unknown_key(name, _OPTIONS) from None

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several options by name. All or nothing: on an error none is changed.

        Watchers are told once all are set, so that none sees a half-applied change.

        Raises:
            UnknownKeyError: a name is not an option.
            InputError: a value cannot be used.
        """
        tried = TrainingOptions(**values)
        with ExitStack() as stack:
            for group in self.groups.values():
                stack.enter_context(batch_call_watchers(group))
            for name in values:
                self[name] = tried[name]

    def values(self) -> dict[str, Any]:
        """Every option's value by name. Lists are copies."""
        found = {name: self[name] for name in _OPTIONS}
        return {name: copy.deepcopy(v) if isinstance(v, list) else v for name, v in found.items()}

    def changed(self) -> dict[str, Any]:
        """Only the values that differ from their defaults."""
        return {name: value for name, value in self.values().items() if value != _OPTIONS[name].default}

    def copy(self) -> TrainingOptions:
        """An independent copy."""
        return TrainingOptions(**self.values())

    def applies(self, name: str) -> bool:
        """Whether an option has a meaning beside the others' present values."""
        conditions = self.option(name).meta.applies
        return all(self[other] in allowed for other, allowed in conditions.items())


def unknown_key(name: str, known: Iterable[str], where: str = "a setting") -> UnknownKeyError:
    """The error for a misspelt name, with the nearest valid one as remedy."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return UnknownKeyError(
        f"{name!r} is not {where}.",
        why="A misspelt setting would silently do nothing.",
        remedy=f"Did you mean {near[0]!r}?" if near else "Take it out.",
        field=name,
    )


def _why(option: Option, value: Any, error: Exception) -> str:
    """The reason in plain words; param's own message names classes that mean nothing to a user."""
    if value is None:
        return "It cannot be empty."
    if option.choices:
        return "It is not one of the choices."
    if option.bounds and isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = option.bounds
        if low is not None and value < low:
            return f"The smallest value is {low}."
        if high is not None and value > high:
            return f"The largest value is {high}."
    return str(error)


_KIND_REMEDIES = {
    "boolean": "Write true or false.",
    "texts": 'Write a list of texts, such as ["one", "two"].',
    "folders": "Write a table for each folder, under [[dataset.more_folders]].",
    "text": "Write a text in quotes.",
    "file": "Write the path of a file in quotes.",
    "folder": "Write the path of a folder in quotes.",
}


def _expected(option: Option) -> str:
    """What to give instead."""
    if option.choices:
        given = ("nothing" if value is None else str(value) for value in option.choices.values())
        return "Choose one of: " + ", ".join(given) + "."
    if option.kind in _KIND_REMEDIES:
        return _KIND_REMEDIES[option.kind]
    kind = "whole number" if option.kind == "integer" else "number"
    low, high = option.bounds or (None, None)
    if low is not None and high is not None:
        return f"Give a {kind} from {low} to {high}."
    return f"Give a {kind}."
