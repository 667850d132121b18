"""What the server says in its own pages, and how those pages are made."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

_APP = Path(__file__).resolve().parent.parent
FOLDERS = (_APP / "templates" / "voila", _APP / "templates", _APP / "theme")
"""Where templates and what they include lie; the first one has the page that Voilà fills."""

STATIC_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
"""For pages without anything to load."""

DASHBOARD_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
"""For the dashboard. Panel and Bokeh make code at run time, hence the ``unsafe`` words."""

NOT_LOGGED_IN = (
    "This request carried no valid token, so it was refused. "
    "Open the address that the terminal shows, then try again.\n"
)
UNKNOWN_HOST = (
    "This server is not known under the name in the address, so the request was refused. "
    "This protects it from hostile web pages. "
    "If the name is right, start the server with --host-name and that name.\n"
)
WRONG_TOKEN = "That is not the token of this server. It may be from an earlier start. Copy it again."


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDERS), autoescape=True)


def page(template: str, **values: object) -> str:
    """A page of ours, from ``app/templates``."""
    return _environment().get_template(template).render(**values)
