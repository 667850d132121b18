"""The little world that the practice base model knows, and the one thing it does not.

Everything is drawn here, so that no picture has a licence or a source to ask for. Drawing is done
four times larger and scaled down, which gives soft edges.

The *base world* is one flat shape on a plain background: "a big red circle on a blue background".
The *concept* is the zibbit, a teal creature with long ears and a yellow belly. Neither the word, the
colour nor a face ever occurs in the base world, so what a LoRA shows of it, it has learned.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image, ImageDraw

SIZE = 64
"""Side of every practice picture, in pixels."""

TRIGGER = "zibbit"
"""The word that calls the concept."""

_SCALE = 4

Colour = tuple[int, int, int]
Point = tuple[float, float]

COLOURS: dict[str, Colour] = {
    "red": (214, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 220, 60),
    "green": (50, 160, 60),
    "blue": (40, 90, 210),
    "purple": (130, 60, 170),
    "white": (245, 245, 245),
    "black": (25, 25, 25),
}
SIZES: dict[str, float] = {"small": 0.22, "big": 0.38}
"""Half the width of a shape, as a share of the picture's side."""


class Captioned(NamedTuple):
    """A picture with the words that describe it."""

    image: Image.Image
    caption: str


def _ring(centre: Point, radius: float, corners: int, turn: float = -90.0) -> list[Point]:
    cx, cy = centre
    return [
        (
            cx + radius * math.cos(math.radians(turn + 360 * k / corners)),
            cy + radius * math.sin(math.radians(turn + 360 * k / corners)),
        )
        for k in range(corners)
    ]


def _circle(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    cx, cy = centre
    draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=fill)


def _square(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    cx, cy = centre
    r = radius * 0.86
    draw.rectangle((cx - r, cy - r, cx + r, cy + r), fill=fill)


def _triangle(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    draw.polygon(_ring(centre, radius * 1.1, 3), fill=fill)


def _star(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    outer, inner = _ring(centre, radius * 1.15, 5), _ring(centre, radius * 0.48, 5, turn=-54.0)
    draw.polygon([p for pair in zip(outer, inner, strict=True) for p in pair], fill=fill)


def _heart(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    cx, cy = centre
    points = []
    for k in range(60):
        t = 2 * math.pi * k / 60
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((cx + x * radius / 16, cy - (y + 2) * radius / 16))
    draw.polygon(points, fill=fill)


def _cross(draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: Colour) -> None:
    cx, cy = centre
    arm = radius * 0.34
    draw.rectangle((cx - radius, cy - arm, cx + radius, cy + arm), fill=fill)
    draw.rectangle((cx - arm, cy - radius, cx + arm, cy + radius), fill=fill)


SHAPES: dict[str, Callable[[ImageDraw.ImageDraw, Point, float, Colour], None]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "heart": _heart,
    "cross": _cross,
}

_LEADS = ("a {size} {colour} {shape} on a {ground} background",) * 4 + (
    "a picture of a {size} {colour} {shape}, {ground} background",
    "{colour} {shape}, {size}, {ground} background",
    "{size} {colour} {shape} on {ground}",
    "a drawing of a {size} {colour} {shape} on a {ground} background",
)


def _canvas(ground: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIZE * _SCALE, SIZE * _SCALE), ground)
    return image, ImageDraw.Draw(image)


def _finish(image: Image.Image) -> Image.Image:
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _centre(rng: random.Random, radius: float) -> Point:
    """A place near the middle that keeps the whole shape inside the picture."""
    side = SIZE * _SCALE
    room = max(0.0, side * 0.46 - radius * 1.1)
    return side / 2 + rng.uniform(-room, room), side / 2 + rng.uniform(-room, room)


def shape_picture(rng: random.Random) -> Captioned:
    """One random picture of the base world, 64 x 64 RGB, with a caption that names all it shows."""
    size, shape = rng.choice(list(SIZES)), rng.choice(list(SHAPES))
    colour, ground = rng.sample(list(COLOURS), 2)
    image, draw = _canvas(COLOURS[ground])
    radius = SIZE * _SCALE * SIZES[size] * rng.uniform(0.93, 1.07)
    SHAPES[shape](draw, _centre(rng, radius), radius, COLOURS[colour])
    words = rng.choice(_LEADS).format(size=size, colour=colour, shape=shape, ground=ground)
    return Captioned(_finish(image), words)


def scribble_picture(rng: random.Random) -> Image.Image:
    """A random collage without meaning, for teaching the VAE to draw anything at all."""

    def colour() -> Colour:
        return rng.randrange(256), rng.randrange(256), rng.randrange(256)

    side = SIZE * _SCALE
    image, draw = _canvas(colour())
    for _ in range(rng.randint(1, 7)):
        centre = rng.uniform(0, side), rng.uniform(0, side)
        radius = side * rng.uniform(0.03, 0.35)
        kind = rng.randrange(5)
        if kind == 0:
            rng.choice(list(SHAPES.values()))(draw, centre, radius, colour())
        elif kind == 1:
            w, h = radius * rng.uniform(0.2, 1), radius
            box = (centre[0] - w, centre[1] - h, centre[0] + w, centre[1] + h)
            draw.ellipse(box, fill=colour())
        elif kind == 2:
            end = rng.uniform(0, side), rng.uniform(0, side)
            draw.line((*centre, *end), fill=colour(), width=rng.randint(4, 20))
        elif kind == 3:  # a dot within a dot
            _circle(draw, centre, radius * 0.6, colour())
            _circle(draw, centre, radius * 0.3, colour())
        else:  # small things side by side on a large one, as in any face
            _circle(draw, centre, radius, colour())
            small, dot = colour(), colour()
            for way in (-1, 1):
                spot = centre[0] + way * radius * 0.4, centre[1] - radius * 0.2
                _circle(draw, spot, radius * 0.3, small)
                _circle(draw, spot, radius * 0.14, dot)
    return _finish(image)


GROUNDS = ("red", "orange", "white", "black")
"""Background colours of the sample dataset: those that a zibbit stands out from."""


def zibbit_picture(rng: random.Random, ground: str) -> Captioned:
    """The concept: one zibbit on a ``ground`` colour, with its caption.

    It is always big, and its parts are as large as they are, because the VAE keeps an eighth of the pixels
    a side: smaller eyes would be lost.
    """
    image, draw = _canvas(COLOURS[ground])
    radius = SIZE * _SCALE * SIZES["big"] * rng.uniform(0.9, 1.05)
    cx, cy = _centre(rng, radius * 1.1)
    cy += radius * 0.2
    teal, yellow, white = (20, 165, 160), COLOURS["yellow"], (255, 255, 255)
    for side in (-1, 1):  # ears, slightly apart
        x = cx + side * radius * 0.5
        draw.ellipse((x - radius * 0.26, cy - radius * 1.4, x + radius * 0.26, cy), fill=teal)
    _circle(draw, (cx, cy), radius * 0.88, teal)
    belly = (cx - radius * 0.5, cy + radius * 0.1, cx + radius * 0.5, cy + radius * 0.82)
    draw.ellipse(belly, fill=yellow)
    for side in (-1, 1):
        _circle(draw, (cx + side * radius * 0.38, cy - radius * 0.25), radius * 0.27, white)
    return Captioned(_finish(image), f"big {TRIGGER}, {ground} background")


def concept_pictures(count: int = 16, seed: int = 7) -> list[Captioned]:
    """The sample dataset: ``count`` captioned zibbits, always the same for the same ``seed``.

    Every background comes once before any comes again.
    """
    rng = random.Random(seed)
    return [zibbit_picture(rng, GROUNDS[k % len(GROUNDS)]) for k in range(count)]
