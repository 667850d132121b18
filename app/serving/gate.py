"""Who may enter. Every request passes here before any handler sees it.

The gate stands in front of the whole application and not in each handler, so that a handler that
forgets to ask, of Voilà or of ours, still cannot be reached without the token.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
import secrets
from collections.abc import Sequence
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jupyter_server.auth.identity import IdentityProvider, User
from tornado import httputil, web

from app.serving import words

log = logging.getLogger(__name__)

COOKIE_DAYS = 30
LOGIN_PATH = "login"
_PASSED = "_lora_workbench_passed"
_HEADER = re.compile(r"(?:token|bearer)\s+(\S+)\s*", re.IGNORECASE)
_WRONG_TOKEN_WAIT = 0.5


class Verdict(Enum):
    """What is done with a request."""

    PASS = "pass"
    ENTER = "enter"
    LOGIN = "login"
    REFUSE = "refuse"
    WRONG_HOST = "wrong host"


class Gate:
    """Decides on each request.

    Args:
        token: the secret to show; empty lets everyone in.
        hosts: names under which this server may be addressed.
        any_address: also accept any numeric address as the host (for a server that listens on all).
        base_url: path of the page, with slashes at both ends.
    """

    def __init__(
        self, token: str, *, hosts: Sequence[str], any_address: bool = False, base_url: str = "/"
    ) -> None:
        self._token = token.encode()
        self._hosts = {host.lower() for host in hosts}
        self._any_address = any_address
        self.base_url = base_url
        self.cookie_secret = secrets.token_bytes(32)
        self.port = 0

    @property
    def cookie(self) -> str:
        """Name of the cookie: with the port, so that two workbenches on one machine do not clash."""
        return f"lora-workbench-{self.port}"

    def right(self, token: str) -> bool:
        """Whether this is the token. Takes as long for a wrong one as for the right one."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token)

    def judge(self, request: httputil.HTTPServerRequest) -> Verdict:
        """Decide, and take the token out of the request so that nothing behind can show or log it."""
        shown = _take_token(request)
        if not self._knows(request.host_name):
            return Verdict.WRONG_HOST
        if not self._token:
            return self._passed(request)
        header = _HEADER.fullmatch(request.headers.get("Authorization", ""))
        request.headers.pop("Authorization", None)
        if header and self.right(header.group(1)):
            return self._passed(request)
        upgrade = "Upgrade" in request.headers
        if shown and self.right(shown):
            return Verdict.ENTER if request.method == "GET" and not upgrade else self._passed(request)
        if request.path == self.base_url + LOGIN_PATH:
            return Verdict.LOGIN
        if self.has_cookie(request):
            return self._passed(request)
        wants_page = "text/html" in request.headers.get("Accept", "")
        return Verdict.LOGIN if request.method == "GET" and wants_page and not upgrade else Verdict.REFUSE

    def _passed(self, request: httputil.HTTPServerRequest) -> Verdict:
        setattr(request, _PASSED, True)
        return Verdict.PASS

    def has_cookie(self, request: httputil.HTTPServerRequest) -> bool:
        morsel = request.cookies.get(self.cookie)
        if morsel is None:
            return False
        value = web.decode_signed_value(
            self.cookie_secret, self.cookie, morsel.value, max_age_days=COOKIE_DAYS
        )
        return value == b"passed"

    def _knows(self, host: str) -> bool:
        host = host.lower().strip("[]").rstrip(".")
        if host in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return self._any_address or address.is_loopback


def passed(request: httputil.HTTPServerRequest) -> bool:
    """Whether the gate has let this request through."""
    return getattr(request, _PASSED, False)


class GateIdentity(IdentityProvider):  # type: ignore[misc]  # Jupyter's classes carry no types
    """Tells Jupyter's handlers that whoever passed the gate is the user, and nobody else is."""

    def get_user(self, handler: web.RequestHandler) -> User | None:
        return User("you") if passed(handler.request) else None

    def get_handlers(self) -> list[tuple[str, object]]:
        return []


class GatedApplication(web.Application):
    """A Tornado application whose handlers are reached only through a `Gate`."""

    def __init__(self, gate: Gate, **settings: Any) -> None:
        self.gate = gate
        super().__init__(log_function=_log_without_query, **settings)

    def find_handler(self, request: httputil.HTTPServerRequest, **kwargs: Any) -> Any:
        verdict = self.gate.judge(request)
        if verdict is Verdict.PASS:
            return super().find_handler(request, **kwargs)
        handler = {
            Verdict.ENTER: EnterHandler,
            Verdict.LOGIN: LoginHandler,
            Verdict.REFUSE: RefuseHandler,
            Verdict.WRONG_HOST: WrongHostHandler,
        }[verdict]
        return self.get_handler_delegate(request, handler, {"gate": self.gate})


class _GateHandler(web.RequestHandler):
    gate: Gate

    def initialize(self, gate: Gate) -> None:
        self.gate = gate

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", words.STATIC_PAGE_POLICY)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")

    def let_in(self, target: str) -> None:
        """Set the cookie and go to the page, whose address holds no token."""
        self.set_signed_cookie(
            self.gate.cookie,
            "passed",
            expires_days=COOKIE_DAYS,
            path=self.gate.base_url,
            httponly=True,
            samesite="Lax",
            secure=self.request.protocol == "https",
        )
        self.redirect(target)


class EnterHandler(_GateHandler):
    """A first visit with the right token in the address."""

    async def get(self) -> None:
        # A leading double slash would make the browser leave for another host.
        self.let_in("/" + (self.request.uri or "/").lstrip("/\\"))


class LoginHandler(_GateHandler):
    """The page that asks for the token."""

    async def get(self) -> None:
        login = self.gate.base_url + LOGIN_PATH
        inside = self.gate.has_cookie(self.request)
        if inside or self.request.path != login:
            self.redirect(self.gate.base_url if inside else login)
            return
        self._page()

    async def post(self) -> None:
        if self.gate.right(self.get_body_argument("token", "").strip()):
            self.let_in(self.gate.base_url)
            return
        # Slows down guessing; nobody who pastes the token notices it.
        await asyncio.sleep(_WRONG_TOKEN_WAIT)
        self.set_status(401)
        self._page(words.WRONG_TOKEN)

    def _page(self, problem: str = "") -> None:
        self.finish(words.page("login.html", action=self.gate.base_url + LOGIN_PATH, problem=problem))


@web.stream_request_body
class RefuseHandler(_GateHandler):
    """Anything else without the token. The request's body is not even read."""

    def prepare(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(words.NOT_LOGGED_IN)

    def data_received(self, chunk: bytes) -> None:
        """Drop what arrives after the refusal."""


class WrongHostHandler(RefuseHandler):
    """A request that names a host which is not ours, as a hostile web page would cause."""

    def prepare(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(words.UNKNOWN_HOST)


def _take_token(request: httputil.HTTPServerRequest) -> str:
    """Remove ``token`` from the request's address; return the last one given, or nothing."""
    if not request.query:
        return ""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    shown = [value for name, value in pairs if name == "token"]
    kept = urlencode([(name, value) for name, value in pairs if name != "token"])
    request.uri = f"{request.path}?{kept}" if kept else request.path
    request.query = kept
    for values in (request.arguments, request.query_arguments):
        values.pop("token", None)
    return shown[-1] if shown else ""


def _log_without_query(handler: web.RequestHandler) -> None:
    """Tornado's access log without the part of the address where secrets are passed."""
    request = handler.request
    status = handler.get_status()
    level = logging.DEBUG if status < 500 else logging.ERROR
    taken = 1000.0 * request.request_time()
    log.log(level, "%d %s %s %.0f ms", status, request.method, request.path, taken)
