"""How quick the training form is with everything open, beside Panel's own form of the same options.

Both are served by our server. Prints, for each of some rounds taken in turn and as medians: seconds from
opening the page until the last field is there, and milliseconds from a changed value to its answer. The
last lines are ratios to ``pn.Param`` of the same run: other load on the machine hits both.

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

CHANGES = 8
LONG = 120_000

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

PLAIN = """
import panel as pn
from app import host
from lora_core.options import GROUPS

def view():
    groups = [group(name=group.title) for group in GROUPS]
    rank = next(group for group in groups if hasattr(group, "network_dim"))
    answer = pn.bind(lambda value: f"rank is {value}", rank.param.network_dim)
    names = [[option.name for option in kind.options()] for kind in GROUPS]
    forms = [pn.Param(group, parameters=wanted) for group, wanted in zip(groups, names, strict=True)]
    return pn.Column(*forms, pn.pane.Str(answer))

host.show(view)
"""


def open_ours(page: Any) -> Callable[[int], None]:
    """Wait for our form; gives what changes the rank and waits for the answer."""
    page.get_by_text("More settings").last.wait_for(timeout=LONG)
    page.locator("#f-num_processes").wait_for(timeout=LONG)
    rank = page.locator("#f-network_dim")
    note = page.locator('[data-key="field-network_dim"] .note, [data-key="field-network_dim"] .mark')

    def change(value: int) -> None:
        rank.fill(str(value))
        rank.press("Tab")
        note.get_by_text("Default: 16").wait_for(timeout=LONG)
        page.locator(f'#f-network_dim[data-v="{value}"]').wait_for(timeout=LONG)

    return change


def open_plain(page: Any) -> Callable[[int], None]:
    """The same for Panel's form."""
    page.get_by_text("rank is 16").wait_for(timeout=LONG)
    rank = page.get_by_role("spinbutton", name="Rank (dim)")
    rank.wait_for(timeout=LONG)

    def change(value: int) -> None:
        rank.fill(str(value))
        rank.press("Enter")
        page.get_by_text(f"rank is {value}").wait_for(timeout=LONG)

    return change


def measure(browser: Any, server: Server, opened: Callable[[Any], Callable[[int], None]]) -> dict[str, float]:
    """One page: how long until it is there, and until a change is answered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(server.url)
    change = opened(page)
    usable = time.perf_counter() - began
    change(32)
    answers = []
    for number in range(CHANGES):
        began = time.perf_counter()
        change(40 + number)
        answers.append(time.perf_counter() - began)
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
        folder = Path(name)
        servers = {kind: _server(kind, source, folder) for kind, (source, _) in ways.items()}
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        time.sleep(12)  # each server gets a spare kernel ready
        for number in range(rounds):
            for kind, (_, opened) in ways.items():
                found[kind].append(measure(browser, servers[kind], opened))
                row = "  ".join(f"{key} {value:.2f}" for key, value in found[kind][-1].items())
                print(f"round {number + 1}  {kind:6}{row}", flush=True)
                time.sleep(8)
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
    book = folder / f"{kind}.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), book)
    return Server("ours", folder / kind, book)


if __name__ == "__main__":
    main()
