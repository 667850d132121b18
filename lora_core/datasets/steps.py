"""How many steps a training takes, exactly as the trainer counts them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lora_core.datasets.buckets import Buckets, Size
from lora_core.datasets.scan import DatasetScan
from lora_core.options import TrainingOptions
from lora_core.options.folders import DataSet, data_sets

DEFAULT_STEPS = 1600
"""Steps that sd-scripts takes when neither epochs nor steps are set."""


@dataclass(frozen=True)
class StepCount:
    """The length of a training.

    Attributes:
        pictures: number of pictures, without those for regularization.
        uses: how often pictures are used in an epoch, without regularization.
        reg_uses: how often regularization pictures are used in an epoch.
        batches: batches an epoch.
        steps_per_epoch: optimizer steps an epoch.
        epochs: epochs that are begun.
        total: optimizer steps in all.
        sentence: the reckoning in words.
        buckets: picture shapes, each with batches of its own, over all data sets.
    """

    pictures: int
    uses: int
    reg_uses: int
    batches: int
    steps_per_epoch: int
    epochs: int
    total: int
    sentence: str
    buckets: int = 1


@dataclass(frozen=True)
class Filled:
    """One data set with its pictures counted into buckets.

    Attributes:
        data_set: the folders and their common size.
        uses: uses of pictures in an epoch by bucket, regularization included.
        own: uses of pictures that are not for regularization.
    """

    data_set: DataSet
    uses: dict[Size, int]
    own: int

    @property
    def batches(self) -> int:
        """Batches an epoch: in every bucket the last one may be part full."""
        return sum(math.ceil(number / self.data_set.batch_size) for number in self.uses.values())


def fill_data_sets(
    options: TrainingOptions, scan: DatasetScan, more: Sequence[DatasetScan | None] = ()
) -> list[Filled]:
    """Count all pictures into buckets, as the trainer does.

    Regularization pictures are used as often as the data set's own pictures are: with fewer they are
    repeated, with more the last ones are left out (``DreamBoothDataset`` in sd-scripts 0.10.1).

    Args:
        options: what to train.
        scan: the main folder.
        more: the further folders in their order; None for one that is not there.

    Raises:
        InputError: a picture fits no bucket.
    """
    return [_fill(options, one, (scan, *more)) for one in data_sets(options)]


def _fill(options: TrainingOptions, one: DataSet, scans: Sequence[DatasetScan | None]) -> Filled:
    rule = Buckets.of_options(options, one.resolution)
    uses: Counter[Size] = Counter()
    reg: list[tuple[Size, int]] = []
    for folder in one.folders:
        found = scans[folder.index] if folder.index < len(scans) else None
        for picture in found.pictures if found else ():
            size = rule.size_for(picture.width, picture.height)
            if folder.is_reg:
                reg.append((size, folder.repeats))
            else:
                uses[size] += folder.repeats
    own = sum(uses.values())
    uses += _regularization(reg, own)
    return Filled(one, dict(sorted(uses.items())), own)


def _regularization(pictures: Sequence[tuple[Size, int]], wanted: int) -> Counter[Size]:
    """Uses of regularization pictures: first each with its repeats, then once more each, until it is enough."""
    uses: Counter[Size] = Counter()
    used, first = 0, True
    while pictures and used < wanted:
        for size, repeats in pictures:
            more = repeats if first else 1
            uses[size] += more
            used += more
            if used >= wanted:
                break
        first = False
    return uses


def count_steps(
    options: TrainingOptions, scan: DatasetScan, more: Sequence[DatasetScan | None] = ()
) -> StepCount:
    """Count the steps of a training.

    Formula and the precedence of epochs over steps from ``train_network.py`` of sd-scripts 0.10.1: batches are
    shared out among the processes. Arguments and errors as `fill_data_sets`.
    """
    sets = fill_data_sets(options, scan, more)
    batches = sum(one.batches for one in sets)
    per_epoch = math.ceil(batches / options["num_processes"] / options["gradient_accumulation_steps"])
    epochs = options["max_train_epochs"]
    if epochs is not None:
        total = epochs * per_epoch
    else:
        total = options["max_train_steps"] or DEFAULT_STEPS
        epochs = math.ceil(total / per_epoch) if per_epoch else 0
    own = sum(one.own for one in sets)
    folders = [(use, (scan, *more)[use.index]) for one in sets for use in one.data_set.folders]
    mine = [(use, len(found.pictures)) for use, found in folders if found and not use.is_reg]
    count = StepCount(
        pictures=sum(number for _, number in mine),
        uses=own,
        reg_uses=sum(sum(one.uses.values()) for one in sets) - own,
        batches=batches,
        steps_per_epoch=per_epoch,
        epochs=epochs,
        total=total,
        sentence="",
        buckets=sum(len(one.uses) for one in sets),
    )
    parts = [(number, use.repeats) for use, number in mine if number]
    return replace(
        count, sentence=_sentence(count, options, parts, sorted({s.data_set.batch_size for s in sets}))
    )


def _sentence(
    count: StepCount, options: TrainingOptions, parts: list[tuple[int, int]], batch_sizes: list[int]
) -> str:
    """The reckoning in words. ``parts``: pictures and repeats of each folder."""
    if not count.uses:
        return "There are no pictures yet."
    accumulation, processes = options["gradient_accumulation_steps"], options["num_processes"]
    if len(parts) == 1:
        pictures, repeats = parts[0]
        text = f"{_many(pictures, 'picture')} × {_many(repeats, 'repeat')}"
    else:
        text = " + ".join(f"{pictures} × {repeats}" for pictures, repeats in parts)
        text = f"{text} = {count.uses} pictures with repeats"
    if count.reg_uses:
        text += f", + {_many(count.reg_uses, 'regularization picture')},"
    text += f" ÷ batch {' or '.join(map(str, batch_sizes))}"
    if accumulation > 1:
        text += f" ÷ accumulation {accumulation}"
    if processes > 1:
        text += f" ÷ {processes} processes"
    epoch = f"{text} = {_many(count.steps_per_epoch, 'step')} an epoch"
    share = batch_sizes[0] * accumulation * processes
    if len(batch_sizes) > 1 or count.uses + count.reg_uses != count.steps_per_epoch * share:
        epoch += (
            " (rounded up)"
            if count.buckets == 1
            else f" (rounded up in each of {count.buckets} picture shapes)"
        )
    if options["max_train_epochs"] is None:
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
