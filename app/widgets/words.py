"""The same words for the same thing, on every page."""

from __future__ import annotations

import time
from typing import Any

from lora_core.events import State

STATES = {
    State.CREATED: ("○", "created"),
    State.STARTING: ("◐", "starting"),
    State.PREPARING: ("◐", "preparing"),
    State.TRAINING: ("▶", "training"),
    State.SAVING: ("◐", "saving"),
    State.FINISHED: ("✔", "finished"),
    State.FAILED: ("✖", "failed"),
    State.STOPPED: ("■", "stopped"),
    State.INTERRUPTED: ("⚠", "interrupted"),
}
"""Sign and word of each state of a run."""


TRAINER_CHANGED = "Trainer: practice → sd-scripts, as practice cannot train this"
"""Said where settings need the real trainer."""


def number(count: int, noun: str) -> str:
    """``1 setting``, ``2 settings``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A span of time in at most two units: ``45 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days {hours % 24} h"


def ago(then: float, now: float | None = None) -> str:
    """How long ago, roughly: so that it need not be redrawn every second."""
    seconds = (time.time() if now is None else now) - then
    if seconds < 90:
        return "just now"
    minutes = seconds / 60
    if minutes < 60:
        return f"{number(round(minutes), 'minute')} ago"
    if minutes < 60 * 36:
        return f"{number(round(minutes / 60), 'hour')} ago"
    return f"{number(round(minutes / 1440), 'day')} ago"


def last_run(session: Any) -> str:
    """The last thing done, in a sentence."""
    run = session.current
    if run is None:
        return "You have not trained anything yet."
    state = run.status().state
    is_or_has = (
        "was" if state in (State.STOPPED, State.INTERRUPTED) else "has" if state is State.FAILED else "is"
    )
    return f"Your last training, “{run.name}”, {is_or_has} {STATES[state][1]}. It was started {ago(run.created)}."
