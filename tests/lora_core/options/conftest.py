"""Random option sets, made from the declarations."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from lora_core.options import Option, TrainingOptions
from lora_core.options.declare import StepsOrShare

ODD_TEXTS = (
    "",
    " ",
    "0",
    "None",
    "a\\x64",
    "C:\\models\\new",
    'say "hi" # no',
    "é 🕸️",
    "tab\there",
    "[x]",
    "a,b",
    "'",
    "=",
)


FOLDERS: list[Any] = [
    [],
    [{"image_dir": "/pictures/other"}],
    [{"image_dir": "/pictures/reg", "is_reg": True, "num_repeats": 3}],
    [{"image_dir": "C:\\more", "flip_aug": True, "keep_tokens": 0}, {"image_dir": "/big", "resolution": 768}],
    [{"image_dir": "/masked", "conditioning_data_dir": "/masks of it"}],
    [{"image_dir": "/own batch", "batch_size": 1, "resolution": 640, "caption_extension": ".caption"}],
]


def _texts(rng: random.Random, option: Option) -> list[Any]:
    if option.name == "prompts":
        return [[], ["a cat"], ["a cat --w 64 --d 0", 'say "hi", 🐱']]
    if option.name == "extra_options":
        return [[], ["use_8bit_adam = true", "# a note", "save_n_epoch_ratio = 2"], ["save_clip = true"]]
    return [[], ["weight_decay=0.1"], ["betas=[0.9,0.99]", "decouple=True"]]


def candidates(rng: random.Random, option: Option) -> list[Any]:
    """Values of an option: the edges, the default, None where allowed, and something in between."""
    values: list[Any] = [option.default] + ([None] if option.optional else [])
    if option.choices:
        return [*values, *option.choices.values()]
    if option.kind == "boolean":
        return [*values, True, False]
    if option.kind == "texts":
        return _texts(rng, option)
    if option.kind == "folders":
        return FOLDERS
    if option.bounds:
        low, high = option.bounds
        if option.kind == "integer":
            return [*values, low, high, rng.randint(low, high)]
        if isinstance(option.parameter, StepsOrShare):
            return [*values, 0, 1, 100, 1_000_000, 0.05, 0.999, 1e-7]
        return [
            *values,
            float(low),
            float(high),
            rng.uniform(low, high),
            max(low, min(1e-7, high)),
            0.1 + 0.2 if high > 1 else 0.1,
        ]
    return [*values, *ODD_TEXTS]


@pytest.fixture
def random_options() -> Callable[[int], TrainingOptions]:
    def make(seed: int) -> TrainingOptions:
        rng = random.Random(seed)
        options = TrainingOptions()
        for option in options:
            options[option.name] = rng.choice(candidates(rng, option))
        return options

    return make


@pytest.fixture
def edge_values() -> list[tuple[str, Any]]:
    """Every option with each of its candidate values."""
    rng = random.Random(0)
    return [(option.name, value) for option in TrainingOptions() for value in candidates(rng, option)]
