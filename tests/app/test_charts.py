from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, Plot

from app.charts import POINTS, Chart, decimated, smoothed, visible


@pytest.fixture
def noisy() -> tuple[np.ndarray, np.ndarray]:
    steps = np.arange(1, 100_001, dtype=float)
    values = np.random.default_rng(0).random(len(steps))
    values[54_321], values[77_777] = 9.0, -9.0
    return steps, values


def test_long_curve_keeps_ends_and_extremes(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = decimated(*noisy)
    assert len(x) <= POINTS + 2
    assert (x[0], y[0]) == (noisy[0][0], noisy[1][0])
    assert (x[-1], y[-1]) == (noisy[0][-1], noisy[1][-1])
    assert y.max() == 9.0
    assert x[y.argmax()] == 54_322
    assert y.min() == -9.0
    assert x[y.argmin()] == 77_778
    assert (np.diff(x) > 0).all()


def test_short_curve_is_left_alone() -> None:
    x, y = decimated([1, 2, 3], [0.5, float("nan"), 0.25])
    assert x.tolist() == [1, 2, 3]
    assert y[0] == 0.5
    assert np.isnan(y[1])


def test_gap_in_a_long_curve() -> None:
    values = np.ones(10_000)
    values[2000:4000] = np.nan
    x, y = decimated(np.arange(10_000), values, points=100)
    assert len(x) <= 102
    assert np.isnan(y).any()
    assert np.nanmax(y) == 1.0


def test_smoothing_starts_at_the_first_value_and_keeps_a_constant() -> None:
    assert smoothed([3.0] * 50) == pytest.approx([3.0] * 50)
    assert smoothed([2.0, 4.0])[0] == 2.0
    assert len(smoothed([])) == 0


def test_smoothing_passes_over_what_is_no_number() -> None:
    out = smoothed([1.0, float("nan"), 1.0, float("inf"), 1.0])
    assert out == pytest.approx([1.0] * 5)


def test_smoothing_lies_between_the_extremes(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    out = smoothed(noisy[1][:5000])
    assert out.std() < noisy[1][:5000].std() / 3


def test_zooming_in_shows_every_step(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = decimated(*visible(noisy, (50_000, 50_100)))
    assert x.tolist() == list(range(49_999, 50_102))


def test_window_without_data_shows_all() -> None:
    series = (np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    assert len(visible(series, None)[0]) == 2


def figure_of(chart: Chart) -> Any:
    return chart.pane.get_root().select_one({"type": Plot})


def test_chart_follows_the_data_until_someone_zooms() -> None:
    chart = Chart(("each step", "smoothed"), "loss", "light")
    figure = figure_of(chart)
    feed(chart, 10)
    assert (figure.x_range.start, figure.x_range.end) == (1, 10)
    feed(chart, 50)
    assert figure.x_range.end == 50
    figure.x_range.start, figure.x_range.end = 20, 30
    feed(chart, 100)
    assert (figure.x_range.start, figure.x_range.end) == (20, 30)
    assert figure.x_range.reset_end == 100


def feed(chart: Chart, count: int) -> None:
    x = np.arange(1, count + 1, dtype=float)
    chart.feed({"each step": (x, 1 / x), "smoothed": (x, 1 / x)})


def drawn(figure: Any) -> ColumnDataSource:
    return figure.renderers[0].data_source


def test_a_range_that_was_reported_before_more_data_came_is_no_zoom() -> None:
    chart = Chart(("each step", "smoothed"), "loss", "light")
    figure = figure_of(chart)
    feed(chart, 10)
    chart._range.event(x_range=(1, 10))
    feed(chart, 50)
    assert figure.x_range.end == 50
    assert drawn(figure).data["step"][-1] == 50


def test_a_zoom_draws_its_part_in_full_and_the_reset_everything() -> None:
    chart = Chart(("each step", "smoothed"), "loss", "light")
    figure = figure_of(chart)
    feed(chart, 100_000)
    assert len(drawn(figure).data["step"]) <= POINTS + 2
    figure.x_range.start, figure.x_range.end = 50_000, 50_100
    chart._range.event(x_range=(50_000, 50_100))
    assert drawn(figure).data["step"].tolist() == list(range(49_999, 50_102))
    figure.x_range.start, figure.x_range.end = 1, 100_000
    chart._range.event(x_range=(1, 100_000))
    assert drawn(figure).data["step"][-1] == 100_000
    feed(chart, 100_010)
    assert drawn(figure).data["step"][-1] == 100_010


def test_each_column_is_sent_once_and_in_four_bytes_a_value() -> None:
    chart = Chart(("each step",), "learning rate", "light")
    figure = figure_of(chart)
    chart.feed({"each step": (np.array([1.0, 2.0]), np.array([0.5, 0.25]))})
    kinds = {name: values.dtype.name for name, values in drawn(figure).data.items()}
    assert kinds == {"step": "int32", "value": "float32"}
    assert figure.yaxis[0].axis_label == "learning rate"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chart_can_be_repainted(theme: str) -> None:
    from app.theme import PALETTES

    chart = Chart(("a",), "loss", "light")
    figure = figure_of(chart)
    chart.feed({"a": (np.array([1.0, 2.0]), np.array([1.0, 2.0]))})
    chart.use_theme(theme)
    assert figure.background_fill_color == PALETTES[theme].surface
    assert figure.xaxis[0].major_label_text_color == PALETTES[theme].ink
