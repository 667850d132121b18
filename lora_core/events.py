"""What happened in a run, as values. Read from the run directory; nothing else produces them.

Times are Unix seconds (UTC). Paths are absolute. Steps count optimizer steps from 1, over the whole
training (a resumed run goes on counting where it was resumed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class State(Enum):
    """Where a run is in its life. It only ever moves forward; the last four are final."""

    CREATED = "created"
    STARTING = "starting"
    PREPARING = "preparing"
    TRAINING = "training"
    SAVING = "saving"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL

    def may_become(self, other: State) -> bool:
        """Whether ``other`` lies ahead of this state."""
        order = list(State)
        return not self.is_terminal and order.index(other) > order.index(self)


_TERMINAL = frozenset({State.FINISHED, State.FAILED, State.STOPPED, State.INTERRUPTED})


class Phase(Enum):
    """What the trainer is busy with just now. Unlike the state, it goes to and fro."""

    LOADING = "loading the model"
    CAPTIONS = "reading pictures and captions"
    CACHING = "caching pictures"
    TRAINING = "training"
    SAMPLING = "drawing previews"
    SAVING = "saving"


@dataclass(frozen=True)
class Event:
    """Base of all events."""

    time: float


@dataclass(frozen=True)
class StateChanged(Event):
    """The run's state moved on. ``reason`` is one sentence for people, mostly empty."""

    state: State
    reason: str = ""


@dataclass(frozen=True)
class PhaseChanged(Event):
    """The trainer turned to something else."""

    phase: Phase
    detail: str = ""


@dataclass(frozen=True)
class Progressed(Event):
    """The trainer's progress bar moved."""

    step: int
    total: int


@dataclass(frozen=True)
class StepLogged(Event):
    """Scalars of one step, from the TensorBoard files: exact, every step, under the trainer's tags."""

    step: int
    scalars: Mapping[str, float]


@dataclass(frozen=True)
class SampleSaved(Event):
    """A preview picture is complete on disk. ``step`` is None for a preview drawn by epoch."""

    path: Path
    step: int | None
    epoch: int | None
    prompt_index: int
    seed: int | None


@dataclass(frozen=True)
class CheckpointSaved(Event):
    """A LoRA file is complete on disk."""

    path: Path
    step: int | None
    epoch: int | None
    final: bool


@dataclass(frozen=True)
class LogLine(Event):
    """One line of the trainer's log, without progress bars."""

    text: str


@dataclass(frozen=True)
class RunEnded(Event):
    """The run is over. ``exit_code`` is None where nobody was left to see it."""

    state: State
    reason: str
    exit_code: int | None
