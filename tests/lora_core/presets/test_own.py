from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.errors import InputError, StorageError, UnknownKeyError
from lora_core.options import TrainingOptions, toml_io
from lora_core.presets import apply, find, list_presets, load_preset, own

MINE = {
    "family": "sdxl",
    "network_dim": 12,
    "seed": None,
    "image_dir": "/home/me/pictures",
    "pretrained_model_name_or_path": "/home/me/model.safetensors",
    "trigger_word": "ohwxcat",
    "prompts": ["ohwxcat"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "presets"


@pytest.fixture
def options() -> TrainingOptions:
    return TrainingOptions(**MINE)


def test_save_and_use(folder: Path, options: TrainingOptions) -> None:
    preset = own.save(folder, " My cats, soft ", options, description="For cats.", goal="style")
    assert (preset.name, preset.title, preset.goal, preset.own) == (
        "my-cats-soft",
        "My cats, soft",
        "style",
        True,
    )
    assert list_presets(folder) == [preset]
    other = TrainingOptions(image_dir="/elsewhere", trigger_word="dog")
    used = apply(preset, other)
    assert (used["network_dim"], used["seed"], used["family"]) == (12, None, "sdxl")
    assert (used["image_dir"], used["trigger_word"], used["prompts"]) == ("/elsewhere", "dog", [])


def test_all_that_is_not_personal_comes_back(folder: Path, options: TrainingOptions) -> None:
    own.save(folder, "Cats", options)
    back = load_preset("cats", folder)
    for name in MINE:
        if name not in ("image_dir", "pretrained_model_name_or_path", "trigger_word", "prompts"):
            assert back[name] == options[name]


def test_names_are_not_taken_twice(folder: Path, options: TrainingOptions) -> None:
    own.save(folder, "Cats", options)
    with pytest.raises(InputError, match="already"):
        own.save(folder, "cats!", TrainingOptions())
    assert load_preset("cats", folder)["network_dim"] == 12
    with pytest.raises(InputError, match="already"):
        own.save(folder, "SDXL style", options)


@pytest.mark.parametrize("title", ["", "  ", "/..", "…", "con"])
def test_titles_that_cannot_be_a_name(folder: Path, options: TrainingOptions, title: str) -> None:
    with pytest.raises(InputError) as caught:
        own.save(folder, title, options)
    assert caught.value.field == "title"
    assert not folder.exists()


def test_a_title_never_leaves_the_folder(folder: Path, options: TrainingOptions) -> None:
    preset = own.save(folder, "../../Évil / пример", options)
    assert preset.path.parent == folder
    assert preset.name == "évil-пример"


def test_replaced_and_deleted_presets_go_to_the_bin(folder: Path, options: TrainingOptions) -> None:
    own.save(folder, "Cats", options)
    own.save(folder, "Cats", TrainingOptions(network_dim=5), replace=True)
    assert load_preset("cats", folder)["network_dim"] == 5
    binned = own.delete(folder, "cats")
    assert list_presets(folder) == []
    assert len(list((folder / own.BIN).iterdir())) == 2
    assert own.put_back(folder, binned).name == "cats"
    assert load_preset("cats", folder)["network_dim"] == 5
    with pytest.raises(InputError, match="already"):
        own.put_back(folder, next((folder / own.BIN).iterdir()))
    with pytest.raises(UnknownKeyError):
        own.delete(folder, "sdxl-style")


def test_rename(folder: Path, options: TrainingOptions) -> None:
    own.save(folder, "Cats", options, description="For cats.")
    own.save(folder, "Dogs", options)
    with pytest.raises(InputError, match="already"):
        own.rename(folder, "cats", "Dogs")
    preset = own.rename(folder, "cats", "Big cats")
    assert (preset.name, preset.title, preset.description) == ("big-cats", "Big cats", "For cats.")
    assert own.rename(folder, "big-cats", "BIG cats").title == "BIG cats"
    assert {p.name for p in list_presets(folder)} == {"big-cats", "dogs"}
    assert load_preset("big-cats", folder)["network_dim"] == 12


def test_what_is_shared_has_no_paths_and_no_secrets(folder: Path, options: TrainingOptions) -> None:
    options["extra_options"] = [
        'huggingface_token = "hf_abc"',
        'output_dir = "/home/me/out"',
        'train_data_dir = "C:\\\\me"',
        "highvram = true",
    ]
    preset = own.save(folder, "Cats", options)
    assert load_preset("cats", folder)["extra_options"] == options["extra_options"]
    text = own.export(preset)
    for part in ("/home", "hf_abc", "C:", "ohwxcat"):
        assert part not in text
    assert toml_io.loads(text)["extra_options"] == ["highvram = true"]
    assert toml_io.loads(text)["network_dim"] == 12


def test_a_shared_modifier_too(folder: Path) -> None:
    folder.mkdir()
    text = '[preset]\ntitle = "M"\nmodifier = true\n[dataset]\nimage_dir = "/home/me"\nnum_repeats = 3\n'
    (folder / "m.toml").write_text(text, "utf-8")
    given = own.export(find("m", folder))
    assert "/home" not in given
    assert toml_io.values_of(given) == {"num_repeats": 3}


def test_a_modifier_that_is_taken_in_stays_one(folder: Path, tmp_path: Path) -> None:
    sent = tmp_path / "sent.toml"
    text = '[preset]\ntitle = "Large set"\nmodifier = true\n[dataset]\nimage_dir = "/x"\nnum_repeats = 3\nwrong = 1\n'
    sent.write_text(text, "utf-8")
    preset, left_out = own.take_in(folder, sent)
    assert (preset.name, preset.modifier, len(left_out)) == ("large-set-2", True, 1)
    options = apply(preset, TrainingOptions(network_dim=9))
    assert (options["num_repeats"], options["network_dim"], options["image_dir"]) == (3, 9, "")


def test_shipped_presets_can_be_shared() -> None:
    text = own.export(find("sdxl-style"))
    assert toml_io.loads(text)["conv_dim"] == 16


def test_share_and_take_in(folder: Path, options: TrainingOptions, tmp_path: Path) -> None:
    sent = tmp_path / "sent.toml"
    sent.write_text(own.export(own.save(folder, "Cats", options)), "utf-8")
    preset, left_out = own.take_in(folder, sent)
    assert (preset.name, preset.title, left_out) == ("cats-2", "Cats 2", [])
    assert load_preset("cats-2", folder) == load_preset("cats", folder)


def test_what_cannot_be_used_of_a_file_is_told(folder: Path, tmp_path: Path) -> None:
    sent = tmp_path / "From a friend.toml"
    sent.write_text(
        '[network]\nnetwork_dim = 5\nnetwork_dmi = 6\n[dataset]\nimage_dir = "/theirs"\n', "utf-8"
    )
    preset, left_out = own.take_in(folder, sent)
    assert preset.title == "From a friend"
    assert [problem.fields for problem in left_out] == [("network_dmi",)]
    options = load_preset(preset.name, folder)
    assert (options["network_dim"], options["image_dir"]) == (5, "")
    sent.write_text("= =", "utf-8")
    with pytest.raises(InputError, match="TOML"):
        own.take_in(folder, sent)
    with pytest.raises(StorageError):
        own.take_in(folder, tmp_path / "nowhere.toml")


def test_a_folder_that_cannot_be_written_to(options: TrainingOptions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(StorageError):
        own.save(tmp_path / "file" / "presets", "Cats", options)
