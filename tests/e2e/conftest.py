"""A real server and a real browser for the tests in this folder.

The browser can reach nothing but the server, and a page that asks for anything from outside, raises an
error or writes one to its console fails the test that opened it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
START_SECONDS = 90
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")

SERVE = """
import sys
sys.path.insert(0, {project!r})
from pathlib import Path
from app.server import serve
notebook = {notebook!r}
serve(0, open_browser=False, notebook=Path(notebook) if notebook else None, **{options!r})
"""


@dataclass
class Served:
    """A server under test.

    Attributes:
        url: the page's address, without the token.
        token: its token, empty if it asks for none.
        home: its workspace folder.
        log: file with its standard error, kernels' included.
    """

    url: str
    token: str
    home: Path
    log: Path
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    @property
    def start(self) -> str:
        """The address with the token, as the terminal shows it."""
        return f"{self.url}?token={self.token}" if self.token else self.url

    def kernels(self) -> set[int]:
        """Process ids of the kernels that this server runs, the spare one included."""
        found = set()
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if any(part.endswith("kernel_main.py") for part in child.cmdline()):
                    found.add(child.pid)
            except psutil.Error:
                continue
        return found


@contextmanager
def run_server(
    folder: Path, notebook: Path | None = None, *, token: str = "", **options: Any
) -> Iterator[Served]:
    """Start a server in its own process, with its own workspace; end it and its kernels afterwards."""
    home, log = folder / "home", folder / "server-stderr.txt"
    free = options.get("without_token_anyone_can_use_it", False)
    token = "" if free else token or secrets.token_urlsafe(24)
    env = {**os.environ, "LORA_WORKBENCH_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    env.pop("LORA_WORKBENCH_TOKEN", None)
    if token:
        env["LORA_WORKBENCH_TOKEN"] = token
    code = SERVE.format(project=str(PROJECT), notebook=str(notebook or ""), options=options)
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+?/", line)
        assert found, f"The server did not start: {line!r}\n{log.read_text('utf-8')[-4000:]}"
        yield Served(found.group(), token, home, log, process, [line])
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        family = []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    for child in family:
        try:
            # Runs that a test started are detached on purpose: they end here all the same.
            child.kill()
        except psutil.Error:
            continue


@pytest.fixture(scope="session")
def server_runner() -> Callable[..., Any]:
    """`run_server`, for tests that serve a page of their own."""
    return run_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server of the dashboard: one for the whole test session."""
    with run_server(tmp_path_factory.mktemp("dashboard")) as served:
        yield served


def write_notebook(path: Path, source: str) -> Path:
    """A notebook of one cell."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(source, id="only")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.fixture(scope="session")
def notebook_writer() -> Callable[[Path, str], Path]:
    """`write_notebook`, for tests that serve a page of their own."""
    return write_notebook


def _chromium() -> str | None:
    given = os.environ.get("LORA_WORKBENCH_CHROMIUM")
    return given or next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. Without one the test is skipped, or fails where one is required.

    It lives for one module: while Playwright runs, other tests could not use asyncio in this thread.
    """
    required = os.environ.get("LORA_WORKBENCH_REQUIRE_BROWSER") == "1"
    give_up = pytest.fail if required else pytest.skip
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        give_up("Playwright is not installed.")
    with sync_playwright() as playwright:
        path = _chromium()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            give_up("No Chromium was found. Install it, or name it in LORA_WORKBENCH_CHROMIUM.")
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        except Error as error:
            give_up(f"Chromium does not start: {error}")
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What went wrong in the pages of one test, and what the test allows."""

    problems: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def forgive(self, pattern: str) -> None:
        """Allow problems that match: for tests that break something on purpose."""
        self.forgiven.append(pattern)

    def left(self) -> list[str]:
        return [one for one in self.problems if not any(re.search(p, one) for p in self.forgiven)]

    def page(self, page: Any) -> None:
        """Note all outside requests, errors and console errors of this page."""
        page.on("request", self._request)
        page.on("websocket", lambda socket: self._address(socket.url))
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console error: {message.text} {message.location}")

    def _request(self, request: Any) -> None:
        self._address(request.url)

    def _address(self, url: str) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:", url):
            self.problems.append(f"outside request: {url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Collects what the pages of this test did wrong, and fails the test for it in the end."""
    found = Watch()
    yield found
    assert found.left() == []


@pytest.fixture
def visit(browser: Any, watch: Watch, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a page: ``visit(url, colours="light", width=1280, height=800)``.

    Each call has cookies of its own unless ``beside=page`` names a page whose browser it shares. After a
    failed test, a screenshot of each page lies in the test's temporary folder.
    """
    pages: list[Any] = []
    contexts: list[Any] = []

    def go(
        url: str, *, colours: str = "light", width: int = 1280, height: int = 800, beside: Any = None
    ) -> Any:
        if beside is None:
            size = {"width": width, "height": height}
            context = browser.new_context(color_scheme=colours, viewport=size)
            contexts.append(context)
        else:
            context = beside.context
        page = context.new_page()
        watch.page(page)
        pages.append(page)
        page.goto(url)
        return page

    yield go
    for number, page in enumerate(pages):
        if not page.is_closed():
            page.screenshot(path=tmp_path / f"page-{number}.png")
            close(page)
    for context in contexts:
        context.close()


def close(page: Any) -> None:
    """Close a tab as a person does: what the page does on leaving is done."""
    page.close(run_before_unload=True)


@pytest.fixture(scope="session")
def close_tab() -> Callable[[Any], None]:
    """`close`, for tests."""
    return close
