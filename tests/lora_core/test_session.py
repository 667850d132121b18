from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lora_core import session as session_module
from lora_core.errors import InputError, Level, OptionsInvalid, StorageError
from lora_core.options import TrainingOptions
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Workspace(tmp_path / "home"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (64, 64), (number * 40, 0, 0)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text("zibbit, a red square")
    return folder


@pytest.fixture
def practice(session: Session, pictures: Path) -> Session:
    session.use_preset("practice")
    session.options["image_dir"] = str(pictures)
    return session


def errors(session: Session, field: str) -> list[str]:
    return [p.what for p in session.check() if p.level is Level.ERROR and p.fields[:1] == (field,)]


def test_without_pictures_the_field_is_named_and_nothing_is_counted(session: Session) -> None:
    assert errors(session, "image_dir")
    assert session.count() is None


def test_missing_folder_and_empty_folder(session: Session, tmp_path: Path) -> None:
    session.options["image_dir"] = str(tmp_path / "nowhere")
    assert "nowhere" in errors(session, "image_dir")[0]
    (tmp_path / "empty").mkdir()
    session.options["image_dir"] = str(tmp_path / "empty")
    assert "no pictures" in errors(session, "image_dir")[0]


def test_unreadable_picture_is_named(practice: Session, pictures: Path) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    assert any("broken.png" in what for what in errors(practice, "image_dir"))


def test_steps_are_counted_from_pictures_and_follow_the_folder(practice: Session, pictures: Path) -> None:
    practice.options.update({"num_repeats": 10, "train_batch_size": 2, "max_train_epochs": 3})
    count = practice.count()
    assert count is not None
    assert (count.pictures, count.steps_per_epoch, count.total) == (4, 20, 60)
    Image.new("RGB", (64, 64)).save(pictures / "5.png")
    again = practice.count()
    assert again is not None
    assert again.total == 75


def test_errors_come_first_and_one_thing_is_said_once(session: Session) -> None:
    session.options["output_name"] = "a/b"
    problems = session.check()
    levels = [list(Level).index(p.level) for p in problems]
    assert levels == sorted(levels)
    fields = [p.fields[0] for p in problems if p.level is Level.ERROR]
    assert len(fields) == len(set(fields))
    assert session.problems == problems


def test_start_with_errors_lists_all_of_them_and_makes_nothing(session: Session) -> None:
    session.options["output_name"] = "a/b"
    with pytest.raises(OptionsInvalid) as caught:
        session.start()
    assert {"image_dir", "output_name"} <= {p.fields[0] for p in caught.value.problems}
    assert session.runs() == []


def test_plan_is_a_dry_run(practice: Session) -> None:
    plan = practice.plan()
    assert plan.engine == "practice"
    assert plan.total_steps
    assert "train.toml" in plan.describe()
    assert not practice.workspace.root.exists()


def test_too_little_room_blocks_the_start(practice: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(session_module.shutil, "disk_usage", lambda place: usage(10, 9, 1000))
    assert any("disk" in what for what in errors(practice, "output_name"))


def test_workspace_that_cannot_be_written_to(tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    session = Session(Workspace(tmp_path / "file" / "home"))
    with pytest.raises(StorageError):
        session.start()
    with pytest.raises(StorageError):
        session.save()


def test_settings_come_back(session: Session, tmp_path: Path) -> None:
    session.options.update({"network_dim": 7, "seed": None, "prompts": ["a", "b --d 0"]})
    session.engine_name = "sd-scripts"
    session.save()
    other = Session(session.workspace)
    assert other.restore() == ""
    assert other.options == session.options
    assert other.options["seed"] is None
    assert other.engine_name == "sd-scripts"


def test_nothing_to_restore(session: Session) -> None:
    assert session.restore() == ""
    assert session.options == Session(session.workspace).options


def leave(session: Session, content: bytes) -> Path:
    """Put this where the last session is kept."""
    place = session.workspace.last_session
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    return place


def kept_aside(place: Path) -> list[bytes]:
    return [other.read_bytes() for other in place.parent.iterdir() if other != place]


@pytest.mark.parametrize("content", [b"= = =", b"\xff\xfe\x00", b"[steps]\nseed = 1\nseed = 2\n"])
def test_settings_that_cannot_be_read_are_kept_aside(session: Session, content: bytes) -> None:
    place = leave(session, content)
    assert "starts afresh" in (told := session.restore())
    assert "kept in" in told
    assert session.options == TrainingOptions()
    assert kept_aside(place) == [content]
    session.save()
    assert Session(session.workspace).restore() == ""


MIXED = b"""version = 1
engine = "sd-scripts"
unset = ["seed"]
[network]
network_dmi = 3
network_dim = 7
[steps]
max_train_epochs = -4
[previews]
prompts = ["a", "b"]
"""


def test_what_can_be_used_of_last_time_comes_back_and_the_rest_is_named(session: Session) -> None:
    place = leave(session, MIXED)
    told = session.restore()
    assert session.options.changed() == {"network_dim": 7, "seed": None, "prompts": ["a", "b"]}
    assert session.engine_name == "sd-scripts"
    assert "all but 2" in told
    assert "'network_dmi' is not a setting" in told
    assert "(max_train_epochs) cannot be -4. The smallest value is 1." in told
    assert kept_aside(place) == [MIXED]
    again = Session(session.workspace)
    assert again.restore() == "", "what was taken up is saved, so that it is said once"
    assert again.options == session.options
    assert again.engine_name == "sd-scripts"


def test_an_unknown_trainer_is_named_and_the_settings_come_back(session: Session) -> None:
    leave(session, b'engine = "other"\n[network]\nnetwork_dim = 7\n')
    told = session.restore()
    assert "all but one. There is no trainer 'other'." in told
    assert session.options["network_dim"] == 7
    assert session.engine_name == "practice"


def test_only_a_few_and_short_are_told_on_the_page(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    long = "word " * 500
    lines = [f'wrong_{number} = "x"' for number in range(5)]
    leave(session, "\n".join([f'version = "{long}"', "[network]", *lines]).encode())
    told = session.restore()
    assert "all but 6" in told
    assert "The log names 3 more." in told
    assert len(told) < 1000
    assert "wrong_4" in caplog.text


def test_what_cannot_be_put_aside_is_not_written_over(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = leave(session, MIXED)

    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    assert "could not be put aside: Permission denied" in session.restore()
    assert session.options["network_dim"] == 7
    assert place.read_bytes() == MIXED


def test_settings_saved_by_a_windows_editor_come_back(session: Session) -> None:
    leave(session, b"\xef\xbb\xbf[network]\r\nnetwork_dim = 7\r\n")
    assert session.restore() == ""
    assert session.options["network_dim"] == 7


def test_preset_replaces_the_options_and_tells(session: Session) -> None:
    seen: list[Any] = []
    session.param.watch(seen.append, "changed")
    session.options["network_dim"] = 99
    session.use_preset("practice")
    assert session.options["network_dim"] != 99
    assert len(seen) == 1
    with pytest.raises(InputError, match="practise"):
        session.use_preset("practise")


def test_no_run_yet(session: Session) -> None:
    assert session.current is None
    assert session.started is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("max_grad_norm = 1", "has a field of its own"),
        ("foo = 1", "not an option"),
        ("save_n_epoch_ratio = 'x'", "whole number"),
        ("nonsense", "key = value"),
        ("wandb_api_key = 'x'", "secret"),
    ],
)
def test_the_experts_lines_are_checked_before_the_start(session: Session, line: str, said: str) -> None:
    session.use_practice()
    session.engine_name = "sd-scripts"
    session.options["extra_options"] = [line]
    found = [p for p in session.check() if p.fields[0] == "extra_options"]
    assert [p.level for p in found] == [Level.ERROR]
    assert said in f"{found[0].what} {found[0].why} {found[0].remedy}"


def test_a_sound_line_of_an_expert_raises_nothing(session: Session) -> None:
    session.use_practice()
    session.engine_name = "sd-scripts"
    session.options["extra_options"] = ["save_n_epoch_ratio = 4"]
    assert not [p for p in session.check() if p.fields[0] == "extra_options"]
