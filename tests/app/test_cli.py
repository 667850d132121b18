"""The command line, on real runs of a fake trainer and on real settings."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import cli, report, terminal
from app.widgets import words as page_words
from lora_core import runs
from lora_core.engines.base import LaunchPlan
from lora_core.errors import RunError
from lora_core.options import TrainingOptions, toml_io
from lora_core.runs import Run

FAKES = Path(__file__).parents[1] / "fakes"

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def make_run(home: Path) -> Iterator[Callable[..., Run]]:
    """Makes a run of one of the fake trainers in the test's workspace; it is stopped in the end."""
    made: list[Run] = []

    def plan(folder: Path, script: str, *more: str) -> LaunchPlan:
        return LaunchPlan(
            engine="practice",
            run_dir=str(folder),
            argv=(sys.executable, str(FAKES / script), str(folder / "output"), "mylora", *more),
            cwd=str(folder),
            output_name="mylora",
            folders=("output", "output/sample", "logs"),
        )

    def make(
        script: str = "good.py", *more: str, start: bool = True, wait: bool = True, name: str = "my"
    ) -> Run:
        run = runs.create(
            home / "runs",
            lambda folder: plan(folder, script, *more),
            name=name,
            options_toml=toml_io.dumps(TrainingOptions()),
            versions={"torch": "2.13.0"},
        )
        made.append(run)
        if start:
            run.start()
        if start and wait:
            run.wait(60)
        return run

    yield make
    for run in made:
        run.stop(grace=0)
        run.wait(20)


def settings(folder: Path, **values: Any) -> Path:
    """A settings file."""
    path = folder / "mine.toml"
    path.write_text(toml_io.dumps(TrainingOptions(**values), header={"engine": "practice"}), "utf-8")
    return path


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["--workspace", "W", "runs", "list"], ["runs", "list", "--workspace", "W"]]
)
def test_workspace_may_stand_in_front_or_behind(words: list[str]) -> None:
    assert cli._parser().parse_args(words).workspace == "W"


def test_workspace_is_used(
    tmp_path: Path, make_run: Callable[..., Run], capsys: Any, monkeypatch: Any
) -> None:
    run = make_run(start=False)
    monkeypatch.setenv("LORA_WORKBENCH_HOME", str(tmp_path / "other"))
    assert cli.main(["runs", "list"]) == 0
    assert run.id not in capsys.readouterr().out
    assert cli.main(["runs", "list", "--workspace", str(run.folder.parents[1])]) == 0
    assert run.id in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("lora-workbench ")


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["train"], ["runs", "show"], ["practice", "--epochs", "x"]]
)
def test_unusable_words_end_with_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


# --- training ---------------------------------------------------------------------------------------


def test_missing_settings_file_is_three_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", str(tmp_path / "no.toml")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no.toml" in captured.err
    assert "What to do:" in captured.err
    assert len(captured.err.splitlines()) <= 3


def test_misspelt_setting_names_the_right_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[network]\nnetwork_dimm = 8\n", "utf-8")
    assert cli.main(["train", str(file), "--engine", "practice"]) == 2
    error = capsys.readouterr().err
    assert "network_dimm" in error
    assert "'network_dim'" in error


def test_debug_shows_where_it_came_from(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"no\.toml"):
        cli.main(["--debug", "train", str(tmp_path / "no.toml")])


def test_dry_run_prints_the_plan_and_starts_nothing(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["practice", "--dry-run", "--epochs", "3"]) in (0, 2)  # 2: the base model is not there
    out = capsys.readouterr().out
    assert "lora_core.engines.practice.train" in out
    assert "max_train_epochs = 3" in out
    assert not (home / "runs").exists()


def test_dry_run_as_json_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["practice", "--dry-run", "--json"])
    plan = LaunchPlan.from_json(capsys.readouterr().out)
    assert plan.engine == "practice"


def test_problems_are_told_and_nothing_starts(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = settings(tmp_path, image_dir=str(tmp_path / "nowhere"))
    assert cli.main(["train", str(file)]) == 2
    error = capsys.readouterr().err
    assert "image_dir" in error
    assert "Nothing was started." in error
    assert not list((home / "runs").glob("*"))


def test_settings_file_names_its_engine(tmp_path: Path) -> None:
    assert cli._engine_in(settings(tmp_path)) == "practice"


def test_command_line_leaves_the_dashboards_form_alone(home: Path) -> None:
    session = cli._session("practice")
    session.save()
    assert not (home / "last-session.toml").exists()


@pytest.mark.parametrize("epochs", ["0", "-1"])
def test_epochs_below_one_are_refused(epochs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["practice", "--epochs", epochs, "--dry-run"]) == 2
    assert "max_train_epochs" in capsys.readouterr().err


# --- runs -------------------------------------------------------------------------------------------


def test_no_runs_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", "list"]) == 0
    assert "no runs yet" in capsys.readouterr().out
    assert cli.main(["runs", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_runs_are_listed_newest_first(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    made = [make_run(start=False, name=name) for name in ("one", "two")]
    assert cli.main(["runs", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in listed] == [run.id for run in runs.list_runs(made[0].folder.parent)]
    assert {entry["state"] for entry in listed} == {"created"}
    assert cli.main(["runs", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_show_has_the_facts(make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run("good.py", "5")
    assert cli.main(["runs", "show", "last", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "finished"
    assert shown["lora"] == str(run.folder / "output" / "mylora.safetensors")
    assert (shown["step"], shown["total_steps"]) == (5, 5)
    assert shown["versions"] == {"torch": "2.13.0"}
    assert cli.main(["runs", "show", run.id]) == 0
    out = capsys.readouterr().out
    assert "State: finished" in out
    assert "Version of torch: 2.13.0" in out


def test_attach_shows_history_and_end(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run("good.py", "5")
    assert cli.main(["runs", "attach", run.id]) == 0
    out = capsys.readouterr().out
    assert f"LoRA: {run.folder / 'output' / 'mylora.safetensors'}" in out
    assert "has finished" in out
    assert "\r" not in out


def test_attach_as_json_is_one_event_a_line(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run("good.py", "5")
    assert cli.main(["runs", "attach", run.id, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"StateChanged", "CheckpointSaved", "RunEnded"} <= {event["event"] for event in events}
    assert events[-1] == {**events[-1], "event": "RunEnded", "state": "finished", "exit_code": 0}


def test_failed_run_shows_the_end_of_its_log(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run("dies.py")
    assert cli.main(["runs", "attach", run.id]) == 1
    out = capsys.readouterr().out
    assert "has failed" in out
    assert "Full log:" in out


def test_stop_ends_a_run_and_stopping_again_is_no_error(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run("good.py", "2000", "0.1", wait=False)
    assert cli.main(["runs", "stop", run.id]) == 0
    assert "has been stopped" in capsys.readouterr().out
    assert cli.main(["runs", "stop", run.id]) == 0
    assert "over already" in capsys.readouterr().out
    assert cli.main(["runs", "stop", run.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "stopped"


@posix_only
def test_ctrl_c_while_attached_leaves_the_run_going(make_run: Callable[..., Run], home: Path) -> None:
    run = make_run("good.py", "2000", "0.1", wait=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "runs", "attach", run.id],
        cwd=FAKES.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while "step" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "The run goes on." in out
    assert "Traceback" not in error
    assert not run.status().state.is_terminal


def test_resume_without_state_says_what_to_do(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run("good.py", "3")
    assert cli.main(["runs", "resume", run.id]) == 2
    error = capsys.readouterr().err
    assert "saved no state" in error
    assert "save_state" in error


def test_newest_state_is_taken_and_unfinished_ones_are_not(make_run: Callable[..., Run]) -> None:
    run = make_run(start=False)
    now = time.time()
    for age, name in (
        (300, "mylora-000001-state"),
        (200, "mylora-000002-state"),
        (0, ".mylora-000003-state"),
    ):
        folder = run.folder / "output" / name
        folder.mkdir(parents=True)
        (folder / "x").write_text("x", "utf-8")
        os.utime(folder, (now - age, now - age))
    (run.folder / "output" / "mylora-000004-state").mkdir()  # empty
    assert report.newest_state(run).name == "mylora-000002-state"


def test_runs_are_found_by_what_people_type(make_run: Callable[..., Run]) -> None:
    one, two = make_run(start=False, name="one"), make_run(start=False, name="two")
    known = runs.list_runs(one.folder.parent)
    assert report.find_run(one.id, known).id == one.id
    assert report.find_run("two", known).id == two.id
    assert report.find_run("last", known).id == known[0].id
    assert report.find_run(str(one.folder), known).id == one.id
    for text in ("nothing", "", one.id[:6]):
        with pytest.raises(RunError):
            report.find_run(text, known)


# --- terminal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_duration(seconds: float, words: str) -> None:
    """In the terminal as on the page."""
    assert page_words.duration(seconds) == words
    assert terminal.duration(seconds) == words


def test_bar_on_a_terminal_plain_lines_elsewhere(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.use_bar(Terminal())
    assert not terminal.use_bar(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.use_bar(Terminal())
    run = make_run("good.py", "20", "0.05", wait=False)
    drawn = Terminal()
    terminal.watch(run, terminal.Progress(drawn, bar=True))
    assert "of 20" in drawn.getvalue()
    assert "\r" in drawn.getvalue()


def test_secrets_are_not_printed() -> None:
    plan = LaunchPlan(
        engine="x",
        run_dir="r",
        argv=("a",),
        cwd="c",
        env={"HF_TOKEN": "hush", "OMP_NUM_THREADS": "2"},
        files={
            "t": 'huggingface_token = "hush"\nwandb_api_key = "hush"\nkeep_tokens = 3\nmax_token_length = 75\n'
        },
    )
    for text in (report.plan_text(plan), report.plan_json(plan)):
        assert "hush" not in text
        assert "keep_tokens = 3" in text
        assert "max_token_length = 75" in text
        assert "OMP_NUM_THREADS" in text


def test_closed_pipe_is_no_error(make_run: Callable[..., Run]) -> None:
    make_run(start=False)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "runs", "list"],
        cwd=FAKES.parents[1],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr


# --- doctor -----------------------------------------------------------------------------------------


def test_doctor_tells_every_check(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["doctor", "--json"])
    checks = json.loads(capsys.readouterr().out)
    assert {"python", "platform", "packages", "workspace", "disk", "memory", "gpu", "sd-scripts"} <= {
        check["name"] for check in checks
    }
    assert code == (1 if any(check["health"] == "error" for check in checks) else 0)
    assert all(check["remedy"] for check in checks if check["health"] != "ok")
    cli.main(["doctor"])
    out = capsys.readouterr().out
    assert "sd-scripts" in out
    assert str(home) in out


def test_doctor_names_an_unwritable_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    assert cli.main(["doctor", "--json", "--workspace", str(file / "below")]) == 1
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert found["workspace"]["health"] == "error"
    assert "LORA_WORKBENCH_HOME" in found["workspace"]["remedy"]
    assert "disk" in found
