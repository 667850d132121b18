"""Everything that can go wrong, said so that a person can act on it.

::

    WorkbenchError               what happened, why, what to do
    ├── InputError               a value that cannot be used: names the field and the value
    │   ├── UnknownKeyError      a setting that does not exist: names the nearest that does
    │   └── OptionsInvalid       several problems at once
    ├── StorageError             a file or folder that cannot be read or written
    ├── EngineError              a trainer that is missing or not usable
    └── RunError                 a run that is not there, or not in the right state

A `Problem` is not raised: it is what checking the options found, and carries the same three lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Level(Enum):
    """How much a problem matters: an error blocks the start, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or unwise, about the options.

    Attributes:
        level: whether it blocks the start.
        fields: names of the options concerned, the one to look at first in front.
        what: what is the matter, in one sentence.
        why: why it matters.
        remedy: what to do.
        fix: new values that would settle it, by option name; empty when only a person can.
    """

    level: Level
    fields: tuple[str, ...]
    what: str
    why: str = ""
    remedy: str = ""
    fix: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = (part for part in (self.what, self.why, self.remedy) if part)
        return f"{self.level.value}: {', '.join(self.fields)}: " + " ".join(lines)


class WorkbenchError(Exception):
    """Base of all errors of this project.

    Args:
        what: what happened, in one sentence.
        why: the reason, as far as it is known.
        remedy: what to do about it.
        field: the option or argument concerned.
        value: the value that was given for it. Never pass a secret.
    """

    def __init__(
        self, what: str, *, why: str = "", remedy: str = "", field: str = "", value: Any = None
    ) -> None:
        self.what, self.why, self.remedy, self.field, self.value = what, why, remedy, field, value
        super().__init__(" ".join(part for part in (what, why, remedy) if part))


class InputError(WorkbenchError):
    """A value that cannot be used."""


class UnknownKeyError(InputError):
    """A setting that does not exist."""


class OptionsInvalid(InputError):
    """The options have errors; ``problems`` holds all that was found, warnings too."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [p for p in problems if p.level is Level.ERROR]
        fields = ", ".join(dict.fromkeys(p.fields[0] for p in errors if p.fields))
        super().__init__(
            f"{len(errors)} setting(s) need attention: {fields}.",
            why=" ".join(p.what for p in errors),
            remedy=" ".join(p.remedy for p in errors),
            field=fields,
        )


class StorageError(WorkbenchError):
    """A file or folder that cannot be read or written."""


class EngineError(WorkbenchError):
    """A trainer that is missing or cannot be used."""


class RunError(WorkbenchError):
    """A run that is not there, or not in a state that allows what was asked."""
