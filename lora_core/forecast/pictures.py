"""How the pictures fall into buckets, and what of each is cut off or enlarged: data for a drawing.

The trainer scales a picture until it covers its bucket, and cuts off what stands over in the middle
(``trim_and_resize_if_required`` and ``BucketManager.select_bucket`` in ``library/train_util.py``). Without
enlarging a picture is only made smaller, and cut to whole steps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lora_core.datasets.buckets import Buckets, Size
from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import Filled
from lora_core.options import TrainingOptions

MOST_LISTED = 5
"""Pictures that a bucket names of each kind."""


@dataclass(frozen=True)
class Placed:
    """A picture in its bucket.

    Attributes:
        path: the file.
        size: its own width and height.
        bucket: the width and height that it is trained at.
        cropped: the share of its area that is cut off, in percent.
        scale: how much it is enlarged: 1 is its own size, 2 is twice as wide and high.
        data_set: number of the data set, from 0.
        repeats: uses an epoch, by its folder's setting.
        is_reg: whether it is for regularization.
    """

    path: Path
    size: Size
    bucket: Size
    cropped: float
    scale: float
    data_set: int = 0
    repeats: int = 1
    is_reg: bool = False


@dataclass(frozen=True)
class Bucket:
    """One bucket of a data set.

    Attributes:
        size: width and height.
        data_set: number of the data set, from 0.
        pictures: how many different pictures fall into it.
        uses: how often pictures of it are used in an epoch.
        batches: batches an epoch; the last may be part full.
        mean_crop: mean share that is cut off, in percent.
        worst_crop: largest share that is cut off, in percent.
        enlarged: pictures that are made larger than they are.
        most_cropped: those that lose most, worst first.
        most_enlarged: those that are enlarged most, worst first.
    """

    size: Size
    data_set: int
    pictures: int
    uses: int
    batches: int
    mean_crop: float
    worst_crop: float
    enlarged: int
    most_cropped: tuple[Placed, ...]
    most_enlarged: tuple[Placed, ...]


def place(
    options: TrainingOptions, filled: Sequence[Filled], scans: Sequence[DatasetScan | None]
) -> list[Placed]:
    """Every picture in its bucket, once for each data set.

    Args:
        options: what to train.
        filled: from `lora_core.datasets.steps.fill_data_sets`.
        scans: the main folder, then the further ones in their order.

    Raises:
        InputError: a picture fits no bucket.
    """
    return [placed for number, one in enumerate(filled) for placed in _of_set(options, number, one, scans)]


def _of_set(
    options: TrainingOptions, number: int, one: Filled, scans: Sequence[DatasetScan | None]
) -> Iterator[Placed]:
    rule = Buckets.of_options(options, one.data_set.resolution)
    known: dict[Size, tuple[Size, float, float]] = {}
    for folder in one.data_set.folders:
        found = scans[folder.index] if folder.index < len(scans) else None
        for picture in found.pictures if found else ():
            size = picture.width, picture.height
            if size not in known:
                bucket = rule.size_for(*size)
                known[size] = bucket, *fitted(size, bucket, rule)
            bucket, cropped, scale = known[size]
            yield Placed(picture.path, size, bucket, cropped, scale, number, folder.repeats, folder.is_reg)


def fitted(size: Size, bucket: Size, rule: Buckets) -> tuple[float, float]:
    """The share of a picture that is cut off, in percent, and how much it is enlarged."""
    (width, height), (wide, high) = size, bucket
    scale = max(wide / width, high / height)
    if rule.no_upscale:
        area = rule.resolution**2
        scale = min(1.0, math.sqrt(area / (width * height)))
        scale = min(1.0, max(scale, wide / width, high / height))
    kept = wide * high / (width * height * scale**2)
    return round(100 * max(0.0, 1 - kept), 2), scale


def buckets_picture(
    options: TrainingOptions, filled: Sequence[Filled], scans: Sequence[DatasetScan | None]
) -> list[Bucket]:
    """What to draw: every bucket with its pictures, largest number first within each data set.

    Arguments and errors as `place`.
    """
    groups: dict[tuple[int, Size], list[Placed]] = defaultdict(list)
    for placed in place(options, filled, scans):
        groups[placed.data_set, placed.bucket].append(placed)
    found = [_bucket(size, number, members, filled[number]) for (number, size), members in groups.items()]
    return sorted(found, key=lambda one: (one.data_set, -one.pictures, one.size))


def _bucket(size: Size, number: int, members: Sequence[Placed], one: Filled) -> Bucket:
    uses = one.uses.get(size, 0)
    enlarged = [placed for placed in members if placed.scale > 1]
    cropped = [placed for placed in members if placed.cropped > 0]
    return Bucket(
        size=size,
        data_set=number,
        pictures=len(members),
        uses=uses,
        batches=math.ceil(uses / one.data_set.batch_size),
        mean_crop=round(sum(placed.cropped for placed in members) / len(members), 2),
        worst_crop=max(placed.cropped for placed in members),
        enlarged=len(enlarged),
        most_cropped=tuple(sorted(cropped, key=lambda placed: -placed.cropped)[:MOST_LISTED]),
        most_enlarged=tuple(sorted(enlarged, key=lambda placed: -placed.scale)[:MOST_LISTED]),
    )
