"""The gate in front of the server, without a browser: every address, every way in."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nbformat
import pytest

from app import server
from app.serving.gate import Gate
from app.serving.voila_app import WorkbenchVoila
from lora_core.errors import InputError, StorageError

TOKEN = "an-example-token-for-tests"
PAGE = {"Accept": "text/html"}
KERNEL = "12345678-1234-1234-1234-123456789abc"


class Running:
    """A server in a thread, and the simplest of clients."""

    def __init__(self, app: WorkbenchVoila) -> None:
        self.app = app
        self.port = app.port

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text
        finally:
            connection.close()

    def log_in(self) -> str:
        """Enter by the address; return the cookie."""
        status, headers, _ = self.ask(f"/?token={TOKEN}")
        assert status == 302
        return headers["set-cookie"].split(";")[0]


@contextmanager
def running(folder: Path, token: str = TOKEN, **gate: Any) -> Iterator[Running]:
    book = folder / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), book)
    (folder / "private.png").write_bytes(b"not for everyone")
    app = WorkbenchVoila(
        book,
        Gate(token, **{"hosts": ["localhost", "127.0.0.1"], **gate}),
        keep_spare=False,
        ip="127.0.0.1",
        log_level=logging.DEBUG,
    )
    app.bind(0)
    ready = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(app.run(ready.set),))
    thread.start()
    assert ready.wait(60)
    try:
        yield Running(app)
    finally:
        app.stop_soon()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("served")) as found:
        yield found


def _all_paths(app: WorkbenchVoila) -> list[str]:
    """An address for every handler of the application, made from its pattern."""
    found = []
    for rule in [*app.app.wildcard_router.rules, *app.app.default_router.rules]:
        inner = getattr(rule.target, "rules", None)
        for one in [rule] if inner is None else inner:
            pattern = getattr(one.matcher, "regex", None)
            if pattern is None or pattern.pattern in {".*$", ".*"}:
                continue
            path = re.sub(r"\(\?P<kernel_id>[^)]*\)", KERNEL, pattern.pattern)
            found.append(re.sub(r"\([^)]*\)", "panel.min.js", path).rstrip("$"))
    return found


def test_every_handler_needs_the_token(served: Running) -> None:
    paths = _all_paths(served.app)
    assert len(paths) >= 11
    assert {"/static/js/panel.min.js", "/voila/files/panel.min.js", f"/api/kernels/{KERNEL}"} <= set(paths)
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            status, _, text = served.ask(path, method)
            assert status == 403, (method, path)
            assert not text or "valid token" in text
        status, headers, _ = served.ask(path, **PAGE)
        assert (status, headers["location"]) == (302, "/login"), path


def test_with_the_token_the_handlers_are_reached(served: Running) -> None:
    cookie = served.log_in()
    assert served.ask("/static/js/bokeh.min.js", Cookie=cookie)[0] == 200
    assert served.ask("/static/extensions/panel/panel.min.js", Cookie=cookie)[0] == 200
    assert served.ask(f"/workbench/alive/{KERNEL}", Cookie=cookie)[0] == 410
    assert served.ask("/static/js/bokeh.min.js", Authorization=f"token {TOKEN}")[0] == 200
    assert served.ask("/nothing/here", Cookie=cookie)[0] == 404


@pytest.mark.parametrize("path", ["/api/kernels/{}/channels", "/voila/query/{}", "/voila/execution/{}"])
def test_a_websocket_needs_the_token(served: Running, path: str) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec_WebSocket_Version": "13",
    }
    assert served.ask(path.format(KERNEL), **upgrade)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "token wrong"},
        {"Authorization": "token "},
        {"Authorization": "Basic dG9rZW46dG9rZW4="},
        {"Cookie": "lora-workbench-{port}=passed"},
        {"Cookie": 'lora-workbench-{port}="2|1:0|10:1700000000|4:name|8:cGFzc2Vk|00"'},
        {"Cookie": "username-127-0-0-1=you"},
    ],
)
def test_a_wrong_secret_does_not_open(served: Running, headers: dict[str, str]) -> None:
    sent = {name: value.replace("{port}", str(served.port)) for name, value in headers.items()}
    assert served.ask("/static/js/bokeh.min.js", **sent)[0] == 403


def test_a_cookie_of_another_server_does_not_open(served: Running, tmp_path: Path) -> None:
    with running(tmp_path) as other:
        name = f"lora-workbench-{served.port}="
        foreign = other.log_in().replace(f"lora-workbench-{other.port}=", name)
        assert foreign.startswith(name)
        assert served.ask("/static/js/bokeh.min.js", Cookie=foreign)[0] == 403


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/?token={}", "/"),
        ("/?theme=dark&token={}", "/?theme=dark"),
        ("/?token=wrong&token={}", "/"),
        ("/?t%6Fken={}", "/"),
        ("//evil.example/?token={}", "/evil.example/"),
        ("/\\evil.example/?token={}", "/evil.example/"),
    ],
)
def test_the_right_token_leads_on_without_it(served: Running, asked: str, target: str) -> None:
    status, headers, _ = served.ask(asked.format(TOKEN))
    assert (status, headers["location"]) == (302, target)
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in str(headers)


def test_a_wrong_token_in_the_address_leads_to_the_login_page(served: Running) -> None:
    status, headers, _ = served.ask("/?token=something-else-altogether", **PAGE)
    assert (status, headers["location"]) == (302, "/login")
    assert "set-cookie" not in headers


def test_the_login_page_takes_only_the_token(served: Running) -> None:
    status, headers, text = served.ask("/login")
    assert status == 200
    assert 'for="token"' in text
    assert "default-src 'none'" in headers["content-security-policy"]
    assert TOKEN not in text
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for wrong in ("", "wrong", TOKEN + "x", "ünïcode", "<script>alert(1)</script>"):
        status, headers, text = served.ask("/login", "POST", urlencode({"token": wrong}), **form)
        assert status == 401
        assert "set-cookie" not in headers
        assert "<script>alert" not in text
    status, headers, _ = served.ask("/login", "POST", urlencode({"token": f" {TOKEN}\n"}), **form)
    assert (status, headers["location"]) == (302, "/")
    cookie = headers["set-cookie"].split(";")[0]
    assert served.ask("/login", Cookie=cookie)[1]["location"] == "/"


def test_a_large_body_without_the_token_is_refused_at_once(served: Running) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(b"PUT /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\n\r\nabc")
        assert b" 403 " in connection.recv(2000)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.1.2.3", "[::2]"]
)
def test_a_foreign_host_name_is_refused_even_with_the_token(served: Running, host: str) -> None:
    status, _, text = served.ask(f"/?token={TOKEN}", Host=host)
    assert status == 403
    assert "--host-name" in text


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "127.8.8.8:80", "[::1]:99", "LOCALHOST."])
def test_own_names_are_known(served: Running, host: str) -> None:
    assert served.ask("/login", Host=host)[0] == 200


def test_more_names_can_be_allowed(tmp_path: Path) -> None:
    with running(tmp_path, hosts=["box.example"], any_address=True) as found:
        assert found.ask("/login", Host="box.example")[0] == 200
        assert found.ask("/login", Host="10.1.2.3:80")[0] == 200
        assert found.ask("/login", Host="evil.example")[0] == 403


@pytest.mark.parametrize("name", ["private.png", "page.ipynb", "%2e%2e/x", "..%5Cprivate.png"])
@pytest.mark.parametrize("place", ["/voila/files/", "/files/", "/", "/static/js/../../", "/voila/static/../"])
def test_no_file_is_served_with_the_token_either(served: Running, place: str, name: str) -> None:
    status, _, text = served.ask(place + name, Cookie=served.log_in())
    assert status in {403, 404}
    assert "not for everyone" not in text


def test_a_page_request_without_known_colours_starts_no_kernel(served: Running) -> None:
    status, _, text = served.ask("/", Cookie=served.log_in())
    assert status == 200
    assert "lora-workbench-theme" in text
    assert served.app.kernel_manager.list_kernel_ids() == []


def test_a_guessing_browser_starts_no_kernel(served: Running) -> None:
    status, _, _ = served.ask("/?theme=light", Cookie=served.log_in(), Sec_Purpose="prefetch;prerender")
    assert status == 503
    assert served.app.kernel_manager.list_kernel_ids() == []


def test_the_token_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running(tmp_path) as found:
        found.app.log.addHandler(caplog.handler)
        cookie = found.log_in()
        found.ask(f"/?theme=light&x={TOKEN[:5]}&token={TOKEN}", Cookie=cookie)
        found.ask(f"/voila/files/none.png?token={TOKEN}", "POST")
        found.ask(f"/voila/files/none.png?token={TOKEN}", "HEAD", Cookie=cookie)
        found.ask(f"/api/kernels/{KERNEL}?token={TOKEN}", "DELETE")
        found.ask("/login", "POST", urlencode({"token": TOKEN}))
        found.ask("/nothing", Authorization=f"token {TOKEN}", Cookie=cookie)
        settings = json.dumps(found.app.config, default=str) + json.dumps(found.app.app.settings, default=str)
    assert caplog.records
    assert TOKEN not in caplog.text
    assert TOKEN not in settings


def test_kernels_without_a_page_are_ended(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        keeper: Any = found.app.kernel_manager
        loop = found.app._loop
        assert loop is not None

        def wait_for(work: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(60)

        kernel = wait_for(keeper.start_kernel(env={"QUERY_STRING": "theme=dark"}))
        assert wait_for(keeper.running(kernel))
        request = keeper._requests[kernel]
        assert json.loads(request.read_text("utf-8")) == {"query": "theme=dark"}
        wait_for(keeper.end_lonely())
        assert wait_for(keeper.running(kernel))
        keeper.lonely_limit = 0.0
        keeper.notify_connect(kernel)
        wait_for(keeper.end_lonely())
        assert wait_for(keeper.running(kernel)), "a page is connected"
        keeper.notify_disconnect(kernel)
        time.sleep(0.05)
        wait_for(keeper.end_lonely())
        assert not wait_for(keeper.running(kernel))
        assert not request.exists()


# --- serve's own choices ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token", ["short", "with space in it and long", "ünïcode-ünïcode-ünïcode", "a\nb" * 9]
)
def test_a_weak_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(InputError) as caught:
        server.serve(0, token=token, open_browser=False)
    assert token not in str(caught.value)
    assert caught.value.field == "token"


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.ipynb"):
        server.serve(0, notebook=tmp_path / "none.ipynb", open_browser=False)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_an_impossible_port_is_named(port: int) -> None:
    with pytest.raises(InputError) as caught:
        server.serve(port, token=TOKEN, open_browser=False)
    assert (caught.value.field, caught.value.value) == ("--port", port)


def test_a_port_in_use_is_named_and_the_default_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=str(port)):
            server.serve(port, token=TOKEN, open_browser=False)
        tried: list[int] = []

        def bind(number: int) -> int:
            tried.append(number)
            with socket.socket() as one:
                one.bind(("127.0.0.1", number))
            return number

        monkeypatch.setattr(server, "DEFAULT_PORT", port)
        server._bind(bind, None, "127.0.0.1")
        assert tried == [port, 0]


def test_an_impossible_address_is_named() -> None:
    with pytest.raises(InputError, match=r"203\.0\.113\.1"):
        server.serve(0, "203.0.113.1", TOKEN, open_browser=False)


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(server.TOKEN_VARIABLE, raising=False)
    made = server.find_token()
    assert len(made) >= 40
    assert made != server.find_token()
    monkeypatch.setenv(server.TOKEN_VARIABLE, f" {TOKEN} ")
    assert server.find_token() == TOKEN
    file = tmp_path / "token"
    file.write_text(TOKEN * 2 + "\n", "utf-8")
    assert server.find_token(file) == TOKEN * 2
    with pytest.raises(StorageError, match="missing"):
        server.find_token(tmp_path / "missing")
    file.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(StorageError):
        server.find_token(file)


def test_the_browser_is_led_by_a_private_file() -> None:
    target = f"http://127.0.0.1:1/?token={TOKEN}&x=1"
    with server._redirect_page(target) as write:
        path = Path(write().removeprefix("file://"))
        assert "token=" in path.read_text("utf-8")
        assert TOKEN not in path.name
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("ip", "shown"),
    [("127.0.0.1", "127.0.0.1:1"), ("0.0.0.0", "127.0.0.1:1"), ("::1", "[::1]:1"), ("::", "127.0.0.1:1")],
)
def test_the_address_shown_can_be_opened(ip: str, shown: str) -> None:
    address = server._address(ip, 1, "a/b")
    assert address.page == f"http://{shown}/"
    assert address.start == f"http://{shown}/?token=a/b"
