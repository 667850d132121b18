"""Undo and redo of the last changes of an option set.

A history knows the present values and the steps that led to them. It is told the new values after each
change and keeps what differs; it holds no option set itself. Consecutive edits of one field are one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIMIT = 100
"""Steps that are kept; older ones are forgotten."""

_ABSENT = object()


@dataclass(frozen=True)
class Step:
    """One change.

    Attributes:
        label: what was done; empty if the values say it themselves.
        before: the values that were changed, as they were.
        after: the same, as they became.
    """

    label: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for a file."""
        return {"label": self.label, "before": dict(self.before), "after": dict(self.after)}


class History:
    """The steps that led to the present values, and those that were taken back.

    Args:
        values: the present values by name.
        limit: how many steps are kept.
    """

    def __init__(self, values: Mapping[str, Any], limit: int = LIMIT) -> None:
        self.present: dict[str, Any] = dict(values)
        self.limit = limit
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self._open = False
        """Whether the last step may take up another edit of the same field."""

    def differs(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The new values of all that differ from the present ones."""
        return {name: v for name, v in values.items() if self.present.get(name, _ABSENT) != v}

    def record(self, values: Mapping[str, Any], label: str = "") -> bool:
        """Take note of new values. What had been undone can no longer be redone.

        A second edit of the one field that was edited last is merged with it; if it takes that one back, the
        step vanishes.

        Returns:
            Whether anything differs.
        """
        after = self.differs(values)
        if not after:
            return False
        before = {name: self.present.get(name) for name in after}
        step = Step(label, before, after)
        last = self.done[-1] if self._open and self.done else None
        if last is not None and len(after) == 1 and last.after.keys() == after.keys():
            self.done.pop()
            step = Step(label, last.before, after)
        if step.before != step.after:
            self.done.append(step)
        del self.done[: -self.limit]
        self.undone.clear()
        self.present.update(after)
        self._open = len(after) == 1 and bool(self.done) and self.done[-1] is step
        return True

    def close(self) -> None:
        """Let the next edit be a step of its own, even of the same field."""
        self._open = False

    def undo(self) -> dict[str, Any]:
        """Take the last step back. Returns the values to set; empty if there is no step."""
        if not self.done:
            return {}
        step = self.done.pop()
        self.undone.append(step)
        return self._go(step.before)

    def redo(self) -> dict[str, Any]:
        """Do again what was taken back last. Returns the values to set; empty if there is nothing."""
        if not self.undone:
            return {}
        step = self.undone.pop()
        self.done.append(step)
        return self._go(step.after)

    def to_dict(self) -> dict[str, Any]:
        """The steps as plain data, for a file."""
        return {
            "done": [step.to_dict() for step in self.done],
            "undone": [step.to_dict() for step in self.undone],
        }

    def take_up(self, found: Mapping[str, Any]) -> None:
        """Take up the steps that `to_dict` gave, on the same present values.

        Raises:
            KeyError, TypeError, ValueError: it is not what `to_dict` gave.
        """
        done, undone = (
            [Step(str(one["label"]), dict(one["before"]), dict(one["after"])) for one in found[name]]
            for name in ("done", "undone")
        )
        self.done, self.undone = done[-self.limit :], undone[-self.limit :]
        self.close()

    def _go(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self.close()
        self.present.update(values)
        return dict(values)
