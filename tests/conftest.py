"""What all tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


@pytest.fixture
def project() -> Path:
    """The folder of the checkout."""
    return PROJECT


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own for every test, so that none sees another's runs or the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LORA_WORKBENCH_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def browser_program() -> str:
    """The path of Chromium or a relative of it.

    Skips where there is none, or fails if LORA_WORKBENCH_REQUIRE_BROWSER says that there must be one.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return found
    if os.environ.get("LORA_WORKBENCH_REQUIRE_BROWSER") == "1":
        pytest.fail("LORA_WORKBENCH_REQUIRE_BROWSER is 1, and there is no Chromium on this machine.")
    pytest.skip("There is no Chromium on this machine.")
