"""The state of a run on disk. It only moves forward, whoever writes it."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from lora_core.events import State
from lora_core.runs import folder as layout

_LOCK_SECONDS = 30.0
"""How long to wait for another writer. One write takes milliseconds, so this is only met by a fault."""


@dataclass(frozen=True)
class Entry:
    """A state that the run came to, and when (Unix seconds)."""

    state: State
    since: float
    reason: str = ""


@dataclass(frozen=True)
class Status:
    """Where a run is.

    Attributes:
        state: the newest state.
        reason: one or two sentences for people; mostly empty before the end.
        exit_code: the trainer's, None while it runs or where nobody was left to see it.
        since: when it came to this state, Unix seconds.
        history: all states it went through, oldest first.
    """

    state: State
    reason: str = ""
    exit_code: int | None = None
    since: float = 0.0
    history: tuple[Entry, ...] = ()


class StateFile:
    """``state.json`` of a run directory.

    Args:
        folder: the run directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / layout.STATE

    def read(self) -> Status:
        """The stored status.

        A file that is missing or damaged is not an error: the state is then the least that the other
        files allow, ``starting`` if a process was started and ``created`` otherwise.
        """
        data = layout.read_json(self.path)
        try:
            return _from_json(data or {})
        except (KeyError, TypeError, ValueError):
            return self._least()

    def _least(self) -> Status:
        started = any((self.folder / name).exists() for name in (layout.PROCESS, layout.LOG))
        run = layout.read_json(self.folder / layout.RUN) or {}
        created = run.get("created")
        since = float(created) if isinstance(created, int | float) else 0.0
        state = State.STARTING if started else State.CREATED
        return Status(state, "", None, since, (Entry(state, since),))

    def advance(self, state: State, reason: str = "", exit_code: int | None = None) -> bool:
        """Move on to ``state``, if it lies ahead; a final state is never left.

        Returns:
            whether the state was taken.

        Raises:
            OSError: the file cannot be written, even with the reserve of the disk given up.
            filelock.Timeout: another writer hangs.
        """
        with FileLock(layout.lock_path(self.folder, layout.STATE_LOCK), timeout=_LOCK_SECONDS):
            old = self.read()
            if not old.state.may_become(state):
                return False
            entry = Entry(state, time.time(), reason)
            new = Status(state, reason, exit_code, entry.since, (*old.history, entry))
            self._write(_to_json(new))
            return True

    def _write(self, content: dict[str, Any]) -> None:
        try:
            layout.write_json(self.path, content)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            (self.folder / layout.RESERVE).unlink(missing_ok=True)
            layout.write_json(self.path, content)


def _entry(data: dict[str, Any]) -> Entry:
    return Entry(State(data["state"]), float(data["since"]), str(data.get("reason", "")))


def _from_json(data: dict[str, Any]) -> Status:
    newest = _entry(data)
    code = data.get("exit_code")
    history = tuple(_entry(entry) for entry in data["history"])
    return Status(
        newest.state, newest.reason, None if code is None else int(code), newest.since, history or (newest,)
    )


def _to_json(status: Status) -> dict[str, Any]:
    history = [{"state": e.state.value, "since": e.since, "reason": e.reason} for e in status.history]
    return {
        "state": status.state.value,
        "since": status.since,
        "reason": status.reason,
        "exit_code": status.exit_code,
        "history": history,
    }
