from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from lora_core.engines.practice import pictures, sample_dataset


def test_fifteen_captioned_pictures(dataset: Path) -> None:
    found = sorted(dataset.glob("*.png"))
    assert len(found) == 15
    for path in found:
        caption = path.with_suffix(".txt").read_text("utf-8")
        assert pictures.TRIGGER in caption
        with Image.open(path) as picture:
            assert picture.size == (64, 64)
            ground = caption.split(", ")[1].split()[0]
            corner = np.asarray(picture.convert("RGB"))[1, 1]
        assert np.abs(corner - np.array(pictures.COLOURS[ground])).max() < 12


def test_sizes_and_grounds_are_mixed() -> None:
    words = [p.caption.split() for p in pictures.concept_pictures()]
    pairs = Counter((w[0], w[2]) for w in words)
    assert len(pairs) == len(pictures.SIZES) * len(pictures.GROUNDS)
    assert max(pairs.values()) == 2
    assert {w[0] for w in words} == set(pictures.SIZES)


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
