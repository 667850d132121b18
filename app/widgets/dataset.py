"""📊 Dataset: for now, what the chosen folder holds."""

from __future__ import annotations

from functools import partial
from typing import Any

from app import host
from app.bridge import Bridge, Update, bridge_for
from app.components import Html, h, live_class
from app.widgets import page, words
from lora_core.datasets.scan import DatasetScan
from lora_core.errors import WorkbenchError
from lora_core.session import Session

_View = live_class("DatasetView", ("head", "found", "coming"))


class DatasetWidget(host.Part):
    """What the chosen folder holds. Editing captions comes with a later version."""

    def __init__(self, session: Session, *, bridge: Bridge | None = None, **params: Any) -> None:
        super().__init__(**params)
        self.session = session
        self.view = _View()
        self.view.on_message = lambda message: self._look_soon()
        self._bridge = bridge or bridge_for(session)
        session.param.watch(lambda event: self._look_soon(), "changed")
        self._show(None, "")
        self._look_soon()

    def __panel__(self) -> Any:
        return self.view

    def _look_soon(self) -> None:
        self._bridge.soon(f"dataset-{id(self)}", self._look, 0.1)

    def _look(self) -> Update:
        try:
            return partial(self._show, self.session.scan(), "")
        except WorkbenchError as error:
            return partial(self._show, None, str(error))

    def _show(self, found: DatasetScan | None, error: str) -> None:
        folder = self.session.options["image_dir"]
        chosen = (
            f"The pictures for the next training are in {folder}."
            if folder
            else "No picture folder is chosen yet. Next: choose one under ⭐ Training."
        )
        self.view.write(
            head=page.head("📊", "Dataset", chosen),
            found=_found(found, error) if folder else "",
            coming=page.card(
                "🗓️",
                "What will be here",
                "In a later version you prepare your pictures on this page.",
                page.listed(
                    "Add pictures, and see those that are too small, broken or there twice.",
                    "Write captions by hand, or have them proposed.",
                    "See how the trainer will crop and group your pictures.",
                ),
                h("h3", "What you can do today"),
                h(
                    "p",
                    "Put your pictures into one folder. Beside each, put a text file with the same name that "
                    "describes it: cat.png and cat.txt. Then give that folder under ⭐ Training.",
                ),
                extra="stack",
            ),
        )


def _found(found: DatasetScan | None, error: str) -> Html:
    if found is None:
        return page.card(
            "🔎",
            "What the folder holds",
            error or "The folder cannot be seen yet.",
            h("button", "Look again", type="button", data_do="look"),
        )
    captioned = sum(picture.caption is not None for picture in found.pictures)
    facts = [
        ("Pictures", f"{len(found.pictures):,}"),
        ("With a caption", f"{captioned:,}"),
        ("Cannot be read", f"{len(found.unreadable):,}"),
    ]
    sizes = sorted({(p.width, p.height) for p in found.pictures})
    text = ""
    if sizes:
        low, high = (f"{width} × {height}" for width, height in (sizes[0], sizes[-1]))
        text = f"{words.number(len(sizes), 'size')} of picture, from {low} to {high} pixels."
    return page.card(
        "🔎",
        "What the folder holds",
        text,
        h("dl", [h("div", h("dt", name), h("dd", value)) for name, value in facts], class_="figures"),
        h("div", h("button", "Look again", type="button", data_do="look"), class_="row"),
        extra="stack",
    )
