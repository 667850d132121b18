"""Rules that look at several options together: wrong or unwise combinations.

Each rule is a small pure function in one of the modules here, registered by `rule`. Adding one is writing
it. Bounds and choices of single options are not rules: the declarations hold them.

Reasons that name the trainer are from sd-scripts 0.10.1 (``train_network.py``, ``library/train_util.py``).
"""

from __future__ import annotations

from collections.abc import Collection

from lora_core.errors import Level, Problem
from lora_core.options.container import TrainingOptions
from lora_core.options.rules import (
    captions,
    dataset,
    deepspeed,
    family,
    flow,
    folders,
    learning,
    masks,
    memory,
    network,
    network_parts,
    noise,
    optimizer,
    output,
    precision,
    previews,
    schedule,
    steps,
    upload,
    validation,
)
from lora_core.options.rules.registry import RULES, Facts

__all__ = ["RULES", "check"]

_MODULES = (
    family, dataset, folders, masks, captions, steps, learning, schedule, optimizer, network, network_parts,
    precision, memory, previews, output, validation, noise, flow, deepspeed, upload,
)  # fmt: skip
"""Importing them registers their rules."""


def check(
    options: TrainingOptions,
    *,
    total_steps: int | None = None,
    pictures: int | None = None,
    uses: int | None = None,
    gpu: bool | None = None,
    packages: Collection[str] | None = None,
) -> list[Problem]:
    """What is wrong or unwise about the options, errors first. Pure: looks at no file.

    Some rules need more than the options, and are silent where it is not given.

    Args:
        options: what to look at.
        total_steps: the length of the training in steps.
        pictures: number of the user's own pictures, without those for regularization.
        uses: how often pictures are used in one epoch, with repeats and regularization.
        gpu: whether the trainer finds a GPU. None for the practice engine, which needs none.
        packages: names of the packages in the trainer's environment; None where they are not known.
    """
    facts = Facts(options, total_steps, pictures, uses, gpu, packages)
    found = [problem for each in RULES for problem in each(facts)]
    return sorted(found, key=lambda problem: list(Level).index(problem.level))
