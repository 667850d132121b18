from __future__ import annotations

import pytest

from lora_core.datasets.scan import scan
from lora_core.errors import InputError


def reasons(found):
    return {path.name: reason for path, reason in found.unreadable}


def test_pictures_and_captions_are_read(tmp_path, picture):
    picture("b.png", (40, 30), "a cat, sitting\nsecond line")
    picture("a.JPG", (20, 50))
    picture("c.webp", (8, 8), "  é 🐱 \r\n")
    (tmp_path / "notes.md").write_text("x")
    found = scan(tmp_path)
    assert [(p.path.name, p.width, p.height, p.caption) for p in found.pictures] == [
        ("a.JPG", 20, 50, None),
        ("b.png", 40, 30, "a cat, sitting"),
        ("c.webp", 8, 8, "é 🐱"),
    ]
    assert found.unreadable == ()


def test_other_caption_endings(tmp_path, picture):
    path = picture("a.png", caption="text")
    path.with_suffix(".caption").write_text("other", "utf-8")
    assert scan(tmp_path, caption_extension=".caption").pictures[0].caption == "other"
    assert scan(tmp_path, caption_extension=".tags").pictures[0].caption is None


def test_caption_of_a_name_with_face_numbers(tmp_path, picture):
    """sd-scripts also looks for the caption without the last four parts of the name."""
    picture("cat_10_20_30_40.png")
    (tmp_path / "cat.txt").write_text("a cat", "utf-8")
    assert scan(tmp_path).pictures[0].caption == "a cat"


def test_every_fault_is_named(tmp_path, picture):
    whole = picture("cut.jpg", (300, 300)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    whole = picture("cut.png", (300, 300)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "page.png").write_text("<html>")
    (tmp_path / "folder.png").mkdir()
    picture("latin.png", caption="café".encode("latin-1"))
    picture("blank.png", caption="")
    picture("good.png", caption="fine")
    found = scan(tmp_path)
    assert [p.path.name for p in found.pictures] == ["good.png"]
    said = reasons(found)
    assert set(said) == {
        "cut.jpg",
        "cut.png",
        "empty.png",
        "page.png",
        "folder.png",
        "latin.txt",
        "blank.txt",
    }
    assert "UTF-8" in said["latin.txt"]
    assert "empty" in said["blank.txt"]
    assert "not a picture" in said["page.png"]
    assert "cut off" in said["cut.jpg"]


def test_hidden_files_and_folders_below_are_passed_over_like_the_trainer_does(tmp_path, picture):
    picture("a.png")
    picture("._a.png")
    picture("below/b.png")
    assert [p.path.name for p in scan(tmp_path).pictures] == ["a.png"]
    assert [p.path.name for p in scan(tmp_path, recursive=True).pictures] == ["a.png", "b.png"]


def test_kinds_that_the_trainer_does_not_read_are_listed(tmp_path, picture):
    picture("a.gif")
    picture("b.tiff")
    found = scan(tmp_path)
    assert found.pictures == ()
    assert [path.name for path in found.left_out] == ["a.gif", "b.tiff"]


def test_a_missing_folder_or_a_file_is_refused(tmp_path, picture):
    with pytest.raises(InputError) as caught:
        scan(tmp_path / "nowhere")
    assert caught.value.field == "image_dir"
    assert "nowhere" in caught.value.what
    with pytest.raises(InputError, match="is not a folder"):
        scan(picture("a.png"))


def test_folder_names_with_glob_signs(tmp_path, picture):
    picture("[x] *é/a.png")
    assert len(scan(tmp_path / "[x] *é").pictures) == 1
