from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lora_core import runs
from lora_core.events import State
from lora_core.runs.process import Identity, ProcessFile, members

Make = Callable[..., runs.Run]
Until = Callable[..., None]
WAIT = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and sessions")


def training(run: runs.Run) -> bool:
    return run.status().state is State.TRAINING


def processes(run: runs.Run) -> tuple[Identity, Identity]:
    file = ProcessFile(run.folder).read()
    assert file.supervisor
    assert file.trainer
    return file.supervisor, file.trainer


def kill(who: Identity, until: Until) -> None:
    os.kill(who.pid, signal.SIGKILL)
    until(lambda: not who.alive())


def test_a_living_trainer_is_adopted_and_ends_right(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "60", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    assert run.status().state is State.TRAINING
    until(lambda: processes(run)[0] != supervisor)
    assert processes(run)[1] == trainer
    assert trainer.alive()
    assert run.wait(WAIT) is State.FINISHED
    assert run.status().exit_code is None


def test_an_adopted_trainer_can_be_stopped(make_run: Make, until: Until) -> None:
    run = make_run("ignores_signals.py")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    until(lambda: run.status() and processes(run)[0] != supervisor)
    run.stop(grace=0.4)
    assert run.wait(WAIT) is State.STOPPED
    assert not trainer.alive()


def test_many_lookers_make_one_supervisor(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    kill(processes(run)[0], until)
    code = "import sys; from lora_core import runs; print(runs.attach(sys.argv[1]).status().state.value)"
    lookers = [
        subprocess.Popen([sys.executable, "-c", code, str(run.folder)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [one.communicate(timeout=WAIT)[0].strip() for one in lookers] == [b"training"] * 3
    until(lambda: run.status() and processes(run)[0].alive())
    until(lambda: len(supervisors(run)) == 1)
    assert training(run)


def supervisors(run: runs.Run) -> list[int]:
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "lora_core.runs.supervisor" in line and str(run.folder) in line:
            found.append(process.pid)
    return found


def test_a_second_supervisor_leaves_at_once(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    before = processes(run)
    for more in ([], ["--adopt"]):
        command = [sys.executable, "-m", "lora_core.runs.supervisor", str(run.folder), *more]
        assert subprocess.run(command, check=False, timeout=WAIT).returncode == 3
    assert processes(run) == before
    assert training(run)


def test_both_dead_in_the_middle_is_interrupted(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    kill(trainer, until)
    status = run.status()
    assert status.state is State.INTERRUPTED
    assert "total optimization steps" in status.reason
    assert runs.attach(run.folder).status() == status


def test_both_dead_with_an_error_in_the_log_is_failed(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    kill(trainer, until)
    with (run.folder / "log.txt").open("a") as file:
        file.write("\nTraceback (most recent call last):\n  File x\nRuntimeError: CUDA out of memory.\n")
    status = run.status()
    assert status.state is State.FAILED
    assert "CUDA out of memory" in status.reason


def test_an_error_that_was_survived_is_not_the_reason(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    kill(trainer, until)
    with (run.folder / "log.txt").open("a") as file:
        file.write("\nRuntimeError: one picture could not be read\n")
        file.writelines(f"\rsteps:  1%|  | {step}/1000 [00:01<00:02, 1.0it/s]" for step in range(20, 30))
    assert run.status().state is State.INTERRUPTED


def test_both_dead_after_the_end_is_finished(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "40", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    until(lambda: not trainer.alive())
    assert run.status().state is State.FINISHED


def test_a_complete_file_without_the_last_word_is_not_finished(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run) and run.checkpoints is not None)
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    kill(trainer, until)
    (run.folder / "output" / "mylora.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0half")
    assert run.status().state is State.INTERRUPTED


def test_another_process_with_the_trainers_id_does_not_confuse(make_run: Make, until: Until) -> None:
    """As after a reboot: the ids are taken by others, who are left alone."""
    run = make_run("good.py", "1000", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    kill(trainer, until)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        taken = Identity.of(other.pid)
        assert taken
        for old in (
            dataclasses.replace(taken, started=taken.started - 1000, ticks=max(1, taken.ticks - 1000)),
            dataclasses.replace(taken, started=taken.started - 1000, boot="another", ticks=taken.ticks or 0),
        ):
            assert not old.alive()
        text = {name: dataclasses.asdict(old) for name in ("supervisor", "trainer")}
        (run.folder / "process.json").write_text(json.dumps(text))
        assert run.status().state is State.INTERRUPTED
        assert other.poll() is None
        other.kill()


def test_a_supervisor_that_never_came_up_is_found_out(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    since = time.time() - 1000
    entry = {"state": "starting", "since": since, "reason": ""}
    (run.folder / "state.json").write_text(json.dumps({**entry, "exit_code": None, "history": [entry]}))
    status = run.status()
    assert status.state is State.INTERRUPTED
    assert "never started" in status.reason
    assert not (run.folder / "log.txt").exists()


def test_a_trainer_not_written_down_is_found(make_run: Make, until: Until) -> None:
    """Its supervisor died between starting it and writing its id."""
    run = make_run("good.py", "60", "0.05")
    until(lambda: training(run))
    supervisor, trainer = processes(run)
    kill(supervisor, until)
    (run.folder / "process.json").write_text(json.dumps({"supervisor": dataclasses.asdict(supervisor)}))
    run.status()
    assert trainer.alive()
    assert run.wait(WAIT) is State.FINISHED


@pytest.mark.parametrize("name", ["state.json", "process.json"])
def test_a_truncated_file_does_not_hide_the_end(make_run: Make, until: Until, name: str) -> None:
    run = make_run("good.py", "40", "0.05")
    until(lambda: training(run))
    (run.folder / name).write_text('{"state": "trai')
    assert run.wait(WAIT) is State.FINISHED
    assert members(run.folder) == []


def test_a_run_of_another_machine_is_judged_by_its_heartbeat(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    entry = {"state": "training", "since": time.time(), "reason": ""}
    (run.folder / "state.json").write_text(json.dumps({**entry, "exit_code": None, "history": [entry]}))
    (run.folder / "log.txt").write_text("epoch 1/2\n")
    far = dataclasses.asdict(Identity(1, 1.0, 1, "boot", "another-machine"))
    path = run.folder / "process.json"
    path.write_text(json.dumps({"supervisor": far, "trainer": far}))
    assert run.status().state is State.TRAINING
    os.utime(path, (time.time() - 1000,) * 2)
    assert run.status().state is State.INTERRUPTED
