"""What earlier runs tell about speed: read from their directories."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lora_core.errors import WorkbenchError
from lora_core.events import StepLogged
from lora_core.options import toml_io
from lora_core.runs.run import Run
from lora_core.runs.scalars import ScalarTail

_log = logging.getLogger(__name__)

_LEAST_STEPS = 5
"""A run with fewer steps says nothing: the first ones are slow."""
_MOST_STEPS = 2000
"""Steps of a run that are looked at."""


@dataclass(frozen=True)
class Past:
    """The speed of an earlier run.

    Attributes:
        run: its id.
        engine: ``practice`` or ``sd-scripts``.
        family: of its base model.
        resolution: in pixels.
        batch: pictures a step, accumulation included.
        precision: ``fp16``, ``bf16`` or ``no``.
        checkpointing: whether gradient checkpointing was on.
        seconds: for a step, the middle value, so that previews and saves between steps do not count.
        model: path of the base model.
    """

    run: str
    engine: str
    family: str
    resolution: int
    batch: int
    precision: str
    checkpointing: bool
    seconds: float
    model: str = ""


def read_past(runs: Iterable[Run], limit: int = 20) -> tuple[Past, ...]:
    """The speeds of the first runs of a list that tell one; runs that cannot be read are passed over.

    Reads each run's options and curves, so keep the result as long as there is no new run.
    """
    found: list[Past] = []
    for run in runs:
        if len(found) == limit:
            break
        if past := _past(run):
            found.append(past)
    return tuple(found)


def _past(run: Run) -> Past | None:
    try:
        options, _ = toml_io.loads_leniently(run.options_toml)
    except WorkbenchError as error:
        _log.info("%s tells no speed: %s", run.id, error)
        return None
    seconds = seconds_per_step(ScalarTail(run.scalars_dir).read())
    if seconds is None:
        return None
    return Past(
        run=run.id,
        engine=run.engine,
        family=options["family"],
        resolution=options["resolution"],
        batch=options["train_batch_size"] * options["gradient_accumulation_steps"],
        precision=options["mixed_precision"],
        checkpointing=options["gradient_checkpointing"],
        seconds=seconds,
        model=options["pretrained_model_name_or_path"],
    )


def seconds_per_step(events: Sequence[StepLogged]) -> float | None:
    """The middle time between neighbouring steps; None if there are too few."""
    marks = [(event.step, event.time) for event in events if "loss/current" in event.scalars][:_MOST_STEPS]
    gaps = [
        later - earlier
        for (first, earlier), (second, later) in zip(marks, marks[1:], strict=False)
        if second == first + 1 and later >= earlier
    ]
    return statistics.median(gaps) if len(gaps) >= _LEAST_STEPS else None
