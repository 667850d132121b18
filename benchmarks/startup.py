"""How long until the page can be used, beside ``panel serve`` with the same view.

Prints, for each of some rounds taken in turn and as medians: seconds from starting the server to its
address, seconds from opening the page to the first answered click, and milliseconds of a later click.
The last lines are ratios to ``panel serve`` of the same run: other load on the machine hits both.

    python benchmarks/startup.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

PROJECT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
CLICKS = 10

VIEW = """
import panel as pn
from app import host

def view():
    button = pn.widgets.Button(name="Add one")
    said = pn.pane.Str("clicked 0 times")
    count = 0

    def add(_):
        nonlocal count
        count += 1
        said.object = f"clicked {count} times"

    button.on_click(add)
    return pn.Column(button, said)

host.show(view)
"""

OURS = """
import sys
sys.path.insert(0, {project!r})
from pathlib import Path
from app.server import serve
serve(0, open_browser=False, notebook=Path({book!r}))
"""


class Server:
    """One server, timed from its start."""

    def __init__(self, kind: str, folder: Path, book: Path) -> None:
        token = secrets.token_urlsafe(24)
        env = {**os.environ, "LORA_WORKBENCH_HOME": str(folder / "home"), "PYTHONPATH": str(PROJECT)}
        env["LORA_WORKBENCH_TOKEN"] = token
        began = time.perf_counter()
        if kind == "ours":
            command = [sys.executable, "-c", OURS.format(project=str(PROJECT), book=str(book))]
        else:
            command = [sys.executable, "-m", "panel", "serve", str(book), "--port", "0"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=subprocess.STDOUT)
        self.url = self._address()
        self.started = time.perf_counter() - began

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://(?:localhost|127\.0\.0\.1)(:\d+/\S*)", line):
                return "http://127.0.0.1" + found.group(1)
        raise SystemExit("The server ended before it told its address.")

    def end(self) -> str:
        """End it. Returns what it has printed since it told its address."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[0]


def open_page(browser: Any, url: str) -> tuple[float, float]:
    """Seconds to the first answered click, and seconds of a later click (median)."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url)
    page.get_by_role("button", name="Add one").click(timeout=120_000)
    page.get_by_text("clicked 1 times").wait_for(timeout=120_000)
    usable = time.perf_counter() - began
    clicks = []
    for number in range(2, CLICKS + 2):
        began = time.perf_counter()
        page.get_by_role("button", name="Add one").click()
        page.get_by_text(f"clicked {number} times").wait_for()
        clicks.append(time.perf_counter() - began)
    page.close(run_before_unload=True)
    context.close()
    return usable, statistics.median(clicks)


def measure(kind: str, browser: Any, folder: Path, book: Path) -> dict[str, float]:
    """One round: start, a page at once, a page after the spare kernel had time to get ready."""
    server = Server(kind, folder, book)
    try:
        first, _ = open_page(browser, server.url)
        time.sleep(10)
        later, click = open_page(browser, server.url)
    finally:
        server.end()
    return {"start s": server.started, "first page s": first, "later page s": later, "click ms": click * 1e3}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the start of the server and of its page.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    from playwright.sync_api import sync_playwright

    found: dict[str, list[dict[str, float]]] = {"ours": [], "panel": []}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        book = folder / "view.ipynb"
        cells = [nbformat.v4.new_code_cell(VIEW)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), book)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for number in range(rounds):
            for kind, rows in found.items():
                rows.append(measure(kind, browser, folder, book))
                values = "  ".join(f"{key} {value:.2f}" for key, value in rows[-1].items())
                print(f"round {number + 1}  {kind:6}{values}", flush=True)
        browser.close()
    middle = {
        kind: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for kind, rows in found.items()
    }
    for kind, row in middle.items():
        print(f"median   {kind:6}" + "  ".join(f"{key} {value:.2f}" for key, value in row.items()))
    for key, value in middle["ours"].items():
        print(f"ratio ours / panel serve, {key.rsplit(' ', 1)[0]}: {value / middle['panel'][key]:.2f}")


if __name__ == "__main__":
    main()
