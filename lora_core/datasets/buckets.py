"""Which size each picture is trained at: sd-scripts' bucket assignment, worked out again.

Follows ``BucketManager`` and ``adjust_min_max_bucket_reso_by_steps`` in ``library/train_util.py`` and
``make_bucket_resolutions`` in ``library/model_util.py`` of sd-scripts 0.10.1. All sizes are in pixels,
width first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lora_core.errors import InputError
from lora_core.options import TrainingOptions

Size = tuple[int, int]


@dataclass(frozen=True)
class Buckets:
    """The rule by which pictures get their training size.

    Attributes:
        resolution: side of the square that sets the area.
        enabled: False trains everything at the resolution.
        smallest: least side of a bucket; it is rounded down to steps.
        largest: greatest side of a bucket; it is rounded up to steps.
        step: sides are multiples of this.
        no_upscale: leave small pictures at their size.
    """

    resolution: int
    enabled: bool = True
    smallest: int = 256
    largest: int = 1024
    step: int = 64
    no_upscale: bool = False

    @classmethod
    def of_options(cls, options: TrainingOptions, resolution: int | None = None) -> Buckets:
        """The rule of a data set; ``resolution`` where it differs from the options'."""
        return cls(
            resolution or options["resolution"],
            options["enable_bucket"],
            options["min_bucket_reso"],
            options["max_bucket_reso"],
            options["bucket_reso_steps"],
            options["enable_bucket"] and options["bucket_no_upscale"],
        )

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """The buckets to choose from, sorted. Not used with ``no_upscale``."""
        if not self.enabled:
            return ((self.resolution, self.resolution),)
        area, step = self.resolution**2, self.step
        low, high = self.smallest // step * step, -(-self.largest // step) * step
        side = self.resolution // step * step
        found = {(side, side)} if side else set()
        for width in range(max(low, step), high + 1, step):
            height = min(high, area // width // step * step)
            if height >= max(low, 1):
                found |= {(width, height), (height, width)}
        return tuple(sorted(found))

    def size_for(self, width: int, height: int) -> Size:
        """The size that a picture is trained at.

        Raises:
            InputError: no bucket takes it.
        """
        if width < 1 or height < 1:
            raise ValueError(f"a picture of {width} x {height} pixels")
        if self.no_upscale:
            return self._own_size(width, height)
        if (width, height) in self.sizes:
            return width, height
        if not self.sizes:
            raise _no_bucket(
                f"There is no bucket for a resolution of {self.resolution} px.", "min_bucket_reso"
            )
        return _nearest(self, width, height)

    def _own_size(self, width: int, height: int) -> Size:
        """Shrink to the area if need be, then cut to steps: the nearer shape of two roundings wins."""
        area, shape = self.resolution**2, width / height
        if width * height > area:
            by_width = self._to_step(math.sqrt(area * shape))
            by_height = self._to_step(area / math.sqrt(area * shape))
            if not by_width or not by_height or not self._to_step(by_width / shape):
                raise _no_bucket(f"A picture of {width} × {height} px is too narrow.", "bucket_reso_steps")
            off_width = abs(by_width / self._to_step(by_width / shape) - shape)
            off_height = abs(self._to_step(by_height * shape) / by_height - shape)
            if off_width < off_height:
                width, height = by_width, int(by_width / shape + 0.5)
            else:
                width, height = int(by_height * shape + 0.5), by_height
        size = width - width % self.step, height - height % self.step
        if not all(size):
            raise _no_bucket(
                f"A picture of {width} × {height} px is smaller than one bucket step.", "bucket_reso_steps"
            )
        return size

    def _to_step(self, value: float) -> int:
        rounded = int(value + 0.5)
        return rounded - rounded % self.step


@lru_cache(maxsize=65536)
def _nearest(rule: Buckets, width: int, height: int) -> Size:
    """The bucket whose shape is nearest. A page asks for the same pictures again and again."""
    shape = width / height
    return min(rule.sizes, key=lambda size: abs(size[0] / size[1] - shape))


def fill(options: TrainingOptions, sizes: Iterable[Size]) -> dict[Size, int]:
    """How many pictures land in each bucket, without repeats.

    Raises:
        InputError: no bucket takes one of them.
    """
    rule = Buckets.of_options(options)
    return dict(sorted(Counter(rule.size_for(*size) for size in sizes).items()))


def _no_bucket(what: str, field: str) -> InputError:
    return InputError(
        what,
        why="The trainer stops when a picture fits no bucket.",
        remedy="Allow enlarging, lower the bucket step or the smallest side, or take the picture out.",
        field=field,
    )
