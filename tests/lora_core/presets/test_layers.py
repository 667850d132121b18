from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import TrainingOptions
from lora_core.presets import apply, find, is_personal, load_preset, model_values


def put(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.toml").write_text(text, "utf-8")


def test_a_set_keeps_what_is_personal_and_replaces_the_rest() -> None:
    personal = {
        "image_dir": "/pictures",
        "more_folders": [{"image_dir": "/more"}],
        "trigger_word": "ohwxcat",
        "pretrained_model_name_or_path": "/model.safetensors",
        "output_name": "mine",
        "prompts": ["ohwxcat"],
        "vae": "/vae.safetensors",
    }
    current = TrainingOptions(**personal, network_dim=99, ip_noise_gamma=0.1)
    before = current.copy()
    options = apply(find("sdxl-style"), current)
    assert {name: options[name] for name in personal} == personal
    assert options["network_dim"] == 16
    assert options["ip_noise_gamma"] is None
    assert current == before


def test_a_set_that_names_something_personal_sets_it() -> None:
    current = TrainingOptions(trigger_word="ohwxcat", prompts=["ohwxcat"])
    options = apply(find("practice"), current)
    assert options["trigger_word"] == "zibbit"
    assert len(options["prompts"]) > 1


def test_a_modifier_changes_only_what_it_names() -> None:
    current = TrainingOptions(family="sdxl", network_dim=77, ip_noise_gamma=0.1)
    options = apply(find("large-set"), current)
    changed = {name for name, value in options.values().items() if value != current[name]}
    assert changed == {"num_repeats"}


def test_a_modifier_for_other_families_is_refused() -> None:
    with pytest.raises(InputError, match=r"not for Stable Diffusion 1\.5") as caught:
        apply(find("low-vram-flux"), TrainingOptions(family="sd15"))
    assert "FLUX.1" in caught.value.why


def test_sets_extend_others_and_own_ones_extend_shipped_ones(tmp_path: Path) -> None:
    put(tmp_path, "mine", '[preset]\ntitle = "M"\nextends = ["sdxl-style"]\n[network]\nconv_dim = 3\n')
    options = load_preset("mine", tmp_path)
    assert (options["family"], options["conv_dim"], options["text_encoder_lr"]) == ("sdxl", 3, 0.0)


def test_circles_are_told(tmp_path: Path) -> None:
    put(tmp_path, "a", '[preset]\ntitle = "A"\nextends = ["b"]\n')
    put(tmp_path, "b", '[preset]\ntitle = "B"\nextends = ["a"]\n')
    with pytest.raises(InputError, match="extends too many") as caught:
        load_preset("a", tmp_path)
    assert "a, b, a" in caught.value.why
    put(tmp_path, "b", '[preset]\ntitle = "B"\nextends = ["nothing"]\n')
    with pytest.raises(UnknownKeyError, match="nothing"):
        load_preset("a", tmp_path)


def test_the_familys_values_come_first_and_the_file_wins(tmp_path: Path) -> None:
    put(tmp_path, "mine", '[preset]\ntitle = "M"\nfamily = "flux"\n')
    options = load_preset("mine", tmp_path)
    for name, value in model_values("flux").items():
        assert options[name] == value, name
    put(tmp_path, "mine", '[preset]\ntitle = "M"\nfamily = "flux"\n[dataset]\nresolution = 512\n')
    assert load_preset("mine", tmp_path)["resolution"] == 512


def test_every_path_is_personal() -> None:
    for option in TrainingOptions():
        if option.kind in ("file", "folder"):
            assert is_personal(option)
    assert not is_personal(TrainingOptions.option("network_dim"))
