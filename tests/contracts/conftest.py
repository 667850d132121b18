"""The project's own files, read once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture
def pyproject(project: Path) -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
