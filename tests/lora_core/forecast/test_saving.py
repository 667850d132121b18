from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import StepCount, count_steps
from lora_core.forecast import forecast
from lora_core.forecast.estimate import Reader
from lora_core.forecast.prompts import Prompt, preview_prompts, preview_times
from lora_core.forecast.saving import Kept, checkpoints, states
from lora_core.options import TrainingOptions

Make = Callable[..., TrainingOptions]
Scanned = Callable[..., DatasetScan]


def counted(chosen: TrainingOptions, scanned: Scanned) -> StepCount:
    """Ten pictures, ten repeats, batch 2: 50 steps an epoch."""
    return count_steps(chosen, scanned(*[(512, 512)] * 10))


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({}, Kept(9, 9)),  # of 10 epochs; the last is the final file
        ({"save_every_n_epochs": 3}, Kept(3, 3)),
        ({"save_every_n_epochs": None}, Kept(0, 0)),
        ({"save_last_n_epochs": 2}, Kept(9, 2)),
        ({"save_every_n_epochs": None, "save_every_n_steps": 100}, Kept(5, 5)),
        # the trainer keeps those of the last 200 steps: 300, 400 and 500
        ({"save_every_n_epochs": None, "save_every_n_steps": 100, "save_last_n_steps": 200}, Kept(5, 3)),
        ({"max_train_epochs": 1}, Kept(0, 0)),
    ],
)
def test_checkpoints(options: Make, scanned: Scanned, values: dict[str, Any], kept: Kept) -> None:
    chosen = options(**values)
    assert checkpoints(Reader(chosen), counted(chosen, scanned)) == kept


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({}, 0),
        ({"save_state_on_train_end": True}, 1),
        ({"save_state": True}, 10),
        ({"save_state": True, "save_last_n_epochs": 2}, 3),
        ({"save_state": True, "save_last_n_epochs": 5, "save_last_n_epochs_state": 1}, 2),
    ],
)
def test_states(options: Make, scanned: Scanned, values: dict[str, Any], left: int) -> None:
    chosen = options(**values)
    assert states(Reader(chosen), counted(chosen, scanned)).left == left


def test_previews(options: Make, scanned: Scanned) -> None:
    chosen = options(
        prompts=["a cat --w 640 --h 384 --s 12 --d 1", "", "# no", "a dog"], sample_at_first=True
    )
    read = Reader(chosen)
    assert preview_prompts(read) == [Prompt(640, 384, 12), Prompt(512, 512, 30)]
    assert preview_times(read, counted(chosen, scanned)) == 11
    chosen.update({"sample_every_n_epochs": None, "sample_every_n_steps": 200, "sample_at_first": False})
    assert preview_times(Reader(chosen), counted(chosen, scanned)) == 2


def test_the_disk_counts_what_is_kept(options: Make, scanned: Scanned) -> None:
    found = forecast(options(prompts=["a cat"]), scanned(*[(512, 512)] * 10))
    parts = {one.name: one.value for one in found.disk_parts}
    assert parts["LoRA files"] == pytest.approx(10 * found.lora_size.value)
    assert set(parts) == {"LoRA files", "previews", "log and curves"}
    assert found.disk.low < found.disk.value < found.disk.high


def test_prepared_pictures_on_disk(options: Make, scanned: Scanned) -> None:
    """One of 512 × 512 holds 4 × 64 × 64 numbers of 4 bytes, and as many mirrored."""
    pictures = scanned(*[(512, 512)] * 10)

    def caches(**values: Any) -> float:
        chosen = options(cache_latents=True, cache_latents_to_disk=True, **values)
        parts = {one.name: one.value for one in forecast(chosen, pictures).disk_parts}
        return parts["prepared pictures"]

    assert caches() == pytest.approx(10 * 65536, rel=0.03)
    assert caches(flip_aug=True) == pytest.approx(20 * 65536, rel=0.03)


def test_a_state_holds_weights_and_optimizer(options: Make, scanned: Scanned) -> None:
    pictures = scanned((512, 512))

    def state(**values: Any) -> float:
        chosen = options(save_state_on_train_end=True, network_dim=16, **values)
        parts = {one.name: one.value for one in forecast(chosen, pictures).disk_parts}
        return parts["states to continue from"]

    assert state(optimizer_type="AdamW") == pytest.approx(9_437_184 * 12, rel=0.01)
    assert state(optimizer_type="AdamW8bit") == pytest.approx(9_437_184 * 6, rel=0.01)
