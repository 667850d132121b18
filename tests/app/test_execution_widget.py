from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from app.bridge import Bridge
from app.widgets.execution import ExecutionWidget
from app.widgets.run_view import THUMBNAIL, RunView, small_copy
from lora_core import runs
from lora_core.engines.base import LaunchPlan
from lora_core.events import State
from lora_core.session import Session
from lora_core.workspace import Workspace

FAKES = Path(__file__).parents[1] / "fakes"


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge(period=0.05)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def session(home: Path) -> Session:
    return Session(Workspace(home))


@pytest.fixture
def train(session: Session) -> Iterator[Callable[..., runs.Run]]:
    """Start one of the fake trainers; what is left of it in the end is stopped."""
    made: list[runs.Run] = []

    def start(script: str, *more: str, name: str = "mylora") -> runs.Run:
        def plan(folder: Path) -> LaunchPlan:
            return LaunchPlan(
                engine="practice",
                run_dir=str(folder),
                argv=(sys.executable, str(FAKES / script), str(folder / "output"), name, *more),
                cwd=str(folder),
                output_name=name,
                folders=("output", "output/sample", "logs"),
                files={"plan/prompts.txt": "# comment\na <b>cat</b> --w 64 --d 1\n"},
            )

        run = runs.create(session.workspace.runs, plan, name=name, options_toml="", versions={})
        made.append(run)
        run.start()
        return run

    yield start
    for run in made:
        run.stop(grace=0.1)
        run.wait(20)


def until(bridge: Bridge, fits: Callable[[], bool]) -> None:
    """Be the page until something holds."""
    pause = threading.Event()
    for _ in range(1500):
        bridge.drain()
        if fits():
            return
        pause.wait(0.02)
    pytest.fail("It never came to hold.")


def press(view: Any, name: str, arg: str = "") -> None:
    view.outbox = [{"seq": view.ack + 1, "do": name, "arg": arg}]


def state(widget: ExecutionWidget) -> State | None:
    return widget.view.state if widget.view else None


def test_without_runs_it_says_what_to_do(session: Session, bridge: Bridge) -> None:
    widget = ExecutionWidget(session, bridge=bridge)
    assert "Next: choose pictures" in widget.top.text("head")


def test_a_run_is_shown_from_start_to_result(
    session: Session, bridge: Bridge, train: Callable[..., runs.Run]
) -> None:
    run = train("good.py", "6", "0.1")
    widget = ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: state(widget) is State.FINISHED)
    progress = widget.top.text("progress")
    assert 'value="6" max="6"' in progress
    assert "Finished" in progress
    assert 'data-do="stop"' not in progress
    assert str(run.plan.final_file) in widget.top.text("result")
    gallery = widget.bottom.text("gallery")
    assert "data:image/png;base64," in gallery
    assert "Preview at step 3 of “a &lt;b&gt;cat&lt;/b&gt;”, seed 1" in gallery
    assert "mylora-000001.safetensors" in widget.bottom.text("files")
    assert "model saved" in widget.bottom.text("log")


def test_a_second_page_shows_the_same_run_complete(
    session: Session, bridge: Bridge, train: Callable[..., runs.Run]
) -> None:
    train("good.py", "4", "0.01").wait(30)
    one, two = ExecutionWidget(session, bridge=bridge), ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: state(one) is State.FINISHED and state(two) is State.FINISHED)
    for slot in ("gallery", "files", "log", "earlier"):
        assert one.bottom.text(slot) == two.bottom.text(slot) != ""


def test_nothing_is_handed_over_once_a_run_has_ended(
    session: Session, bridge: Bridge, train: Callable[..., runs.Run]
) -> None:
    train("good.py", "2", "0.01").wait(30)
    widget = ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: state(widget) is State.FINISHED)
    looks = threading.Semaphore(0)
    bridge.watch("count", looks.release)
    for _ in range(3):
        assert looks.acquire(timeout=5)
    bridge.drain()
    for _ in range(5):
        assert looks.acquire(timeout=5)
    assert bridge.drain() == 0


def test_stop_asks_first_and_can_be_taken_back(
    session: Session, bridge: Bridge, train: Callable[..., runs.Run]
) -> None:
    run = train("good.py", "2000", "0.05")
    widget = ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: 'data-do="stop"' in widget.top.text("progress"))
    press(widget.top, "stop")
    assert "Stop this training?" in widget.top.text("progress")
    press(widget.top, "keep")
    assert "Stop this training?" not in widget.top.text("progress")
    assert not run.status().state.is_terminal
    press(widget.top, "stop")
    press(widget.top, "really-stop")
    assert "Stopping" in widget.top.text("progress")
    until(bridge, lambda: state(widget) is State.STOPPED)
    assert "Stopped" in widget.top.text("result")


def test_a_failed_run_says_why(session: Session, bridge: Bridge, train: Callable[..., runs.Run]) -> None:
    train("dies.py")
    widget = ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: state(widget) is State.FAILED)
    assert "Failed" in widget.top.text("result")
    assert widget.view is not None
    assert widget.view.reason
    assert escape(widget.view.reason) in widget.top.text("result")


def test_an_earlier_run_can_be_opened(
    session: Session, bridge: Bridge, train: Callable[..., runs.Run]
) -> None:
    first = train("good.py", "2", "0.01", name="first")
    first.wait(30)
    train("good.py", "2", "0.01", name="second").wait(30)
    widget = ExecutionWidget(session, bridge=bridge)
    until(bridge, lambda: widget.view is not None and widget.view.name == "second")
    press(widget.bottom, "run", first.id)
    until(bridge, lambda: widget.view is not None and widget.view.name == "first")
    assert f'data-arg="{first.id}" aria-current="true"' in widget.bottom.text("earlier")
    press(widget.bottom, "run", "no-such-run")
    assert "not there any more" in widget.top.text("said")


def test_large_previews_are_sent_small_and_keep_their_true_size(tmp_path: Path) -> None:
    Image.effect_noise((1024, 768), 80).convert("RGB").save(tmp_path / "x.png")
    source, size = small_copy(tmp_path / "x.png")
    assert size == (1024, 768)
    assert source.startswith("data:image/webp;base64,")
    assert len(source) < THUMBNAIL * THUMBNAIL


def test_a_broken_preview_is_left_out(tmp_path: Path) -> None:
    from app.widgets.run_view import Pictures

    (tmp_path / "x.png").write_bytes(b"half a picture")
    assert Pictures().of(tmp_path / "x.png") is None


def shown(session: Session, bridge: Bridge, **known: Any) -> ExecutionWidget:
    """The page of a run that is being trained, of which this is known."""
    given: dict[str, Any] = {
        "id": "x", "name": "x", "engine": "practice", "folder": session.workspace.runs, "created": 0.0,
        "ended_at": None, "state": State.TRAINING, "reason": "", "phase": "", "step": 1, "total": 100,
        "seconds_left": None, "loss": {}, "rates": {}, "previews": (), "checkpoints": (), "final": None,
        "log": "",
    }  # fmt: skip
    widget = ExecutionWidget(session, bridge=bridge)
    widget._show(RunView(**(given | known)), None)
    return widget


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "not known yet"), (20.0, "under 1 min"), (95.0, "about 2 min"), (7500.0, "about 2 h 5 min")],
)
def test_the_time_left_is_told_no_finer_than_it_is_known(
    session: Session, bridge: Bridge, seconds: float | None, words: str
) -> None:
    assert f"<dd>{words}</dd>" in shown(session, bridge, seconds_left=seconds).top.text("progress")


def test_charts_are_on_the_page_once_there_are_values(session: Session, bridge: Bridge) -> None:
    widget = shown(session, bridge)
    assert not widget._charts.visible
    steps = np.arange(1.0, 101.0)
    values = np.concatenate([[0.01], np.linspace(1.0, 0.5, 99)])
    rates = {"text part": (steps, values), "picture part (U-Net)": (steps, values)}
    widget = shown(
        session, bridge, loss={"each step": (steps, values), "smoothed": (steps, values)}, rates=rates
    )
    assert widget._charts.visible
    assert "lowest at step 100: 0.5000" in widget.about_loss.text("about_loss"), "not the first one"
    assert "picture part (U-Net) (thick)" in widget.about_rates.text("about_rates")
