from __future__ import annotations

from typing import Any

import pytest

from app.components import Live, Message, h, live_class

Kind = live_class("TestView", ("first", "second"))


def sent(view: Live) -> tuple[list[str], Any]:
    """Names of what goes to the page from now on, and the page's model."""
    model = view.get_root()
    names: list[str] = []
    for name in ("first", "second", "ack"):
        model.data.on_change(name, lambda attr, old, new: names.append(attr))
    return names, model


def test_only_what_changed_is_sent() -> None:
    view = Kind()
    view.write(first=h("p", "a"), second=h("p", "b"))
    names, _ = sent(view)
    view.write(first=h("p", "a"), second=h("p", "c"))
    assert names == ["second"]
    view.write(first=h("p", "a"), second=h("p", "c"))
    assert names == ["second"]


def test_html_arrives_with_its_controls_and_attributes() -> None:
    view = Kind()
    html = h("label", h("input", type="checkbox", data_field="x"), "X", class_="y")
    view.write(first=html)
    assert view.get_root().data.first == [html]


def test_messages_come_once_in_order_and_are_acknowledged() -> None:
    view, taken = Kind(), []
    view.on_message = taken.append
    one = {"seq": 1, "do": "set", "field": "a", "value": "1"}
    two = {"seq": 2, "do": "press", "arg": "b"}
    view.outbox = [two, one]
    view.outbox = [one, two, {"seq": 3, "do": "press", "arg": "c"}]
    assert taken == [Message("set", field="a", value="1"), Message("press", "b"), Message("press", "c")]
    assert view.ack == 3


def test_a_page_that_comes_later_is_told_everything_and_heard() -> None:
    view, taken = Kind(), []
    view.on_message = taken.append
    view.write(first=h("p", "a"))
    view.outbox = [
        {"seq": 1, "do": "hello", "arg": "one"},
        {"seq": 2, "do": "press"},
        {"seq": 3, "do": "press"},
    ]
    names, model = sent(view)
    view.outbox = [{"seq": 1, "do": "hello", "arg": "two"}]
    assert {"first", "second"} <= set(names)
    assert model.data.first[0] == h("p", "a")
    assert view.ack == 1
    names.clear()
    view.outbox = [{"seq": 1, "do": "hello", "arg": "two"}, {"seq": 2, "do": "press", "arg": "b"}]
    assert taken[2:] == [Message("press", "b")]
    assert not {"first", "second"} & set(names)


def test_a_failing_handler_does_not_end_the_page(caplog: pytest.LogCaptureFixture) -> None:
    view = Kind()

    def fail(message: Message) -> None:
        raise RuntimeError("broken")

    view.on_message = fail
    view.outbox = [{"seq": 1, "do": "press"}]
    assert view.ack == 1
    assert "broken" in caplog.text


def test_a_slot_cannot_take_a_name_of_panels() -> None:
    with pytest.raises(ValueError, match="width"):
        live_class("BadView", ("width",))


def test_page_colours_go_along() -> None:
    assert ":root" in Kind().get_root().data.page_css[0]
