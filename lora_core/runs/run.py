"""A run: a directory, and what can be asked of it and told to it. Nothing about it lives in memory."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from lora_core.engines.base import LOGS, OUTPUT, LaunchPlan
from lora_core.errors import RunError, StorageError
from lora_core.events import Event, SampleSaved, State
from lora_core.runs import folder as layout
from lora_core.runs.files import CheckpointTail, SampleTail
from lora_core.runs.process import ProcessFile, members, start_detached
from lora_core.runs.state import StateFile, Status
from lora_core.runs.verdict import log_end

if TYPE_CHECKING:
    from lora_core.runs.follow import Follower

_log = logging.getLogger(__name__)

DEFAULT_GRACE = 10.0
_ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package, so that the supervisor finds the same one."""
_START_SECONDS = 30.0
"""A supervisor that has not written its name down after this long never came up."""
_ADOPT_PAUSE = 10.0
"""Seconds between two attempts of one process to put a new supervisor in a dead one's place."""


class Run:
    """A run, known by its directory. Make one with `create` or `attach`.

    Attributes:
        folder: the run directory, absolute.
        id: the directory's name.
        name: as the person gave it.
        engine: name of the engine.
        created: Unix seconds.
        versions: names and versions of what does the work, from the time of creation.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        if not (self.folder / layout.RUN).is_file():
            raise RunError(
                f"There is no run in {self.folder}.",
                why=f"The folder has no {layout.RUN}.",
                remedy="List the runs that there are, and choose one of them.",
                value=str(folder),
            )
        head = layout.read_json(self.folder / layout.RUN) or {}
        self.id = self.folder.name
        self.name = str(head.get("name") or self.id)
        self.engine = str(head.get("engine") or "")
        created = head.get("created")
        known = isinstance(created, int | float)
        self.created = float(created) if known else self.folder.stat().st_mtime  # type: ignore[arg-type]
        versions = head.get("versions")
        self.versions: dict[str, str] = dict(versions) if isinstance(versions, dict) else {}
        self._state = StateFile(self.folder)
        self._process = ProcessFile(self.folder)
        self._adopted = -_ADOPT_PAUSE

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def plan(self) -> LaunchPlan:
        """The plan that it runs.

        Raises:
            RunError: ``plan.json`` is missing or damaged.
        """
        try:
            return LaunchPlan.from_json((self.folder / layout.PLAN).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"The plan of the run {self.id} cannot be read.",
                why=str(error),
                remedy="Start a new run with the same options.",
                value=str(self.folder / layout.PLAN),
            ) from error

    @property
    def options_toml(self) -> str:
        """The frozen options, as TOML.

        Raises:
            RunError: the file cannot be read.
        """
        try:
            return (self.folder / layout.OPTIONS).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(
                f"The options of the run {self.id} cannot be read.",
                why=str(error),
                remedy="Choose another run, or set the options afresh.",
            ) from error

    def start(self) -> None:
        """Start the training apart from this process, and return at once.

        Raises:
            RunError: it was started before, or the supervisor cannot be started.
            StorageError: the run directory cannot be written to.
        """
        try:
            taken = self._state.advance(State.STARTING)
        except OSError as error:
            raise StorageError(
                f"The run {self.id} cannot be started, because its directory cannot be written to.",
                why=str(error),
                remedy="Free some room on that disk, or see to the folder's permissions.",
                value=str(self.folder),
            ) from error
        if not taken:
            raise RunError(
                f"The run {self.id} is {self._state.read().state.value} and cannot be started again.",
                why="A run is started once, so that its results stay its own.",
                remedy="Make a new run with the same options.",
            )
        try:
            self._spawn()
        except OSError as error:
            reason = f"The supervisor could not be started: {error}"
            self._state.advance(State.FAILED, reason)
            raise RunError(reason, remedy="See that this Python can start programs.") from error

    def _spawn(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "lora_core.runs.supervisor", str(self.folder), *arguments]
        child = start_detached(command, cwd=_ROOT, log=self.folder / layout.SUPERVISOR_LOG)
        # waited for, or it would stay in the process table as long as we live
        threading.Thread(target=child.wait, name=f"reap-{child.pid}", daemon=True).start()

    def status(self) -> Status:
        """Where the run is, squared with what is true.

        If it has not ended and its supervisor is gone, a new one is started, which takes over a trainer
        that still lives, or finds out how it ended; the answer then is the stored state, and the next
        ones follow what that supervisor finds.
        """
        status = self._state.read()
        if status.state is State.CREATED or status.state.is_terminal:
            return status
        return status if self._is_supervised(status) else self._reconciled(status)

    def _is_supervised(self, status: Status) -> bool:
        process = self._process.read()
        if process.supervisor is None:
            return 0 <= time.time() - status.since < _START_SECONDS
        return process.alive(process.supervisor)

    def _reconciled(self, status: Status) -> Status:
        """Settle an unfinished run without supervisor: adopt a living trainer, judge a dead one."""
        trainer = self._process.trainer
        # a trainer that is not written down may live all the same: its supervisor died too soon
        if self._process.alive(trainer) if trainer else members(self.folder):
            if time.monotonic() - self._adopted >= _ADOPT_PAUSE and not self._is_locked():
                self._adopted = time.monotonic()
                try:
                    self._spawn("--adopt")
                except OSError as error:
                    _log.warning("no new supervisor for %s: %s", self.id, error)
            return status
        self._supervise_here()
        return self._state.read()

    def _is_locked(self) -> bool:
        """Whether some supervisor holds the run just now."""
        try:
            with FileLock(layout.lock_path(self.folder, layout.SUPERVISOR_LOCK), blocking=False):
                return False
        except (Timeout, OSError):
            return True

    def _supervise_here(self) -> None:
        """Be the supervisor ourselves, until the run has ended; nothing if there is another."""
        from lora_core.runs.supervisor import Supervisor

        try:
            Supervisor(self.folder, adopt=True, listed=False).run()
        except OSError as error:  # a directory that we may only read: the stored state is all we can tell
            _log.warning("the run %s could not be settled: %s", self.id, error)

    def stop(self, *, grace: float = DEFAULT_GRACE) -> None:
        """Ask for the training to be stopped, and return at once. Asking again changes nothing.

        The supervisor asks the trainer (interrupt, then terminate) and kills it after ``grace`` seconds,
        with all its children. Finished checkpoints stay. A run that was not started is stopped before
        it begins; one that has ended is left as it is.

        Raises:
            StorageError: the request cannot be written.
        """
        state = self._state.read().state
        if state.is_terminal:
            return
        try:
            layout.ask_to_stop(self.folder, grace)
            if state is State.CREATED and self._state.read().state is State.CREATED:
                self._state.advance(State.STOPPED, "Stopped before it was started.")
                return
        except OSError as error:
            raise StorageError(
                f"The request to stop the run {self.id} cannot be written.",
                why=str(error),
                remedy="Free some room on that disk, or see to the folder's permissions.",
                value=str(self.folder / layout.STOP),
            ) from error
        if not self._is_supervised(self._state.read()):
            # not a daemon: a script that stops a run and ends must not leave the trainer half stopped
            threading.Thread(target=self._supervise_here, name=f"stop-{self.id}").start()

    def wait(self, timeout: float | None = None) -> State:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most; None for ever.

        Returns:
            the state then: final, unless the time ran out.
        """
        end = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while not (state := self.status().state).is_terminal:
            left = pause if end is None else min(pause, end - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
            pause = min(0.5, pause * 1.2)
        return state

    def follow(self) -> Follower:
        """A reader of the whole history and of what comes."""
        from lora_core.runs.follow import Follower

        return Follower(self)

    def events(self) -> Iterator[Event]:
        """The whole history at once, then what comes, up to `RunEnded`."""
        follower = self.follow()
        pause = 0.1
        while not follower.ended:
            found = follower.poll()
            yield from found
            pause = 0.1 if found else min(0.5, pause * 1.5)
            if not follower.ended:
                time.sleep(pause)

    def log_tail(self, lines: int = 200) -> str:
        """The last lines of the log; bars that were drawn over each other count as lines."""
        found = [line for line in log_end(self.folder) if line.strip()]
        return "\n".join(found[-lines:]) if lines > 0 else ""

    def checkpoints(self) -> list[Path]:
        """LoRA files that are whole on disk now, oldest first."""
        return [saved.path for saved in self.checkpoint_tail().read()]

    def samples(self) -> list[SampleSaved]:
        """Preview pictures that are whole on disk now, oldest first."""
        return self.sample_tail().read()

    def checkpoint_tail(self) -> CheckpointTail:
        """A reader of checkpoints; if the plan is damaged, one that finds none."""
        try:
            plan = self.plan
        except RunError:
            return CheckpointTail(self.folder / OUTPUT, self.name, ".safetensors")
        return CheckpointTail(self.folder / OUTPUT, plan.output_name, plan.suffix)

    def sample_tail(self) -> SampleTail:
        return SampleTail(self.folder / layout.SAMPLES)

    @property
    def log_file(self) -> Path:
        return self.folder / layout.LOG

    @property
    def scalars_dir(self) -> Path:
        return self.folder / LOGS


def create(
    runs_dir: Path,
    plan_for: Callable[[Path], LaunchPlan],
    *,
    name: str,
    options_toml: str,
    versions: Mapping[str, str],
) -> Run:
    """Make a new run in a directory of its own. It is not started.

    Args:
        runs_dir: the folder of all runs.
        plan_for: makes the plan for the directory it is given.
        name: for people; need not be new.
        options_toml: the options, to be frozen with the run.
        versions: names and versions of what will do the work.

    Raises:
        StorageError: the directory cannot be written.
        WorkbenchError: whatever ``plan_for`` raises.
    """
    return Run(layout.make(runs_dir, plan_for, name=name, options_toml=options_toml, versions=versions))


def attach(run_dir: Path) -> Run:
    """The run in a directory.

    Raises:
        RunError: there is none.
    """
    return Run(Path(run_dir))


def list_runs(runs_dir: Path) -> list[Run]:
    """All runs in a folder, newest first; empty if the folder is missing."""
    try:
        folders = [path for path in Path(runs_dir).iterdir() if path.is_dir()]
    except OSError:
        return []
    runs = []
    for folder in folders:
        try:
            runs.append(Run(folder))
        except (RunError, OSError):  # not a run, not one yet, or deleted just now
            continue
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)
