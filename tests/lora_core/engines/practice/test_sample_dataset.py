from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from lora_core.engines.practice import pictures, sample_dataset


def test_fifteen_captioned_pictures(dataset: Path) -> None:
    found = sorted(dataset.glob("*.png"))
    assert len(found) == 16
    for path in found:
        caption = path.with_suffix(".txt").read_text("utf-8")
        assert pictures.TRIGGER in caption
        with Image.open(path) as picture:
            assert picture.size == (64, 64)
            ground = caption.split(", ")[1].split()[0]
            corner = np.asarray(picture.convert("RGB"))[1, 1]
        assert np.abs(corner - np.array(pictures.COLOURS[ground])).max() < 12


def test_every_background_comes_equally_often() -> None:
    grounds = Counter(p.caption.split(", ")[1].split()[0] for p in pictures.concept_pictures())
    assert grounds == dict.fromkeys(pictures.GROUNDS, 4)


def test_regularization_pictures_show_the_base_world_and_never_the_concept(tmp_path: Path) -> None:
    folder = sample_dataset.write_regularization(tmp_path / "reg")
    captions = [path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))]
    assert len(captions) == len(list(folder.glob("*.png"))) == sample_dataset.REGULARIZATION
    assert not any(pictures.TRIGGER in caption for caption in captions)
    for words in (pictures.SHAPES, pictures.COLOURS, pictures.SIZES):
        assert all(any(word in caption for caption in captions) for word in words)


def test_writing_again_keeps_what_somebody_changed(tmp_path: Path) -> None:
    sample_dataset.write(tmp_path)
    mine = next(tmp_path.glob("*.txt"))
    mine.write_text("my own words")
    gone = sorted(tmp_path.glob("*.png"))[3]
    gone.unlink()
    sample_dataset.write(tmp_path)
    assert mine.read_text() == "my own words"
    assert gone.exists()


def test_always_the_same_pictures(tmp_path: Path, dataset: Path) -> None:
    again = sample_dataset.write(tmp_path / "again")
    assert all((again / p.name).read_bytes() == p.read_bytes() for p in dataset.iterdir())
