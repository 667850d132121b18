from __future__ import annotations

import math

import pytest

from lora_core.errors import InputError
from lora_core.options import TrainingOptions


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("network_dim", 0, "smallest value is 1"),
        ("network_dim", 2000, "largest value is 1024"),
        ("network_dim", 4.0, "whole number"),
        ("network_dim", True, "whole number"),
        ("network_dim", "4", "whole number"),
        ("network_dim", None, "cannot be empty"),
        ("unet_lr", math.nan, "finite"),
        ("unet_lr", math.inf, "largest value is 10"),
        ("unet_lr", False, "must be a number"),
        ("unet_lr", "5e-4", "must be a number"),
        ("unet_lr", -0.1, "smallest value is 0"),
        ("cache_latents", "false", "true or false"),
        ("cache_latents", 1, "true or false"),
        ("save_model_as", "zip", "not one of the choices"),
        ("save_model_as", None, "cannot be empty"),
        ("lr_scheduler", ["cosine"], "not one of the choices"),
        ("output_name", 5, "must be a text"),
        ("output_name", "a\ud800", "no text file can hold"),
        ("prompts", "a cat", "list of texts"),
        ("prompts", [1], "must be a text"),
        ("lr_warmup_steps", 1.5, "share below 1"),
        ("lr_warmup_steps", -1, "smallest value is 0"),
        ("max_train_epochs", 0, "smallest value is 1"),
        ("max_train_steps", -5, "smallest value is 1"),
        ("save_every_n_epochs", 0, "smallest value is 1"),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(name, value, part):
    options = TrainingOptions()
    before = options.values()
    with pytest.raises(InputError) as caught:
        options[name] = value
    error = caught.value
    assert error.field == name
    assert name in error.what
    assert repr(value) in error.what
    assert part in error.why
    assert error.remedy
    assert "parameter '" not in str(error)
    assert options.values() == before


@pytest.mark.parametrize(
    ("given", "kept", "kind"),
    [(0, 0, int), (100, 100, int), (100.0, 100, int), (0.0, 0, int), (0.05, 0.05, float), (1, 1, int)],
)
def test_warm_up_is_steps_or_a_share(given, kept, kind):
    options = TrainingOptions(lr_warmup_steps=given)
    assert options["lr_warmup_steps"] == kept
    assert type(options["lr_warmup_steps"]) is kind


def test_numbers_become_floats_and_integers_stay():
    options = TrainingOptions(unet_lr=1, network_dim=4)
    assert type(options["unet_lr"]) is float
    assert type(options["network_dim"]) is int


def test_empty_choice_is_allowed_only_where_declared():
    assert TrainingOptions(max_token_length=None)["max_token_length"] is None
    assert TrainingOptions.option("max_token_length").optional
    assert not TrainingOptions.option("family").optional


def test_lists_are_not_shared():
    one, two = TrainingOptions(), TrainingOptions()
    one["prompts"] = ["a"]
    one["prompts"].append("b")
    assert two["prompts"] == []
    assert TrainingOptions.option("prompts").default == []
    copy = one.copy()
    copy["prompts"].append("c")
    assert one["prompts"] == ["a", "b"]
