"""Rules about the length of a training, and where it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

MOST_STEPS = 10_000
"""Steps beyond which a LoRA only copies its pictures; HollowStrawberry's trainers refuse more."""

FEWEST_STEPS = 100
"""Steps below which next to nothing is learned."""

COMMON_STEPS = 1500
"""Steps of a usual training, between the 1000 and 2000 that guides give."""


@rule
def length(at: Facts) -> Iterator[Problem]:
    epochs, steps = at["max_train_epochs"], at["max_train_steps"]
    if epochs is None and steps is None:
        yield error(
            "max_train_epochs max_train_steps",
            "The length of the training is not set.",
            "The trainer would take 1600 steps on its own.",
            "Give a number of epochs, or of steps.",
            max_train_epochs=10,
        )
    elif epochs is not None and steps is not None:
        yield note(
            "max_train_steps max_train_epochs",
            f"The number of steps ({steps}) is not used.",
            "Epochs are set too, and the trainer then goes by epochs.",
            "Leave one of the two empty.",
            max_train_steps=None,
        )


@rule
def sense(at: Facts) -> Iterator[Problem]:
    if at.steps is None:
        return
    if at.steps > MOST_STEPS:
        yield warning(
            "max_train_epochs num_repeats max_train_steps",
            f"A training of {at.steps} steps is very long.",
            f"Beyond {MOST_STEPS} steps a LoRA mostly copies its pictures, and it takes many hours.",
            "Lower the epochs or the repeats, until about 2000 steps are left.",
            **_length(at, MOST_STEPS, round_up=False),
        )
    elif 0 < at.steps < FEWEST_STEPS:
        yield note(
            "max_train_epochs num_repeats max_train_steps",
            f"A training of {at.steps} steps is very short.",
            "Next to nothing is learned in so few steps. It is enough to try out whether all works.",
            f"Raise the epochs or the repeats, until about {COMMON_STEPS} steps are reached.",
            **_length(at, COMMON_STEPS, round_up=True),
        )


def _length(at: Facts, wanted: int, *, round_up: bool) -> dict[str, int]:
    """Epochs or steps that give about so many steps; nothing if a single epoch is already too long."""
    epochs = at["max_train_epochs"]
    if epochs is None:
        return {"max_train_steps": wanted}
    exact = epochs * wanted / (at.steps or 1)
    fitting = math.ceil(exact) if round_up else math.floor(exact)
    return {"max_train_epochs": min(fitting, 100_000)} if fitting >= 1 else {}


@rule
def loading(at: Facts) -> Iterator[Problem]:
    if at["persistent_data_loader_workers"] and at["max_data_loader_n_workers"] == 0:
        yield error(
            "persistent_data_loader_workers max_data_loader_n_workers",
            "There are no loading processes to keep.",
            "PyTorch stops when it is to keep zero processes.",
            "Switch this off, or allow at least one loading process.",
            persistent_data_loader_workers=False,
        )


@rule
def beginning(at: Facts) -> Iterator[Problem]:
    """The trainer asserts that there is something left to train after the first step or epoch."""
    step, epoch, epochs = at["initial_step"], at["initial_epoch"], at["max_train_epochs"]
    if step is not None and epoch is not None:
        yield note(
            "initial_epoch initial_step",
            f"The first epoch ({epoch}) is not used.",
            "A first step is set too, and the trainer then goes by that.",
            "Leave one of the two empty.",
            initial_epoch=at.off("initial_epoch"),
        )
    if step is not None and at.steps is not None and step >= at.steps:
        yield error(
            "initial_step max_train_steps",
            f"The first step ({step}) is beyond the end ({at.steps}).",
            "Nothing is left to train, and the trainer stops.",
            "Leave it empty, or make the training longer.",
            initial_step=at.off("initial_step"),
        )
    if step is None and epoch is not None and epochs is not None and epoch > epochs:
        yield error(
            "initial_epoch max_train_epochs",
            f"The first epoch ({epoch}) is beyond the last ({epochs}).",
            "Nothing is left to train, and the trainer stops.",
            "Leave it empty, or set more epochs.",
            initial_epoch=at.off("initial_epoch"),
        )


@rule
def skipping(at: Facts) -> Iterator[Problem]:
    begun = at["resume"] or at["initial_step"] is not None or at["initial_epoch"] is not None
    if at["skip_until_initial_step"] and not begun:
        yield note(
            "skip_until_initial_step",
            "There are no steps to skip.",
            "The training begins at its first step.",
            "Switch this off, or continue from a state.",
            skip_until_initial_step=False,
        )
