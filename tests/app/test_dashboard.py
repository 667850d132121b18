from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bridge import Bridge
from app.dashboard import STEPS, Dashboard, step_states
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def session(home: Path) -> Session:
    return Session(Workspace(home))


@pytest.fixture
def made(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dashboard]:
    bridge = Bridge(period=0.05)
    bridge.start()
    for place in (
        "dashboard",
        "widgets.training.widget",
        "widgets.execution",
        "widgets.dataset",
        "widgets.setup",
    ):
        monkeypatch.setattr(f"app.{place}.bridge_for", lambda session: bridge)
    yield Dashboard(session, note="Something <odd> happened.")
    bridge.stop()


def press(view: Any, name: str, arg: str = "") -> None:
    view.outbox = [{"seq": view.ack + 1, "do": name, "arg": arg}]


def test_five_steps_with_emoji_name_and_one_current(made: Dashboard) -> None:
    html = made.navigation.text("steps")
    for _, emoji, name in STEPS:
        assert emoji in html
        assert name in html
    assert html.count('aria-current="page"') == 1


def test_pages_are_built_when_first_opened_and_kept(made: Dashboard) -> None:
    assert made.page == "training"
    assert len(made._content) == 1
    for key, _, _ in STEPS:
        press(made.navigation, "go", key)
        assert made.page == key
    assert len(made._content) == len(STEPS)
    press(made.navigation, "go", "training")
    assert len(made._content) == len(STEPS)
    assert [holder.visible for holder in made._content].count(True) == 1


def test_note_is_shown_escaped_until_understood(made: Dashboard) -> None:
    assert "Something &lt;odd&gt; happened." in made.navigation.text("steps")
    press(made.navigation, "understood")
    assert "happened" not in made.navigation.text("steps")


def test_colours_switch(made: Dashboard) -> None:
    assert "Dark colours" in made.navigation.text("steps")
    press(made.navigation, "theme")
    assert made.navigation.theme == "dark"
    assert "Light colours" in made.navigation.text("steps")


def test_states_of_the_steps(session: Session, tmp_path: Path) -> None:
    assert step_states(session)["execution"] == "not started"
    assert step_states(session)["dataset"] == "not started"
    session.check()
    assert step_states(session)["training"] == "needs you"
    session.options["image_dir"] = str(tmp_path / "nowhere")
    session.check()
    assert step_states(session)["dataset"] == "needs you"
