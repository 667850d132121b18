from __future__ import annotations

from pathlib import Path

import pytest

from app import page_state
from lora_core.workspace import Workspace


def test_values_are_kept_beside_each_other(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new")
    assert page_state.load(workspace) == {}
    page_state.keep(workspace, {"depth": "deep"})
    page_state.keep(workspace, {"price": "2"})
    assert page_state.load(workspace) == {"depth": "deep", "price": "2"}


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"depth": 3}', "\\ud800"])
def test_what_cannot_be_read_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.json").write_text(text, "utf-8")
    assert page_state.load(Workspace(tmp_path)) == {}


def test_a_place_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    page_state.keep(Workspace(tmp_path / "file"), {"depth": "deep"})
