from __future__ import annotations

from pathlib import Path

import pytest

from lora_core import runs
from lora_core.engines.base import LaunchPlan
from lora_core.errors import OptionsInvalid, RunError, StorageError
from lora_core.events import State
from lora_core.runs import folder as layout


def plan(folder: Path, **fields: object) -> LaunchPlan:
    values = {"engine": "practice", "run_dir": str(folder), "argv": ("x",), "cwd": str(folder), **fields}
    return LaunchPlan(**values)  # type: ignore[arg-type]


def create(runs_dir: Path, name: str = "cat", **fields: object) -> runs.Run:
    return runs.create(
        runs_dir,
        lambda folder: plan(folder, **fields),
        name=name,
        options_toml="a = 1\n",
        versions={"x": "1"},
    )


def test_a_new_run_holds_all_that_was_decided(tmp_path: Path) -> None:
    run = create(tmp_path, files={"plan/train.toml": "lr = 1e-4\n"}, output_name="cat")
    assert (run.folder / "plan/train.toml").read_bytes() == b"lr = 1e-4\n"
    assert run.options_toml == "a = 1\n"
    assert run.plan == plan(run.folder, files={"plan/train.toml": "lr = 1e-4\n"}, output_name="cat")
    assert (run.name, run.engine, run.versions, run.id) == ("cat", "practice", {"x": "1"}, run.folder.name)
    assert (run.folder / "output").is_dir()
    assert run.status().state is State.CREATED
    again = runs.attach(run.folder)
    assert (again.name, again.created, again.plan) == (run.name, run.created, run.plan)


def test_runs_with_one_name_get_their_own_folders(tmp_path: Path) -> None:
    made = [create(tmp_path) for _ in range(5)]
    assert len({run.folder for run in made}) == 5
    assert {run.id for run in runs.list_runs(tmp_path)} == {run.id for run in made}


def test_a_taken_folder_gets_a_number(tmp_path: Path) -> None:
    names = [layout.new_folder(tmp_path, "cat", 1_800_000_000).name for _ in range(3)]
    assert names[0].endswith("-cat")
    assert names[1:] == [f"{names[0]}-2", f"{names[0]}-3"]


@pytest.mark.parametrize("name", ["🐈", "a/b\\c", "../up", "con", " ", "x" * 300, "naïve name", "a:b*?"])
def test_any_name_makes_a_plain_folder_inside(tmp_path: Path, name: str) -> None:
    run = create(tmp_path, name=name)
    assert run.folder.parent == tmp_path.resolve()
    assert run.folder.name.isascii()
    assert len(run.folder.name) < 100
    assert runs.attach(run.folder).name == name


def test_newest_run_comes_first(tmp_path: Path) -> None:
    first, second = create(tmp_path, "b"), create(tmp_path, "a")
    assert [run.id for run in runs.list_runs(tmp_path)] == [second.id, first.id]


def test_a_plan_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def refuse(folder: Path) -> LaunchPlan:
        raise OptionsInvalid([])

    with pytest.raises(OptionsInvalid):
        runs.create(tmp_path, refuse, name="cat", options_toml="", versions={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../evil.txt", "plan/../../evil.txt"])
def test_a_plan_may_not_write_outside_its_run(tmp_path: Path, path: str) -> None:
    with pytest.raises(RunError, match="outside"):
        create(tmp_path / "runs", files={path: "x"})
    assert [found.name for found in tmp_path.rglob("*")] == ["runs"]


def test_an_impossible_runs_folder_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(StorageError) as told:
        create(tmp_path / "runs")
    assert str(tmp_path / "runs") in told.value.what
    assert told.value.remedy


def test_what_is_no_run_is_left_out_of_the_list(tmp_path: Path) -> None:
    run = create(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "half-made").mkdir()
    assert [found.id for found in runs.list_runs(tmp_path)] == [run.id]
    assert runs.list_runs(tmp_path / "missing") == []
    with pytest.raises(RunError):
        runs.attach(tmp_path / "half-made")


@pytest.mark.parametrize("rest", ["", "{", '{"id": ', "[]", "null", '{"created": "soon", "versions": 3}'])
def test_a_damaged_run_is_still_there(tmp_path: Path, rest: str) -> None:
    run = create(tmp_path)
    for name in (layout.RUN, layout.STATE, layout.PLAN):
        (run.folder / name).write_text(rest)
    (found,) = runs.list_runs(tmp_path)
    assert found.id == run.id
    assert found.status().state is State.CREATED
    assert found.checkpoints() == []
    with pytest.raises(RunError):
        _ = found.plan
