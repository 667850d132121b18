"""The one hand-over from background to page.

Slow work (reading pictures, run directories) is done in one background thread. What it finds is handed
to the page by one periodic callback, because that is the one way that works under Voilà, `panel serve`
and in a notebook alike. When nothing changed, nothing is sent.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import panel as pn

from app import host

logger = logging.getLogger(__name__)

Update = Callable[[], Any]
"""A change to the page; called on the page's side."""
Work = Callable[[], "Update | None"]
"""Something slow; called in the background. What it returns is handed to the page."""

PERIOD = 0.5
"""Seconds between two looks."""


class Bridge:
    """One background thread and one hand-over. Use `bridge_for` inside a page.

    Call `start` to begin. `drain` is what the page calls; tests may call it themselves.
    """

    def __init__(self, period: float = PERIOD) -> None:
        self._period = period
        self._wake = threading.Condition()
        self._updates: list[Update] = []
        self._due: dict[str, tuple[float, Work]] = {}
        self._watched: dict[str, Work] = {}
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the background thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the background thread."""
        self._thread = threading.Thread(target=self._work, name="workbench-bridge", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. What it has not handed over yet is dropped."""
        with self._wake:
            self._ended = True
            for gathered in (self._updates, self._due, self._watched):
                gathered.clear()
            self._wake.notify()

    def soon(self, name: str, work: Work, delay: float = 0.3) -> None:
        """Do work in the background, after a pause. Asked again meanwhile, the pause begins anew."""
        with self._wake:
            self._due[name] = (time.monotonic() + delay, work)
            self._wake.notify()

    def watch(self, name: str, work: Work) -> None:
        """Do cheap work in the background again and again, once a period."""
        with self._wake:
            self._watched[name] = work
            self._wake.notify()

    def drain(self) -> int:
        """Carry out the gathered changes, on the page's side. Returns how many there were."""
        with self._wake:
            updates, self._updates = self._updates, []
        for update in updates:
            _safely(update)
        return len(updates)

    def on_page(self) -> None:
        """`drain` as a periodic callback."""
        if host.listening():
            with host.on_page():
                self.drain()

    def _work(self) -> None:
        next_look = time.monotonic()
        while True:
            with self._wake:
                until = min([next_look, *(at for at, _ in self._due.values())])
                self._wake.wait(max(0.0, until - time.monotonic()))
                if self._ended:
                    return
                jobs = self._take_due()
                if time.monotonic() >= next_look:
                    jobs += self._watched.values()
                    next_look = time.monotonic() + self._period
            for job in jobs:
                update = _safely(job)
                if update is not None:
                    with self._wake:
                        self._updates.append(update)

    def _take_due(self) -> list[Work]:
        now = time.monotonic()
        ready = [name for name, (at, _) in self._due.items() if at <= now]
        return [self._due.pop(name)[1] for name in ready]


def _safely(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception:
        # One failing look must not end all others; the log says what happened.
        logger.exception("Background work failed")
        return None


_bridges: weakref.WeakKeyDictionary[Any, Bridge] = weakref.WeakKeyDictionary()


def bridge_for(session: Any) -> Bridge:
    """The bridge of this page: one for all widgets that share a session, started with the first.

    It ends with the page's session. In a kernel it ends with the kernel.
    """
    document = pn.state.curdoc
    served = document is not None and document.session_context is not None
    page = document if served else session
    bridge = _bridges.get(page)
    if bridge is None or not bridge.alive:
        bridge = Bridge()
        bridge.start()
        _bridges[page] = bridge
        pn.state.add_periodic_callback(bridge.on_page, period=int(PERIOD * 1000))
        if served:
            pn.state.on_session_destroyed(lambda context: bridge.stop())
    return bridge
