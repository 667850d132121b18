from __future__ import annotations

import pytest

from lora_core.errors import InputError, Level, StorageError, UnknownKeyError
from lora_core.options.rules import check
from lora_core.presets import list_presets, load_preset

NAMES = ["practice", "sd15-character", "sdxl-character"]


def test_presets_are_listed_with_words():
    presets = list_presets()
    assert [preset.name for preset in presets] == NAMES
    assert all(
        preset.title and preset.description.endswith(".") and preset.path.is_file() for preset in presets
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_sound(name):
    problems = check(load_preset(name))
    assert [str(problem) for problem in problems if problem.level is not Level.NOTE] == []


def test_practice_fits_the_practice_model():
    from lora_core.engines.practice.pictures import TRIGGER

    options = load_preset("practice")
    assert options["trigger_word"] == TRIGGER
    assert options["resolution"] == 64
    assert options["mixed_precision"] == "no"
    assert options["prompts"]
    assert check(options) == []


def test_unknown_preset_names_the_nearest():
    with pytest.raises(UnknownKeyError) as caught:
        load_preset("practise")
    assert "practice" in caught.value.remedy
    assert caught.value.field == "preset"


@pytest.mark.parametrize("name", ["../practice", "/etc/passwd", "", "practice.toml"])
def test_a_name_is_not_a_path(name):
    with pytest.raises(UnknownKeyError):
        load_preset(name)


def test_own_folder(tmp_path):
    (tmp_path / "mine.toml").write_text('[preset]\ntitle = "Mine"\n[steps]\nseed = 0\n', "utf-8")
    assert [(p.name, p.title, p.description) for p in list_presets(tmp_path)] == [("mine", "Mine", "")]
    assert load_preset("mine", tmp_path)["seed"] == 0
    (tmp_path / "bare.toml").write_text("[steps]\nseed = 0\n", "utf-8")
    with pytest.raises(InputError, match=r"bare\.toml"):
        list_presets(tmp_path)
    (tmp_path / "bare.toml").write_bytes(b"\xff")
    with pytest.raises(StorageError, match=r"bare\.toml"):
        list_presets(tmp_path)
