from __future__ import annotations

import pytest

from lora_core.options import TrainingOptions
from lora_core.presets import changes, say, summary


def test_changes_are_told_in_words_and_in_the_order_of_the_form() -> None:
    before = TrainingOptions()
    after = TrainingOptions(min_snr_gamma=None, network_dim=32, flip_aug=True, unet_lr=1e-5)
    texts = [change.text for change in changes(before, after)]
    assert "Rank (dim): 16 → 32" in texts
    assert any(text.endswith(": 5 → empty") for text in texts)
    assert any(text.endswith(": off → on") for text in texts)
    assert any(text.endswith(": 0.0005 → 1e-5") for text in texts)
    order = [option.name for option in before]
    names = [change.name for change in changes(before, after)]
    assert names == sorted(names, key=order.index)
    change = next(change for change in changes(before, after) if change.name == "network_dim")
    assert (change.before, change.after) == (16, 32)


def test_what_nobody_sees_is_not_counted() -> None:
    before = TrainingOptions(network_type="lora")
    assert changes(before, TrainingOptions(network_type="lora", conv_dim=99)) == []
    assert len(changes(before, TrainingOptions(network_type="locon", conv_dim=99))) == 2


@pytest.mark.parametrize(
    ("number", "text"), [(0, "Changes nothing."), (1, "Changes 1 setting."), (3, "Changes 3 settings.")]
)
def test_summary(number: int, text: str) -> None:
    after = TrainingOptions(**dict([("network_dim", 3), ("flip_aug", True), ("seed", 1)][:number]))
    assert summary(changes(TrainingOptions(), after)) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("seed", None, "empty"),
        ("image_dir", "", "empty"),
        ("prompts", [], "empty"),
        ("prompts", ["a", "b"], "a, b"),
        ("prompts", ["x" * 100], "x" * 59 + "…"),
        ("more_folders", [{"image_dir": "/a"}], "1 folder"),
        ("lr_warmup_steps", 100, "100"),
        ("network_alpha", 8.0, "8"),
        ("mixed_precision", "bf16", "bf16 (half, newer GPUs)"),
        ("max_token_length", None, "75 tokens"),
    ],
)
def test_values_in_words(name: str, value: object, text: str) -> None:
    assert say(TrainingOptions.option(name), value) == text


def test_two_options_of_one_label_are_told_apart() -> None:
    found = changes(TrainingOptions(), TrainingOptions(save_every_n_epochs=3, save_every_n_steps=50))
    labels = [change.label for change in found]
    assert len(set(labels)) == 2
