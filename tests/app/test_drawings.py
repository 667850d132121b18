from __future__ import annotations

import math
from xml.etree import ElementTree

from app import drawings


def test_curves_are_drawn_inside_the_frame_and_told_in_words() -> None:
    steps = list(range(11))
    html = drawings.curves(
        {"U-Net": (steps, [1e-3 * k / 10 for k in steps]), "text encoder": (steps, [5e-4] * 11)},
        "Learning rate.",
        "steps",
    )
    tree = ElementTree.fromstring(str(html))
    picture = tree.find("svg")
    assert picture is not None
    lines = picture.findall("polyline")
    assert len(lines) == 2
    assert len({line.get("stroke-dasharray") for line in lines}) == 2
    for line in lines:
        for point in line.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= drawings.WIDTH
            assert 0 <= y <= drawings.HEIGHT
    words = picture.get("aria-label", "")
    assert "U-Net: starts at 0, highest 0.001, ends at 0.001." in words
    assert "text encoder: starts at 0.0005" in words


def test_values_that_are_no_numbers_are_left_out() -> None:
    assert drawings.curves({"a": ([0, 1], [math.nan, math.inf])}, "x", "steps") is None
    html = drawings.curves({"a": ([0, 1, 2], [1.0, math.nan, 3.0])}, "x", "steps")
    assert str(html).count(",") >= 2
    assert "nan" not in str(html)


def test_names_are_escaped() -> None:
    assert "<b>" not in str(drawings.curves({"<b>": ([0, 1], [1, 2])}, "x", "steps"))


def test_a_shape_keeps_its_proportions() -> None:
    rectangle = ElementTree.fromstring(str(drawings.shape(200, 100))).find("rect")
    assert rectangle is not None
    assert float(rectangle.get("width", 0)) == 2 * float(rectangle.get("height", 0))
