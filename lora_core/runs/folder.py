"""The run directory: its names, how a new one is made, and its small JSON files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from lora_core import atomic
from lora_core.errors import RunError, StorageError

if TYPE_CHECKING:
    from lora_core.engines.base import LaunchPlan

RUN = "run.json"
OPTIONS = "options.toml"
PLAN = "plan.json"
PROCESS = "process.json"
STATE = "state.json"
STOP = "stop.json"
LOG = "log.txt"
SUPERVISOR_LOG = "supervisor.log"
SAMPLES = "output/sample"

LOCKS = ".locks"
"""Folder of the lock files, which hold no content."""
STATE_LOCK = "state"
PROCESS_LOCK = "process"
SUPERVISOR_LOCK = "supervisor"
"""Held by a supervisor for as long as it lives, so that there is one at most."""
RESERVE = ".reserve"
"""A file of `RESERVE_BYTES`, deleted when the disk is full to make room for the last state."""
RESERVE_BYTES = 64 * 1024

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 60


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None if the file is missing, cut off or not an object."""
    try:
        found = json.loads(atomic.patiently(lambda: path.read_text("utf-8", errors="replace")))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    atomic.write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def stop_request(folder: Path) -> dict[str, Any] | None:
    """What the request to stop says (``when`` and ``grace``, both seconds); None if nobody asked.

    A request that cannot be read still is one.
    """
    path = folder / STOP
    if not path.exists():
        return None
    said = read_json(path) or {}
    return {name: value for name, value in said.items() if isinstance(value, int | float)}


def ask_to_stop(folder: Path, grace: float) -> bool:
    """Leave a request to stop; whether it is the first.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps({"when": time.time(), "grace": max(0.0, grace)}) + "\n"
    try:
        with (folder / STOP).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def lock_path(folder: Path, name: str) -> Path:
    """The lock file of that name in a run directory; its folder is made."""
    locks = folder / LOCKS
    locks.mkdir(exist_ok=True)
    return locks / name


def safe_name(name: str) -> str:
    """A run's name as part of a folder name that any file system takes."""
    return _UNSAFE.sub("-", name)[:_NAME_LENGTH].strip("-") or "run"


def new_folder(runs_dir: Path, name: str, now: float) -> Path:
    """Make a folder of its own for a run; one that exists is never taken.

    Args:
        runs_dir: the folder of all runs, made if missing.
        name: the run's name.
        now: Unix seconds; written into the folder's name in local time.
    """
    stem = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{safe_name(name)}"
    runs_dir.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = runs_dir / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return folder


def inside(folder: Path, relative: str) -> Path:
    """A path of the plan, in the run directory.

    Raises:
        RunError: the path leads out of it.
    """
    path = folder / relative
    if Path(relative).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise RunError(
            f"The plan wants to write {relative!r}, which is outside the run directory.",
            why="A run only writes into its own directory.",
            remedy="Correct the engine's plan.",
            value=relative,
        )
    return path


def make(
    runs_dir: Path,
    plan_for: Callable[[Path], LaunchPlan],
    *,
    name: str,
    options_toml: str,
    versions: Mapping[str, str],
) -> Path:
    """Make a run directory with all that the run needs before it starts.

    ``run.json`` comes last: a folder without it is no run yet.

    Raises:
        StorageError: a file or folder cannot be written.
        WorkbenchError: whatever ``plan_for`` raises. Nothing is left behind in either case.
    """
    now = time.time()
    folder: Path | None = None
    try:
        folder = new_folder(runs_dir.expanduser().resolve(), name, now)
        plan = plan_for(folder)
        for relative in plan.folders:
            inside(folder, relative).mkdir(parents=True, exist_ok=True)
        for relative, text in plan.files.items():
            atomic.write_text(inside(folder, relative), text)
        atomic.write_text(folder / PLAN, plan.to_json() + "\n")
        atomic.write_text(folder / OPTIONS, options_toml)
        atomic.write_bytes(folder / RESERVE, b"\0" * RESERVE_BYTES)
        for lock in (STATE_LOCK, PROCESS_LOCK, SUPERVISOR_LOCK):
            lock_path(folder, lock).touch()  # now, because a full disk would refuse it later
        entry = {"state": "created", "since": now, "reason": ""}
        write_json(folder / STATE, {**entry, "exit_code": None, "history": [entry]})
        head = {"id": folder.name, "name": name, "engine": plan.engine, "created": now}
        write_json(folder / RUN, {**head, "versions": dict(versions)})
    except OSError as error:
        _discard(folder)
        raise StorageError(
            f"The run directory could not be made in {runs_dir}.",
            why=str(error),
            remedy="Free some room on that disk, or choose a folder that you can write to.",
            value=str(runs_dir),
        ) from error
    except BaseException:  # an engine that refuses, or Ctrl+C: half a run directory must not stay
        _discard(folder)
        raise
    return folder


def _discard(folder: Path | None) -> None:
    if folder is not None:
        rmtree(folder, ignore_errors=True)
