"""The served page in a real browser: it works, offline, for who has the token and nobody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser

VIEW = """
import os, sys
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
    told = pn.pane.Str(f"colours {host.theme()}, host {host.where()}")
    token = pn.pane.Str(f"token {'LORA_WORKBENCH_TOKEN' in os.environ}")
    python = pn.pane.Str(f"python {sys.executable}")
    return pn.Column("# Probe", button, said, told, token, python, host.theme_switch())

host.show(view)
"""


CLICKED = "clicked 1 times"


@pytest.fixture(scope="module")
def probe(
    tmp_path_factory: pytest.TempPathFactory, notebook_writer: Any, server_runner: Any
) -> Iterator[Any]:
    """A server of a small page of our own, so that these tests say nothing about the dashboard."""
    folder = tmp_path_factory.mktemp("probe")
    books = folder / "books"
    books.mkdir()
    (books / "private.png").write_bytes(b"not for everyone")
    (books / "notes.txt").write_text("not for everyone", "utf-8")
    with server_runner(
        folder, notebook_writer(books / "probe.ipynb", VIEW), keep_spare_kernel=False
    ) as served:
        yield served


def click_once(page: Any) -> None:
    """Click and see the answer: only then is a page really there."""
    page.get_by_role("button", name="Add one").click(timeout=60_000)
    page.get_by_text(CLICKED).wait_for(timeout=20_000)


def until(true: Callable[[], bool], page: Any, seconds: float = 20.0) -> bool:
    """Wait, letting the browser work, until it is true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        page.wait_for_timeout(100)
    return true()


def fetch(url: str, **headers: str) -> tuple[int, str]:
    """Status and text of an address asked for without a browser; redirects are not followed."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def test_answers_a_click_and_asks_nothing_from_outside(probe: Any, visit: Any) -> None:
    page = visit(probe.start)
    click_once(page)
    assert page.get_by_text("Starting…").is_hidden()
    assert page.locator("html").get_attribute("data-ready") == "yes"


def test_the_token_is_seen_nowhere_but_in_the_start_line(probe: Any, visit: Any) -> None:
    page = visit(probe.start)
    click_once(page)
    assert page.url == probe.url
    assert probe.token not in page.content()
    assert page.get_by_text("token False").is_visible(), "the kernel inherited it"
    assert probe.token not in probe.log.read_text("utf-8")
    assert sum(probe.token in line for line in probe.printed) == 1
    server = psutil.Process(probe.process.pid)
    family = [server, *server.children(recursive=True)]
    assert len(family) > 1
    assert not any(probe.token in part for one in family for part in one.cmdline())
    # The kernel runs in the interpreter of the server, whatever kernels are installed elsewhere.
    assert page.get_by_text(f"python {sys.executable}").is_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_follows_the_colours_that_the_browser_prefers(probe: Any, visit: Any, colours: str) -> None:
    page = visit(probe.start, colours=colours)
    click_once(page)
    assert page.get_by_text(f"colours {colours}, host voila").is_visible()
    assert page.locator("html").get_attribute("data-workbench-theme") == colours


def test_the_colours_can_be_asked_for_and_switched_and_are_kept(probe: Any, visit: Any) -> None:
    page = visit(probe.start + "&theme=dark")
    click_once(page)
    assert page.get_by_text("colours dark").is_visible()
    page.get_by_role("button", name="Light colours").click()
    page.get_by_text("colours light").wait_for(timeout=60_000)
    page.goto(probe.url)
    page.get_by_text("colours light").wait_for(timeout=60_000)


def test_two_tabs_do_not_disturb_each_other(probe: Any, visit: Any) -> None:
    one = visit(probe.start)
    click_once(one)
    two = visit(probe.url, beside=one)
    click_once(two)
    one.get_by_role("button", name="Add one").click()
    one.get_by_text("clicked 2 times").wait_for()
    assert two.get_by_text(CLICKED).is_visible()


def test_the_kernel_ends_when_its_tab_is_closed(probe: Any, visit: Any, close_tab: Any) -> None:
    first = visit(probe.start)
    click_once(first)
    before = probe.kernels()
    second = visit(probe.url, beside=first)
    click_once(second)
    [started] = probe.kernels() - before
    close_tab(second)
    assert until(lambda: started not in probe.kernels(), first)
    assert before <= probe.kernels()


def test_says_that_the_connection_is_lost_when_the_kernel_dies(probe: Any, visit: Any, watch: Any) -> None:
    # The page asks for a kernel that is gone: the browser writes those refusals to its console.
    watch.forgive("Failed to load resource|WebSocket|[Kk]ernel")
    before = probe.kernels()
    page = visit(probe.start)
    click_once(page)
    for pid in probe.kernels() - before:
        psutil.Process(pid).kill()
    alert = page.get_by_role("alert").filter(has_text="connection to the workbench was lost")
    alert.wait_for(timeout=30_000)
    alert.get_by_role("button", name="Reload the page").click()
    click_once(page)


def test_says_so_when_the_notebook_fails(
    tmp_path: Path, visit: Any, notebook_writer: Any, server_runner: Any
) -> None:
    book = notebook_writer(tmp_path / "broken.ipynb", "raise RuntimeError('private detail')")
    with server_runner(tmp_path, book, keep_spare_kernel=False) as served:
        page = visit(served.start)
        page.get_by_role("heading", name="The dashboard could not be opened").wait_for(timeout=60_000)
        assert "private detail" not in page.content()
        assert "private detail" in served.log.read_text("utf-8")
        page.close()


def test_login_works_with_the_keyboard_alone(probe: Any, visit: Any, watch: Any) -> None:
    watch.forgive("status of 401")
    page = visit(probe.url)
    assert page.url == probe.url + "login"
    token = page.get_by_label("Token")
    assert token.evaluate("element => element === document.activeElement")
    page.keyboard.type("not the token at all")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="not the token").wait_for()
    page.keyboard.type(probe.token)
    page.keyboard.press("Tab")
    assert page.get_by_role("button", name="Open the workbench").evaluate("e => e === document.activeElement")
    page.keyboard.press("Enter")
    click_once(page)
    assert page.url == probe.url


def test_no_file_beside_the_notebook_is_served(probe: Any, visit: Any) -> None:
    page = visit(probe.start)
    click_once(page)
    for name in ("private.png", "notes.txt", "probe.ipynb", "../server-stderr.txt"):
        for path in (f"voila/files/{name}", f"files/{name}", name, f"static/js/../../{name}"):
            for headers in ({}, {"Authorization": f"token {probe.token}"}):
                status, text = fetch(probe.url + path, **headers)
                assert status in {403, 404}, path
                assert "not for everyone" not in text
            answer = page.request.get(probe.url + path)
            assert answer.status in {403, 404}, path
            assert b"not for everyone" not in answer.body()


def test_the_token_can_be_switched_off_but_not_the_look_at_the_host(
    tmp_path: Path, visit: Any, notebook_writer: Any, server_runner: Any
) -> None:
    book = notebook_writer(tmp_path / "open.ipynb", VIEW)
    free = {"without_token_anyone_can_use_it": True, "keep_spare_kernel": False}
    with server_runner(tmp_path, book, **free) as served:
        assert "token" not in served.printed[0]
        page = visit(served.url)
        click_once(page)
        assert fetch(served.url, Host="evil.example")[0] == 403
        page.close()


def test_a_spare_kernel_is_kept_and_used(
    tmp_path: Path, visit: Any, notebook_writer: Any, server_runner: Any
) -> None:
    book = notebook_writer(tmp_path / "spare.ipynb", VIEW)
    with server_runner(tmp_path, book) as served:
        page = visit(served.url + "login")
        assert until(lambda: len(served.kernels()) == 1, page)
        [spare] = served.kernels()
        page = visit(served.start + "&theme=dark")
        click_once(page)
        assert spare in served.kernels()
        assert page.get_by_text("colours dark").is_visible()
        assert until(lambda: len(served.kernels()) == 2, page), "the next spare did not start"
        page.close()


def test_the_kernels_end_when_the_server_is_killed(
    tmp_path: Path, visit: Any, watch: Any, notebook_writer: Any, server_runner: Any
) -> None:
    watch.forgive("WebSocket|Failed to load")
    with server_runner(tmp_path, notebook_writer(tmp_path / "killed.ipynb", VIEW)) as served:
        page = visit(served.start)
        click_once(page)
        assert until(lambda: len(served.kernels()) == 2, page), "page and spare"
        kernels = served.kernels()
        served.process.kill()
        served.process.wait(10)
        assert until(lambda: not any(psutil.pid_exists(pid) for pid in kernels), page)
        page.get_by_role("alert").filter(has_text="connection to the workbench was lost").wait_for(
            timeout=30_000
        )


def test_the_same_notebook_works_under_panel_serve(tmp_path: Path, visit: Any, notebook_writer: Any) -> None:
    book = notebook_writer(tmp_path / "panel.ipynb", VIEW)
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "LORA_WORKBENCH_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "panel", "serve", str(book), "--port", "0", "--address", "127.0.0.1"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        url = next(found.group() for line in lines if (found := re.search(r"http://127\S+", line)))
        page = visit(url + "?theme=dark")
        click_once(page)
        assert page.get_by_text("colours dark, host server").is_visible()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_view_works_in_a_notebook_cell(tmp_path: Path, notebook_writer: Any) -> None:
    path = f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
    notebook = nbformat.read(notebook_writer(tmp_path / "cell.ipynb", path + VIEW), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(host.where(), host.theme())"))
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown, told = notebook.cells
    assert any("application/vnd.holoviews_exec.v0+json" in out.get("data", {}) for out in shown.outputs)
    assert told.outputs[0]["text"] == "notebook light\n"
