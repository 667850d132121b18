from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lora_core import runs
from lora_core.engines.base import LaunchPlan
from lora_core.runs.process import ProcessFile, members

FAKES = Path(__file__).parents[2] / "fakes"


def plan_for_fake(
    folder: Path, script: str, *more: str, name: str = "mylora", **fields: object
) -> LaunchPlan:
    argv = (sys.executable, str(FAKES / script), str(folder / "output"), name, *more)
    if script == "launcher.py":
        argv = (sys.executable, str(FAKES / script), more[0], str(folder / "output"), name, *more[1:])
    values: dict[str, object] = {
        "engine": "practice",
        "run_dir": str(folder),
        "argv": argv,
        "cwd": str(folder),
        "output_name": name,
        "folders": ("output", "output/sample", "logs"),
        "files": {"plan/train.toml": "x = 1\n"},
    }
    return LaunchPlan(**{**values, **fields})  # type: ignore[arg-type]


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., runs.Run]]:
    """Makes a run of one of the fakes; whatever still runs of it in the end is killed."""
    monkeypatch.setenv("LORA_WORKBENCH_HOME", str(tmp_path))
    made: list[runs.Run] = []

    def make(script: str, *more: str, start: bool = True, **fields: object) -> runs.Run:
        run = runs.create(
            tmp_path / "runs",
            lambda folder: plan_for_fake(folder, script, *more, **fields),
            name="my lora",
            options_toml="[steps]\n",
            versions={"python": "3"},
        )
        made.append(run)
        if start:
            run.start()
        return run

    yield make
    for run in made:  # a supervisor that is still coming up sees the request, too
        run.stop(grace=0)
        run.wait(10)
        file = ProcessFile(run.folder).read()
        for one in [file.supervisor, *members(run.folder, file.trainer)]:
            if one and one.is_local and one.pid != os.getpid() and one.alive():
                with contextlib.suppress(OSError):  # it may end between the look and the signal
                    os.kill(one.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits until a condition holds; fails after some seconds."""

    def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "what was waited for did not come"
            time.sleep(0.02)

    return wait
