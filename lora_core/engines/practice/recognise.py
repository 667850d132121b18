"""Say what a picture of the base world shows, so that the base model can be judged by figures.

No model: colours are matched to the palette, shapes by overlap of their outlines.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lora_core.engines.practice import pictures

_SIDE = 32


class Seen(NamedTuple):
    """What was recognised; ``shape`` and ``size`` are empty where nothing stands out."""

    size: str
    colour: str
    shape: str
    ground: str


def _nearest_colour(value: NDArray[np.float64]) -> str:
    names = list(pictures.COLOURS)
    palette = np.array([pictures.COLOURS[name] for name in names], dtype=float)
    return names[int(np.abs(palette - value).sum(axis=1).argmin())]


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask cropped to what it covers and stretched to 32 x 32."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    crop = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture = Image.fromarray(crop.astype(np.uint8) * 255).resize((_SIDE, _SIDE))
    return np.asarray(picture) > 127


@cache
def _templates() -> dict[str, NDArray[np.bool_]]:
    out = {}
    for name, draw_shape in pictures.SHAPES.items():
        canvas = Image.new("RGB", (256, 256))
        draw_shape(ImageDraw.Draw(canvas), (128, 128), 90, (255, 255, 255))
        out[name] = _outline(np.asarray(canvas)[:, :, 0] > 127)
    return out


def recognise(image: Image.Image) -> Seen:
    """Describe a 64 x 64 RGB picture in the words of the base world."""
    pixels = np.asarray(image.convert("RGB"), dtype=float)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(border, axis=0)
    mask = np.abs(pixels - ground).sum(axis=2) > 100
    if mask.sum() < 30:
        return Seen("", "", "", _nearest_colour(ground))
    colour = np.median(pixels[mask], axis=0)
    # Only what has the shape's own colour: blurred edges would thicken the outline.
    mask &= np.abs(pixels - colour).sum(axis=2) < np.abs(pixels - ground).sum(axis=2)
    if mask.sum() < 30:
        return Seen("", _nearest_colour(colour), "", _nearest_colour(ground))
    outline = _outline(mask)
    overlap = {
        name: (outline & template).sum() / (outline | template).sum()
        for name, template in _templates().items()
    }
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) / 2 / pictures.SIZE
    size = min(pictures.SIZES, key=lambda name: abs(pictures.SIZES[name] - extent))
    return Seen(size, _nearest_colour(colour), max(overlap, key=overlap.__getitem__), _nearest_colour(ground))
