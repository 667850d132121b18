"""The check of the trainer's tables against its measured options."""

from __future__ import annotations

from typing import Any

import pytest

from lora_core.engines import manifest
from lora_core.errors import InputError, OptionsInvalid

GOOD = {
    "pretrained_model_name_or_path": "/m/a.safetensors",
    "network_dim": 4,
    "network_alpha": 1,
    "learning_rate": 1e-7,
    "cache_latents": False,
    "lr_warmup_steps": 0.1,
    "text_encoder_lr": [1e-5],
    "network_args": ["conv_dim=4"],
    "save_model_as": "safetensors",
    "max_token_length": 150,
    "seed": 0,
}


def problem(table: dict[str, Any], script: str = "train_network") -> Any:
    with pytest.raises(OptionsInvalid) as caught:
        manifest.check_train_table(table, script)
    (found,) = caught.value.problems
    return found


def test_good_table_passes() -> None:
    manifest.check_train_table(GOOD, "train_network")
    manifest.check_train_table(GOOD, "sdxl_train_network.py")
    manifest.check_train_table({"section": GOOD}, "train_network")


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("learning_rat", 1e-4, "'learning_rate'"),
        ("cache_latents", "false", "true or false"),
        ("cache_latents", 1, "true or false"),
        ("network_dim", "4", "whole number"),
        ("network_dim", 4.0, "whole number"),
        ("network_dim", True, "whole number"),
        ("network_dim", [4], "whole number"),
        ("learning_rate", "1e-4", "a number"),
        ("learning_rate", float("nan"), "a number"),
        ("resolution", 512, "text in quotes"),
        ("network_args", "conv_dim=4", "a list"),
        ("network_args", [4], "text in quotes"),
        ("save_model_as", "zip", "safetensors"),
        ("mixed_precision", "fp61", "'fp16'"),
        ("max_token_length", 77, "150"),
        ("seed", None, "whole number"),
    ],
)
def test_bad_value_names_field_value_and_remedy(key: str, value: Any, remedy: str) -> None:
    found = problem({**GOOD, key: value})
    assert found.fields == (key,)
    assert repr(value[0] if key == "network_args" and value == [4] else value).strip("[]") in found.what
    assert remedy in found.remedy


def test_option_of_another_script_is_said_to_be_so() -> None:
    found = problem({"t5xxl": "/m/t5.safetensors"})
    assert "flux_train_network" in found.why
    manifest.check_train_table({"t5xxl": "/m/t5.safetensors"}, "flux_train_network")


def test_defaults_differ_by_script() -> None:
    by_script = {
        s: manifest.options(s)["discrete_flow_shift"].default
        for s in ("flux_train_network", "lumina_train_network")
    }
    assert by_script == {"flux_train_network": 3.0, "lumina_train_network": 6.0}


def test_all_problems_at_once() -> None:
    with pytest.raises(OptionsInvalid) as caught:
        manifest.check_train_table({"network_dim": "4", "sed": 1}, "train_network")
    assert [p.fields for p in caught.value.problems] == [("network_dim",), ("sed",)]


def test_unknown_script() -> None:
    with pytest.raises(InputError, match="sdxl_train_network"):
        manifest.options("train_netwrk")


DATASET = {
    "general": {"caption_extension": ".txt", "shuffle_caption": False},
    "datasets": [
        {
            "resolution": [512, 768],
            "batch_size": 2,
            "enable_bucket": True,
            "subsets": [{"image_dir": "/p", "num_repeats": 10, "caption_dropout_rate": 0}],
        }
    ],
}


def dataset(level: str, **values: Any) -> dict[str, Any]:
    subset = {**DATASET["datasets"][0]["subsets"][0], **(values if level == "subsets" else {})}
    one = {**DATASET["datasets"][0], **(values if level == "datasets" else {}), "subsets": [subset]}
    return {"general": {**DATASET["general"], **(values if level == "general" else {})}, "datasets": [one]}


def test_good_dataset_passes() -> None:
    manifest.check_dataset_table(DATASET)
    manifest.check_dataset_table(dataset("datasets", resolution=512, validation_split=0.1))
    manifest.check_dataset_table(dataset("subsets", face_crop_aug_range=[1.0, 2.0]))


@pytest.mark.parametrize(
    ("level", "values", "text"),
    [
        ("subsets", {"num_repeat": 3}, "num_repeats"),
        ("subsets", {"batch_size": 3}, "general or datasets"),
        ("subsets", {"num_repeats": "3"}, "whole number"),
        ("datasets", {"resolution": "512"}, "a list of two"),
        ("datasets", {"resolution": [512, 512, 3]}, "a list of two"),
        ("datasets", {"validation_split": 1}, "decimal point"),
        ("subsets", {"face_crop_aug_range": [1.0]}, "a list of two"),
        ("general", {"image_dir": "/p"}, "subsets"),
        ("general", {"flip_aug": 1}, "true or false"),
    ],
)
def test_bad_dataset(level: str, values: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionsInvalid) as caught:
        manifest.check_dataset_table(dataset(level, **values))
    (found,) = caught.value.problems
    assert found.fields == tuple(values)
    assert text in f"{found.why} {found.remedy}"


def test_missing_folder_and_unknown_table() -> None:
    with pytest.raises(OptionsInvalid) as caught:
        manifest.check_dataset_table({"dataset": [], "datasets": [{"subsets": [{}]}]})
    assert [p.fields for p in caught.value.problems] == [("dataset",), ("image_dir",)]
