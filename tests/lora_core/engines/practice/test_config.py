from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core.engines.practice import config
from lora_core.errors import InputError, StorageError

Configure = Callable[..., Path]


def test_values_are_read_and_zero_is_kept(configure: Configure, tmp_path: Path) -> None:
    found = config.read(configure(tmp_path, seed=0, text_encoder_lr=[0.0], unet_lr=2e-3, lr_warmup_steps=0.1))
    assert found.seed == 0
    assert found.text_encoder_lr == 0.0
    assert (found.unet_rate, found.text_rate, found.trains_text) == (2e-3, 0.0, False)
    assert found.datasets[0].batch_size == 4
    assert found.datasets[0].resolution == 64


def test_without_own_rates_both_parts_take_the_common_one(configure: Configure, tmp_path: Path) -> None:
    found = config.read(configure(tmp_path))
    assert found.unet_rate == found.text_rate == 1e-3
    assert found.trains_text
    assert found.trains_unet


def test_inner_table_wins(configure: Configure, tmp_path: Path) -> None:
    path = configure(
        tmp_path, train_batch_size=7, flip_aug=True, subset={"num_repeats": 5}, data={"batch_size": 2}
    )
    one = config.read(path).datasets[0]
    assert (one.batch_size, one.subsets[0].num_repeats, one.subsets[0].flip_aug) == (2, 5, True)


def test_what_is_not_obeyed_is_named(configure: Configure, tmp_path: Path) -> None:
    found = config.read(
        configure(tmp_path, ip_noise_gamma=0.1, mixed_precision="bf16", subset={"color_aug": True})
    )
    assert found.ignored == ("color_aug", "ip_noise_gamma")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network_dim", "4"), ("network_dim", 0), ("max_train_epochs", 0), ("optimizer_type", "AdamWW"),
        ("lr_scheduler", "cosinee"), ("save_state", 1), ("gradient_accumulation_steps", -1), ("learning_rate", True),
        ("save_precision", "fp99"),
    ],
)  # fmt: skip
def test_unusable_value_is_named(configure: Configure, tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        config.read(configure(tmp_path, **{field: value}))
    assert caught.value.field == field
    assert repr(value).strip("'") in str(caught.value)


@pytest.mark.parametrize("value", [512, "64,100", "wide", 8])
def test_size_outside_the_practice_range_is_refused(
    configure: Configure, tmp_path: Path, value: object
) -> None:
    with pytest.raises(InputError) as caught:
        config.read(configure(tmp_path, data={"resolution": value}))
    assert caught.value.field == "resolution"


def test_training_nothing_is_refused(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing would be trained"):
        config.read(configure(tmp_path, unet_lr=0.0, text_encoder_lr=0.0))


def test_missing_and_broken_files_are_named(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"away\.toml"):
        config.read(tmp_path / "away.toml")
    path = configure(tmp_path)
    path.write_text("a = [1,")
    with pytest.raises(InputError, match=r"train\.toml"):
        config.read(path)


def test_full_size_model_is_refused(base: Path, tmp_path: Path) -> None:
    assert config.base_flaw(base) is None
    assert "model_index.json" in str(config.base_flaw(tmp_path))
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).mkdir()
    for name in ("model_index.json", "vae/config.json", "text_encoder/config.json", "tokenizer/vocab.json",
                 "scheduler/scheduler_config.json"):  # fmt: skip
        (tmp_path / name).write_text("{}")
    (tmp_path / "unet/config.json").write_text('{"block_out_channels": [320, 640, 1280, 1280]}')
    assert "full-size" in str(config.base_flaw(tmp_path))
