"""Option sets and picture lists that the tests of the forecast share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core.datasets.scan import DatasetScan, Picture
from lora_core.options import TrainingOptions
from lora_core.options.families import suggestions


@pytest.fixture
def options() -> Callable[..., TrainingOptions]:
    """Options of a family with what belongs to it, and further values."""

    def make(family: str = "sd15", **values: Any) -> TrainingOptions:
        made = TrainingOptions()
        made.update({**suggestions(family), **values})
        return made

    return make


@pytest.fixture
def scanned() -> Callable[..., DatasetScan]:
    """A folder of pictures of these sizes, as a scan would find it."""

    def make(*sizes: tuple[int, int]) -> DatasetScan:
        return DatasetScan(tuple(Picture(Path(f"{n}.png"), *size, "a") for n, size in enumerate(sizes)))

    return make
