from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lora_core import runs
from lora_core.events import State
from lora_core.runs.process import Identity, ProcessFile, members

Make = Callable[..., runs.Run]
Until = Callable[..., None]
WAIT = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and sessions")


def runs_now(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def training(run: runs.Run) -> bool:
    return run.status().state is State.TRAINING


def trainer_of(run: runs.Run) -> Identity:
    found = ProcessFile(run.folder).read().trainer
    assert found
    return found


@pytest.mark.parametrize("launcher", [(), ("launcher.py",)])
def test_stop_ends_a_trainer_that_ignores_signals(
    make_run: Make, until: Until, launcher: tuple[str, ...]
) -> None:
    run = make_run(*launcher, "ignores_signals.py")
    until(lambda: training(run))
    run.stop(grace=0.4)
    assert run.wait(WAIT) is State.STOPPED
    assert members(run.folder) == []
    assert not trainer_of(run).alive()
    assert [path.name for path in run.checkpoints()] == ["mylora-000001.safetensors"]
    assert run.status().reason == "Stopped as asked."


def test_stop_asks_first(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    run.stop(grace=20)
    assert run.wait(WAIT) is State.STOPPED
    assert "KeyboardInterrupt" in run.log_tail()


def test_stop_ends_children_that_left_the_group(make_run: Make, until: Until) -> None:
    run = make_run("children.py")
    list_file = run.folder / "output" / "children.txt"
    until(list_file.exists)
    pids = [int(pid) for pid in list_file.read_text().split()]
    assert all(map(runs_now, pids))
    run.stop(grace=0.4)
    assert run.wait(WAIT) is State.STOPPED
    assert not any(map(runs_now, pids))


def test_children_left_behind_are_ended_too(make_run: Make) -> None:
    run = make_run("children.py", "leave")
    assert run.wait(WAIT) is State.FINISHED
    pids = [int(pid) for pid in (run.folder / "output" / "children.txt").read_text().split()]
    assert not any(map(runs_now, pids))


def test_stopping_again_changes_nothing(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    run.stop(grace=1)
    asked = (run.folder / "stop.json").read_bytes()
    run.stop(grace=50)
    code = "import sys; from lora_core import runs; runs.attach(sys.argv[1]).stop(grace=70)"
    others = [subprocess.Popen([sys.executable, "-c", code, str(run.folder)]) for _ in range(2)]
    assert run.wait(WAIT) is State.STOPPED
    assert [other.wait(WAIT) for other in others] == [0, 0]
    assert (run.folder / "stop.json").read_bytes() == asked
    end = run.status()
    run.stop()
    assert run.status() == end


def test_a_finished_run_stays_finished(make_run: Make) -> None:
    run = make_run("good.py", "2", "0.01")
    assert run.wait(WAIT) is State.FINISHED
    run.stop()
    assert run.status().state is State.FINISHED
    assert not (run.folder / "stop.json").exists()


def test_stop_before_the_trainer_is_up(make_run: Make) -> None:
    run = make_run("good.py", "1000", "0.05")
    run.stop(grace=0.4)
    assert run.wait(WAIT) is State.STOPPED
    assert members(run.folder) == []


@pytest.mark.parametrize("script", ["ignores_signals.py", "good.py"])
def test_stop_works_with_the_supervisor_dead(make_run: Make, until: Until, script: str) -> None:
    run = make_run(script, "1000", "0.05")
    until(lambda: training(run))
    kill_supervisor(run, until)
    run.stop(grace=0.4)
    assert run.wait(WAIT) is State.STOPPED
    assert members(run.folder) == []


def test_stop_by_two_programs_with_the_supervisor_dead(make_run: Make, until: Until) -> None:
    run = make_run("ignores_signals.py")
    until(lambda: training(run))
    kill_supervisor(run, until)
    code = (
        "import sys; from lora_core import runs; run = runs.attach(sys.argv[1]); run.stop(grace=0.4);"
        "print(run.wait(30).value)"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", code, str(run.folder)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [other.communicate(timeout=WAIT)[0].split() for other in others] == [[b"stopped"]] * 2
    assert [entry.state for entry in run.status().history].count(State.STOPPED) == 1


def test_an_unreadable_request_still_stops(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    Path(run.folder, "stop.json").write_text("{")
    assert run.wait(WAIT) is State.STOPPED


def kill_supervisor(run: runs.Run, until: Until) -> Identity:
    found = ProcessFile(run.folder).read().supervisor
    assert found
    os.kill(found.pid, 9)
    until(lambda: not found.alive())
    return found
