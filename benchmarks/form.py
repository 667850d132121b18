"""How quick the training form is with everything open, beside Panel's own form of the same options.

Both are served by our server, to a page that shows nothing else. Prints, for each of some rounds taken in
turn and as medians: seconds from opening the page until its last field is there and a first change is
answered, and milliseconds from leaving a changed field until the page shows the answer. The last lines are
ratios to ``pn.Param`` of the same run: other load on the machine hits both.

    python benchmarks/form.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.startup import FLAGS, Server
from lora_core.options import TrainingOptions

CHANGES = 9
LONG = 120_000
FAILED = "The dashboard could not be opened"
SPARE_SECONDS = 10
"""What a server gets to make its next spare kernel ready."""

OURS = """
from app import host
from app.widgets.training import TrainingWidget
from lora_core.options import GROUPS
from lora_core.session import Session

def view():
    widget = TrainingWidget(Session())
    widget.form.opened |= {group.key() for group in GROUPS}
    widget._render()
    return widget.view

host.show(view)
"""

# A number that may be empty would become a slider without a value, which Bokeh cannot draw.
PLAIN = """
import panel as pn
from app import host
from lora_core.options import TrainingOptions

BOXES = {"integer": pn.widgets.IntInput, "number": pn.widgets.FloatInput}

def form(group, options):
    shown = [o for o in group.options() if options.applies(o.name)]
    boxes = {o.name: BOXES[o.kind] for o in shown if o.kind in BOXES}
    return pn.Param(group, name=group.title, parameters=[o.name for o in shown], widgets=boxes)

def view():
    options = TrainingOptions()
    answer = pn.pane.Str("rank is 16")
    options.network.param.watch(lambda event: answer.param.update(object=f"rank is {event.new}"), "network_dim")
    return pn.Column(*(form(group, options) for group in options.groups.values()), answer)

host.show(view)
"""

Change = Callable[[int], float]
"""Changes the rank; gives the seconds until the page shows the answer."""


def open_ours(page: Any) -> Change:
    """Wait for our form."""
    rank = page.locator("#f-network_dim")
    wait(page, page.locator(f"#f-{_last()}"))
    # Set by what Python answers, not by what is typed.
    return changer(page, rank, rank.element_handle(), "at.dataset.v === String(value)")


def open_plain(page: Any) -> Change:
    """Wait for Panel's form."""
    rank = page.get_by_label(TrainingOptions.option("network_dim").label, exact=True)
    # By its text: Panel ties no label to a checkbox.
    wait(page, page.get_by_text(TrainingOptions.option(_last()).label, exact=True))
    shown = page.get_by_text("rank is 16").evaluate_handle("element => element.getRootNode()")
    return changer(page, rank, shown, "at.textContent.includes(`rank is ${value}`)")


def _last() -> str:
    """The last option that both forms show."""
    options = TrainingOptions()
    return [option.name for option in options if options.applies(option.name)][-1]


def wait(page: Any, field: Any) -> None:
    """Wait for the last field.

    Raises:
        RuntimeError: the notebook's cell failed.
    """
    failed = page.get_by_role("heading", name=FAILED)
    field.or_(failed).first.wait_for(timeout=LONG)
    if failed.is_visible():
        raise RuntimeError(FAILED)


def changer(page: Any, field: Any, place: Any, answered: str) -> Change:
    """How to change a field: ``answered`` is JavaScript about ``place`` (there: ``at``) and the ``value``."""

    def change(value: int) -> float:
        field.fill(str(value))
        began = time.perf_counter()
        field.press("Tab")
        page.wait_for_function(
            f"([at, value]) => {answered}", arg=[place, value], polling="raf", timeout=LONG
        )
        return time.perf_counter() - began

    return change


def measure(browser: Any, server: Server, opened: Callable[[Any], Change]) -> dict[str, float]:
    """One page: how long until it is there, and until a change is answered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(server.url)
    change = opened(page)
    change(32)
    usable = time.perf_counter() - began
    answers = []
    for number in range(CHANGES):
        time.sleep(1)  # what follows a change in the background is over, as between two changes of a person
        answers.append(change(40 + number))
    page.close(run_before_unload=True)
    context.close()
    return {"page s": usable, "change ms": statistics.median(answers) * 1e3}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the training form beside Panel's own.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    from playwright.sync_api import sync_playwright

    ways = {"ours": (OURS, open_ours), "plain": (PLAIN, open_plain)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        servers = {kind: _server(kind, source, Path(name)) for kind, (source, _) in ways.items()}
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        kind = ""
        try:
            for number in range(rounds):
                for kind, (_, opened) in ways.items():
                    time.sleep(SPARE_SECONDS)
                    found[kind].append(measure(browser, servers[kind], opened))
                    row = "  ".join(f"{key} {value:.2f}" for key, value in found[kind][-1].items())
                    print(f"round {number + 1}  {kind:6}{row}", flush=True)
        except RuntimeError as error:
            raise SystemExit(f"{kind}: {error}\n{servers.pop(kind).end()}") from error
        finally:
            browser.close()
            for server in servers.values():
                server.end()
    middle = {
        kind: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for kind, rows in found.items()
    }
    for kind, values in middle.items():
        print(f"median   {kind:6}" + "  ".join(f"{key} {value:.2f}" for key, value in values.items()))
    for key, value in middle["ours"].items():
        print(f"ratio ours / plain, {key.rsplit(' ', 1)[0]}: {value / middle['plain'][key]:.2f}")


def _server(kind: str, source: str, folder: Path) -> Server:
    """Our server of a notebook with that one cell."""
    book = folder / f"{kind}.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), book)
    return Server("ours", folder / kind, book)


if __name__ == "__main__":
    main()
