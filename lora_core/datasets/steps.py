"""How many steps a training takes, exactly as the trainer counts them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lora_core.datasets.buckets import fill
from lora_core.datasets.scan import DatasetScan
from lora_core.options import TrainingOptions

DEFAULT_STEPS = 1600
"""Steps that sd-scripts takes when neither epochs nor steps are set."""


@dataclass(frozen=True)
class StepCount:
    """The length of a training.

    Attributes:
        pictures: number of pictures.
        repeats: uses of each picture in an epoch.
        batch: pictures a batch.
        steps_per_epoch: optimizer steps an epoch.
        epochs: epochs that are begun.
        total: optimizer steps in all.
        sentence: the reckoning in words.
        accumulation: batches a step.
        buckets: picture shapes, each with batches of its own.
    """

    pictures: int
    repeats: int
    batch: int
    steps_per_epoch: int
    epochs: int
    total: int
    sentence: str
    accumulation: int = 1
    buckets: int = 1


def count_steps(options: TrainingOptions, scan: DatasetScan) -> StepCount:
    """Count the steps of a training.

    An epoch has, for every bucket, as many batches as it takes: the last one may be part full. Formula and
    the precedence of epochs over steps from ``train_network.py`` of sd-scripts 0.10.1, one process.

    Raises:
        InputError: a picture fits no bucket.
    """
    repeats, batch = options["num_repeats"], options["train_batch_size"]
    accumulation = options["gradient_accumulation_steps"]
    buckets = fill(options, [(picture.width, picture.height) for picture in scan.pictures])
    batches = sum(math.ceil(number * repeats / batch) for number in buckets.values())
    per_epoch = math.ceil(batches / accumulation)
    epochs = options["max_train_epochs"]
    if epochs is not None:
        total = epochs * per_epoch
    else:
        total = options["max_train_steps"] or DEFAULT_STEPS
        epochs = math.ceil(total / per_epoch) if per_epoch else 0
    count = StepCount(
        len(scan.pictures), repeats, batch, per_epoch, epochs, total, "", accumulation, len(buckets)
    )
    return StepCount(**{**vars(count), "sentence": _sentence(count, options["max_train_epochs"] is None)})


def _sentence(count: StepCount, by_steps: bool) -> str:
    if not count.pictures:
        return "There are no pictures yet."
    parts = f"{_many(count.pictures, 'picture')} × {_many(count.repeats, 'repeat')} ÷ batch {count.batch}"
    share = count.batch
    if count.accumulation > 1:
        parts += f" ÷ accumulation {count.accumulation}"
        share *= count.accumulation
    epoch = f"{parts} = {_many(count.steps_per_epoch, 'step')} an epoch"
    if count.pictures * count.repeats != count.steps_per_epoch * share:
        epoch += (
            " (rounded up)"
            if count.buckets == 1
            else f" (rounded up in each of {count.buckets} picture shapes)"
        )
    if by_steps:
        return (
            f"{epoch}, {_many(count.total, 'step')} = {_number(count.total / count.steps_per_epoch)} epochs"
        )
    return f"{epoch}, × {_many(count.epochs, 'epoch')} = {_many(count.total, 'step')}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _number(value: float) -> str:
    """A number of epochs in words that hold."""
    if value < 0.1:
        return "less than 0.1"
    return f"{value:.0f}" if value == int(value) else f"about {value:.1f}"
