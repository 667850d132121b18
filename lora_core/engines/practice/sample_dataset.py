"""The sample dataset on disk: 16 captioned pictures of the zibbit, and pictures for regularization."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable
from pathlib import Path

from lora_core import atomic
from lora_core.engines.practice import pictures
from lora_core.engines.practice.pictures import Captioned

REGULARIZATION = 48
"""Number of regularization pictures: enough that every shape, colour and background occurs."""


def write(folder: Path) -> Path:
    """Write the pictures and captions that are not there yet; returns the folder.

    What somebody changed in the folder stays as it is.
    """
    return _write(folder, pictures.TRIGGER, pictures.concept_pictures())


def write_regularization(folder: Path, seed: int = 11) -> Path:
    """Write pictures of what the base model knows already; returns the folder.

    Beside the concept's own pictures they teach the LoRA to leave everything else alone.
    """
    rng = random.Random(seed)
    return _write(folder, "shape", [pictures.shape_picture(rng) for _ in range(REGULARIZATION)])


def _write(folder: Path, name: str, captioned: Iterable[Captioned]) -> Path:
    for number, (image, caption) in enumerate(captioned, start=1):
        stem = folder / f"{name}-{number:02d}"
        picture, text = stem.with_suffix(".png"), stem.with_suffix(".txt")
        if not picture.exists():
            buffer = io.BytesIO()
            image.save(buffer, format="PNG")
            atomic.write_bytes(picture, buffer.getvalue())
        if not text.exists():
            atomic.write_text(text, caption + "\n")
    return folder
