"""How a view is put on a page: the one place that knows which host shows it.

Three hosts are known. Under Voilà the view is wrapped as a Jupyter widget, because Panel's own
channel to the page does not carry events there. In a notebook, and under ``panel serve``, Panel's
own way works and is used.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import panel as pn
from bokeh.document import Document

from app.serving.shared import DIST_URL, EXTENSIONS, REQUEST_FILE

# From here on Panel's ipywidget wrapper keeps its own book on threads and connected documents.
_SELF_KEEPING = (1, 10)

_document: Document | None = None
"""The document of this kernel's page under Voilà, where a kernel has one page; else None."""

_listening = False
"""Whether that page has said that it is there."""

_SWITCH_THEME = """
const dark = (document.documentElement.dataset.workbenchTheme || current) === 'dark';
const keep = ';path=/;max-age=31536000;samesite=lax';
document.cookie = 'lora-workbench-theme=' + (dark ? 'light' : 'dark') + keep;
const url = new URL(window.location.href);
url.searchParams.set('theme', dark ? 'light' : 'dark');
window.location.replace(url);
"""


def where() -> str:
    """The host of this process: ``"voila"``, ``"notebook"`` or ``"server"`` (``panel serve``, or none)."""
    if (
        os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")
        or os.environ.get("VOILA_PREHEAT") == "True"
    ):
        return "voila"
    if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
        return "server"
    return "notebook" if _in_kernel() else "server"


def theme() -> str:
    """The colours this page was opened with: ``"light"`` or ``"dark"``."""
    if where() == "voila":
        asked = parse_qs(_request().get("query", "")).get("theme", [""])[-1]
    else:
        # Under panel serve this follows ?theme=dark of the page; elsewhere it is the configured one.
        asked = pn.config.theme
    return "dark" if asked == "dark" else "light"


def start() -> None:
    """Prepare Panel for this host. Harmless when called again.

    Under Voilà the page has loaded the scripts already, so what Panel would send to load them is dropped.
    In a notebook they go into the cell's output (6 MB), lest the page fetch them from the internet.
    """
    host = where()
    if host != "voila":
        pn.extension(*EXTENSIONS, inline=host == "notebook")
        return
    import ipywidgets
    from IPython import get_ipython
    from IPython.utils.capture import capture_output

    # Imported before the kernel was there, it could not announce itself; then each part of the page
    # would be fetched by itself.
    ipywidgets.load_ipython_extension(get_ipython())
    with capture_output():
        pn.extension(*EXTENSIONS, comms="ipywidgets")
    pn.config.theme = "dark" if theme() == "dark" else "default"  # type: ignore[misc]  # it has a setter


class Part(pn.viewable.Viewer):
    """A view that can also stand by itself as the last line of a notebook's cell."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not pn.extension._loaded:
            start()
        return super()._repr_mimebundle_(include, exclude)


def show(view: Any | Callable[[], Any]) -> Any:
    """Put a view on the page. Write it as the last line of a cell.

    Args:
        view: a Panel object, a ``Viewer``, or a function that makes one. A function is better: it is
            called when Panel is ready for this host.

    Returns:
        What the host displays: a Jupyter widget under Voilà, the Panel object elsewhere.
    """
    start()
    if callable(view) and not isinstance(view, (pn.viewable.Viewable, pn.viewable.Viewer)):
        view = view()
    if where() == "voila":
        return _as_widget(view)
    panel = pn.panel(view)
    # Marks the view for the page under panel serve; in a notebook it changes nothing.
    panel.servable()
    return panel


def page_is_there() -> None:
    """The page has loaded, and says so."""
    global _listening
    _listening = True


def listening() -> bool:
    """Whether changes made now reach the page. Those made while it loads may be lost.

    Under ``panel serve`` this is about the page in whose callback it is asked.
    """
    return _listening if _document is not None else bool(pn.state.loaded)


@contextmanager
def on_page() -> Iterator[None]:
    """Within this, changes to views reach the page, also from a periodic callback.

    Outside an event of the page, Panel may take a change for one from a foreign thread. It then holds all
    changes back until the document's next tick, which never comes under Voilà: so they are let go here.
    """
    if _document is None:
        with pn.io.hold():
            yield
        return
    yield
    if _document.callbacks.hold_value:
        _document.unhold()


def theme_switch(**params: Any) -> pn.widgets.Button:
    """A button that opens this page again in the other colours; the browser remembers the choice."""
    name = "Light colours" if theme() == "dark" else "Dark colours"
    button = pn.widgets.Button(name=name, **params)
    button.js_on_click(code=f"const current = {json.dumps(theme())};{_SWITCH_THEME}")
    return button


def _in_kernel() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


def _request() -> dict[str, str]:
    """What the page was asked with: from our server's file, else as stock Voilà tells it."""
    if path := os.environ.get(REQUEST_FILE):
        try:
            found: dict[str, str] = json.loads(Path(path).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found
    return {"query": os.environ.get("QUERY_STRING", "")}


def _as_widget(view: Any) -> Any:
    """Wrap a view as a Jupyter widget whose document is really its own.

    ``pn.ipywidget`` sends some events to another document; making the document here avoids that.
    """
    from app.serving.page_widget import PageWidget

    global _document
    document = _document = Document()
    document._template_variables["dist_url"] = DIST_URL
    if _panel_version() < _SELF_KEEPING:
        # Without these two, pn.io.hold loses events: Panel thinks that the page is not there yet.
        pn.state._connected[document] = True
        pn.state._thread_id_[document] = threading.get_ident()
    panel: Any = pn.panel(view)
    model = panel.get_root(doc=document)
    if model.document is None:
        document.add_root(model)
    return PageWidget(model, combine_events=False)


def _panel_version() -> tuple[int, int]:
    major, minor = pn.__version__.split(".")[:2]
    return int(major), int(minor)
