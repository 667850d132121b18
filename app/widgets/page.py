"""Pieces that every page shares: its heading and its cards."""

from __future__ import annotations

from typing import Any

from app.components import Html, h


def head(emoji: str, title: str, *where: Any) -> Html:
    """A page's heading with its "Where was I?" line."""
    return h(
        "div",
        h("h1", h("span", emoji, class_="emoji", aria_hidden="true"), title),
        h("p", h("span", "Where was I? ", class_="soft"), *where),
        class_="where",
    )


def card(emoji: str, title: str, purpose: str, *body: Any, extra: str = "") -> Html:
    """A section: heading, one sentence of purpose, content."""
    heading = f"card-{''.join(c if c.isalnum() else '-' for c in title.lower())}"
    return h(
        "section",
        h(
            "header",
            h("h2", h("span", emoji, class_="emoji", aria_hidden="true"), title, id=heading),
            purpose and h("p", purpose, class_="soft"),
        ),
        *body,
        class_=f"card {extra}".strip(),
        aria_labelledby=heading,
    )


def listed(*items: Any) -> Html:
    """A plain list of sentences."""
    return h("ul", [h("li", item) for item in items])
