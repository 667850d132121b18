"""🚩 Setup: for now, what this machine has, and how to point the workbench at a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from app import host
from app.bridge import Bridge, Update, bridge_for
from app.components import Html, h, live_class
from app.widgets import page
from lora_core import doctor
from lora_core.doctor import Check, Health
from lora_core.session import Session

_View = live_class("SetupView", ("head", "found", "real", "coming"))

SIGNS = {Health.OK: ("✔", "Good"), Health.WARNING: ("⚠", "Warning"), Health.ERROR: ("✖", "Error")}
"""Sign and word of each outcome: never the colour alone."""


class SetupWidget(host.Part):
    """What there is on this machine. Installing comes with a later version."""

    def __init__(self, session: Session, *, bridge: Bridge | None = None, **params: Any) -> None:
        super().__init__(**params)
        self.session = session
        self.view = _View()
        self.view.on_message = lambda message: self._look_soon()
        self._bridge = bridge or bridge_for(session)
        self._show(())
        self._look_soon()

    def __panel__(self) -> Any:
        return self.view

    def _look_soon(self) -> None:
        self._bridge.soon(f"setup-{id(self)}", self._look, 0.1)

    def _look(self) -> Update:
        """In the background: it takes about half a second."""
        return partial(self._show, doctor.examine(self.session.workspace))

    def _show(self, checks: Sequence[Check]) -> None:
        self.view.write(
            head=page.head("🚩", "Setup", _practice(checks), " This page does not install anything yet."),
            found=_found(checks),
            real=self._real(),
            coming=page.card(
                "🗓️",
                "What will be here",
                "In a later version this page installs what the real training needs.",
                page.listed(
                    "The real trainer, sd-scripts, in a place of its own, with one button.",
                    "Base models, by name, with their size and licence.",
                ),
            ),
        )

    def _real(self) -> Html:
        return page.card(
            "🧰",
            "Use your own sd-scripts",
            "If you have sd-scripts installed, write its folder and its Python into the settings file below. "
            "Then choose sd-scripts under ⭐ Training.",
            h("p", h("code", self.session.workspace.settings_file, class_="break")),
            h(
                "pre",
                'sd_scripts_dir = "/path/to/sd-scripts"\nsd_scripts_python = "/path/to/its/python"',
                tabindex="0",
                role="region",
                aria_label="Example of the settings file",
            ),
            extra="stack",
        )


def _practice(checks: Sequence[Check]) -> str:
    """Whether the practice trainer is ready, in a sentence."""
    if not checks:
        return "The workbench is looking at this machine."
    needed = [check for check in checks if check.name in ("packages", "workspace", "practice")]
    if any(check.health is Health.ERROR for check in needed):
        return "The practice trainer is not ready yet. What is missing is listed below."
    return "The practice trainer is ready."


def _found(checks: Sequence[Check]) -> Html:
    return page.card(
        "🔎",
        "What is here now",
        "" if checks else "One moment.",
        h("ul", [h("li", _said(check)) for check in checks], class_="files") if checks else None,
        h("div", h("button", "Look again", type="button", data_do="look"), class_="row"),
        extra="stack",
    )


def _said(check: Check) -> tuple[Any, ...]:
    sign, word = SIGNS[check.health]
    remedy = (h("br"), check.remedy) if check.remedy else ()
    return h("b", h("span", sign, " ", aria_hidden="true"), word), f": {check.what}", *remedy
