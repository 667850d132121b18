"""Rules about pictures that are kept back to measure by."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def nothing_to_validate(at: Facts) -> Iterator[Problem]:
    given = at.on("validate_every_n_epochs", "validate_every_n_steps", "max_validation_steps")
    if given and not at["validation_split"]:
        yield note(
            " ".join([*given, "validation_split"]),
            f"{', '.join(given)} has no effect.",
            "No pictures are kept back to measure by.",
            "Keep back a share of them, such as 0.1.",
            validation_split=0.1,
        )


@rule
def share_kept_back(at: Facts) -> Iterator[Problem]:
    share = at.number("validation_split")
    if share >= 1:
        yield error(
            "validation_split",
            "All pictures would be kept back.",
            "None is left to learn from.",
            "Set it to 0.1.",
            validation_split=0.1,
        )
    elif share > 0.5:
        yield warning(
            "validation_split",
            f"{share:.0%} of the pictures would be kept back.",
            "The LoRA learns from the rest only.",
            "Set it to 0.1.",
            validation_split=0.1,
        )
    elif share and at.pictures and round(at.pictures * share) < 1:
        yield warning(
            "validation_split",
            f"Of {at.pictures} pictures, none would be kept back.",
            f"A share of {share:g} is less than one picture.",
            "Leave it empty: with so few pictures it tells little.",
            validation_split=None,
        )


@rule
def validation_reached(at: Facts) -> Iterator[Problem]:
    if not at["validation_split"]:
        return
    every, epochs = at["validate_every_n_epochs"], at["max_train_epochs"]
    if every and epochs is not None and every > epochs:
        yield warning(
            "validate_every_n_epochs max_train_epochs",
            f"Measuring every {every} epochs is never reached in {epochs} epochs.",
            "No value would be measured.",
            "Measure after every epoch.",
            validate_every_n_epochs=1,
        )
    by_steps = at["validate_every_n_steps"]
    if by_steps and at.steps is not None and by_steps > at.steps:
        yield warning(
            "validate_every_n_steps max_train_steps",
            f"Measuring every {by_steps} steps is never reached in {at.steps} steps.",
            "No value would be measured.",
            "Lower the number of steps.",
            validate_every_n_steps=max(1, at.steps // 5),
        )


@rule
def kept_back_by_chance(at: Facts) -> Iterator[Problem]:
    """The trainer shuffles twice, once for each side, and only a seed makes both orders the same."""
    if at["validation_split"] and at["validation_seed"] is None:
        yield warning(
            "validation_seed validation_split",
            "Pictures that are kept back are trained on too, and others are left out.",
            "Without a seed, the trainer draws those to train and those to keep back apart from each other.",
            "Set the seed to 42, or to any other number.",
            validation_seed=42,
        )
