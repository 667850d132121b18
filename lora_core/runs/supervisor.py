"""The process that owns a training: starts it, watches it, ends it, and says how it ended.

    python -m lora_core.runs.supervisor RUN_DIR [--adopt]

It is started apart from whoever asked for the run and holds nothing that the run needs: log, scalars and
files are written by the trainer itself. If it dies, the next look at the run starts another one with
``--adopt``, which takes over a trainer that still lives. A lock lets one supervisor live per run.

Kept small on purpose: no torch, no tensorboard, no option declarations.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from lora_core.engines import output
from lora_core.engines.base import LaunchPlan
from lora_core.events import Phase, PhaseChanged, Progressed, State
from lora_core.runs import folder as layout
from lora_core.runs import verdict
from lora_core.runs.log_tail import LogTail, newest_bars
from lora_core.runs.process import (
    HEARTBEAT_SECONDS,
    MARKER,
    Identity,
    ProcessFile,
    end_tree,
    members,
    start_trainer,
)
from lora_core.runs.state import StateFile
from lora_core.runs.verdict import Verdict

_log = logging.getLogger(__name__)

DEFAULT_GRACE = 10.0
"""Seconds between the first request to stop and the kill."""
LEFTOVER_GRACE = 2.0
"""The same for children that a trainer left behind when it ended."""
_FAST, _SLOW = 0.1, 0.5
"""Seconds between two looks: before training begins, and while it runs (an end is seen at once where
the system has pidfd)."""
_WRITE_TRIES, _WRITE_PAUSE = 20, 0.5
_TRAINER_ENV = {"PYTHONUNBUFFERED": "1", "COLUMNS": "250"}
"""Output at once, and no lines wrapped at 80 columns by rich."""


class _Refused(Exception):
    """The trainer could not be started; the message says why."""


class Supervisor:
    """One supervisor of one run.

    Args:
        folder: the run directory.
        adopt: take over what is there, start nothing.
        listed: write our own process down as the supervisor. A program that settles a run on the side
            does not: it may live on long after.
    """

    def __init__(self, folder: Path, *, adopt: bool = False, listed: bool = True) -> None:
        self.folder = folder.resolve()
        self.adopt = adopt
        self.listed = listed
        self.state = StateFile(self.folder)
        self.process = ProcessFile(self.folder)
        self.child: subprocess.Popen[bytes] | None = None
        self.trainer: Identity | None = None
        self.watch = _Watch(self.folder)
        self._beat = 0.0

    def run(self) -> bool:
        """Stay until the training has ended and its end is written down.

        Returns:
            False if another supervisor has this run.
        """
        lock = FileLock(layout.lock_path(self.folder, layout.SUPERVISOR_LOCK))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        try:
            if not self.state.read().state.is_terminal:
                self._supervise()
            return True
        finally:
            lock.release()

    def _supervise(self) -> None:
        me = Identity.of(os.getpid())
        if self.listed:
            with contextlib.suppress(OSError, Timeout):  # a full disk must not keep the run from its end
                self.process.write(supervisor=me)
        try:
            plan = LaunchPlan.from_json((self.folder / layout.PLAN).read_text("utf-8"))
            self.watch.final_name = plan.final_file.name
            self._begin(plan)
        except (_Refused, OSError, ValueError, KeyError, TypeError) as error:
            end_tree(self.folder, self.trainer, grace=LEFTOVER_GRACE)
            why = str(error) if isinstance(error, _Refused) else f"The plan could not be read: {error}"
            self._settle(Verdict(State.FAILED, why), None)
            return
        asked = self._follow(me)
        left = end_tree(self.folder, self.trainer, grace=LEFTOVER_GRACE)
        code = self.child.poll() if self.child else None
        found = verdict.judge(self.folder, plan.final_file, code)
        if asked and found.state is not State.FINISHED:
            reason = "Stopped as asked." + (f" {len(left)} process(es) could not be ended." if left else "")
            found = Verdict(State.STOPPED, reason)
        self._settle(found, code)

    def _begin(self, plan: LaunchPlan) -> None:
        """Take over a trainer that runs, else start one unless that is not asked for."""
        self.trainer = self.process.read().trainer
        if self.trainer is None and (found := members(self.folder)):
            self.trainer = found[0]  # its supervisor died before it could write this down
        fresh = self.state.read().state in (State.CREATED, State.STARTING)
        if self.trainer is None and fresh and not self.adopt:
            self._launch(plan)
        with contextlib.suppress(OSError, Timeout):
            self.process.write(trainer=self.trainer)

    def _launch(self, plan: LaunchPlan) -> None:
        env = {name: value for name, value in os.environ.items() if name not in plan.env_remove}
        env.update({**_TRAINER_ENV, **plan.env, MARKER: str(self.folder)})
        log = self.folder / layout.LOG
        self._advance(State.STARTING)
        if layout.stop_request(self.folder):
            return
        try:
            log.open("ab").close()
        except OSError as error:
            raise _Refused(f"The log file {log} cannot be written: {error.strerror}.") from error
        if not Path(plan.cwd).is_dir():
            raise _Refused(f"The trainer's folder {plan.cwd} does not exist.")
        try:
            self.child = start_trainer(plan.argv, cwd=plan.cwd, env=env, log=log)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise _Refused(f"The trainer's program {plan.argv[0]} could not be started: {why}.") from error
        self.trainer = Identity.of(self.child.pid)

    def _follow(self, me: Identity | None) -> bool:
        """Watch until the trainer has ended; whether someone asked for that."""
        with _Sleeper(self.trainer) as sleep:
            while True:
                alive = self._alive()
                self._look(last=not alive)
                request = layout.stop_request(self.folder)
                if not alive:
                    return request is not None
                if request is not None:
                    end_tree(self.folder, self.trainer, grace=request.get("grace", DEFAULT_GRACE))
                    self._look(last=True)
                    return True
                self._heartbeat(me)
                sleep(_SLOW if self.watch.state is State.TRAINING else _FAST)

    def _alive(self) -> bool:
        if self.child:
            return self.child.poll() is None
        return bool(self.trainer and self.trainer.alive())

    def _look(self, *, last: bool) -> None:
        """Read what is new in the log and move the state on."""
        before = self.watch.state
        for state in self.watch.look(last=last):
            if state is not before:
                self._advance(state)

    def _heartbeat(self, me: Identity | None) -> None:
        now = time.monotonic()
        if now - self._beat < HEARTBEAT_SECONDS:
            return
        self._beat = now
        if not self.listed:
            return
        with contextlib.suppress(OSError, Timeout):
            if self.process.read().supervisor != me:  # one that lost the race for the lock wrote last
                self.process.write(supervisor=me, trainer=self.trainer)
        self.process.beat()

    def _advance(self, state: State) -> None:
        try:
            self.state.advance(state)
        except (OSError, Timeout) as error:  # the training goes on; only the last state must be written
            _log.warning("state %s not written: %s", state.value, error)

    def _settle(self, found: Verdict, code: int | None) -> None:
        """Write the end down. A full disk may have room again a little later."""
        for _ in range(_WRITE_TRIES):
            try:
                self.state.advance(found.state, found.reason, code)
                return
            except (OSError, Timeout) as error:
                _log.warning("the end could not be written: %s", error)
                time.sleep(_WRITE_PAUSE)


class _Watch:
    """The states that the log announces."""

    def __init__(self, folder: Path) -> None:
        self.log = LogTail(folder / layout.LOG)
        self.state = State.STARTING
        self.final_name = ""
        self._step, self._total = 0, 0

    def look(self, *, last: bool) -> list[State]:
        """States that were reached since the last look, in order."""
        reached: list[State] = []
        for line in newest_bars(self.log.read(last=last)):
            for event in output.parse(line, 0.0):
                if isinstance(event, Progressed):
                    self._step, self._total = event.step, event.total
                elif isinstance(event, PhaseChanged):
                    reached += self._reach(event)
        return reached

    def _reach(self, event: PhaseChanged) -> list[State]:
        state = State.PREPARING
        if event.phase is Phase.TRAINING:
            state = State.TRAINING
        elif event.phase is Phase.SAVING and self._is_final(event.detail):
            state = State.SAVING
        if not self.state.may_become(state):
            return []
        self.state = state
        return [state]

    def _is_final(self, detail: str) -> bool:
        """Checkpoints are saved on the way too; the last one has the LoRA's bare name."""
        words = detail.replace("\\", "/")
        return bool(self.final_name) and words.endswith(("/" + self.final_name, " " + self.final_name))


class _Sleeper:
    """Sleep that ends early when the trainer does, where the system can tell (Linux, pidfd)."""

    def __init__(self, trainer: Identity | None) -> None:
        self._fd = -1
        opener: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
        if trainer and opener:
            with contextlib.suppress(OSError):
                self._fd = opener(trainer.pid)

    def __enter__(self) -> Callable[[float], None]:
        return self.sleep

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def sleep(self, seconds: float) -> None:
        if self._fd >= 0:
            select.select([self._fd], [], [], seconds)
        else:
            time.sleep(seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Exit code 0, or 3 if another supervisor has the run."""
    parser = argparse.ArgumentParser(prog="python -m lora_core.runs.supervisor", description=__doc__)
    parser.add_argument("folder", type=Path, help="the run directory")
    parser.add_argument("--adopt", action="store_true", help="take over what is there, start nothing")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return 0 if Supervisor(given.folder, adopt=given.adopt).run() else 3


if __name__ == "__main__":
    sys.exit(main())
