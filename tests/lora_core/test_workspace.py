from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.errors import InputError, UnknownKeyError
from lora_core.workspace import Workspace


def workspace(home: Path, content: bytes) -> Workspace:
    home.mkdir(parents=True)
    (home / "settings.toml").write_bytes(content)
    return Workspace(home)


def test_settings_are_read_as_the_rest_is(home: Path) -> None:
    """With the mark that Windows editors write in front, and a key that the package toml reads wrongly."""
    lines = ["sd_scripts_dir = 'C:\\x é'", '"sd_scripts_pyth\\u006fn" = "/a#b"', ""]
    found = workspace(home, "\r\n".join(lines).encode("utf-8-sig"))
    assert found.settings() == {"sd_scripts_dir": "C:\\x é", "sd_scripts_python": "/a#b"}
    assert found.sd_scripts_python == Path("/a#b")


def test_no_settings_file_means_the_installers_places(home: Path) -> None:
    assert Workspace(home).settings() == {}
    assert Workspace(home).sd_scripts_dir == home.resolve() / "engines" / "sd-scripts"


def test_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORA_WORKBENCH_SD_SCRIPTS_DIR", "/other")
    assert workspace(home, b'sd_scripts_dir = "/one"').sd_scripts_dir == Path("/other")


@pytest.mark.parametrize(
    ("content", "kind", "field"),
    [
        (b"sd_scripts_dir = ", InputError, "settings.toml"),
        (b"\xff\xfe", InputError, "settings.toml"),
        (b'sd_scripts_dirr = "/one"', UnknownKeyError, "sd_scripts_dirr"),
        (b"sd_scripts_dir = 5", InputError, "sd_scripts_dir"),
        (b"[sd_scripts_dir]\nx = 1", InputError, "sd_scripts_dir"),
    ],
)
def test_a_wrong_settings_file_names_the_field(home: Path, content: bytes, kind: type, field: str) -> None:
    with pytest.raises(kind) as caught:
        workspace(home, content).settings()
    assert caught.value.field == field
    assert caught.value.remedy
