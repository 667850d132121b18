from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from lora_core.keeping import Keeping
from lora_core.last_session import Conflict
from lora_core.options import toml_io
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def window(workspace: Workspace) -> Session:
    session = Session(workspace)
    assert session.restore() == ""
    return session


def in_file(workspace: Workspace, name: str) -> object:
    return toml_io.load(workspace.last_session)[name]


def others(workspace: Workspace) -> list[Path]:
    place = workspace.last_session
    return sorted(path for path in place.parent.glob("last-session.*.toml") if path != place)


def test_undo_and_baseline_survive(workspace: Workspace) -> None:
    first = window(workspace)
    first.use_preset("sdxl-style")
    first.change({"network_dim": 4, "seed": None})
    first.change({"prompts": ["a", "b"]})
    first.undo()
    assert first.save() is None
    second = window(workspace)
    assert second.options == first.options
    assert (second.undo_label, second.redo_label) == (first.undo_label, first.redo_label)
    assert second.baseline == "Style, SDXL"
    assert second.differences() == first.differences()
    second.redo()
    assert second.options["prompts"] == ["a", "b"]
    for _ in range(3):
        second.undo()
    assert (second.options["family"], second.options["seed"]) == ("sd15", 42)


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: "no json",
        lambda found: json.dumps({**found, "mark": "another"}),
        lambda found: json.dumps({**found, "done": 3}),
        lambda found: json.dumps(
            {**found, "done": [{"label": "", "before": {"gone": 1}, "after": {"gone": 2}}]}
        ),
        lambda found: json.dumps([1]),
        lambda found: None,
    ],
)
def test_steps_that_cannot_be_used_are_no_harm(workspace: Workspace, damage: object) -> None:
    first = window(workspace)
    first.change({"network_dim": 4})
    first.save()
    place = workspace.root / "last-session-steps.json"
    text = damage(json.loads(place.read_text("utf-8")))  # type: ignore[operator]
    place.unlink() if text is None else place.write_text(text, "utf-8")
    second = window(workspace)
    assert second.options["network_dim"] == 4
    assert second.undo_label == ""


def test_two_windows_do_not_write_over_each_other(workspace: Workspace) -> None:
    one, other = window(workspace), window(workspace)
    one.change({"network_dim": 4})
    assert one.save() is None
    other.change({"network_dim": 5})
    conflict = other.save()
    assert isinstance(conflict, Conflict)
    assert other.conflict is conflict
    assert conflict.theirs.options == one.options
    assert toml_io.load(conflict.mine) == other.options, "both versions are kept"
    assert in_file(workspace, "network_dim") == 4
    assert one.save() is None, "the first window meets nothing"
    other.change({"network_dim": 6})
    again = other.save()
    assert again is not None
    assert others(workspace) == [again.mine], "one file a window"


def test_keep_mine(workspace: Workspace) -> None:
    one, other = window(workspace), window(workspace)
    one.change({"network_dim": 4})
    one.save()
    other.change({"network_dim": 5})
    other.save()
    other.keep_mine()
    assert other.conflict is None
    assert in_file(workspace, "network_dim") == 5
    assert [toml_io.load(path)["network_dim"] for path in others(workspace)] == [4]
    assert other.save() is None
    assert one.save() is None, "nothing was done here since"
    one.change({"seed": 1})
    assert one.save() is not None
    assert in_file(workspace, "network_dim") == 5


def test_take_theirs(workspace: Workspace) -> None:
    one, other = window(workspace), window(workspace)
    one.engine_name = "sd-scripts"
    one.change({"network_dim": 4})
    one.save()
    other.change({"network_dim": 5, "seed": 9})
    other.save()
    one.change({"network_dim": 6})
    one.save()
    other.take_theirs()
    assert (other.options["network_dim"], other.options["seed"], other.engine_name) == (6, 42, "sd-scripts")
    assert other.conflict is None
    other.change({"seed": 3})
    assert other.save() is None
    assert other.undo() == "Seed: 42 → 3"
    assert other.undo() == "Settings of the other window"
    assert (other.options["network_dim"], other.options["seed"]) == (5, 9)


def test_nothing_to_settle(workspace: Workspace) -> None:
    session = window(workspace)
    session.take_theirs()
    session.keep_mine()
    assert not workspace.last_session.exists()


def test_a_window_in_which_nothing_was_done_writes_nothing(workspace: Workspace) -> None:
    first = window(workspace)
    first.change({"network_dim": 4})
    first.save()
    idle = window(workspace)
    first.change({"network_dim": 5})
    first.save()
    assert idle.save() is None
    assert in_file(workspace, "network_dim") == 5


def test_the_same_settings_are_no_conflict(workspace: Workspace) -> None:
    one, other = window(workspace), window(workspace)
    for session in (one, other):
        session.change({"network_dim": 4})
        assert session.save() is None
    other.change({"network_dim": 5})
    assert other.save() is None


def test_a_file_edited_by_hand_is_not_written_over(workspace: Workspace) -> None:
    session = window(workspace)
    session.change({"network_dim": 4})
    session.save()
    place = workspace.last_session
    place.write_text(place.read_text("utf-8").replace("network_dim = 4", "network_dim = 7"), "utf-8")
    session.change({"seed": 1})
    conflict = session.save()
    assert conflict is not None
    assert conflict.theirs.options is not None
    assert conflict.theirs.options["network_dim"] == 7


def test_a_file_that_is_gone_is_written_again(workspace: Workspace) -> None:
    session = window(workspace)
    session.change({"network_dim": 4})
    session.save()
    workspace.last_session.unlink()
    session.change({"network_dim": 5})
    assert session.save() is None
    assert in_file(workspace, "network_dim") == 5


def test_a_script_that_did_not_look_keeps_what_was_there(workspace: Workspace) -> None:
    page = window(workspace)
    page.change({"network_dim": 4})
    page.save()
    script = Session(workspace)
    script.options["network_dim"] = 5
    assert script.save() is None
    assert in_file(workspace, "network_dim") == 5
    assert [toml_io.load(path)["network_dim"] for path in others(workspace)] == [4]
    page.change({"seed": 1})
    assert page.save() is not None


def test_of_many_windows_at_once_one_wins_and_all_are_kept(workspace: Workspace) -> None:
    start = Keeping(workspace)
    start.save()
    windows = [Keeping(workspace) for _ in range(6)]
    for number, session in enumerate(windows):
        session.restore()
        session.change({"network_dim": 20 + number})
    results: dict[int, Conflict | None] = {}

    def save(number: int) -> None:
        results[number] = windows[number].save()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(len(windows))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number, result in results.items() if result is None]
    assert len(winners) == 1
    assert in_file(workspace, "network_dim") == 20 + winners[0]
    kept = {toml_io.load(result.mine)["network_dim"] for result in results.values() if result is not None}
    assert kept == {20 + number for number in range(6)} - {20 + winners[0]}


def test_edits_while_saving_in_the_background_are_not_lost(workspace: Workspace) -> None:
    session = window(workspace)
    done = threading.Event()

    def keep_saving() -> None:
        while not done.is_set():
            session.save()

    thread = threading.Thread(target=keep_saving)
    thread.start()
    for number in range(1, 40):
        session.change({"network_dim": number, "seed": number})
    done.set()
    thread.join()
    session.save()
    assert in_file(workspace, "network_dim") == 39
    for _ in range(39):
        session.undo()
    assert session.options["network_dim"] == 16
