"""🚩 Setup: for now, what is installed and how to point the workbench at a trainer."""

from __future__ import annotations

from typing import Any

import panel as pn

from app.components import Html, h, live_class
from app.widgets import page
from lora_core.errors import WorkbenchError
from lora_core.session import Session

_View = live_class("SetupView", ("head", "found", "coming"))


class SetupWidget(pn.viewable.Viewer):
    """What there is on this machine. Installing comes with a later version."""

    def __init__(self, session: Session, **params: Any) -> None:
        super().__init__(**params)
        self.session = session
        self.view = _View()
        self.view.on_message = lambda message: self._render()
        self._render()

    def __panel__(self) -> Any:
        return self.view

    def _render(self) -> None:
        self.view.write(
            head=page.head(
                "🚩",
                "Setup",
                "The practice trainer is part of the workbench and ready. This page does not install anything yet.",
            ),
            found=self._found(),
            coming=page.card(
                "🗓️",
                "What will be here",
                "In a later version this page installs what the real training needs.",
                page.listed(
                    "The real trainer, sd-scripts, in a place of its own, with one button.",
                    "Base models, by name, with their size and licence.",
                    "A check of the graphics card, its memory and the disk.",
                ),
            ),
        )

    def _found(self) -> Html:
        workspace = self.session.workspace
        try:
            places = [
                ("Folder of sd-scripts", workspace.sd_scripts_dir),
                ("Its Python", workspace.sd_scripts_python),
            ]
        except WorkbenchError as error:
            return page.card("🔎", "What is here now", "", h("p", str(error)))
        rows = []
        for name, path in places:
            sign, word = ("✔", "found") if path.exists() else ("○", "not there")
            rows.append(
                h(
                    "li",
                    f"{name}: ",
                    h("b", h("span", sign, " ", aria_hidden="true"), word),
                    h("br"),
                    h("code", path, class_="break"),
                )
            )
        return page.card(
            "🔎",
            "What is here now",
            "The practice trainer always works. These are the places where the real one is looked for.",
            h("ul", rows, class_="files"),
            h("h3", "What you can do today"),
            h(
                "p",
                "If you have sd-scripts installed, write its folder and its Python into the settings file below, "
                "as sd_scripts_dir and sd_scripts_python. Then choose sd-scripts under ⭐ Training.",
            ),
            h("p", h("code", workspace.settings_file, class_="break")),
            h(
                "pre",
                'sd_scripts_dir = "/path/to/sd-scripts"\nsd_scripts_python = "/path/to/its/python"',
                tabindex="0",
                role="region",
                aria_label="Example of the settings file",
            ),
            h("div", h("button", "Look again", type="button", data_do="look"), class_="row"),
            extra="stack",
        )
