from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core import runs
from lora_core.errors import RunError
from lora_core.events import (
    CheckpointSaved,
    LogLine,
    Progressed,
    RunEnded,
    SampleSaved,
    State,
    StateChanged,
    StepLogged,
)
from lora_core.runs.process import ProcessFile

Make = Callable[..., runs.Run]
Until = Callable[..., None]
WAIT = 30.0

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and sessions")


def states(run: runs.Run) -> list[State]:
    return [entry.state for entry in run.status().history]


def ended(run: runs.Run) -> runs.Status:
    assert run.wait(WAIT).is_terminal
    return run.status()


def test_a_good_run_goes_all_the_way(make_run: Make) -> None:
    run = make_run("good.py", "6", "0.15")
    status = ended(run)
    assert (status.state, status.reason, status.exit_code) == (State.FINISHED, "", 0)
    order = list(State)
    found = states(run)
    assert found == sorted(found, key=order.index)
    assert found[:2] == [State.CREATED, State.STARTING]
    assert State.TRAINING in found
    assert [path.name for path in run.checkpoints()] == ["mylora-000001.safetensors", "mylora.safetensors"]
    (sample,) = run.samples()
    assert (sample.step, sample.prompt_index, sample.seed) == (3, 0, 1)
    assert "model saved." in run.log_tail()
    assert run.log_tail(1).count("\n") == 0


def test_start_returns_while_the_trainer_runs(make_run: Make) -> None:
    run = make_run("good.py", "100000", "0.01")
    assert not run.status().state.is_terminal
    run.stop(grace=1)
    assert ended(run).state is State.STOPPED


def test_events_tell_history_then_live_then_the_end(make_run: Make) -> None:
    run = make_run("good.py", "6", "0.1")
    live = list(run.events())
    late = list(runs.attach(run.folder).events())
    for events in (live, late):
        assert isinstance(events[-1], RunEnded)
        assert events[-1].state is State.FINISHED
        assert sum(isinstance(event, RunEnded) for event in events) == 1
        assert [e.state for e in events if isinstance(e, StateChanged)] == states(run)
        assert max(e.step for e in events if isinstance(e, Progressed)) == 6
        assert [e.final for e in events if isinstance(e, CheckpointSaved)] == [False, True]
        assert [e.step for e in events if isinstance(e, SampleSaved)] == [3]
        assert any("loading image sizes" in e.text for e in events if isinstance(e, LogLine))


def test_a_follower_adds_up_what_happened(make_run: Make) -> None:
    run = make_run("good.py", "6", "0.05")
    ended(run)
    follower = runs.attach(run.folder).follow()
    assert follower.poll()
    assert (follower.state, follower.step, follower.total, follower.ended) == (State.FINISHED, 6, 6, True)
    assert follower.seconds_left is None
    assert len(follower.samples) == 1
    assert [saved.final for saved in follower.checkpoints] == [False, True]
    assert any("model saved" in line for line in follower.log)
    assert not any("%|" in line for line in follower.log)
    assert follower.poll() == []


def test_time_left_is_told_during_training(make_run: Make, until: Until) -> None:
    run = make_run("good.py", "1000", "0.1")
    follower = run.follow()

    def known() -> bool:
        follower.poll()
        return follower.seconds_left is not None

    assert follower.seconds_left is None
    until(known)
    assert follower.seconds_left is not None
    assert 10 < follower.seconds_left < 1000


def test_a_run_starts_once(make_run: Make) -> None:
    run = make_run("good.py")
    with pytest.raises(RunError, match="cannot be started again"):
        runs.attach(run.folder).start()
    ended(run)
    with pytest.raises(RunError):
        run.start()


def test_a_run_that_was_not_started_stays_created(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    assert run.wait(0.3) is State.CREATED
    assert run.follow().poll()[0] == StateChanged(run.status().since, State.CREATED, "")
    run.stop()
    assert run.status().state is State.STOPPED
    with pytest.raises(RunError):
        run.start()


def test_environment_and_session_of_the_trainer(make_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD_SETTING", "leaks")
    monkeypatch.setenv("KEPT", "kept")
    run = make_run("environment.py", env={"NEW": "ü"}, env_remove=("OLD_SETTING",))
    assert ended(run).state is State.FINISHED
    seen = json.loads((run.folder / "output" / "environment.json").read_text())
    env = seen["env"]
    assert (env["NEW"], env["KEPT"], env["PYTHONUNBUFFERED"], env["COLUMNS"]) == ("ü", "kept", "1", "250")
    assert "OLD_SETTING" not in env
    assert env.get("PYTHONPATH") == os.environ.get("PYTHONPATH")
    assert seen["cwd"] == str(run.folder)
    assert seen["session"] == seen["pid"]


def test_bad_bytes_do_no_harm_and_stay_as_they_came(make_run: Make) -> None:
    run = make_run("bad_bytes.py")
    assert ended(run).state is State.FINISHED
    assert b"caf\xe9 \xff\xfe\x00" in (run.folder / "log.txt").read_bytes()
    follower = run.follow()
    follower.poll()
    assert follower.step == 3
    assert any("\ufffd" in line for line in follower.log)


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ("no_file.py", 0, "No data found"),
        ("dies.py", 1, 'ValueError: The model "x.safetensors" is not a local path.'),
        ("no_room.py", 1, "No space left on device"),
    ],
)
def test_a_failure_names_its_reason(make_run: Make, script: str, code: int, reason: str) -> None:
    status = ended(make_run(script))
    assert (status.state, status.exit_code) == (State.FAILED, code)
    assert reason in status.reason
    assert "CalledProcessError" not in status.reason


def test_ending_well_without_a_file_is_a_failure(make_run: Make) -> None:
    status = ended(make_run("good.py", output_name="another"))
    assert status.state is State.FAILED
    assert "another.safetensors" in status.reason


def test_a_missing_program_and_folder_are_named(make_run: Make, tmp_path: Path) -> None:
    status = ended(make_run("good.py", argv=(str(tmp_path / "no-such-python"), "x")))
    assert status.state is State.FAILED
    assert "no-such-python" in status.reason
    status = ended(make_run("good.py", cwd=str(tmp_path / "no-such-folder")))
    assert status.state is State.FAILED
    assert "no-such-folder" in status.reason


def test_a_log_that_cannot_be_written_is_a_failure(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    (run.folder / "log.txt").mkdir()
    run.start()
    status = ended(run)
    assert status.state is State.FAILED
    assert "log.txt" in status.reason


def test_a_damaged_plan_is_a_failure(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    (run.folder / "plan.json").write_text('{"engine": ')
    run.start()
    status = ended(run)
    assert status.state is State.FAILED
    assert "plan" in status.reason


@posix_only
def test_a_trainer_killed_from_outside_says_so(make_run: Make, until: Until) -> None:
    run = make_run("launcher.py", "ignores_signals.py")
    until(lambda: run.status().state is State.TRAINING)
    trainer = ProcessFile(run.folder).read().trainer
    assert trainer
    os.kill(trainer.pid, 9)
    status = ended(run)
    assert (status.state, status.exit_code) == (State.FAILED, -9)
    assert "SIGKILL" in status.reason


def test_a_record_cut_in_half_is_completed(make_run: Make, tmp_path: Path, until: Until) -> None:
    source = records(tmp_path, 3)
    cut = source.stat().st_size - 7
    run = make_run("half_record.py", str(source), str(cut))
    follower = run.follow()
    seen: list[int] = []

    def see(count: int) -> bool:
        seen.extend(event.step for event in follower.poll() if isinstance(event, StepLogged))
        return len(seen) >= count

    until(lambda: see(2))
    assert seen == [1, 2]
    (run.folder / "output" / "go").touch()
    until(lambda: see(3))
    assert seen == [1, 2, 3]
    assert follower.scalars["loss"] == ([1, 2, 3], [0.25, 0.5, 0.75])


def test_a_record_cut_by_death_loses_only_itself(make_run: Make, tmp_path: Path) -> None:
    source = records(tmp_path, 3)
    run = make_run("half_record.py", str(source), str(source.stat().st_size - 7), "die")
    assert ended(run).state is State.FAILED
    assert [event.step for event in run.events() if isinstance(event, StepLogged)] == [1, 2]


def records(folder: Path, count: int) -> Path:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    path = folder / "records"
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for step in range(1, count + 1):
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=step / 4)])
            writer.write(Event(wall_time=1.0, step=step, summary=summary).SerializeToString())
        writer.flush()
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_is_a_failure_not_a_hang(make_run: Make) -> None:
    run = make_run("good.py", start=False)
    (run.folder / "log.txt").symlink_to("/dev/full")
    run.start()
    assert ended(run).state is State.FAILED


def test_closing_the_one_who_started_changes_nothing(make_run: Make, until: Until) -> None:
    """The starter is killed with its whole process group, as a notebook's kernel is."""
    run = make_run("good.py", "30", "0.05", start=False)
    code = (
        "import sys, time; from lora_core import runs; runs.attach(sys.argv[1]).start();"
        "print('up', flush=True); time.sleep(300)"
    )
    flags = {"start_new_session": True} if sys.platform != "win32" else {}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(run.folder)], stdout=subprocess.PIPE, **flags
    ) as kernel:  # type: ignore[call-overload]
        assert kernel.stdout.readline()
        if sys.platform == "win32":
            kernel.kill()
        else:
            os.killpg(kernel.pid, 9)
        kernel.wait(WAIT)
    assert ended(run).state is State.FINISHED


def test_two_runs_go_side_by_side(make_run: Make) -> None:
    made = [make_run("good.py", "6", "0.1") for _ in range(2)]
    assert made[0].folder != made[1].folder
    assert [ended(run).state for run in made] == [State.FINISHED] * 2
    assert all((run.folder / "output" / "mylora.safetensors").is_file() for run in made)


def test_waiting_ends_with_the_time(make_run: Make) -> None:
    run = make_run("good.py", "100000")
    begin = time.monotonic()
    assert not run.wait(0.2).is_terminal
    assert time.monotonic() - begin < WAIT


def test_no_thread_of_ours_is_left_after_a_run(make_run: Make, until: Until) -> None:
    before = set(threading.enumerate())
    ended(make_run("dies.py"))
    until(lambda: not set(threading.enumerate()) - before)
