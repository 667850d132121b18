"""The whole way in a real browser: from a click to a LoRA, through the real server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.base import LaunchPlan
from lora_core.engines.practice.base_model import BASE_DIR
from lora_core.engines.practice.config import base_flaw
from lora_core.events import State

LONG = 90_000
"""Milliseconds that a first page may take on a busy machine."""
FAKES = Path(__file__).parents[1] / "fakes"

needs_base = pytest.mark.skipif(
    base_flaw(BASE_DIR) is not None, reason="The practice base model is not there."
)


def go(page: Any, name: str) -> None:
    """Open a page by its step."""
    page.get_by_role("navigation").get_by_role("button", name=name).click(timeout=LONG)
    page.get_by_role("heading", name=name, level=1).wait_for(timeout=LONG)


def start_fake(home: Path, *more: str, name: str) -> runs.Run:
    """A run of the well-behaved fake trainer, started by a script and not by the page."""

    def plan(folder: Path) -> LaunchPlan:
        return LaunchPlan(
            engine="practice",
            run_dir=str(folder),
            argv=(sys.executable, str(FAKES / "good.py"), str(folder / "output"), name, *more),
            cwd=str(folder),
            output_name=name,
            folders=("output", "output/sample", "logs"),
            files={"plan/prompts.txt": "a zibbit on a red background --w 64\n"},
        )

    run = runs.create(home / "runs", plan, name=name, options_toml="", versions={})
    run.start()
    return run


@pytest.fixture(autouse=True)
def nothing_left_running(server: Any) -> Iterator[None]:
    yield
    for run in runs.list_runs(server.home / "runs"):
        run.stop(grace=0.5)
        run.wait(30)


def test_a_number_is_typed_refused_corrected_and_set_back(server: Any, visit: Any) -> None:
    page = visit(server.start)
    go(page, "Training")
    rank = page.get_by_role("textbox", name="Rank (dim)")
    rank.fill("many")
    rank.press("Tab")
    page.get_by_text("“many” is not a number.").first.wait_for(timeout=LONG)
    assert rank.input_value() == "many"
    rank.fill("7")
    rank.press("Tab")
    page.get_by_text("“many” is not a number.").first.wait_for(state="detached", timeout=LONG)
    back = page.get_by_role("button", name="Back to default: Rank (dim)")
    back.click()
    back.wait_for(state="detached", timeout=LONG)
    assert rank.input_value() == "16"


def test_more_settings_open_by_keyboard_and_keep_the_focus(server: Any, visit: Any) -> None:
    page = visit(server.start)
    go(page, "Training")
    fold = page.get_by_role("region", name="Network").locator("summary", has_text="More settings").first
    fold.focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Neuron dropout").wait_for(timeout=LONG)
    assert fold.evaluate("e => e.getRootNode().activeElement === e")


def test_colours_switch_at_once_and_stay_after_a_reload(server: Any, visit: Any) -> None:
    page = visit(server.start)
    page.get_by_role("button", name="Dark colours").click(timeout=LONG)
    page.get_by_role("button", name="Light colours").wait_for(timeout=LONG)
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--wb-ink').trim()"
    assert page.evaluate(colour) == "#e9e9ec"
    page.reload()
    page.get_by_role("button", name="Light colours").wait_for(timeout=LONG)
    assert page.evaluate(colour) == "#e9e9ec"


def test_phone_width_does_not_scroll_sideways(server: Any, visit: Any) -> None:
    page = visit(server.start, width=390, height=844)
    for name in ("Training", "Execution", "Setup", "Dataset", "Utilities"):
        go(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_run_started_elsewhere_is_shown_after_a_reload_and_can_be_stopped(
    server: Any, visit: Any, close_tab: Callable[[Any], None]
) -> None:
    run = start_fake(server.home, "3000", "0.05", name="elsewhere")
    page = visit(server.start)
    page.get_by_role("heading", name="elsewhere").wait_for(timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).wait_for(timeout=LONG)
    close_tab(page)
    assert not run.status().state.is_terminal
    page = visit(server.start)
    page.get_by_role("heading", name="elsewhere").wait_for(timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).click(timeout=LONG)
    page.get_by_role("button", name="Stop now").click(timeout=LONG)
    page.get_by_text("Stopped").filter(visible=True).first.wait_for(timeout=LONG)
    assert run.wait(60) is State.STOPPED


@needs_base
@pytest.mark.timeout(900)
def test_from_click_to_lora_with_the_tab_closed_in_between(
    server: Any, visit: Any, close_tab: Callable[[Any], None]
) -> None:
    page = visit(server.start)
    go(page, "Training")
    page.get_by_role("button", name="Use the practice pictures").click(timeout=LONG)
    page.get_by_text("16 pictures × 10 repeats").first.wait_for(timeout=LONG)
    for name, number in (("Repeats", "5"), ("Epochs", "2")):  # half a minute, enough to close the tab in
        field = page.get_by_role("textbox", name=name, exact=True)
        field.fill(number)
        field.press("Tab")
    page.get_by_text("16 pictures × 5 repeats").first.wait_for(timeout=LONG)
    page.get_by_text("× 2 epochs").first.wait_for(timeout=LONG)
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("heading", name="Execution", level=1).wait_for(timeout=LONG)
    page.get_by_role("heading", name="Loss").wait_for(timeout=300_000)
    assert page.locator(".bk-Canvas, canvas").count() >= 1
    page.get_by_role("img", name="Preview").first.wait_for(timeout=300_000)

    run = runs.list_runs(server.home / "runs")[0]
    close_tab(page)
    assert not run.status().state.is_terminal or run.plan.final_file.is_file()
    page = visit(server.start)
    go(page, "Execution")
    page.get_by_role("heading", name="Loss").wait_for(timeout=LONG)
    page.get_by_text("Finished").filter(visible=True).first.wait_for(timeout=600_000)
    page.get_by_text(str(run.plan.final_file)).filter(visible=True).first.wait_for(timeout=LONG)
    assert run.plan.final_file.is_file()


@needs_base
@pytest.mark.timeout(600)
def test_a_practice_run_can_be_stopped(server: Any, visit: Any) -> None:
    page = visit(server.start)
    go(page, "Training")
    page.get_by_role("button", name="Use the practice pictures").click(timeout=LONG)
    page.get_by_text("16 pictures × 10 repeats").first.wait_for(timeout=LONG)
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("button", name="Stop", exact=True).click(timeout=LONG)
    page.get_by_role("button", name="Stop now").click(timeout=LONG)
    run = runs.list_runs(server.home / "runs")[0]
    assert run.wait(120) is State.STOPPED
    page.get_by_text("Stopped").filter(visible=True).first.wait_for(timeout=LONG)


def test_a_setting_is_found_and_gone_to_by_keyboard(server: Any, visit: Any) -> None:
    page = visit(server.start)
    page.get_by_role("navigation").get_by_role("button", name="Training").click(timeout=LONG)
    way = page.get_by_role("button", name="min_snr_gamma")
    page.get_by_label("Search", exact=True).fill("min snr gamma", timeout=LONG)
    way.focus(timeout=LONG)
    page.keyboard.press("Enter")
    field = page.get_by_label("Min-SNR gamma", exact=True)
    field.wait_for(timeout=LONG)
    page.wait_for_function(
        """() => { let at = document.activeElement; while (at?.shadowRoot) at = at.shadowRoot.activeElement;
        return at?.id === 'f-min_snr_gamma'; }""",
        timeout=LONG,
    )
    box = field.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < page.viewport_size["height"]
