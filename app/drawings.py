"""Small still drawings as SVG: they need no script, follow the page's colours, and say in words what they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.components import Html, h

WIDTH, HEIGHT = 320, 120
"""Size of a drawing in its own units; it is shown as wide as there is room."""
_LEFT, _BOTTOM, _TOP, _RIGHT = 46, 20, 8, 6
_STYLES = ("solid", "dashed", "dotted", "dashdot")
_DASHES = {"solid": None, "dashed": "7 4", "dotted": "2 4", "dashdot": "8 3 2 3"}


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], label: str, x_label: str
) -> Html | None:
    """Lines over a common axis that begins at 0, each in its own dash as well as its own colour.

    Args:
        series: name -> x values rising, and y values. Values that are not finite are left out.
        label: what it shows, for those who cannot see it.
        x_label: under the axis.

    Returns:
        The drawing with its legend; None without any point.
    """
    clean = {name: _finite(*points) for name, points in series.items()}
    clean = {name: points for name, points in clean.items() if points}
    if not clean:
        return None
    x_end = max(points[-1][0] for points in clean.values()) or 1.0
    y_end = max(y for points in clean.values() for _, y in points) or 1.0
    lines = [
        h(
            "polyline",
            points=" ".join(f"{_x(x, x_end):.1f},{_y(y, y_end):.1f}" for x, y in points),
            class_=f"line line-{at % len(_STYLES)}",
            fill="none",
            stroke_dasharray=_DASHES[_STYLES[at % len(_STYLES)]],
        )
        for at, points in enumerate(clean.values())
    ]
    axis = f"M{_LEFT},{_TOP} V{HEIGHT - _BOTTOM} H{WIDTH - _RIGHT}"
    return h(
        "figure",
        h(
            "svg",
            h("path", d=axis, class_="axis", fill="none"),
            h("text", _short(y_end), x=_LEFT - 5, y=_TOP + 9, text_anchor="end"),
            h("text", "0", x=_LEFT - 5, y=HEIGHT - _BOTTOM, text_anchor="end"),
            h("text", f"{x_end:,.0f} {x_label}", x=WIDTH - _RIGHT, y=HEIGHT - 5, text_anchor="end"),
            h("text", "0", x=_LEFT, y=HEIGHT - 5),
            lines,
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            aria_label=f"{label} {describe(clean)}",
        ),
        h(
            "figcaption",
            [_legend(at, name) for at, name in enumerate(clean)],
            class_="legend-line small soft",
        ),
        class_="drawing",
    )


def describe(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """The lines in words: start, highest and end of each."""
    parts = []
    for name, points in series.items():
        high = max(y for _, y in points)
        parts.append(
            f"{name}: starts at {_short(points[0][1])}, highest {_short(high)}, ends at {_short(points[-1][1])}."
        )
    return " ".join(parts)


def shape(width: int, height: int, side: int = 30) -> Html:
    """A rectangle of a picture's shape."""
    scale = side / max(width, height)
    w, tall = width * scale, height * scale
    return h(
        "svg",
        h(
            "rect",
            x=f"{(side - w) / 2 + 1:.1f}",
            y=f"{(side - tall) / 2 + 1:.1f}",
            width=f"{w:.1f}",
            height=f"{tall:.1f}",
            class_="shape",
        ),
        viewBox=f"0 0 {side + 2} {side + 2}",
        width=side + 2,
        height=side + 2,
        aria_hidden="true",
    )


def _finite(xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(x) and math.isfinite(y)]


def _x(value: float, end: float) -> float:
    return _LEFT + value / end * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, end: float) -> float:
    return HEIGHT - _BOTTOM - max(0.0, value) / end * (HEIGHT - _BOTTOM - _TOP)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("e-0", "e-")


def _legend(at: int, name: str) -> Html:
    sample = h(
        "svg",
        h(
            "line",
            x1=0,
            y1=6,
            x2=32,
            y2=6,
            class_=f"line line-{at % len(_STYLES)}",
            stroke_dasharray=_DASHES[_STYLES[at % len(_STYLES)]],
        ),
        width=32,
        height=12,
        aria_hidden="true",
    )
    return h("span", sample, name)
