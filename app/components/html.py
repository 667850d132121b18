"""Writing HTML that cannot be injected: everything that is not `Html` already is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

Html = Markup
"""Text that is HTML already. All other text is escaped when it goes into `h`."""

_VOID = frozenset({"br", "hr", "img", "input"})


def h(tag: str, *children: Any, **attributes: Any) -> Html:
    """One element.

    Args:
        tag: its name.
        children: texts (escaped), elements, or iterables of both; None and False are left out.
        attributes: ``class_`` and ``for_`` lose their underscore, others get hyphens in place of
            underscores. None and False leave an attribute out, True writes it without a value.

    >>> h("label", "a < b", for_="x", hidden=True)
    Markup('<label for="x" hidden>a &lt; b</label>')
    """
    opening = [tag]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = name.rstrip("_").replace("_", "-")
        opening.append(written if value is True else f'{written}="{escape(str(value))}"')
    start = f"<{' '.join(opening)}>"
    if tag in _VOID:
        return Markup(start)
    return Markup(f"{start}{join(*children)}</{tag}>")


def join(*children: Any) -> Html:
    """Several children as one piece of HTML; see `h` for what a child may be."""
    return Markup("".join(_texts(children)))


def _texts(children: Iterable[Any]) -> Iterable[str]:
    for child in children:
        if child is None or child is False:
            continue
        if isinstance(child, str):
            yield str(escape(child))
        elif isinstance(child, Iterable):
            yield from _texts(child)
        else:
            yield str(escape(str(child)))
