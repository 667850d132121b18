from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import numpy as np
from bokeh.core.serialization import Deserializer
from bokeh.document import Document
from bokeh.models import Column, ColumnDataSource, Div

from app.serving.page_widget import PageWidget


class Recorded(PageWidget):
    """Keeps what it would send to the page."""

    def __init__(self, *args: Any, **traits: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*args, **traits)

    def send(self, content: Any, buffers: Any = None) -> None:
        assert buffers is None
        self.sent.append(content["payload"])


def on_a_page(change: Any) -> list[str]:
    """What is sent if this function of the widget, a text and a source is called in its event loop."""

    async def run() -> list[str]:
        text, source = Div(text="a"), ColumnDataSource({"x": np.arange(3)})
        document = Document()
        document.add_root(Column(children=[text], tags=[source]))
        widget = Recorded(document.roots[0])
        change(widget, text, source)
        await asyncio.sleep(0.05)
        return widget.sent

    return asyncio.run(run())


def test_what_changes_together_goes_out_as_one_message_in_order() -> None:
    def change(widget: Any, text: Div, source: ColumnDataSource) -> None:
        text.text = "b"
        source.data = {"x": np.array([1.5, 2.5])}
        text.text = "c"
        assert widget.sent == []

    header, metadata, content = on_a_page(change)
    assert json.loads(header)["msgtype"] == "PATCH-DOC"
    assert "num_buffers" not in json.loads(header)
    assert metadata == "{}"
    first, second, third = json.loads(content)["events"]
    assert (first["new"], third["new"]) == ("b", "c")
    [[name, values]] = second["data"]["entries"]
    assert name == "x"
    assert Deserializer().decode(values).tolist() == [1.5, 2.5]


def test_what_the_page_told_is_not_told_back() -> None:
    def change(widget: Any, text: Div, source: ColumnDataSource) -> None:
        told = {"event": "jsevent", "kind": "ModelChanged", "model": text.ref, "attr": "text", "new": "b"}
        widget._sync_model(widget, told, [])
        assert text.text == "b"

    assert on_a_page(change) == []


def test_a_change_from_another_thread_arrives_too() -> None:
    def change(widget: Any, text: Div, source: ColumnDataSource) -> None:
        thread = threading.Thread(target=setattr, args=(text, "text", "b"))
        thread.start()
        thread.join()

    assert json.loads(on_a_page(change)[2])["events"][0]["new"] == "b"


def test_nothing_is_sent_when_nothing_changes() -> None:
    def change(widget: Any, text: Div, source: ColumnDataSource) -> None:
        text.text = "a"

    assert on_a_page(change) == []
