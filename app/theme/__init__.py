"""Colours and the style sheet of everything the workbench shows.

Colours are CSS variables on the page's root: those reach into shadow roots, where page styles do not.
The rest is one style sheet that each live view carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).parent

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Palette:
    """The colours that Bokeh paints itself, where CSS does not reach."""

    ink: str
    soft: str
    line: str
    surface: str
    raw: str
    smooth: str


PALETTES = {
    "light": Palette("#1d1f24", "#565b65", "#e2e0db", "#ffffff", "#8fb1dc", "#1f5fa8"),
    "dark": Palette("#e9e9ec", "#b3b7c0", "#3a3d45", "#212329", "#5a80b0", "#9cc5fb"),
}


@lru_cache
def colours() -> str:
    """The colour variables, light and dark."""
    return (_HERE / "colours.css").read_text("utf-8")


@lru_cache
def components() -> str:
    """The style sheet of the live views."""
    return (_HERE / "components.css").read_text("utf-8")


def current() -> str:
    """The theme this page was opened with, ``light`` or ``dark``."""
    from app import host

    chosen = host.theme()
    return chosen if chosen in THEMES else THEMES[0]
