"""What became of each setting of a foreign file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lora_core.options import TrainingOptions


class Outcome(Enum):
    """What became of a setting."""

    TAKEN = "taken"
    """It has the same name and value here."""
    TRANSLATED = "translated"
    """It has another name or another form here."""
    UNKNOWN = "unknown"
    """Neither this program nor the trainer knows it."""
    DROPPED = "dropped"
    """It is known, and left out for a reason."""


@dataclass(frozen=True)
class Entry:
    """One setting of the file.

    Attributes:
        outcome: what became of it.
        source: its name in the file.
        target: the option it became; empty if none.
        value: the option's new value; None if there is none. A secret is never kept.
        text: what happened, in a plain sentence.
    """

    outcome: Outcome
    source: str
    target: str
    value: Any
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON values."""
        return {
            "outcome": self.outcome.value,
            "source": self.source,
            "target": self.target,
            "value": self.value,
            "text": self.text,
        }


@dataclass(frozen=True)
class Imported:
    """What was read from a foreign file.

    Attributes:
        format: which kind of file it is; one of `FORMATS`.
        options: the settings, ready to use.
        entries: what became of each setting of the file, in its order.
        notes: what else is worth knowing, in plain sentences.
    """

    format: str
    options: TrainingOptions
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The kind of file, in words."""
        return FORMATS[self.format]

    def of(self, outcome: Outcome) -> list[Entry]:
        """The entries with this outcome."""
        return [entry for entry in self.entries if entry.outcome is outcome]

    def counts(self) -> dict[str, int]:
        """How many settings had which outcome, by the outcome's word."""
        return {outcome.value: len(self.of(outcome)) for outcome in Outcome}

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values; the options are not in it."""
        return {
            "format": self.format,
            "title": self.title,
            "counts": self.counts(),
            "entries": [entry.to_dict() for entry in self.entries],
            "notes": list(self.notes),
        }


FORMATS: Mapping[str, str] = {
    "workbench": "settings of LoRA Workbench (TOML)",
    "kohya_ss": "settings of the kohya_ss GUI (JSON)",
    "hollowstrawberry": "settings of HollowStrawberry's LoRA trainer (TOML)",
    "easy_training": "settings of LoRA Easy Training Scripts (TOML)",
    "onetrainer": "settings of OneTrainer (JSON)",
    "sd_scripts": "settings of sd-scripts (TOML)",
    "command_line": "a command line of sd-scripts",
    "lora_file": "the notes inside a LoRA file",
}
"""Format name -> what it is."""
