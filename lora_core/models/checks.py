"""Checks of the files that the options name: base model, its parts, earlier LoRA, saved state."""

from __future__ import annotations

from lora_core.errors import Problem
from lora_core.models import base, earlier, parts
from lora_core.options import TrainingOptions


def check(
    options: TrainingOptions, *, base_needed: bool = True, total_steps: int | None = None
) -> list[Problem]:
    """What is wrong with the files that the options name. Only headers are read.

    Args:
        options: what to look at.
        base_needed: whether a base model must be given; the practice engine brings its own.
        total_steps: the length of the training in steps, if it has been counted.
    """
    return [
        *base.check(options, base_needed),
        *parts.check(options, base_needed),
        *earlier.check(options, total_steps),
    ]
