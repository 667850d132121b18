from __future__ import annotations

import json
import random

import pytest

from lora_core.history import History


def test_undo_and_redo() -> None:
    history = History({"a": 1, "b": 2})
    assert history.record({"a": 1, "b": 3}, "b")
    assert history.record({"a": 5, "b": 4}, "both")
    assert history.undo() == {"a": 1, "b": 3}
    assert history.undo() == {"b": 2}
    assert history.undo() == {}
    assert history.present == {"a": 1, "b": 2}
    assert history.redo() == {"b": 3}
    assert history.redo() == {"a": 5, "b": 4}
    assert history.redo() == {}


def test_nothing_new_is_no_step() -> None:
    history = History({"a": None})
    assert not history.record({"a": None})
    assert history.done == []
    assert history.record({"a": 0})
    assert history.undo() == {"a": None}


def test_edits_of_one_field_are_one_step() -> None:
    history = History({"a": 1, "b": 1})
    for value in (2, 3, 4):
        history.record({"a": value, "b": 1})
    history.record({"a": 4, "b": 2})
    history.record({"a": 5, "b": 2})
    assert len(history.done) == 3
    history.undo()
    history.undo()
    assert history.undo() == {"a": 1}


def test_an_edit_that_is_taken_back_by_hand_is_no_step() -> None:
    history = History({"a": 1, "b": 1})
    history.record({"a": 1, "b": 2})
    history.record({"a": 2, "b": 2})
    history.record({"a": 1, "b": 2})
    assert [step.after for step in history.done] == [{"b": 2}]
    history.record({"a": 1, "b": 3})
    assert [step.after for step in history.done] == [{"b": 2}, {"b": 3}]


def test_a_closed_step_takes_up_nothing() -> None:
    history = History({"a": 1})
    history.record({"a": 2})
    history.close()
    history.record({"a": 3})
    assert history.undo() == {"a": 2}
    history.record({"a": 4})
    assert len(history.done) == 2, "after an undo, too, the next edit is a step of its own"


def test_a_new_change_forgets_what_was_undone() -> None:
    history = History({"a": 1})
    history.record({"a": 2})
    history.undo()
    history.record({"a": 3})
    assert history.redo() == {}


def test_only_so_many_steps_are_kept() -> None:
    history = History({"a": 0, "b": 0}, limit=3)
    for value in range(1, 10):
        history.record({"a": value, "b": -value})
    assert len(history.done) == 3
    while history.undo():
        pass
    assert history.present == {"a": 6, "b": -6}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_was_done_can_be_taken_back_and_done_again(seed: int) -> None:
    rng = random.Random(seed)
    history = History(dict.fromkeys("abc", 0))
    for _ in range(rng.randint(1, 40)):
        values = dict(history.present)
        for name in rng.sample("abc", rng.randint(1, 3)):
            values[name] = rng.choice([0, 1, None, [1], [2]])
        history.record(values)
    end = dict(history.present)
    again = History(end)
    again.take_up(json.loads(json.dumps(history.to_dict())))
    for one in (history, again):
        while one.undo():
            pass
        assert one.present == dict.fromkeys("abc", 0)
        while one.redo():
            pass
        assert one.present == end


@pytest.mark.parametrize("found", [{}, {"done": 3, "undone": []}, {"done": [{"label": "x"}], "undone": []}])
def test_what_is_no_history_is_refused_and_changes_nothing(found: dict[str, object]) -> None:
    history = History({"a": 1})
    history.record({"a": 2})
    with pytest.raises((KeyError, TypeError, ValueError)):
        history.take_up(found)
    assert len(history.done) == 1
