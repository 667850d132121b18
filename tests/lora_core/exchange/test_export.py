"""What is given away, and that it comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lora_core.engines import manifest
from lora_core.errors import InputError
from lora_core.exchange import Outcome, read, to_kohya_ss, to_trainer_files, to_workbench
from lora_core.options import TrainingOptions, networks, toml_io
from lora_core.options.families import FAMILIES, suggestions

PATHS = ("/data/somebody", "D:\\\\somebody")


def example(family: str = "sdxl", kind: str = "lora") -> TrainingOptions:
    options = TrainingOptions()
    options.update(suggestions(family))
    options.update(
        {
            "network_type": kind,
            "pretrained_model_name_or_path": "/data/somebody/model.safetensors",
            "image_dir": "/data/somebody/pictures",
            "num_repeats": 7,
            "network_weights": "D:\\somebody\\first.safetensors",
            "prompts": ["a cat", "a dog --w 512"],
            "optimizer_type": "AdamW8bit",
            "optimizer_args": ["weight_decay=0.1", "betas=[0.9,0.99]"],
            "max_train_epochs": 7,
            "unet_lr": 3e-4,
            "text_encoder_lr": 1e-4,
            "lr_warmup_steps": 0.05,
            "more_folders": [{"image_dir": "/data/somebody/others", "is_reg": True, "num_repeats": 3}],
        }
    )
    return options


def different(before: TrainingOptions, after: TrainingOptions) -> dict[str, tuple[object, object]]:
    """Options that have a meaning and did not come through; the line of models is told from its file's name."""
    values = after.values()
    return {
        name: (value, values[name])
        for name, value in before.values().items()
        if value != values[name] and before.applies(name) and name != "model_variant"
    }


KINDS = [(family, kind) for family in FAMILIES for kind in networks.kinds(family)]


@pytest.mark.parametrize(("family", "kind"), KINDS, ids=str)
def test_round_trips(tmp_path: Path, family: str, kind: str) -> None:
    options = example(family, kind)
    for name, text in to_trainer_files(options, with_paths=True).items():
        (tmp_path / name).write_text(text, "utf-8")
    names = ["train.toml", "command.sh"]
    if networks.module(kind, family) != "networks.oft":
        names.append("gui.json")
        text = to_kohya_ss(options, with_paths=True, dataset_config="dataset.toml")
        (tmp_path / "gui.json").write_text(text, "utf-8")
    for name in names:
        found = read(tmp_path / name)
        assert different(options, found.options) == {}, name
        assert found.of(Outcome.UNKNOWN) == [], name


def test_our_own_round_trip() -> None:
    options = example()
    assert read(to_workbench(options, with_paths=True)).options == options


def test_kohya_ss_page_without_such_a_kind() -> None:
    with pytest.raises(InputError, match="sd-scripts"):
        to_kohya_ss(example("sdxl", "oft"))


def test_no_path_is_given_away() -> None:
    options = example()
    options["training_comment"] = "/data/somebody/notes"
    texts = [*to_trainer_files(options).values(), to_kohya_ss(options), to_workbench(options)]
    for text in texts:
        assert not any(path in text for path in (*PATHS, "somebody"))


def test_paths_are_given_if_asked_for() -> None:
    options = example()
    assert "/data/somebody/model.safetensors" in to_trainer_files(options, with_paths=True)["train.toml"]
    assert "/data/somebody/model.safetensors" in to_kohya_ss(options, with_paths=True)
    assert toml_io.loads(to_workbench(options, with_paths=True)) == options


def test_no_secret_is_given_away() -> None:
    options = example()
    options["training_comment"] = "hf_" + "q" * 30
    texts = [*to_trainer_files(options, with_paths=True).values(), to_kohya_ss(options, with_paths=True)]
    assert not any("q" * 30 in text for text in [*texts, to_workbench(options, with_paths=True)])


def test_a_model_by_its_public_name_stays() -> None:
    options = example()
    options["pretrained_model_name_or_path"] = "owner/model"
    assert (
        toml_io.parse(to_trainer_files(options)["train.toml"])["pretrained_model_name_or_path"]
        == "owner/model"
    )


def test_the_trainer_would_take_the_files() -> None:
    files = to_trainer_files(example())
    manifest.check_train_table(toml_io.parse(files["train.toml"]), "sdxl_train_network")
    manifest.check_dataset_table(toml_io.parse(files["dataset.toml"]))
    assert files["command.sh"].count("sdxl_train_network.py") == 2


def test_warm_restarts_take_their_module_along() -> None:
    options = example()
    options["lr_scheduler"] = "rex_warm_restarts"
    with pytest.raises(InputError, match="steps"):
        to_trainer_files(options)
    files = to_trainer_files(options, total_steps=300)
    assert "class RexAnnealingWarmRestarts" in files["lora_workbench_schedulers.py"]
    assert read(files["command.sh"]).options["lr_scheduler"] == "rex_warm_restarts"


def test_what_the_page_has_no_field_for_goes_along_as_words() -> None:
    options = example()
    options["zero_terminal_snr"] = True
    data = json.loads(to_kohya_ss(options))
    assert "--zero_terminal_snr" in data["additional_parameters"]


def test_whose_repository_it_is_stays_private() -> None:
    options = TrainingOptions(
        huggingface_upload=True,
        huggingface_repo_id="me/mine",
        huggingface_path_in_repo="secret-project",
        masked_loss=True,
        conditioning_data_dir="/home/me/masks",
        more_folders=[{"image_dir": "/home/me/b", "conditioning_data_dir": "/home/me/masks-b"}],
    )
    for text in (*to_trainer_files(options).values(), to_workbench(options)):
        assert not [word for word in ("me/mine", "secret-project", "masks", "home") if word in text]
    files = to_trainer_files(options, with_paths=True)
    assert "me/mine" in files["train.toml"]
    assert "/home/me/masks-b" in files["dataset.toml"]
