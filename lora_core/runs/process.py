"""Processes: who they are, how they are started apart from us, and how a whole tree is ended.

A process id alone says nothing, because the system gives it out again. A process is known by its id
together with its start time; under Linux, with the kernel's own count of clock ticks and the boot's id,
which no change of the clock can disturb (`man 5 proc_pid_stat`, field 22).
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from lora_core.runs import folder as layout

MARKER = "LORA_WORKBENCH_RUN"
"""Environment variable that a trainer and all its children carry: the run directory. By it they are
found even where they left the process group and their parent is gone."""

HEARTBEAT_SECONDS = 15.0
"""How often a supervisor touches process.json."""
_HEARTBEAT_LOST = 90.0
"""When a supervisor on another machine counts as dead: six heartbeats missed."""
_CLOCK_SLACK = 2.0
"""Seconds that two readings of one start time may differ where only the clock tells it."""
_LOCK_SECONDS = 30.0
if sys.platform == "win32":
    _ASKS: tuple[int, ...] = (signal.CTRL_BREAK_EVENT,)
    _KILL = int(signal.SIGTERM)  # os.kill ends the process at once with any signal but Ctrl-C and Ctrl-Break
else:
    _ASKS = (signal.SIGINT, signal.SIGTERM)
    _KILL = int(signal.SIGKILL)
_SIGNAL_ERRORS = (OSError, SystemError)
"""What `os.kill` raises. SystemError under Windows: Ctrl-Break does not reach another console; Python then ends
the process at once, but trips over the error it had noted first (CPython 3.11, posixmodule.c, os_kill_impl)."""
_KILL_ROUNDS = 20
_KILL_PAUSE = 0.25


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _proc_stat(pid: int) -> tuple[str, int] | None:
    """Status letter and start in clock ticks since boot, under Linux; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode("ascii"), int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


@dataclass(frozen=True)
class Identity:
    """One process, not to be taken for another that gets its id later.

    Attributes:
        pid: process id.
        started: start time, Unix seconds, as psutil tells it.
        ticks: start in clock ticks since boot; 0 where the system is not Linux.
        boot: id of the boot; empty where the system has none.
        host: name of the machine.
    """

    pid: int
    started: float
    ticks: int = 0
    boot: str = ""
    host: str = ""

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this id now; None if there is none."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.Error:
            return None
        stat = _proc_stat(pid)
        return cls(pid, started, stat[1] if stat else 0, _boot(), platform.node())

    @classmethod
    def from_json(cls, data: Any) -> Identity | None:
        """What process.json holds; None if that is not an identity."""
        try:
            return cls(
                int(data["pid"]),
                float(data["started"]),
                int(data["ticks"]),
                str(data["boot"]),
                str(data["host"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def is_local(self) -> bool:
        """Whether it belongs to this machine, so that its id means something here."""
        return self.host == platform.node()

    def alive(self) -> bool:
        """Whether exactly this process still runs. One that ended but was not reaped is not alive."""
        if self.ticks and sys.platform == "linux":
            stat = _proc_stat(self.pid)
            return bool(stat and stat[0] not in "ZX" and stat[1] == self.ticks and self.boot == _boot())
        try:
            process = psutil.Process(self.pid)
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return False
            return abs(process.create_time() - self.started) < _CLOCK_SLACK
        except psutil.Error:
            return False


class ProcessFile:
    """``process.json``: who supervises the run, and who trains. Touched as a heartbeat."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / layout.PROCESS
        self._data: dict[str, Any] = {}

    def read(self) -> ProcessFile:
        self._data = layout.read_json(self.path) or {}
        return self

    @property
    def supervisor(self) -> Identity | None:
        return Identity.from_json(self._data.get("supervisor"))

    @property
    def trainer(self) -> Identity | None:
        return Identity.from_json(self._data.get("trainer"))

    def write(self, **identities: Identity | None) -> None:
        """Set supervisor or trainer and keep the other.

        Raises:
            OSError: the file cannot be written.
            filelock.Timeout: another writer hangs.
        """
        with FileLock(layout.lock_path(self.path.parent, layout.PROCESS_LOCK), timeout=_LOCK_SECONDS):
            self.read()
            for name, identity in identities.items():
                self._data[name] = asdict(identity) if identity else None
            layout.write_json(self.path, self._data)

    def beat(self) -> None:
        with contextlib.suppress(OSError):  # a missed heartbeat harms nothing on this machine
            os.utime(self.path)

    def alive(self, identity: Identity | None) -> bool:
        """Whether that process runs; one on another machine is judged by the heartbeat."""
        if identity is None:
            return False
        if identity.is_local:
            return identity.alive()
        try:
            return time.time() - self.path.stat().st_mtime < _HEARTBEAT_LOST
        except OSError:
            return False


def start_trainer(
    argv: Sequence[str], *, cwd: str, env: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start the trainer in a session of its own, its output going straight to the end of ``log``.

    Raises:
        OSError: the log cannot be opened, or the program cannot be started.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as file:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )


def start_detached(argv: Sequence[str], *, cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives us, and the terminal or kernel that we run in.

    Under Windows a kernel ends all its descendants, so a go-between starts the process and leaves; the
    returned process is then the go-between. A console of its own, never shown, lets the process send
    Ctrl-Break to the trainer later.

    Raises:
        OSError: the program cannot be started.
    """
    with log.open("ab") as file:
        if sys.platform != "win32":
            return subprocess.Popen(
                list(argv),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        between = (
            "import subprocess, sys; subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, "
            "creationflags=int(sys.argv[1]))"
        )
        command = [sys.executable, "-c", between, str(flags), *argv]
        out: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": file,
            "stderr": subprocess.STDOUT,
            "cwd": cwd,
        }
        try:
            # a job object may end its processes together; not every job lets one leave
            return subprocess.Popen(
                command, creationflags=flags | subprocess.CREATE_BREAKAWAY_FROM_JOB, **out
            )
        except PermissionError:
            return subprocess.Popen(command, creationflags=flags, **out)


def _carries(process: psutil.Process, run_dir: str) -> bool:
    try:
        return process.environ().get(MARKER) == run_dir
    except (psutil.Error, OSError):
        return False


def _group_of(pid: int) -> int:
    if sys.platform == "win32":
        return 0
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def members(run_dir: Path, leader: Identity | None = None) -> list[Identity]:
    """All processes of a run's training, the eldest first.

    That is who carries the marker, who descends from the leader, and who is in the leader's group.

    Args:
        run_dir: the run directory, as the marker has it.
        leader: the trainer; its group and children count only while it lives, because its id may
            belong to another after that.
    """
    family: set[int] = set()
    group = 0
    if leader and leader.is_local and leader.alive():
        group = leader.pid
        with contextlib.suppress(psutil.Error):
            family = {child.pid for child in psutil.Process(leader.pid).children(recursive=True)}
        family.add(leader.pid)
    found = []
    for process in psutil.process_iter():
        pid = process.pid
        if pid == os.getpid():
            continue
        if pid in family or (group and _group_of(pid) == group) or _carries(process, str(run_dir)):
            identity = Identity.of(pid)
            if identity and identity.alive():
                found.append(identity)
    return sorted(found, key=lambda one: (one.ticks or one.started, one.pid))


def _signal_all(who: Iterable[Identity], number: int, leader: Identity | None) -> None:
    """Send a signal to the leader's whole group at once, and to everyone outside it one by one."""
    group = 0
    if sys.platform == "win32":
        if number in _ASKS:  # goes to a whole group, which only the leader has
            who = [leader] if leader else []
    elif leader and leader.alive() and _group_of(leader.pid) == leader.pid:
        group = leader.pid
        with contextlib.suppress(OSError):
            os.killpg(group, number)
    for one in who:
        if one.alive() and not (group and _group_of(one.pid) == group):
            with contextlib.suppress(*_SIGNAL_ERRORS):
                os.kill(one.pid, number)


def _wait_gone(who: Sequence[Identity], seconds: float) -> bool:
    """Wait until none of them runs; whether that came true in time."""
    end = time.monotonic() + seconds
    while any(one.alive() for one in who):
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)
    return True


def end_tree(run_dir: Path, leader: Identity | None, *, grace: float) -> list[Identity]:
    """End a training with all its children: ask, wait, kill.

    Asks with SIGINT, after half the grace with SIGTERM, and kills after the other half; under Windows,
    Ctrl-Break and then kill. Processes that appear meanwhile are ended too.

    Args:
        run_dir: the run directory, as the marker has it.
        leader: the trainer process, if known.
        grace: seconds from the first request to the kill.

    Returns:
        those that could not be ended, normally none.
    """
    who: list[Identity] = []
    for ask in _ASKS:
        who = _joined(who, members(run_dir, leader))
        if not who:
            return []
        _signal_all(who, ask, leader)
        if _wait_gone(who, grace / len(_ASKS)):
            break
    for _ in range(_KILL_ROUNDS):
        who = _joined(who, members(run_dir, leader))
        if not who:
            return []
        _signal_all(who, _KILL, leader)
        _wait_gone(who, _KILL_PAUSE)
    return [one for one in who if one.alive()]


def _joined(old: Sequence[Identity], new: Sequence[Identity]) -> list[Identity]:
    """Who still lives of both, each once."""
    return [one for one in dict.fromkeys((*old, *new)) if one.alive()]
