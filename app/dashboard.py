"""The five pages and the way between them. Assembly only."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import panel as pn

from app import host
from app.bridge import Update, bridge_for
from app.components import Html, Message, h, live_class
from app.widgets.dataset import DatasetWidget
from app.widgets.execution import ExecutionWidget
from app.widgets.setup import SetupWidget
from app.widgets.training import TrainingWidget
from app.widgets.utilities import UtilitiesWidget
from lora_core.errors import Level
from lora_core.events import State
from lora_core.session import Session

STEPS = (
    ("setup", "🚩", "Setup"),
    ("dataset", "📊", "Dataset"),
    ("training", "⭐", "Training"),
    ("execution", "🚀", "Execution"),
    ("utilities", "🔧", "Utilities"),
)
"""Key, emoji and name of each page, in the order of work."""

_OF_SETUP = (("engine",), ("sd_scripts_dir",), ("sd_scripts_python",))
"""What problems are about that are settled on the Setup page."""
_SIGNS = {"not started": "○", "ready": "✔", "running": "▶", "done": "✔", "needs you": "●"}
_Navigation = live_class("Navigation", ("steps",))

_LAYOUT = """
:host { display: grid !important; grid-template-columns: 15rem minmax(0, 64rem); gap: 1.5rem; justify-content: center;
  padding: 1.5rem; box-sizing: border-box; align-items: start; background: var(--wb-bg); min-height: 100vh; }
:host > * { min-width: 0; }
:host > .workbench-steps { position: sticky; top: 1.5rem; }
@media (max-width: 800px) { :host { grid-template-columns: minmax(0, 1fr); padding: .75rem; gap: .75rem; }
  :host > .workbench-steps { position: static; } }
"""
_STATES_PERIOD = 2.0


class Dashboard(host.Part):
    """All widgets over one session. Each page is built when it is first opened.

    Args:
        session: what everything works on.
        note: something to tell at the start, such as settings that could not be read.
    """

    def __init__(self, session: Session, note: str = "", **params: Any) -> None:
        super().__init__(**params)
        self.session = session
        self._note = note
        self._pages: dict[str, Any] = {}
        self._states: dict[str, str] = {}
        self._next_look = 0.0
        self._builders: dict[str, Callable[[], Any]] = {
            "setup": partial(SetupWidget, session),
            "dataset": partial(DatasetWidget, session),
            "training": partial(TrainingWidget, session, self._started),
            "execution": partial(ExecutionWidget, session),
            "utilities": partial(UtilitiesWidget, session),
        }
        self.navigation = _Navigation(css_classes=["workbench-steps"])
        self.navigation.on_message = self._take
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._layout = pn.Column(
            self.navigation, self._content, stylesheets=[_LAYOUT], sizing_mode="stretch_width", margin=0
        )
        run = session.current
        self.page = ""
        self.go("execution" if run is not None and not run.status().state.is_terminal else "training")
        bridge_for(session).watch(f"steps-{id(self)}", self._look)

    def __panel__(self) -> Any:
        return self._layout

    def go(self, name: str) -> None:
        """Show a page."""
        if name == self.page:
            return
        self.page = name
        if name not in self._pages:
            self._pages[name] = self._builders[name]()
            self._content.append(
                pn.Column(self._pages[name], sizing_mode="stretch_width", margin=0, name=name)
            )
        for holder in self._content:
            holder.visible = holder.name == name
        self._render()

    def _started(self, run: Any) -> None:
        self.go("execution")
        self._pages["execution"].open(run)

    def _take(self, message: Message) -> None:
        if message.do == "go":
            self.go(message.arg)
        elif message.do == "theme":
            self.use_theme("light" if self.navigation.theme == "dark" else "dark")
        elif message.do == "understood":
            self._note = ""
            self._render()

    def use_theme(self, name: str) -> None:
        """Light or dark, at once."""
        self.navigation.theme = name
        if "execution" in self._pages:
            self._pages["execution"].use_theme(name)
        self._render()

    # What state each step is in

    def _look(self) -> Update | None:
        """In the background: the state of each step; None if none changed."""
        if time.monotonic() < self._next_look:
            return None
        self._next_look = time.monotonic() + _STATES_PERIOD
        states = step_states(self.session)
        return partial(self._show_states, states) if states != self._states else None

    def _show_states(self, states: dict[str, str]) -> None:
        self._states = states
        self._render()

    def _render(self) -> None:
        other = "light" if self.navigation.theme == "dark" else "dark"
        items = [h("li", self._step(*step), data_key=step[0]) for step in STEPS]
        self.navigation.write(
            steps=h(
                "div",
                h("p", "LoRA Workbench", class_="brand"),
                h("nav", h("ol", items, class_="steps"), aria_label="Pages"),
                h(
                    "div",
                    h(
                        "button",
                        h("span", "☾ " if other == "dark" else "☀ ", aria_hidden="true"),
                        f"{other.capitalize()} colours",
                        type="button",
                        data_do="theme",
                    ),
                    class_="foot",
                ),
                self._noted(),
            )
        )

    def _noted(self) -> Html | None:
        if not self._note:
            return None
        return h(
            "div",
            h("p", h("span", "⚠ ", aria_hidden="true"), h("span", "Warning: ", class_="word"), self._note),
            h("button", "Understood", type="button", data_do="understood"),
            class_="notice warning",
            role="status",
        )

    def _step(self, key: str, emoji: str, name: str) -> Html:
        state = self._states.get(key, "")
        return h(
            "button",
            h("span", emoji, aria_hidden="true"),
            h("span", name),
            h("span", f"{_SIGNS[state]} " if state else "…", h("span", state, class_="word"), class_="how"),
            type="button",
            data_do="go",
            data_arg=key,
            aria_current="page" if key == self.page else None,
        )


def step_states(session: Session) -> dict[str, str]:
    """The state of each step in a word. Reads the disk."""
    run = session.current
    state = run.status().state if run else None
    errors = [p for p in session.problems or () if p.level is Level.ERROR]
    about_engine = any(p.fields[:1] in _OF_SETUP for p in errors)
    about_pictures = any(p.fields[:1] == ("image_dir",) for p in errors)
    if state is None:
        execution = "not started"
    elif not state.is_terminal:
        execution = "running"
    else:
        execution = "needs you" if state in (State.FAILED, State.INTERRUPTED) else "done"
    chosen = bool(session.options["image_dir"])
    return {
        "setup": "needs you" if about_engine else "ready",
        "dataset": ("needs you" if about_pictures else "ready") if chosen else "not started",
        "training": "needs you" if errors else "ready",
        "execution": execution,
        "utilities": "not started",
    }


def dashboard(session: Session | None = None) -> Dashboard:
    """Everything on one page.

    Args:
        session: what to work on; by default a new one that takes up the settings of last time.
    """
    if session is not None:
        return Dashboard(session)
    session = Session()
    return Dashboard(session, session.restore())


__all__ = ["STEPS", "Dashboard", "dashboard", "step_states"]
