"""A Bokeh document as one Jupyter widget that says little: what changes together goes out together.

jupyter_bokeh's own widget sends three messages for each changed property and two more for each array in
it. Its page then sends every change back, and the kernel answers each of those with two more: one new
point of the curves came to about 130 messages that way.
"""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from bokeh.core.serialization import Buffer
from bokeh.document.events import DocumentPatchedEvent
from bokeh.models import CustomJS
from bokeh.protocol import Protocol
from jupyter_bokeh.widgets import BokehModel

# BokehJS marks what came from the kernel as not to be synced, but jupyter_bokeh's page does not look.
_NO_ECHO = """
const {document} = root;
const tell = document._trigger_on_change.bind(document);
document._trigger_on_change = (event) => {
  const told = (event.events || [event]).some((one) => one.sync !== false);
  if (told) tell(event);
};
"""


class PageWidget(BokehModel):
    """The widget of one document. Make it inside a running event loop, as a notebook's cell does."""

    def __init__(self, model: Any, **traits: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._gathered: list[DocumentPatchedEvent] = []
        model.document.js_on_event("document_ready", CustomJS(args={"root": model}, code=_NO_ECHO))
        super().__init__(model, **traits)

    def _document_patched(self, event: DocumentPatchedEvent) -> None:
        if event.setter is self:
            return
        with self._lock:
            self._gathered.append(event)
            first = len(self._gathered) == 1
        if first:
            # The loop is free again when all that belongs to this change has been done.
            self._loop.call_soon_threadsafe(self._send_gathered)

    def _send_gathered(self) -> None:
        with self._lock:
            events, self._gathered = self._gathered, []
        for part in patch_parts(events):
            self.send({"msg": "patch", "payload": part})


def patch_parts(events: list[DocumentPatchedEvent]) -> tuple[str, str, str]:
    """Header, metadata and content of Bokeh's message for these events of one document.

    Arrays stand in the content, a third longer, where Bokeh would send two messages more for each.
    """
    message = Protocol().create("PATCH-DOC", events)
    content = json.dumps(message.content, default=Buffer.to_base64, allow_nan=False, separators=(",", ":"))
    return json.dumps(message.create_header()), "{}", content
