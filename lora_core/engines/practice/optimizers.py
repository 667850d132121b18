"""Optimizers and learning-rate schedules by the trainer's names."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import torch

from lora_core.engines.practice.config import OPTIMIZERS, RESTARTING, Settings, pairs
from lora_core.engines.sd_scripts.modules.lora_workbench_schedulers import (
    CosineAnnealingWarmRestarts,
    RexAnnealingWarmRestarts,
)
from lora_core.errors import InputError


def parsed(items: tuple[str, ...], field: str) -> dict[str, Any]:
    """Items ``name=value`` with their values read as Python literals, as sd-scripts reads them.

    Raises:
        InputError: a value cannot be read; ``field`` names the option that the items are of.
    """
    out = {}
    for name, text in pairs(items, field).items():
        try:
            out[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise InputError(
                f"{field}: the value of {name} cannot be {text!r}.",
                why="It must be a number, True, False, or a list such as 0.9,0.99.",
                remedy="Correct it or take it out.",
                field=field,
                value=text,
            ) from error
    return out


def optimizer(settings: Settings, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The optimizer that the settings name, over parameter groups with a ``lr`` each.

    Raises:
        InputError: its package is missing, or an argument is not one of its own.
    """
    extra = parsed(settings.optimizer_args, "optimizer_args")
    name = settings.optimizer_type.lower()
    try:
        if name == "adamw":
            # one fused call instead of some hundred small ones: a tenth of a step's time
            return torch.optim.AdamW(groups, lr=settings.learning_rate, **{"fused": True, **extra})
        if name == "sgdnesterov":
            return torch.optim.SGD(
                groups, lr=settings.learning_rate, nesterov=True, **{"momentum": 0.9, **extra}
            )
        if name == "adafactor":
            return _adafactor(settings, groups, extra)
        if name == "prodigy":
            return _prodigy(settings, groups, extra)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{settings.optimizer_type} does not accept its arguments.",
            why=str(error),
            remedy="Correct optimizer_args.",
            field="optimizer_args",
            value=settings.optimizer_args,
        ) from error
    raise InputError(
        f"optimizer_type cannot be {settings.optimizer_type!r}.",
        remedy=f"Choose one of: {', '.join(OPTIMIZERS)}.",
    )


def _adafactor(
    settings: Settings, groups: Iterable[dict[str, Any]], extra: dict[str, Any]
) -> torch.optim.Optimizer:
    """Adafactor with a learning rate of ours unless ``relative_step=True`` asks for its own.

    sd-scripts takes relative steps by default; here they are off by default, because a schedule and a rate
    are always set, and relative steps would pass over both.
    """
    from transformers.optimization import Adafactor

    choices = {"relative_step": False, "scale_parameter": False, "warmup_init": False, **extra}
    if choices["relative_step"]:
        groups = [{k: v for k, v in group.items() if k != "lr"} for group in groups]
        return Adafactor(groups, lr=None, **choices)
    return Adafactor(groups, lr=settings.learning_rate, **choices)


def _prodigy(
    settings: Settings, groups: list[dict[str, Any]], extra: dict[str, Any]
) -> torch.optim.Optimizer:
    try:
        from prodigyopt import Prodigy
    except ImportError as error:
        raise InputError(
            "The optimizer Prodigy is not installed.",
            why="It comes in a package of its own, prodigyopt.",
            remedy="Choose AdamW, or install prodigyopt.",
            field="optimizer_type",
            value=settings.optimizer_type,
        ) from error
    made: torch.optim.Optimizer = Prodigy(groups, lr=settings.learning_rate, **extra)
    return made


def schedule(settings: Settings, made: torch.optim.Optimizer, total: int) -> Any:
    """The learning-rate schedule over ``total`` optimizer steps.

    A warm-up below 1 that is not a whole number is a share of the training, as in sd-scripts.

    Raises:
        InputError: the arguments of a schedule with warm restarts do not fit it.
    """
    if settings.lr_scheduler in RESTARTING:
        return _restarting(settings, made)
    from diffusers.optimization import get_scheduler

    given = settings.lr_warmup_steps
    warmup = int(given * total) if isinstance(given, float) and given < 1 else int(given)
    return get_scheduler(
        settings.lr_scheduler.lower(),
        made,
        num_warmup_steps=warmup,
        num_training_steps=total,
        num_cycles=settings.lr_scheduler_num_cycles,
        power=settings.lr_scheduler_power,
    )


def _restarting(settings: Settings, made: torch.optim.Optimizer) -> Any:
    """The schedules that the real trainer loads from the same module."""
    rex = settings.lr_scheduler == "rex_warm_restarts"
    kind = RexAnnealingWarmRestarts if rex else CosineAnnealingWarmRestarts
    try:
        return kind(made, **parsed(settings.lr_scheduler_args, "lr_scheduler_args"))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{settings.lr_scheduler} does not accept its arguments.",
            why=str(error),
            remedy="Correct lr_scheduler_args.",
            field="lr_scheduler_args",
            value=settings.lr_scheduler_args,
        ) from error
