"""Rules that look at several options together: wrong or unwise combinations.

Each rule is a small pure function in one of the modules here, registered by `rule`. Adding one is writing
it. Bounds and choices of single options are not rules: the declarations hold them.

Reasons that name the trainer are from sd-scripts 0.10.1 (``train_network.py``, ``library/train_util.py``).
"""

from __future__ import annotations

from lora_core.errors import Level, Problem
from lora_core.options.container import TrainingOptions
from lora_core.options.rules import dataset, learning, network, noise, output, precision
from lora_core.options.rules.registry import RULES, Facts

__all__ = ["RULES", "check"]

_MODULES = (dataset, learning, network, precision, output, noise)
"""Importing them registers their rules; named here so that the order is that of the form."""


def check(options: TrainingOptions, *, total_steps: int | None = None) -> list[Problem]:
    """What is wrong or unwise about the options, errors first. Pure: looks at no file.

    Args:
        options: what to look at.
        total_steps: the length of the training in steps, if it has been counted; some rules need it.
    """
    facts = Facts(options, total_steps)
    found = [problem for each in RULES for problem in each(facts)]
    return sorted(found, key=lambda problem: list(Level).index(problem.level))
