from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.datasets.scan import DatasetScan, Picture
from lora_core.datasets.steps import count_steps
from lora_core.explain import notes
from lora_core.options import TrainingOptions

PICTURES = DatasetScan(
    tuple(Picture(Path(f"{n}.png"), 512, 512, "ohwxcat, sitting, outdoors") for n in range(15))
)


def told(**values) -> dict[str, str]:
    options = TrainingOptions(**values)
    return notes(options, count_steps(options, PICTURES), PICTURES)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("num_repeats", {}, "For you: 15 pictures × 10 = 150 uses in each epoch."),
        ("train_batch_size", {"train_batch_size": 4}, "For you: 38 steps an epoch."),
        ("gradient_accumulation_steps", {"gradient_accumulation_steps": 3}, "3 × 2 = 6 pictures"),
        ("max_train_epochs", {"max_train_epochs": 2}, "For you: 150 steps in all."),
        ("lr_warmup_steps", {"lr_warmup_steps": 0.05}, "the first 37 steps of 750"),
        ("lr_warmup_steps", {"lr_warmup_steps": 20}, "the first 20 steps of 750"),
        ("lr_scheduler_num_cycles", {"lr_scheduler_num_cycles": 3, "lr_warmup_steps": 0}, "about 250 steps"),
        ("network_alpha", {"network_dim": 16, "network_alpha": 4.0}, "4 ÷ 16 = 0.25"),
        ("save_every_n_epochs", {"save_every_n_epochs": 2}, "4 files on the way"),
        ("save_every_n_epochs", {"save_every_n_epochs": 3}, "3 files on the way"),
        (
            "sample_every_n_epochs",
            {"prompts": ["a", "b"], "sample_every_n_epochs": 5},
            "2 times 2 pictures, 4 in all",
        ),
        ("caption_dropout_rate", {"caption_dropout_rate": 0.1}, "about 15 of 150 uses"),
        ("keep_tokens", {"keep_tokens": 2, "shuffle_caption": True}, "“ohwxcat, sitting” stays in front"),
    ],
)
def test_own_numbers(name: str, values: dict, sentence: str) -> None:
    assert sentence in told(**values)[name]


def test_nothing_is_told_where_there_is_nothing_to_tell() -> None:
    assert notes(TrainingOptions(), None, None) == {}
    assert "caption_dropout_rate" not in told()
    assert "gradient_accumulation_steps" not in told(gradient_accumulation_steps=1)
    empty = DatasetScan(())
    assert notes(TrainingOptions(), count_steps(TrainingOptions(), empty), empty) == {}


def test_every_sentence_is_about_an_option_that_exists() -> None:
    assert all(TrainingOptions.option(name) for name in told())
