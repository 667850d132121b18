from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def picture(tmp_path) -> Callable[..., Path]:
    """Draw a picture into the test's folder, with a caption if one is given."""

    def draw(name: str, size: tuple[int, int] = (256, 256), caption: str | bytes | None = None) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise(size, 64).convert("RGB").save(path)
        if caption is not None:
            data = caption if isinstance(caption, bytes) else caption.encode("utf-8")
            path.with_suffix(".txt").write_bytes(data)
        return path

    return draw
