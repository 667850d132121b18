"""What a person has set about the page itself, such as the reading depth: kept from one visit to the next."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from lora_core import atomic
from lora_core.workspace import Workspace

logger = logging.getLogger(__name__)


def _place(workspace: Workspace) -> Path:
    return workspace.root / "page.json"


def load(workspace: Workspace) -> dict[str, str]:
    """What was kept; empty if there is nothing, or nothing that can be read."""
    try:
        found = json.loads(_place(workspace).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.info("The page's own settings cannot be read: %s", error)
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, str)}


def keep(workspace: Workspace, values: Mapping[str, str]) -> None:
    """Keep these values beside those that are there. If that fails, only the log says so."""
    try:
        atomic.write_text(_place(workspace), json.dumps({**load(workspace), **values}, indent=1) + "\n")
    except OSError as error:
        logger.warning("The page's own settings cannot be kept: %s", error)
