"""The Execution page while a training runs: curves that grow and can be zoomed, and few messages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.base import LaunchPlan

PROJECT = Path(__file__).resolve().parents[2]
FAKES = PROJECT / "tests" / "fakes"
LONG = 90_000
"""Milliseconds that anything on the page may take on a busy machine."""

FRAMES_AN_UPDATE = 15
"""Websocket frames for what changed on the page at one moment. Three parts of one message are needed, and
now and then the list of runs or of pages changes too. jupyter_bokeh by itself took 136."""

# The steps that the first chart draws, and the range it shows.
CHART = """() => {
  for (const document of Bokeh.documents) {
    const figure = [...document._all_models.values()].find((one) => one.type.endsWith('Figure'));
    if (!figure) continue;
    const data = figure.renderers.find((one) => one.glyph.type === 'Line').data_source.data;
    const steps = [...(data.get ? data.get('step') : data.step)];
    return {steps, start: figure.x_range.start, end: figure.x_range.end};
  }
  return {steps: []};
}"""
# The step that the progress bar shows.
STEP = """() => {
  const find = (at) => {
    if (at.nodeName === 'PROGRESS') return at.value;
    for (const one of [...(at.shadowRoot ? at.shadowRoot.children : []), ...at.children]) {
      const found = find(one);
      if (found !== null) return found;
    }
    return null;
  };
  return find(document.body);
}"""

pytestmark = pytest.mark.browser


@pytest.fixture
def train() -> Iterator[Callable[..., runs.Run]]:
    """Start the fake trainer that logs; what is left of it in the end is stopped."""
    made: list[runs.Run] = []

    def start(home: Path, *more: str) -> runs.Run:
        def plan(folder: Path) -> LaunchPlan:
            return LaunchPlan(
                engine="practice",
                run_dir=str(folder),
                argv=(sys.executable, str(FAKES / "scalars.py"), str(folder / "output"), "live", *more),
                cwd=str(folder),
                output_name="live",
                folders=("output", "output/sample", "logs"),
                files={},
            )

        run = runs.create(home / "runs", plan, name="live", options_toml="", versions={})
        made.append(run)
        run.start()
        return run

    yield start
    for run in made:
        run.stop(grace=0.5)
        run.wait(30)


def open_execution(page: Any) -> None:
    page.get_by_role("navigation").get_by_role("button", name="Execution").click(timeout=LONG)
    page.get_by_role("heading", name="Execution", level=1).wait_for(timeout=LONG)
    page.get_by_role("heading", name="Learning rate", exact=True).filter(visible=True).wait_for(timeout=LONG)


def steps_until(page: Any, fits: str, argument: Any = None) -> dict[str, Any]:
    """What the chart shows, once that fits: a JavaScript expression of ``chart`` and ``given``."""
    wait = f"(given) => {{ const chart = ({CHART})(); return {fits} }}"
    page.wait_for_function(wait, arg=argument, timeout=LONG, polling=100)
    shown: dict[str, Any] = page.evaluate(CHART)
    return shown


def tool(page: Any, title: str) -> None:
    """Press a button of the first chart's toolbar, which is there while the mouse is over the chart."""
    page.locator(".bk-Figure").first.hover()
    page.locator(f'[title^="{title}"]').first.click(timeout=LONG)


def zoom_in(page: Any, times: int) -> None:
    tool(page, "Wheel Zoom")
    box = page.locator(".bk-Figure").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(times):
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(50)


def test_a_live_run_takes_few_messages_and_the_page_sends_nothing_back(
    server: Any, visit: Any, train: Callable[..., runs.Run]
) -> None:
    train(server.home, "5000", "0.2")
    page = visit(server.start)
    frames: list[str] = []

    def count(socket: Any) -> None:
        socket.on("framesent", lambda frame: frames.append("sent"))
        socket.on("framereceived", lambda frame: frames.append("received"))

    page.on("websocket", count)
    page.reload()
    open_execution(page)
    before = steps_until(page, "chart.steps.length > 3")["steps"][-1]
    # The sizes of the charts are told once, when they are first drawn.
    page.wait_for_timeout(1000)
    page.evaluate(f"() => {{ window.seen = new Set(); setInterval(() => seen.add(({STEP})()), 50) }}")
    frames.clear()
    page.wait_for_function("() => window.seen.size > 10", timeout=LONG, polling=100)
    counted = list(frames)
    updates = page.evaluate("window.seen.size")
    assert len(counted) <= FRAMES_AN_UPDATE * updates
    assert counted.count("sent") <= 2
    steps_until(page, "chart.steps.at(-1) > given", before + 10)


def test_a_zoom_shows_single_steps_stays_while_the_run_goes_on_and_ends_with_reset(
    server: Any, visit: Any, train: Callable[..., runs.Run]
) -> None:
    train(server.home, "9000", "0.2", "6000")
    page = visit(server.start)
    open_execution(page)
    whole = steps_until(page, "chart.steps.at(-1) >= 6000")
    assert len(whole["steps"]) < 2100, "a long curve is drawn with fewer points"
    zoom_in(page, 8)
    # The window changes at once; what it shows in detail comes a moment later.
    fits = "chart.steps[0] >= chart.start - 2 && chart.steps.at(-1) <= chart.end + 2"
    single = steps_until(page, f"chart.steps.length > 2 && chart.end - chart.start < 500 && {fits}")
    assert single["steps"] == list(range(single["steps"][0], single["steps"][-1] + 1))

    now = page.evaluate(STEP)
    page.wait_for_function(f"(given) => ({STEP})() > given + 10", arg=now, timeout=LONG, polling=100)
    later = page.evaluate(CHART)
    assert (later["start"], later["end"]) == (single["start"], single["end"])
    assert later["steps"] == single["steps"]

    tool(page, "Reset")
    again = steps_until(page, "chart.steps[0] === 1 && chart.steps.at(-1) > 6000")
    steps_until(page, "chart.steps.at(-1) > given && chart.end > given", again["steps"][-1] + 5)


def test_the_curves_are_there_under_panel_serve(
    tmp_path: Path, visit: Any, train: Callable[..., runs.Run]
) -> None:
    train(tmp_path / "home", "5000", "0.2")
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "LORA_WORKBENCH_HOME": str(tmp_path / "home")}
    book = str(PROJECT / "dashboard.ipynb")
    command = [sys.executable, "-m", "panel", "serve", book, "--port", "0", "--address", "127.0.0.1"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        url = next(found.group() for line in lines if (found := re.search(r"http://127\S+", line)))
        page = visit(url)
        open_execution(page)
        first = steps_until(page, "chart.steps.length > 3")["steps"]
        steps_until(page, "chart.steps.at(-1) > given", first[-1] + 5)
        page.close()
    finally:
        process.terminate()
        process.communicate(timeout=30)
