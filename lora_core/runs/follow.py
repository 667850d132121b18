"""Follow a run: its whole history at the first look, then what is new at each."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from lora_core.engines import output
from lora_core.events import (
    CheckpointSaved,
    Event,
    LogLine,
    Phase,
    PhaseChanged,
    Progressed,
    RunEnded,
    SampleSaved,
    State,
    StateChanged,
    StepLogged,
)
from lora_core.runs.log_tail import LogTail, newest_bars
from lora_core.runs.pace import Pace
from lora_core.runs.scalars import ScalarTail

if TYPE_CHECKING:
    from lora_core.runs.run import Run
    from lora_core.runs.state import Status

_LOG_LINES = 1000


class Follower:
    """Reads a run's files, and adds up what they tell.

    Attributes:
        state: newest state.
        reason: why, mostly empty before the end.
        exit_code: the trainer's, once known.
        phase: what the trainer is busy with; None before it said so.
        phase_detail: the trainer's own words for that.
        step: steps done in this run, from the progress bar.
        total: steps of this run; 0 before they are known.
        scalars: tag -> (steps, values), every step.
        samples: previews, oldest first.
        checkpoints: LoRA files, oldest first; early ones may have been deleted since.
        log: recent log lines, bars left out.
        ended: whether `RunEnded` has been given.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.state = State.CREATED
        self.reason = ""
        self.exit_code: int | None = None
        self.phase: Phase | None = None
        self.phase_detail = ""
        self.step = 0
        self.total = 0
        self.scalars: dict[str, tuple[list[int], list[float]]] = {}
        self.samples: list[SampleSaved] = []
        self.checkpoints: list[CheckpointSaved] = []
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self.ended = False
        self._pace = Pace()
        self._told = 0
        self._first = True
        self._log_tail = LogTail(run.log_file)
        self._scalar_tail = ScalarTail(run.scalars_dir)
        self._sample_tail = run.sample_tail()
        self._checkpoint_tail = run.checkpoint_tail()

    def poll(self) -> list[Event]:
        """What is new since the last call; the first call gives the whole history.

        Events come by source: states, log, scalars, checkpoints, previews; within each in order of time.
        A final state comes after all else, with `RunEnded` last. Log lines carry the time of reading,
        as the log has none for most.
        """
        if self.ended:
            return []
        status = self.run.status()  # before the files: at a final state they are complete
        final = status.state.is_terminal
        events: list[Event] = list(self._states(status, final=False))
        events += self._lines(last=final)
        events += self._scalar_tail.read()
        events += self._checkpoint_tail.read()
        events += self._sample_tail.read()
        if final:
            events += self._states(status, final=True)
            events.append(RunEnded(status.since, status.state, status.reason, status.exit_code))
        for event in events:
            self._take(event)
        self._first = False
        return events

    def _states(self, status: Status, *, final: bool) -> list[StateChanged]:
        """States of the history not told yet: either all before the end, or the final one too."""
        found = []
        for entry in status.history[self._told :]:
            if entry.state.is_terminal and not final:
                break
            found.append(StateChanged(entry.since, entry.state, entry.reason))
        self._told += len(found)
        return found

    def _lines(self, *, last: bool) -> list[Event]:
        """Events of the log, a phase only where it changed."""
        now = time.time()
        found: list[Event] = []
        phase, detail = self.phase, self.phase_detail
        for line in newest_bars(self._log_tail.read(last=last)):
            for event in output.parse(line, now):
                if isinstance(event, PhaseChanged):
                    if event.phase is phase and event.detail in ("", detail):
                        continue
                    phase, detail = event.phase, event.detail
                found.append(event)
        return found

    def _take(self, event: Event) -> None:
        """Add one event to the picture."""
        match event:
            case StepLogged():
                self._take_scalars(event)
            case Progressed():
                self.step, self.total = event.step, event.total
                if not self._first:
                    self._pace.moved(event.step, event.time)
            case LogLine():
                self.log.append(event.text)
            case PhaseChanged():
                self.phase, self.phase_detail = event.phase, event.detail
            case StateChanged():
                self.state, self.reason = event.state, event.reason
            case SampleSaved():
                self.samples.append(event)
            case CheckpointSaved():
                self.checkpoints.append(event)
            case RunEnded():
                self.state, self.reason, self.exit_code = event.state, event.reason, event.exit_code
                self.ended = True

    def _take_scalars(self, event: StepLogged) -> None:
        for tag, value in event.scalars.items():
            steps, values = self.scalars.setdefault(tag, ([], []))
            steps.append(event.step)
            values.append(value)
        if not any("epoch" in tag for tag in event.scalars):
            self._pace.logged(event.step, event.time)

    @property
    def seconds_left(self) -> float | None:
        """Seconds of training that are left at the pace of the last minutes; None if that is not known.

        Unknown before the second step, where the trainer stands still, and outside training.
        """
        if self.state is not State.TRAINING or self.total <= 0:
            return None
        return self._pace.seconds_for(self.total - self.step, time.time())
