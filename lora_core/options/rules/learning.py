"""Rules about the length of a training, learning rates and the optimizer."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

ADAPTIVE = ("Prodigy", "DAdaptAdam", "DAdaptLion")
"""Optimizers that find the learning rate themselves; the trainer wants rates around 1 for them."""


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
def parts(at: Facts) -> Iterator[Problem]:
    if at["network_train_unet_only"] and at["network_train_text_encoder_only"]:
        yield error(
            "network_train_text_encoder_only network_train_unet_only",
            "Only the picture part and only the text part are both switched on.",
            "Then nothing is left to train.",
            "Switch one of them off.",
            network_train_text_encoder_only=False,
        )
        return
    if not any(_rates(at).values()):
        yield error(
            "unet_lr text_encoder_lr learning_rate",
            "All learning rates are 0.",
            "A learning rate of 0 leaves that part out, so nothing would be learned.",
            "Set the picture learning rate to 0.0005.",
            unet_lr=5e-4,
        )


def _rates(at: Facts) -> dict[str, float]:
    """Option name -> learning rate in effect, for the parts that are trained."""
    rates = {}
    for name, other in (
        ("unet_lr", "network_train_text_encoder_only"),
        ("text_encoder_lr", "network_train_unet_only"),
    ):
        if not at[other]:
            rates[name if at[name] is not None else "learning_rate"] = (
                at[name] if at[name] is not None else at["learning_rate"]
            )
    return rates


@rule
def rates_of_adaptive_optimizers(at: Facts) -> Iterator[Problem]:
    rates = _rates(at)
    if at["optimizer_type"] not in ADAPTIVE or not any(rates.values()):
        return
    fix = dict.fromkeys(rates, 1.0)
    if max(rates.values()) <= 0.1:
        yield warning(
            " ".join([*rates, "optimizer_type"]),
            f"The learning rate is too low for {at['optimizer_type']}.",
            "It finds the rate by itself, and multiplies it by yours.",
            "Set the learning rates to 1.",
            **fix,
        )
    elif len(set(rates.values())) > 1:
        yield warning(
            " ".join([*rates, "optimizer_type"]),
            f"{at['optimizer_type']} uses one learning rate only.",
            "Of several rates, only the first takes effect.",
            "Set the learning rates to the same value.",
            **fix,
        )


@rule
def rates_of_common_optimizers(at: Facts) -> Iterator[Problem]:
    high = {name: rate for name, rate in _rates(at).items() if rate > 0.01}
    if at["optimizer_type"] not in (*ADAPTIVE, "SGDNesterov", "Adafactor") and high:
        yield warning(
            " ".join([*high, "optimizer_type"]),
            f"The learning rate {max(high.values()):g} is very high for {at['optimizer_type']}.",
            "The LoRA would most likely turn to noise.",
            "Set it to 0.0005 or less.",
            **dict.fromkeys(high, 5e-4),
        )


@rule
def warm_up(at: Facts) -> Iterator[Problem]:
    given = at["lr_warmup_steps"]
    if not given:
        return
    if at["lr_scheduler"] == "constant" and at["optimizer_type"] != "AdamWScheduleFree":
        yield error(
            "lr_warmup_steps lr_scheduler",
            "The schedule Constant has no warm-up.",
            "The trainer stops when a warm-up is set for it.",
            "Take Constant with warm-up, or set the warm-up to 0.",
            lr_scheduler="constant_with_warmup",
        )
    elif isinstance(given, int) and at.steps is not None and given >= at.steps:
        yield warning(
            "lr_warmup_steps max_train_steps",
            f"The warm-up ({given} steps) is as long as the whole training ({at.steps} steps).",
            "The full learning rate is never reached.",
            "Set the warm-up to a share, such as 0.05.",
            lr_warmup_steps=0.05,
        )


@rule
def adafactor(at: Facts) -> Iterator[Problem]:
    """Without ``relative_step=False`` the trainer swaps in Adafactor's own schedule and drops our rates."""
    if at["optimizer_type"] != "Adafactor" or "relative_step=False" in _squeezed(at):
        return
    arguments = ["scale_parameter=False", "relative_step=False", "warmup_init=False"]
    what = "Adafactor takes its own learning rate and schedule now."
    remedy = f"Set the optimizer arguments {', '.join(arguments)}."
    if at["lr_warmup_steps"]:
        why = "The trainer stops, because that schedule has no warm-up."
        yield error(
            "optimizer_args optimizer_type lr_warmup_steps", what, why, remedy, optimizer_args=arguments
        )
    else:
        why = "Your learning rates and schedule have no effect."
        yield warning("optimizer_args optimizer_type", what, why, remedy, optimizer_args=arguments)


def _squeezed(at: Facts) -> list[str]:
    return ["".join(argument.split()) for argument in at["optimizer_args"]]


@rule
def optimizer_arguments(at: Facts) -> Iterator[Problem]:
    for argument in at["optimizer_args"]:
        name, _, value = argument.partition("=")
        try:
            ast.literal_eval(value.strip())
            proper = name.strip().isidentifier()
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            proper = False
        if not proper:
            yield error(
                "optimizer_args",
                f"The optimizer argument {argument!r} cannot be read.",
                "Each is a name, an equals sign and a Python value; words stand in quotes.",
                "Write it like weight_decay=0.1 or betas=[0.9,0.99].",
            )


@rule
def eight_bit(at: Facts) -> Iterator[Problem]:
    if at["optimizer_type"].endswith("8bit"):
        yield note(
            "optimizer_type",
            f"{at['optimizer_type']} runs on NVIDIA GPUs only.",
            "It needs the package bitsandbytes and CUDA.",
            "Take AdamW on other machines.",
        )
