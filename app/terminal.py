"""A run in the terminal: a progress bar where there is a terminal, plain lines everywhere else.

Plain lines suit pipes, log files and screen readers: one now and then, each complete in itself.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from app.widgets.words import duration
from lora_core.events import CheckpointSaved, Event, SampleSaved, State

if TYPE_CHECKING:
    from lora_core.runs import Follower, Run

POLL_SECONDS = 0.3
LINE_SECONDS = 15.0
"""Pause between two plain lines while nothing but the step number changes."""
LOSS_TAGS = ("loss/average", "loss/current")


def newest_loss(follower: Follower) -> float | None:
    """The last loss that was logged, the average one if there is one."""
    for tag in LOSS_TAGS:
        _, values = follower.scalars.get(tag, ([], []))
        if values:
            return float(values[-1])
    return None


def use_bar(stream: TextIO) -> bool:
    """Whether a moving bar can be drawn: a real terminal, and nobody asked for plain output."""
    plain = os.environ.get("TERM") == "dumb" or "NO_COLOR" in os.environ
    return stream.isatty() and not plain


class Progress:
    """Shows a follower's picture as it changes.

    Args:
        stream: where to write.
        bar: draw a moving bar; None decides by the stream.
    """

    def __init__(self, stream: TextIO | None = None, *, bar: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        self._bar_wanted = use_bar(self.stream) if bar is None else bar
        self._bar: Any = None
        self._shown = ("", -1)
        self._line_at = 0.0

    def events(self, events: list[Event]) -> None:
        """Say what was saved."""
        for event in events:
            if isinstance(event, SampleSaved):
                self.say(f"Preview picture: {event.path}")
            elif isinstance(event, CheckpointSaved):
                self.say(f"{'LoRA' if event.final else 'LoRA so far'}: {event.path}")

    def say(self, text: str) -> None:
        """One line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.write(text, file=self.stream)
        else:
            self.stream.write(text + "\n")
            self.stream.flush()

    def show(self, follower: Follower) -> None:
        """Bring the display up to date."""
        if follower.state.is_terminal:
            return
        phase = follower.phase.value if follower.phase else follower.state.value
        if self._bar_wanted and follower.total:
            self._show_bar(follower, phase)
        elif (phase, follower.step) != self._shown:
            self._show_line(follower, phase)

    def _details(self, follower: Follower) -> str:
        loss, left = newest_loss(follower), follower.seconds_left
        parts = [f"loss {loss:.4f}"] if loss is not None else []
        parts += [f"{duration(left)} left"] if left is not None else []
        return ", ".join(parts)

    def _show_bar(self, follower: Follower, phase: str) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=follower.total,
                file=self.stream,
                bar_format="{desc} {percentage:3.0f}% |{bar}| step {n_fmt} of {total_fmt}{postfix}",
                dynamic_ncols=True,
                leave=True,
            )
        self._bar.total = follower.total
        self._bar.n = follower.step
        self._bar.set_description_str(phase.capitalize(), refresh=False)
        self._bar.set_postfix_str(self._details(follower), refresh=False)
        self._bar.refresh()

    def _show_line(self, follower: Follower, phase: str) -> None:
        now = time.monotonic()
        if phase == self._shown[0] and now - self._line_at < LINE_SECONDS:
            return
        self._shown, self._line_at = (phase, follower.step), now
        step = f", step {follower.step} of {follower.total}" if follower.total else ""
        details = self._details(follower)
        self.say(f"{phase.capitalize()}{step}{': ' + details if details else ''}")

    def close(self) -> None:
        """Leave the bar as it is, and go to a new line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def watch(run: Run, progress: Progress) -> Follower:
    """Show a run until it has ended.

    Raises:
        KeyboardInterrupt: Ctrl+C. The run goes on.
    """
    follower = run.follow()
    try:
        while True:
            progress.events(follower.poll())
            progress.show(follower)
            if follower.ended:
                return follower
            time.sleep(POLL_SECONDS)
    finally:
        progress.close()


def closing_lines(run: Run, *, log_lines: int = 12) -> list[str]:
    """What a run left: state, LoRA, previews; after a failure the end of the log and what to do."""
    status = run.status()
    state = status.state
    lines = [f"The run {run.id} {'is' if not state.is_terminal else 'has'} {_WORDS[state]}."]
    if status.reason:
        lines.append(f"Why: {status.reason}")
    if state in (State.FAILED, State.INTERRUPTED):
        lines += ["The log ends so:", *(f"  | {line}" for line in run.log_tail(log_lines).splitlines())]
        lines.append(f"Full log: {run.log_file}")
    checkpoints, samples = run.checkpoints(), run.samples()
    if checkpoints:
        lines.append(f"LoRA: {checkpoints[-1]}")
    elif state.is_terminal:
        lines.append("No LoRA file was saved.")
    if len(checkpoints) > 1:
        lines.append(f"Earlier copies: {len(checkpoints) - 1}, in the same folder.")
    if samples:
        lines.append("Preview pictures:")
        lines += [f"  {sample.path}" for sample in samples]
    return lines


_WORDS = {
    State.CREATED: "not started yet",
    State.STARTING: "starting",
    State.PREPARING: "preparing",
    State.TRAINING: "training",
    State.SAVING: "saving",
    State.FINISHED: "finished",
    State.FAILED: "failed",
    State.STOPPED: "been stopped",
    State.INTERRUPTED: "been interrupted",
}
