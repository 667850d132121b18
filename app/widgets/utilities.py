"""🔧 Utilities: for now, what will be there."""

from __future__ import annotations

from typing import Any

from app import host
from app.components import h, live_class
from app.widgets import page
from lora_core.session import Session

_View = live_class("UtilitiesView", ("head", "coming"))


class UtilitiesWidget(host.Part):
    """Tools for finished LoRA files come with a later version; until then, how to get by."""

    def __init__(self, session: Session, **params: Any) -> None:
        super().__init__(**params)
        self.session = session
        self.view = _View()
        self.view.write(
            head=page.head(
                "🔧",
                "Utilities",
                "There are no tools here yet. Your finished LoRA files are listed under 🚀 Execution.",
            ),
            coming=page.card(
                "🗓️",
                "What will be here",
                "In a later version this page works on finished LoRA files.",
                page.listed(
                    "Read what a LoRA file says about itself.",
                    "Make one smaller, merge several, or take one out of two models.",
                    "Compare two trainings picture by picture.",
                ),
                h("h3", "What you can do today"),
                h(
                    "p",
                    "A finished LoRA is one file. Copy it to the LoRA folder of the program you draw with. "
                    "The sd-scripts checkout has command-line tools for resizing and merging, "
                    "in its folder networks.",
                ),
                extra="stack",
            ),
        )

    def __panel__(self) -> Any:
        return self.view
