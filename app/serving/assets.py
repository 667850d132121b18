"""The scripts and style sheets of the page, all from installed packages: nothing comes from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.serving.shared import EXTENSIONS


@dataclass(frozen=True)
class Assets:
    """What the page loads, as addresses relative to the page."""

    scripts: tuple[str, ...]
    modules: tuple[str, ...]
    styles: tuple[str, ...]


def folders() -> dict[str, Path]:
    """Address prefix to folder. The names are those that Panel writes in its own pages.

    Found without importing panel, which takes a second.
    """
    return {
        "static/js": _package("bokeh") / "server/static/js",
        "static/extensions/panel": _package("panel") / "dist",
    }


def collect() -> Assets:
    """Ask Panel what its pages load, for the extensions that ours use. Imports panel."""
    import panel as pn
    from panel.io.resources import Resources, bundle_resources

    pn.extension(*EXTENSIONS)
    bundle = bundle_resources(None, Resources(mode="server", root_url="/"))
    return Assets(
        scripts=tuple(str(url) for url in bundle.js_files),
        modules=tuple(str(url) for url in bundle.js_modules),
        styles=tuple(str(url) for url in bundle.css_files),
    )


def _package(name: str) -> Path:
    from importlib.util import find_spec

    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent
