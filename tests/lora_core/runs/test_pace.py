from __future__ import annotations

import pytest

from lora_core.runs.pace import WINDOW, Pace


def test_unknown_until_there_is_enough() -> None:
    pace = Pace()
    assert pace.seconds_for(10, 100.0) is None
    pace.moved(1, 100.0)
    pace.moved(2, 100.1)
    assert pace.seconds_for(10, 100.2) is None
    pace.moved(3, 102.0)
    assert pace.seconds_for(10, 102.0) == pytest.approx(10.0)


def test_the_recent_pace_counts() -> None:
    pace = Pace()
    for step in range(100):
        pace.moved(step, 10.0 * step)
    begin = 10.0 * 99
    for step in range(1, int(WINDOW) + 20):
        pace.moved(99 + step, begin + step)
    assert pace.seconds_for(100, begin + WINDOW + 20) == pytest.approx(100.0, rel=0.1)


def test_a_stall_makes_it_unknown() -> None:
    pace = Pace()
    for step in range(10):
        pace.moved(step, float(step))
    assert pace.seconds_for(5, 30.0) == pytest.approx(5.0)
    assert pace.seconds_for(5, 9.0 + 61.0) is None


def test_counting_anew_begins_anew() -> None:
    pace = Pace()
    for step in range(10):
        pace.moved(step, float(step))
    pace.moved(0, 20.0)
    assert pace.seconds_for(5, 20.0) is None


def test_logged_times_serve_where_the_bar_was_not_seen() -> None:
    pace = Pace()
    for step in range(1, 6):
        pace.logged(step, 2.0 * step)
    assert pace.seconds_for(10, 10.0) == pytest.approx(20.0)
