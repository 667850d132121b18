"""Scalars of a run as HoloViews charts that stay quick and readable at any length.

A curve of 100,000 steps is drawn with at most about 2,000 points: for each stretch of steps its lowest
and its highest value, so no peak is lost, and the first and the last point as they are. Zooming in
draws the visible part afresh, down to every single step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
import panel as pn
from bokeh.models import BasicTickFormatter, NumeralTickFormatter
from holoviews.streams import Pipe, RangeX

from app.theme import PALETTES, Palette

POINTS = 2000
"""Points drawn at most for one curve, give or take two."""

# Bokeh never quite clears the first row and column of its canvas: other colours would shine through there.
_EDGE = """
.bk-Canvas::after { content: ""; position: absolute; inset: 0; pointer-events: none;
  border: solid var(--wb-surface); border-width: 2px 0 0 2px; }
"""

# A page opened dark has Bokeh's own dark theme too, which all but hides axes and grid. Bokeh does not keep
# a plain 1, as it is the default, so that the theme would win.
_OPAQUE = 0.999

_TOOLS = ["pan", "auto_box_zoom", "xwheel_zoom", "save", "reset"]

Series = tuple[np.ndarray, np.ndarray]
"""Steps and values."""


def decimated(steps: npt.ArrayLike, values: npt.ArrayLike, points: int = POINTS) -> Series:
    """A curve with few points that looks like the whole one.

    Args:
        steps: rising.
        values: as many.
        points: how many to keep, give or take two.

    Returns:
        Steps and values: the first, the last, and the lowest and highest of each stretch between.
    """
    x, y = np.asarray(steps, dtype=float), np.asarray(values, dtype=float)
    count = min(len(x), len(y))
    x, y = x[:count], y[:count]
    stretches = max(1, points // 2)
    if count <= 2 * stretches:
        return x, y
    edges = np.linspace(0, count, stretches + 1).astype(int)
    kept = {0, count - 1}
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        part = y[start:end]
        if np.isnan(part).all():
            kept.add(int(start))
            continue
        kept.add(int(start + np.nanargmin(part)))
        kept.add(int(start + np.nanargmax(part)))
    at = np.array(sorted(kept))
    return x[at], y[at]


def smoothed(values: Sequence[float], weight: float = 0.97) -> np.ndarray:
    """An exponential moving average that starts at the first value instead of at nothing.

    The sum of weights so far divides each value (the correction of Adam and of TensorBoard). Values
    that are not numbers are passed over.

    Args:
        values: any length.
        weight: share of the past, 0 to below 1. Shortened for short curves, so that they show a shape.
    """
    y = np.asarray(values, dtype=float)
    share = min(weight, 1 - 1 / max(2.0, len(y) / 12))
    out = np.empty_like(y)
    total, norm = 0.0, 0.0
    for at, value in enumerate(y.tolist()):
        if math.isfinite(value):
            total = share * total + (1 - share) * value
            norm = share * norm + (1 - share)
        out[at] = total / norm if norm else math.nan
    return out


def visible(series: Series, window: tuple[float, float] | None) -> Series:
    """The part of a curve in a window of steps, with one point more on either side."""
    x, y = series
    if window is None or len(x) == 0 or None in window:
        return x, y
    low = max(0, int(np.searchsorted(x, window[0])) - 1)
    high = min(len(x), int(np.searchsorted(x, window[1], side="right")) + 1)
    return (x[low:high], y[low:high]) if high > low else (x, y)


class Chart:
    """A line chart over steps, fed by `feed`. Show ``pane``.

    Args:
        curves: names of the curves, in the order they are drawn; the last is the strongest.
        label: what the vertical axis shows.
        theme: ``light`` or ``dark``.
    """

    def __init__(self, curves: Sequence[str], label: str, theme: str) -> None:
        self._names = tuple(curves)
        self._label = label
        self._theme = theme
        self._full: tuple[float, float, float, float] | None = None
        self._pipe = Pipe(data={})
        self._range = RangeX()
        self._figures: list[Any] = []
        self._map = hv.DynamicMap(self._draw, streams=[self._pipe, self._range])
        self.pane = pn.pane.HoloViews(
            self._map, sizing_mode="stretch_width", height=300, linked_axes=False, margin=0
        )

    def feed(self, series: Mapping[str, Series]) -> None:
        """Draw these curves. Call on the page's side; a zoom stays as it is."""
        self._pipe.send(dict(series))

    def use_theme(self, theme: str) -> None:
        """Repaint in light or dark."""
        self._theme = theme
        for figure in self._figures:
            _paint(figure, PALETTES[theme])

    def _draw(self, data: Mapping[str, Series], x_range: tuple[float, float] | None) -> hv.Overlay:
        # The range only tells when to draw afresh: as it was last reported, it may be out of date.
        window = self._window()
        palette = PALETTES[self._theme]
        last = len(self._names) - 1
        styles = {
            name: {"color": palette.smooth, "line_width": 2.5}
            if at == last
            else {"color": palette.raw, "line_width": 1.4}
            for at, name in enumerate(self._names)
        }
        drawn = []
        for name in self._names:
            whole = data.get(name, (np.empty(0), np.empty(0)))
            steps, values = decimated(*visible(whole, window))
            # Half the bytes to send; TensorBoard's values have no more digits.
            columns = (steps.astype(np.int32), values.astype(np.float32))
            curve = hv.Curve(columns, "step", ("value", self._label), label=name)
            drawn.append(curve.opts(tools=["hover"], default_tools=_TOOLS, line_join="round", **styles[name]))
        self._full = _extent(data)
        return hv.Overlay(drawn).opts(
            hooks=[self._finish],
            responsive=True,
            height=300,
            show_legend=False,
            active_tools=[],
            toolbar="above",
            show_grid=True,
        )

    def _window(self) -> tuple[float, float] | None:
        """The steps that someone has zoomed to; None if all are shown."""
        axis = self._figures[0].x_range if self._figures else None
        return None if axis is None or _follows(axis) else (axis.start, axis.end)

    def _finish(self, plot: Any, element: Any) -> None:
        """After each drawing: colours, and ranges that follow the data unless someone has zoomed."""
        figure = plot.state
        if figure not in self._figures:
            self._figures = [figure]
            _paint(figure, PALETTES[self._theme])
            figure.toolbar.logo = None
            figure.toolbar.autohide = True
            figure.stylesheets = [_EDGE]
            figure.xaxis.formatter = NumeralTickFormatter(format="0,0")
            figure.yaxis.formatter = BasicTickFormatter(use_scientific=False)
        if self._full is None:
            return
        low, high, bottom, top = self._full
        for axis, start, end in ((figure.x_range, low, high), (figure.y_range, bottom, top)):
            following = _follows(axis)
            axis.reset_start, axis.reset_end = start, end
            if following:
                axis.start, axis.end = start, end


def _follows(axis: Any) -> bool:
    """Whether a range shows all there is, as nobody has zoomed."""
    return axis.reset_start is None or (axis.start, axis.end) == (axis.reset_start, axis.reset_end)


def _extent(data: Mapping[str, Series]) -> tuple[float, float, float, float] | None:
    """Lowest and highest step and value of all curves, with a little air; None without data."""
    xs = [x for x, _ in data.values() if len(x)]
    ys = [y[np.isfinite(y)] for _, y in data.values()]
    ys = [y for y in ys if len(y)]
    if not xs or not ys:
        return None
    low, high = min(float(x[0]) for x in xs), max(float(x[-1]) for x in xs)
    bottom, top = min(float(y.min()) for y in ys), max(float(y.max()) for y in ys)
    air = (top - bottom) * 0.06 or abs(top) * 0.1 or 1.0
    return (
        low,
        max(high, low + 1),
        min(bottom - air, 0.0) if bottom < 0 else max(0.0, bottom - air),
        top + air,
    )


def _paint(figure: Any, palette: Palette) -> None:
    """Colour what Bokeh paints on its canvas."""
    figure.background_fill_color = figure.border_fill_color = palette.surface
    figure.outline_line_color = None
    for axis in figure.axis:
        axis.axis_line_color = axis.major_tick_line_color = palette.soft
        axis.axis_line_alpha = axis.major_tick_line_alpha = _OPAQUE
        axis.minor_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = palette.ink
        axis.major_label_text_font_size = axis.axis_label_text_font_size = "14px"
        axis.axis_label_text_font_style = "normal"
    figure.grid.grid_line_color = palette.line
    figure.grid.grid_line_alpha = _OPAQUE
    for renderer in figure.renderers:
        glyph = getattr(renderer, "glyph", None)
        if glyph is not None and hasattr(glyph, "line_width"):
            glyph.line_color = palette.smooth if glyph.line_width > 2 else palette.raw
