"""Each kind of network makes the plan that trains it, in each family that has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lora_core.engines import manifest, planning
from lora_core.errors import InputError, OptionsInvalid
from lora_core.options import Place, TrainingOptions, networks
from lora_core.options.families import FAMILIES
from lora_core.options.networks import NETWORKS, kinds
from lora_core.options.trainer_toml import from_trainer, to_trainer

PAIRS = [(kind, family) for family in FAMILIES for kind in kinds(family)]
LACKING = [(kind, family) for family in FAMILIES for kind in NETWORKS if kind not in kinds(family)]


def arguments(train: dict[str, Any]) -> dict[str, str]:
    return dict(one.split("=", 1) for one in train.get("network_args", []))


def chosen(kind: str, family: str) -> TrainingOptions:
    return TrainingOptions(family=family, network_type=kind, image_dir="/pictures")


@pytest.mark.parametrize(("kind", "family"), PAIRS)
def test_plan_names_the_module_and_arguments_of_the_kind(kind: str, family: str, tmp_path: Path) -> None:
    train, _, _ = planning.tables(chosen(kind, family), tmp_path)
    manifest.check_train_table(train, FAMILIES[family].script)
    assert train["network_module"] == networks.module(kind, family)
    assert NETWORKS[kind].fixed.items() <= arguments(train).items()
    assert ("network_dim" in train) == NETWORKS[kind].sized
    told = networks.kind_of(train["network_module"], arguments(train))
    assert told == kind


def test_no_two_kinds_of_a_family_make_the_same_plan() -> None:
    for family in FAMILIES:
        plans = [
            (train["network_module"], tuple(sorted(train.get("network_args", []))))
            for kind in kinds(family)
            for train in [to_trainer(chosen(kind, family)).train]
        ]
        assert len(set(plans)) == len(plans)


@pytest.mark.parametrize(("kind", "family"), LACKING)
def test_kind_that_a_family_lacks_is_refused(kind: str, family: str, tmp_path: Path) -> None:
    with pytest.raises(OptionsInvalid) as caught:
        planning.tables(chosen(kind, family), tmp_path)
    (problem,) = caught.value.problems
    assert problem.fix == {"network_type": "lora"}
    assert "network_type" in problem.fields


@pytest.mark.parametrize(("kind", "family"), PAIRS)
def test_kind_and_family_are_told_from_the_trainers_files(kind: str, family: str) -> None:
    files = to_trainer(chosen(kind, family))
    read = from_trainer(files.train, files.dataset)
    assert read["network_type"] == kind
    if family != "sdxl" or "cache_text_encoder_outputs" in files.train:
        assert read["family"] == family


@pytest.mark.parametrize(("kind", "family"), PAIRS)
def test_arguments_are_read_back(kind: str, family: str) -> None:
    options = chosen(kind, family)
    for option in options:
        if option.meta.place is Place.NETWORK_ARGS and options.applies(option.name):
            values = [value for value in option.choices.values() if value is not None]
            low = option.bounds[1] if option.bounds else "1,2"
            options[option.name] = (
                values[-1] if values else (not option.default if option.kind == "boolean" else low)
            )
    files = to_trainer(options)
    read = from_trainer(files.train, files.dataset, files.prompts, files.ours)
    assert read.values() == options.values()


def test_switches_at_their_default_are_not_written() -> None:
    """Some of the trainer's modules take any text for true: ``bool("False")`` is True."""
    assert "network_args" not in to_trainer(chosen("oft", "sd15")).train
    options = TrainingOptions(network_type="lokr", decompose_both=True)
    assert arguments(to_trainer(options).train)["decompose_both"] == "True"
    assert arguments(to_trainer(TrainingOptions(network_type="dora", wd_on_output=False)).train) == {
        "conv_dim": "8",
        "conv_alpha": "4.0",
        "wd_on_output": "False",
        "algo": "locon",
        "dora_wd": "True",
    }


@pytest.mark.parametrize(
    ("module", "arguments", "kind"),
    [
        ("networks.lora", {}, "lora"),
        ("networks.lora", {"conv_dim": "4"}, "locon"),
        ("networks.lora_flux", {"conv_dim": "4"}, "lora"),
        ("lycoris.kohya", {}, "locon"),
        ("lycoris.kohya", {"algo": "LoRA", "dora_wd": "true"}, "dora"),
        ("lycoris.kohya", {"algo": "locon", "dora_wd": "False"}, "locon"),
        ("lycoris.kohya", {"algo": "loha"}, "loha"),
        ("networks.oft_flux", {}, "oft"),
        ("networks.other", {}, ""),
        ("lycoris.kohya", {"algo": "abba"}, ""),
    ],
)
def test_kinds_of_other_tools_files(module: str, arguments: dict[str, str], kind: str) -> None:
    assert networks.kind_of(module, arguments) == kind


def test_text_encoders_have_a_rate_each_where_the_trainer_uses_it() -> None:
    options = TrainingOptions(family="sd3", text_encoder_lr=1e-4, text_encoder_lr_3=1e-6)
    files = to_trainer(options)
    assert files.train["text_encoder_lr"] == [1e-4, 1e-4, 1e-6]
    assert from_trainer(files.train, files.dataset, "", files.ours) == options
    read = from_trainer({"network_module": "networks.lora_flux", "text_encoder_lr": [1e-4, 2e-5]}, {})
    assert (read["text_encoder_lr"], read["text_encoder_lr_2"]) == (1e-4, 2e-5)
    both_empty = TrainingOptions(
        family="flux", text_encoder_lr=None, learning_rate=3e-4, text_encoder_lr_2=1e-5
    )
    assert to_trainer(both_empty).train["text_encoder_lr"] == [3e-4, 1e-5]


def test_sd2_tells_the_trainer_so() -> None:
    files = to_trainer(TrainingOptions(family="sd2"))
    assert files.train["v2"] is True
    assert from_trainer(files.train, files.dataset)["family"] == "sd2"


def test_merged_loras_have_one_strength() -> None:
    options = TrainingOptions(base_weights=["a.safetensors", "b.safetensors"], base_weights_multiplier=0.5)
    assert to_trainer(options).train["base_weights_multiplier"] == [0.5, 0.5]


def test_paths_of_the_parts_are_absolute(tmp_path: Path) -> None:
    options = TrainingOptions(
        family="flux", ae="ae.safetensors", t5xxl="~/t5.safetensors", base_weights=["a.safetensors"]
    )
    train, _, _ = planning.tables(options, tmp_path)
    assert all(Path(train[key]).is_absolute() for key in ("ae", "t5xxl"))
    assert Path(train["base_weights"][0]).is_absolute()


def test_experts_lines_go_into_the_main_table_checked(tmp_path: Path) -> None:
    lines = ["save_clip = true", "# a note", "", "save_n_epoch_ratio = 4"]
    options = TrainingOptions(family="sd3", extra_options=lines)
    train, _, _ = planning.tables(options, tmp_path)
    assert (train["save_clip"], train["save_n_epoch_ratio"]) == (True, 4)


@pytest.mark.parametrize("line", ["use_8bit_adm = true", "save_n_epoch_ratio = 'x'"])
def test_experts_lines_that_the_trainer_does_not_know(line: str, tmp_path: Path) -> None:
    with pytest.raises(OptionsInvalid):
        planning.tables(TrainingOptions(extra_options=[line]), tmp_path)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("network_dim = 4", "Rank"),
        ("output_dir = 'x'", "program"),
        ("wandb_api_key = 'secret'", "secret"),
        ("save_clip", "read"),
        ("deepspeed = true", "field"),
        ("huggingface_token = 'x'", "secret"),
    ],
)
def test_experts_lines_that_are_refused(line: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        to_trainer(TrainingOptions(extra_options=[line]))
    assert caught.value.field == "extra_options"
    assert word in str(caught.value)
