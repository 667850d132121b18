from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bridge import Bridge
from app.widgets.training import TrainingWidget
from lora_core.options import GROUPS
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge(period=0.02)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def widget(home: Path, bridge: Bridge) -> TrainingWidget:
    return TrainingWidget(Session(Workspace(home)), bridge=bridge)


def until(bridge: Bridge, fits: Callable[[], bool]) -> None:
    """Be the page until something holds."""
    pause = threading.Event()
    for _ in range(1500):
        bridge.drain()
        if fits():
            return
        pause.wait(0.02)
    pytest.fail("It never came to hold.")


def do(widget: TrainingWidget, **message: Any) -> None:
    """What the page sends when a person does something."""
    widget.view.outbox = [{"seq": widget.view.ack + 1, **message}]


def test_every_group_has_its_card_and_there_is_one_primary_button(widget: TrainingWidget) -> None:
    texts = [widget.view.text(slot) for slot in widget.view.slots]
    html = "".join(texts)
    for kind in GROUPS:
        assert f'id="group-{kind.key()}"' in html
    assert html.count('class="primary"') == 1


def test_start_waits_for_the_check_and_then_for_the_errors(widget: TrainingWidget, bridge: Bridge) -> None:
    assert 'aria-disabled="true"' in widget.view.text("aside")
    until(bridge, lambda: "No folder with pictures" in widget.view.text("aside"))
    assert 'aria-disabled="true"' in widget.view.text("aside")
    assert "choose the pictures" in widget.view.text("head")
    assert 'aria-invalid="true"' in widget.view.text("group_dataset")


def test_practice_pictures_fill_everything_in_and_steps_are_said(
    widget: TrainingWidget, bridge: Bridge
) -> None:
    do(widget, do="practice")
    until(bridge, lambda: "16 pictures × " in widget.view.text("aside"))
    options = widget.session.options
    assert Path(options["image_dir"]).is_dir()
    assert options["trigger_word"] == "zibbit"
    assert "No folder with pictures" not in widget.view.text("aside")
    do(widget, do="set", field="num_repeats", value=str(options["num_repeats"] + 1))
    before = widget.view.text("aside")
    until(bridge, lambda: widget.view.text("aside") != before)
    assert f"× {options['num_repeats']} repeats" in widget.view.text("aside")


def test_a_half_typed_number_blocks_the_start_and_is_listed(widget: TrainingWidget) -> None:
    do(widget, do="set", field="network_dim", value="lots")
    assert "“lots” is not a number" in widget.view.text("aside")
    assert 'data-v="lots"' in widget.view.text("group_network")
    do(widget, do="start")
    assert widget.session.runs() == []


def test_one_click_fix(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="set", field="output_name", value="my lora/1")
    until(bridge, lambda: any("output_name" in p.fix for p in widget.form.problems))
    at = next(n for n, p in enumerate(widget.form.problems) if "output_name" in p.fix)
    do(widget, do="fix", arg=str(at))
    assert "/" not in widget.session.options["output_name"]
    until(bridge, lambda: not any("output_name" in p.fix for p in widget.form.problems))


def test_starting_with_errors_starts_nothing_and_says_why(widget: TrainingWidget) -> None:
    do(widget, do="start")
    assert "Error" in widget.view.text("aside")
    assert widget.session.runs() == []


def test_what_will_run_is_shown_when_it_is_opened(widget: TrainingWidget, bridge: Bridge) -> None:
    assert "accelerate" not in widget.view.text("planned")
    do(widget, do="practice")
    do(widget, do="open", arg="plan")
    until(bridge, lambda: "train.toml" in widget.view.text("planned"))


def test_choosing_the_other_trainer_checks_for_it(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    do(widget, do="set", field="engine", value="sd-scripts")
    assert widget.session.engine_name == "sd-scripts"
    until(bridge, lambda: "sd-scripts" in widget.view.text("aside"))


def test_a_preset_keeps_the_pictures(widget: TrainingWidget, tmp_path: Path) -> None:
    widget.session.options["image_dir"] = str(tmp_path)
    do(widget, do="set", field="preset", value="sd15-character")
    assert widget.session.options["image_dir"] == str(tmp_path)
    assert "Changed" in widget.view.text("group_dataset")


def test_settings_are_kept_for_next_time(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="set", field="network_dim", value="5")

    def kept() -> bool:
        other = Session(widget.session.workspace)
        other.restore()
        return bool(other.options["network_dim"] == 5)

    until(bridge, kept)


def test_a_script_that_changes_the_session_changes_the_form(widget: TrainingWidget) -> None:
    widget.session.use_preset("practice")
    assert "zibbit" in widget.view.text("group_dataset")


def test_a_check_that_breaks_is_said_on_the_page(
    widget: TrainingWidget, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(widget.session, "check", fail)
    do(widget, do="set", field="network_dim", value="5")
    until(bridge, lambda: "disk on fire" in widget.view.text("aside"))
