"""The sample dataset on disk: 15 captioned pictures of the zibbit."""

from __future__ import annotations

import io
from pathlib import Path

from lora_core import atomic
from lora_core.engines.practice import pictures


def write(folder: Path) -> Path:
    """Write the pictures and captions that are not there yet; returns the folder.

    What somebody changed in the folder stays as it is.
    """
    for number, (image, caption) in enumerate(pictures.concept_pictures(), start=1):
        stem = folder / f"{pictures.TRIGGER}-{number:02d}"
        picture, text = stem.with_suffix(".png"), stem.with_suffix(".txt")
        if not picture.exists():
            buffer = io.BytesIO()
            image.save(buffer, format="PNG")
            atomic.write_bytes(picture, buffer.getvalue())
        if not text.exists():
            atomic.write_text(text, caption + "\n")
    return folder
