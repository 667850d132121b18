from __future__ import annotations

from collections.abc import Callable

import pytest

from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import count_steps
from lora_core.forecast import forecast
from lora_core.options import TrainingOptions
from lora_core.options.families import FAMILIES

Make = Callable[..., TrainingOptions]
Scanned = Callable[..., DatasetScan]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_figure_says_how_it_was_reckoned(family: str, options: Make, scanned: Scanned) -> None:
    found = forecast(options(family), scanned((1200, 900), (640, 1400)), price_per_hour=1.0)
    assert found.memory is not None
    assert found.cost is not None
    for one in (found.steps, found.lora_size, found.disk, found.memory.estimate, found.time, found.cost):
        assert 0 < one.low <= one.value <= one.high
        assert one.how
        assert one.source
        assert one.unit


def test_steps_are_exact_and_those_of_the_count(options: Make, scanned: Scanned) -> None:
    chosen, pictures = options(num_repeats=3), scanned((512, 512), (1200, 700), (700, 1200))
    found = forecast(chosen, pictures)
    assert found.steps.exact
    assert found.steps.value == count_steps(chosen, pictures).total == found.count.total
    assert found.steps.how == found.count.sentence


def test_processes_share_the_batches(options: Make, scanned: Scanned) -> None:
    """epochs x ceil(batches / processes / accumulation): 15 pictures, 10 repeats, batch 2 are 75 batches."""
    chosen = options(num_processes=2, gradient_accumulation_steps=2, max_train_epochs=10)
    count = forecast(chosen, scanned(*[(512, 512)] * 15)).count
    assert (count.batches, count.steps_per_epoch, count.total) == (75, 19, 190)
    assert "÷ 2 processes" in count.sentence


def test_without_pictures_there_is_still_a_file_size(options: Make, scanned: Scanned) -> None:
    found = forecast(options(), scanned())
    assert found.steps.value == 0
    assert found.lora_size.value > 1e6
    assert found.memory is not None


def test_the_options_are_left_as_they_were(options: Make, scanned: Scanned) -> None:
    chosen = options("flux")
    before = chosen.values()
    forecast(chosen, scanned((1024, 1024)))
    assert chosen.values() == before
