"""A view of HTML that Python writes and keeps up to date, and that reports what people do with it.

Plain Panel's sliders, checkboxes and tabs have no name for a screen reader, a problem cannot be tied
to its field across shadow roots, and a hundred explained options cost hundreds of models. Here a whole
form is one model. Its HTML is native (label, input, details, button), so it is accessible by itself.

A view has named slots. Only a slot whose HTML changed is sent, and the page changes only what differs:
focus, caret, scrolling and opened folds stay.
"""

from __future__ import annotations

import logging
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import param
from panel.reactive import ReactiveHTML

from app import host, theme

logger = logging.getLogger(__name__)

_SCRIPT = (Path(__file__).parent / "live.js").read_text("utf-8")


@dataclass(frozen=True)
class Message:
    """Something a person did.

    Attributes:
        do: ``set`` for a changed control, ``open`` or ``close`` for a fold, else a button's name.
        arg: the button's argument, or the fold's name.
        field: the control's name, for ``set``.
        value: the control's new value as typed: a text, or a bool for a checkbox.
    """

    do: str
    arg: str = ""
    field: str = ""
    value: Any = None


class Live(ReactiveHTML):
    """Base of the live views; make one by `live_class`.

    Set ``on_message`` to a function that takes a `Message`; fill slots with `write`.
    """

    kind = param.String("", doc="CSS class of the whole view.")
    slots = param.List([], item_type=str, doc="Names of the slots, in the order they are shown.")
    outbox = param.List([], doc="From the page: messages, the unacknowledged ones again.")
    ack = param.Integer(0, doc="To the page: number of the last message that was dealt with.")
    theme = param.String("light", doc="Colours of the page: light or dark.")
    page_css = param.List([""], item_type=str, doc="Colour variables for the page's root.")

    _template = '<div id="root" class="wb"></div>'
    _scripts = {"render": _SCRIPT, "ack": "state.settle()", "theme": "state.theme(true)"}

    def __init__(self, **params: Any) -> None:
        params.setdefault("page_css", [theme.colours()])
        params.setdefault("stylesheets", [theme.components()])
        params.setdefault("sizing_mode", "stretch_width")
        params.setdefault("margin", 0)
        params.setdefault("theme", theme.current())
        super().__init__(**params)
        self.on_message: Callable[[Message], None] = lambda message: None
        self._page = ""
        self.param.watch(self._receive, "outbox")

    def write(self, **slots: str) -> None:
        """Give slots new HTML. What has not changed is not sent."""
        # In a list, because Panel strips attributes and controls from plain texts. Ours are escaped.
        self.param.update({name: [str(text)] for name, text in slots.items() if self.text(name) != text})

    def text(self, slot: str) -> str:
        """The HTML of a slot."""
        return str(getattr(self, slot)[0])

    def _receive(self, event: param.parameterized.Event) -> None:
        for raw in sorted(event.new, key=lambda raw: int(raw["seq"])):
            if raw["do"] == "hello":
                self._greet(raw.get("arg", ""))
            if raw["seq"] <= self.ack:
                continue
            if raw["do"] == "hello":
                self.ack = int(raw["seq"])
                continue
            try:
                message = Message(raw["do"], raw.get("arg", ""), raw.get("field", ""), raw.get("value"))
                self.on_message(message)
            except Exception:
                # The page must go on working whatever one button's handler does.
                logger.exception("Dealing with %s failed", raw.get("do"))
            finally:
                self.ack = int(raw["seq"])

    def _greet(self, page: str) -> None:
        """A page is there. If it is another than before, what it shows is old: tell it everything again."""
        host.page_is_there()
        if page == self._page:
            return
        if self._page:
            self.ack = 0
            # With the name behind it, a text that stayed the same is sent as well.
            self.param.update({slot: [self.text(slot), page] for slot in self.slots})
        self._page = page


@lru_cache
def live_class(name: str, slots: tuple[str, ...]) -> type[Live]:
    """A kind of live view with these slots, each a text parameter of its own.

    Args:
        name: a CamelCase name; also, in lower case, the CSS class.
        slots: names, valid in Python and in JavaScript.
    """
    if taken := [slot for slot in slots if hasattr(Live, slot)]:
        raise ValueError(f"These names are Panel's own: {', '.join(taken)}.")
    scripts = {**Live._scripts, **{slot: f"state.show('{slot}')" for slot in slots}}
    body: dict[str, Any] = {slot: param.List([""], item_type=str, doc="HTML of this slot.") for slot in slots}
    body |= {
        "__doc__": f"Live view with the slots {', '.join(slots)}.",
        "__module__": __name__,
        "_scripts": scripts,
        "slots": param.List(list(slots), item_type=str, doc="Names of the slots."),
        "kind": param.String(name.lower(), doc="CSS class of the whole view."),
    }
    made: type[Live] = types.new_class(name, (Live,), exec_body=lambda space: space.update(body))
    return made
