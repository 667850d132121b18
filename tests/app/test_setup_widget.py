from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bridge import Bridge
from app.widgets import setup
from app.widgets.setup import SetupWidget
from lora_core import doctor
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge(period=0.01)
    made.start()
    yield made
    made.stop()


def looked(widget: SetupWidget, bridge: Bridge) -> str:
    """The page's text once the look at the machine has been handed over."""
    pause = threading.Event()
    for _ in range(1000):
        if bridge.drain():
            break
        pause.wait(0.01)
    return widget.view.text("head") + widget.view.text("found")


def test_nothing_is_claimed_before_the_machine_was_looked_at(home: Path, bridge: Bridge) -> None:
    widget = SetupWidget(Session(Workspace(home)), bridge=bridge)
    text = widget.view.text("head") + widget.view.text("found")
    assert "is looking at this machine" in text
    assert "ready" not in text


def test_the_page_says_what_the_doctor_finds(home: Path, bridge: Bridge) -> None:
    workspace = Workspace(home)
    text = looked(SetupWidget(Session(workspace), bridge=bridge), bridge)
    assert "The practice trainer is ready." in text
    for check in doctor.examine(workspace):
        assert setup.SIGNS[check.health][1] in text
        if check.name not in ("disk", "memory"):  # these may differ from one moment to the next
            assert setup.h("li", check.what)[4:-5] in text
    assert str(home) in text


def test_without_a_workspace_practice_is_not_said_to_be_ready(tmp_path: Path, bridge: Bridge) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    text = looked(SetupWidget(Session(Workspace(tmp_path / "file" / "home")), bridge=bridge), bridge)
    assert "not ready yet" in text
    assert "LORA_WORKBENCH_HOME" in text


def test_the_look_is_made_off_the_pages_thread_and_again_when_asked(
    home: Path, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(
        doctor, "LOOKS", (lambda workspace: threads.append(threading.current_thread()) or (),)
    )
    widget = SetupWidget(Session(Workspace(home)), bridge=bridge)
    looked(widget, bridge)
    widget.view.outbox = [{"seq": 1, "do": "look", "arg": ""}]
    looked(widget, bridge)
    assert len(threads) == 2
    assert threading.current_thread() not in threads
