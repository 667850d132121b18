"""Serves the dashboard: `serve` starts it and returns when it is stopped.

The address that is printed carries the token once; the page then keeps a cookie and the token leaves
the address. Nothing else writes the token anywhere.
"""

from __future__ import annotations

import asyncio
import errno
import html
import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from lora_core.errors import InputError, StorageError

if TYPE_CHECKING:
    from app.serving.gate import Gate

TOKEN_VARIABLE = "LORA_WORKBENCH_TOKEN"
DEFAULT_PORT = 8866
LAST_PORT = 65535
SHORTEST_TOKEN = 16
LOOPBACK = "127.0.0.1"
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Address:
    """Where the server can be reached.

    Attributes:
        page: address of the page, without the token.
        start: the same with the token, for the first visit.
    """

    page: str
    start: str


def serve(
    port: int | None = None,
    ip: str = LOOPBACK,
    token: str | None = None,
    *,
    open_browser: bool = True,
    without_token_anyone_can_use_it: bool = False,
    notebook: Path | None = None,
    host_names: Sequence[str] = (),
    keep_spare_kernel: bool = True,
    debug: bool = False,
    announce: Callable[[Address], None] | None = None,
) -> None:
    """Serve the dashboard until interrupted.

    Args:
        port: the port; None takes 8866 or, if that is taken, a free one; 0 takes a free one.
        ip: address to listen on. The default can be reached from this machine only.
        token: the secret that a visitor must show; None takes `find_token`'s.
        open_browser: open the page in the browser of this machine.
        without_token_anyone_can_use_it: ask for no token. Everyone who reaches the port can then run
            code on this machine.
        notebook: the notebook to serve, by default ``dashboard.ipynb``.
        host_names: further names under which the page is addressed, such as a proxy's.
        keep_spare_kernel: keep one kernel ready, so that a page opens faster (about 160 MB of memory).
        debug: log what Jupyter does, to standard error. The token is in no log line.
        announce: called once with the address; by default it is written to standard output.

    Raises:
        InputError: token, port, address or notebook cannot be used.
    """
    from app.serving.voila_app import WorkbenchVoila

    book = _notebook(notebook)
    secret = "" if without_token_anyone_can_use_it else _checked(token or find_token())
    # A kernel, and the trainer it starts, inherit the environment: they have no need of the token.
    os.environ.pop(TOKEN_VARIABLE, None)
    gate = _gate(secret, ip, host_names)
    app = WorkbenchVoila(book, gate, keep_spare=keep_spare_kernel, ip=ip, log_level=_set_up_log(debug))
    _bind(app.bind, port, ip)
    address = _address(ip, app.port, secret)

    with _redirect_page(address.start) as opener, _ends_on_signals(app.stop_soon):

        def ready() -> None:
            (announce or _announce)(address)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(opener(),), daemon=True).start()

        # Ctrl-C arrives here where a signal handler could not be set.
        with suppress(KeyboardInterrupt):
            asyncio.run(app.run(ready))


def find_token(token_file: Path | None = None) -> str:
    """The token: from the file if one is named, else the environment variable, else a new random one.

    Raises:
        StorageError: the file cannot be read.
    """
    if token_file is not None:
        try:
            return token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(
                f"The token file {token_file} cannot be read.",
                why=str(error),
                remedy="Name a text file that holds only the token.",
                field="--token-file",
            ) from error
    return os.environ.get(TOKEN_VARIABLE, "").strip() or secrets.token_urlsafe(32)


def _checked(token: str) -> str:
    if len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise InputError(
        "The token cannot be used.",
        why=f"It must be {SHORTEST_TOKEN} or more plain letters, digits and signs, to be hard to guess.",
        remedy=f"Choose a longer one, or leave {TOKEN_VARIABLE} out to have one made.",
        field="token",
    )


def _gate(secret: str, ip: str, host_names: Sequence[str]) -> Gate:
    """The gate, which knows every name under which this machine is rightly addressed."""
    from app.serving.gate import Gate

    names = {"localhost", ip, *host_names}
    everywhere = _listens_everywhere(ip)
    if everywhere:
        names |= {socket.gethostname(), socket.getfqdn()}
    return Gate(secret, hosts=sorted(names), any_address=everywhere)


def _set_up_log(debug: bool) -> int:
    """Set how much is logged. Returns the level for Jupyter's own."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING)
    # Of Jupyter's warnings none helps here: an untrusted notebook, an odd ping setting of its own.
    level = logging.DEBUG if debug else logging.ERROR
    logging.getLogger("tornado.general").setLevel(level)
    return level


def _notebook(given: Path | None) -> Path:
    # In a checkout it lies at the top; an installed package has its own copy.
    places = [given] if given else [PROJECT / "dashboard.ipynb", PROJECT / "app" / "dashboard.ipynb"]
    for place in places:
        if place.is_file():
            return place.resolve()
    raise InputError(
        f"The notebook {places[0]} is not there.",
        remedy="Name an existing notebook, or fetch the project again.",
        field="notebook",
        value=str(places[0]),
    )


def _bind(bind: Callable[[int], int], port: int | None, ip: str) -> None:
    if port is not None and not 0 <= port <= LAST_PORT:
        # Unchecked, some systems take the number modulo 65536 and listen on a port nobody asked for.
        raise InputError(
            f"{port} is not a port.",
            why=f"Ports are numbers from 1 to {LAST_PORT}; 0 means any free one.",
            remedy="Choose another port with --port, or leave it out.",
            field="--port",
            value=port,
        )
    wanted: Iterable[int] = (DEFAULT_PORT, 0) if port is None else (port,)
    for number in wanted:
        try:
            bind(number)
            return
        except OSError as error:
            refused = error
            # Windows answers EACCES for a port that another program holds for itself.
            if port is None and getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
                continue
            break
    raise InputError(
        f"The server cannot listen on {ip}, port {number}.",
        why=str(getattr(refused, "strerror", None) or refused),
        remedy="Choose another port with --port, or leave it out to have a free one taken.",
        field="--port",
        value=number,
    ) from refused


def _listens_everywhere(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_unspecified
    except ValueError:
        return ip == ""


def _address(ip: str, port: int, token: str) -> Address:
    host = LOOPBACK if _listens_everywhere(ip) else ip
    page = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    return Address(page, f"{page}?token={quote(token)}" if token else page)


def _announce(address: Address) -> None:
    sys.stdout.write(f"LoRA Workbench is ready. Open {address.start}\n")
    sys.stdout.flush()


@contextmanager
def _redirect_page(target: str) -> Iterator[Callable[[], str]]:
    """A private file that leads the browser to the page.

    A browser's command line can be read by every user of the machine, so the token must not be on it.
    """
    written: list[Path] = []

    def write() -> str:
        handle, name = tempfile.mkstemp(prefix="lora-workbench-", suffix=".html")
        written.append(Path(name))
        link = html.escape(target)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(
                '<!doctype html><html lang="en"><meta charset="utf-8"><title>LoRA Workbench</title>'
                f'<meta http-equiv="refresh" content="0;url={link}"><a href="{link}">Open LoRA Workbench</a>'
            )
        return Path(name).as_uri()

    try:
        yield write
    finally:
        for path in written:
            path.unlink(missing_ok=True)


@contextmanager
def _ends_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C and a polite end from outside stop the server in order, kernels included."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)  # Ctrl+Break, and the closing of the console window
    before = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
