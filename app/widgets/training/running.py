"""What would run: the command and files, and how they differ from the preset and the trainer's defaults."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.components import Html, h
from app.widgets import page
from lora_core.engines import manifest
from lora_core.engines.planning import TRAIN_FILE
from lora_core.errors import WorkbenchError
from lora_core.options import families
from lora_core.presets import Change
from lora_core.session import Session

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_OF_A_RUN = frozenset(
    {"dataset_config", "output_dir", "output_name", "logging_dir", "log_with", "sample_prompts"}
)
"""Keys that belong to one run and not to a choice."""


@dataclass(frozen=True)
class Running:
    """What would run.

    Attributes:
        text: the command and files.
        own: the trainer's settings that differ from its own defaults, as sentences.
    """

    text: str = ""
    own: tuple[str, ...] = ()


def look(session: Session) -> Running:
    """Work out the plan. For the background."""
    try:
        plan = session.plan()
    except WorkbenchError as error:
        return Running(f"There is no plan yet. {error}")
    train = tomllib.loads(plan.files.get(TRAIN_FILE, ""))
    known = manifest.options(families.family(session.options["family"]).script)
    own = [
        f"{key} = {_said(value)} (trainer's default: {_said(known[key].default)})"
        for key, value in sorted(train.items())
        if key in known and key not in _OF_A_RUN and value != known[key].default
    ]
    return Running(plan.describe(), tuple(own))


def card(found: Running, away: Sequence[Change], baseline: str, *, opened: bool) -> Html:
    """The card; it is empty until it is opened."""
    return page.card(
        "🔎",
        "What will run",
        "The exact command and files that Start would use. Nothing is written by looking.",
        h(
            "details",
            h("summary", "Show the command and files"),
            _inside(found, away, baseline) if found.text else h("p", "One moment.", class_="soft"),
            data_fold="plan",
            open=opened,
        ),
    )


def _inside(found: Running, away: Sequence[Change], baseline: str) -> Html:
    return h(
        "div",
        h("pre", found.text, tabindex="0", role="region", aria_label="What will run"),
        _differences(f"Different from the preset {baseline}", [change.text for change in away])
        if baseline
        else None,
        _differences("Different from the trainer's own defaults", found.own),
        class_="stack",
    )


def _differences(heading: str, lines: Sequence[str]) -> Html:
    return h(
        "details",
        h("summary", f"{heading} ({len(lines)})"),
        h("ul", [h("li", line) for line in lines], class_="soft break"),
        class_="more",
        data_key=f"different-{'preset' if 'preset' in heading else 'defaults'}",
    )


def _said(value: Any) -> str:
    if value is None or value in ("", []):
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)
