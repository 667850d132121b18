from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.errors import InputError, StorageError, UnknownKeyError
from lora_core.presets import find, list_presets, list_with_own, load_preset


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def test_presets_are_listed_with_words() -> None:
    presets = list_presets()
    names = [preset.name for preset in presets]
    assert {"practice", "sd15-character", "sdxl-character"} <= set(names)
    assert names == sorted(names)
    assert all(preset.path.is_file() and not preset.own for preset in presets)


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UnknownKeyError) as caught:
        load_preset("practise")
    assert "practice" in caught.value.remedy
    assert caught.value.field == "preset"


@pytest.mark.parametrize("name", ["../practice", "/etc/passwd", "", "practice.toml"])
def test_a_name_is_not_a_path(name: str) -> None:
    with pytest.raises(UnknownKeyError):
        load_preset(name)


def test_own_folder(tmp_path: Path) -> None:
    put(tmp_path, "mine", '[preset]\ntitle = "Mine"\n[steps]\nseed = 0\n')
    assert [(p.name, p.title, p.description, p.own) for p in list_presets(tmp_path)] == [
        ("mine", "Mine", "", True)
    ]
    assert load_preset("mine", tmp_path)["seed"] == 0
    put(tmp_path, "bare", "[steps]\nseed = 0\n")
    with pytest.raises(InputError, match=r"bare\.toml"):
        list_presets(tmp_path)
    (tmp_path / "bare.toml").write_bytes(b"\xff")
    with pytest.raises(StorageError, match=r"bare\.toml"):
        list_presets(tmp_path)


def test_a_broken_own_preset_harms_no_other(tmp_path: Path) -> None:
    put(tmp_path, "b", '[preset]\ntitle = "Zebra"\n')
    put(tmp_path, "c", '[preset]\ntitle = "ant"\n')
    put(tmp_path, "broken", "= = =")
    presets, problems = list_with_own(tmp_path)
    assert [p.title for p in presets if p.own] == ["ant", "Zebra"]
    assert len(problems) == 1
    assert "TOML" in problems[0].what
    assert list_with_own(tmp_path / "nowhere") == (list_presets(), [])


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    put(tmp_path, "mine", '[preset]\ntitle = "One"\n')
    assert find("mine", tmp_path).title == "One"
    put(tmp_path, "mine", '[preset]\ntitle = "Another"\n')
    assert find("mine", tmp_path).title == "Another"


@pytest.mark.parametrize(
    ("entry", "kind", "field"),
    [
        ("goals = 'style'", UnknownKeyError, "goals"),
        ("modifier = 1", InputError, "modifier"),
        ("vram_gb = true", InputError, "vram_gb"),
        ("vram_gb = '8'", InputError, "vram_gb"),
        ("tags = [1]", InputError, "tags"),
        ("tags = 'a'", InputError, "tags"),
        ("source = 3", InputError, "source"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entry: str, kind: type[InputError], field: str) -> None:
    put(tmp_path, "mine", f'[preset]\ntitle = "Mine"\n{entry}\n')
    with pytest.raises(kind) as caught:
        find("mine", tmp_path)
    assert caught.value.field == field
