from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from lora_core.datasets.checks import check
from lora_core.datasets.scan import scan
from lora_core.errors import Level
from lora_core.options import TrainingOptions


def test_a_good_set_passes(tmp_path, picture):
    picture("a.png", (512, 512), "ohwx, sitting")
    options = TrainingOptions(image_dir=str(tmp_path), trigger_word="Ohwx")
    assert check(options, scan(tmp_path)) == []


def test_no_folder(tmp_path, picture):
    for chosen, part in (
        ("", "No folder"),
        (str(tmp_path / "x"), "is not there"),
        (str(picture("a.png")), "not a folder"),
    ):
        (problem,) = check(TrainingOptions(image_dir=chosen), None)
        assert problem.level is Level.ERROR
        assert problem.fields == ("image_dir",)
        assert part in problem.what
        assert chosen in problem.what
        assert problem.remedy


def test_empty_folder(tmp_path):
    (problem,) = check(TrainingOptions(image_dir=str(tmp_path)), scan(tmp_path))
    assert problem.level is Level.ERROR
    assert str(tmp_path) in problem.what


def test_unreadable_files_are_named(tmp_path, picture):
    picture("good.png", caption="x")
    for number in range(5):
        (tmp_path / f"bad{number}.png").write_bytes(b"")
    (problem,) = check(TrainingOptions(image_dir=str(tmp_path)), scan(tmp_path))
    assert problem.level is Level.ERROR
    assert "bad0.png, bad1.png, bad2.png and 2 more" in problem.what
    assert "empty" in problem.why


def test_captions_missing_or_without_trigger(tmp_path, picture):
    picture("a.png")
    picture("b.png", caption="a cat")
    options = TrainingOptions(image_dir=str(tmp_path), trigger_word="ohwx")
    bare, without = check(options, scan(tmp_path))
    assert "a.png" in bare.what
    assert without.fields == ("trigger_word",)
    assert "b.png" in without.what
    assert {bare.level, without.level} == {Level.WARNING}


def test_pictures_passed_over(tmp_path, picture):
    picture("a.gif")
    picture("b.png", caption="x")
    (problem,) = check(TrainingOptions(image_dir=str(tmp_path)), scan(tmp_path))
    assert "a.gif" in problem.what


def test_a_picture_that_fits_no_bucket(tmp_path, picture):
    picture("tiny.png", (30, 600), "x")
    options = TrainingOptions(image_dir=str(tmp_path), bucket_no_upscale=True)
    (problem,) = check(options, scan(tmp_path))
    assert problem.level is Level.ERROR
    assert "tiny.png" in problem.what
    assert problem.fields == ("bucket_reso_steps",)


def test_masks_that_the_trainer_would_stop_on_are_named(tmp_path: Path) -> None:
    pictures, masks = tmp_path / "pictures", tmp_path / "masks"
    pictures.mkdir()
    for name in ("a", "b", "c"):
        Image.new("RGB", (64, 96)).save(pictures / f"{name}.png")
    options = TrainingOptions(
        image_dir=str(pictures), masked_loss=True, conditioning_data_dir=str(masks), min_bucket_reso=64
    )

    def told() -> list[str]:
        found = check(options, scan(pictures))
        return [one.what for one in found if "conditioning_data_dir" in one.fields]

    assert told() == [f"The mask folder {masks} cannot be read."]
    masks.mkdir()
    Image.new("L", (64, 96)).save(masks / "a.jpg")
    Image.new("L", (96, 64)).save(masks / "b.png")
    Image.new("L", (64, 96)).save(masks / "z.png")
    assert told() == [
        "Pictures without a mask: c.png.",
        "Masks without a picture: z.png.",
        "Masks of another size than their pictures: b.png.",
    ]
    (masks / "z.png").rename(masks / "c.png")
    Image.new("L", (64, 96)).save(masks / "b.png")
    assert told() == []
    (masks / "c.png").write_bytes(b"no picture")
    assert told() == ["Masks that cannot be read: c.png."]


def test_pictures_that_are_much_too_small_are_named(tmp_path, picture):
    picture("tiny.png", (40, 40), "x")
    picture("half.png", (256, 256), "x")
    picture("full.png", (512, 512), "x")
    options = TrainingOptions(image_dir=str(tmp_path))
    (problem,) = check(options, scan(tmp_path))
    assert problem.level is Level.WARNING
    assert "tiny.png" in problem.what
    assert "half.png" not in problem.what  # exactly twice is borne
    options["bucket_no_upscale"] = True
    assert not any("enlarged" in p.what for p in check(options, scan(tmp_path)))


def test_a_windows_path_elsewhere_is_called_one():
    for chosen in ("D:/kay/img", "D:\\kay\\img", r"\\nas\img"):
        (problem,) = check(TrainingOptions(image_dir=chosen), None)
        assert ("Windows" in problem.why) is (os.name != "nt")
