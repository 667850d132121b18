"""How fast steps go, reckoned from when they were seen."""

from __future__ import annotations

from collections import deque

WINDOW = 180.0
"""Seconds that are looked back: long enough to hold previews and saves between the steps."""
_ENOUGH_STEPS = 2
_ENOUGH_SECONDS = 1.0
_STILL = 60.0
"""Seconds without a step, and as many times the usual step as `_STILL_STEPS`, after which the pace is
no longer known."""
_STILL_STEPS = 20.0


class _Window:
    """Pairs of time and step over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, step: int, time: float) -> None:
        seen = self._seen
        if seen and (step < seen[-1][1] or time < seen[-1][0]):
            seen.clear()  # counting began anew, as after a resume, or the clock was set back
        if seen and step == seen[-1][1]:
            return
        seen.append((time, step))
        while len(seen) > _ENOUGH_STEPS + 1 and time - seen[0][0] > WINDOW:
            seen.popleft()

    def seconds_per_step(self, now: float) -> float | None:
        """None where too little was seen, or nothing for too long."""
        if not self._seen:
            return None
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        if last - first < _ENOUGH_STEPS or end - begin < _ENOUGH_SECONDS:
            return None
        rate = (end - begin) / (last - first)
        return None if now - end > max(_STILL, _STILL_STEPS * rate) else rate


class Pace:
    """Seconds per step, from the moving progress bar, else from the times of logged scalars.

    The trainer's printed rate is not used: it is wrong for steps shorter than a tenth of a second, and
    an average over the whole run.
    """

    def __init__(self) -> None:
        self._bar, self._scalars = _Window(), _Window()

    def moved(self, step: int, time: float) -> None:
        """The bar was seen at ``step`` at ``time`` (Unix seconds)."""
        self._bar.add(step, time)

    def logged(self, step: int, time: float) -> None:
        """Scalars of ``step`` were written at ``time`` (Unix seconds)."""
        self._scalars.add(step, time)

    def seconds_for(self, steps: int, now: float) -> float | None:
        """Seconds that so many steps take, or None if the pace is not known."""
        rate = self._bar.seconds_per_step(now) or self._scalars.seconds_per_step(now)
        return None if rate is None else max(0, steps) * rate
