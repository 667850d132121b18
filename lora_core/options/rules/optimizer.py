"""Rules about the optimizer and its arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options import optimizers
from lora_core.options.optimizers import OPTIMIZERS
from lora_core.options.rules.registry import Facts, error, note, rule, warning

FIXED_ADAFACTOR = ["scale_parameter=False", "relative_step=False", "warmup_init=False"]
"""Arguments with which Adafactor obeys the learning rates and the schedule."""


def finds_its_rate(optimizer: str) -> bool:
    """Whether an optimizer finds the learning rate itself, so that it wants rates around 1."""
    known = OPTIMIZERS.get(optimizer)
    return known is not None and known.own_rate


def several_rates(optimizer: str) -> str:
    """What an optimizer does with several rates: ``each``, ``first`` or ``equal`` (see the table)."""
    known = OPTIMIZERS.get(optimizer)
    return known.rates if known else "each"


def state_of(optimizer: str) -> str:
    """What is wrong with an optimizer's saved state; empty where nothing is, or nothing is known."""
    known = OPTIMIZERS.get(optimizer)
    return known.state if known else ""


def schedule_free(optimizer: str) -> bool:
    """Whether the trainer leaves an optimizer without a schedule; it goes by the end of the name."""
    return optimizer.lower().endswith("schedulefree")


@rule
def optimizer_arguments(at: Facts) -> Iterator[Problem]:
    yield from optimizers.problems(at.options, at.packages)


@rule
def schedule_arguments(at: Facts) -> Iterator[Problem]:
    """The trainer cuts each at its only equals sign and reads the rest as a Python value."""
    for argument in at["lr_scheduler_args"] or ():
        if not _readable(argument):
            yield error(
                "lr_scheduler_args",
                f"The schedule argument {argument!r} cannot be read.",
                "Each is a name, an equals sign and a Python value; words stand in quotes.",
                "Write it like min_lr=0.00001, or take it out.",
                lr_scheduler_args=[one for one in at["lr_scheduler_args"] if one != argument],
            )


def _readable(argument: str) -> bool:
    name, _, value = argument.partition("=")
    try:
        ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return name.strip().isidentifier() and argument.count("=") == 1


def squeezed(at: Facts) -> list[str]:
    """The optimizer's arguments without spaces."""
    return ["".join(argument.split()) for argument in at["optimizer_args"]]


def obeys_rates(at: Facts) -> bool:
    """Whether Adafactor takes the learning rates it is given, instead of making up its own."""
    given = squeezed(at)
    return "relative_step=False" in given and "warmup_init=True" not in given


@rule
def adafactor(at: Facts) -> Iterator[Problem]:
    """Without ``relative_step=False`` the trainer swaps in Adafactor's own schedule and drops our rates."""
    if at["optimizer_type"] != "Adafactor" or obeys_rates(at):
        return
    what = "Adafactor takes its own learning rate and schedule now."
    remedy = f"Set the optimizer arguments {', '.join(FIXED_ADAFACTOR)}."
    if at["lr_warmup_steps"]:
        why = "The trainer stops, because that schedule has no warm-up."
        yield error(
            "optimizer_args optimizer_type lr_warmup_steps",
            what,
            why,
            remedy,
            optimizer_args=list(FIXED_ADAFACTOR),
        )
    else:
        why = "Your learning rates and schedule have no effect."
        yield warning(
            "optimizer_args optimizer_type", what, why, remedy, optimizer_args=list(FIXED_ADAFACTOR)
        )


@rule
def adafactor_of_pytorch_optimizer(at: Facts) -> Iterator[Problem]:
    """Here the trainer swaps nothing in: the optimizer itself passes over the rate (``get_lr``)."""
    if at["optimizer_type"] != "pytorch_optimizer.AdaFactor" or "relative_step=False" in squeezed(at):
        return
    kept = [given for given in at["optimizer_args"] if not given.strip().startswith("relative_step")]
    yield warning(
        "optimizer_args optimizer_type",
        "AdaFactor takes its own learning rate now.",
        "Your learning rates and schedule have no effect.",
        "Set the optimizer argument relative_step=False.",
        optimizer_args=[*kept, "relative_step=False"],
    )


@rule
def eight_bit(at: Facts) -> Iterator[Problem]:
    """Measured: bitsandbytes 0.50 also computes these on a CPU, where they gain nothing."""
    name = at["optimizer_type"]
    known = OPTIMIZERS.get(name)
    if known is None or not known.gpu or at.gpu:
        return
    plain = "Lion" if "Lion" in name else "AdamW"
    fields = "optimizer_type"
    own = known.package in (optimizers.OWN_PACKAGE, optimizers.FORK_PACKAGE)
    why = (
        "Its code is written for CUDA."
        if own
        else "It needs the package bitsandbytes, which is made for CUDA."
    )
    if at.gpu is None:
        what = f"{name} is made for NVIDIA GPUs."
        yield note(fields, what, why, f"Take {plain} on other machines.")
    else:
        what = f"{name} is made for NVIDIA GPUs, and the trainer finds none."
        remedy = f"Take {plain}, which runs everywhere."
        yield warning(fields, what, why, remedy, optimizer_type=plain)


@rule
def warm_up_of_adaptive_optimizers(at: Facts) -> Iterator[Problem]:
    """Prodigy's authors: with a warm-up use ``safeguard_warmup=True``; D-Adaptation has no such guard."""
    name = at["optimizer_type"]
    if not finds_its_rate(name) or schedule_free(name) or not at["lr_warmup_steps"]:
        return
    if several_rates(name) == "each":
        return  # AdamG does not go by the way it came: the rate is only a limit to it
    if name.lower().rsplit(".", 1)[-1].startswith("prodigy"):
        given = squeezed(at)
        if "safeguard_warmup=True" in given:
            return
        kept = [argument for argument in at["optimizer_args"] if "safeguard_warmup" not in argument]
        remedy, fix = "Add the argument safeguard_warmup=True.", [*kept, "safeguard_warmup=True"]
        yield warning(
            "optimizer_args optimizer_type lr_warmup_steps",
            f"{name} needs a guard for its warm-up.",
            "It measures its learning rate in the first steps, and a warm-up makes them too small to measure.",
            remedy,
            optimizer_args=fix,
        )
    else:
        yield warning(
            "lr_warmup_steps optimizer_type",
            f"{name} does not go well with a warm-up.",
            "It measures its learning rate in the first steps, and a warm-up makes them too small to measure.",
            "Set the warm-up to 0.",
            lr_warmup_steps=0,
        )


@rule
def saved_states(at: Facts) -> Iterator[Problem]:
    """At the end the trainer saves the state first and the LoRA after it (``train_network.py``)."""
    name, state = at["optimizer_type"], state_of(at["optimizer_type"])
    saving = at.on("save_state", "save_state_on_train_end")
    fields = " ".join([*saving, "optimizer_type"])
    off = dict.fromkeys(saving, False)
    if not saving:
        return
    if state == "unsaveable":
        yield error(
            fields,
            f"The state of {name} cannot be saved.",
            "The trainer stops when it tries, and at the end that is before it writes the LoRA.",
            "Do not save the state, or choose another optimizer.",
            **off,
        )
    elif state == "unusable":
        yield warning(
            fields,
            f"A saved state of {name} is of no use.",
            "The trainer stops when it wants to go on from it.",
            "Do not save the state, or choose another optimizer.",
            **off,
        )
    elif state == "differs":
        yield note(
            fields,
            f"From a saved state {name} goes on in another way.",
            "It measures the rate of each part again, at its first step.",
            "Choose another optimizer if the training is to go on as if it had never stopped.",
        )


@rule
def going_on_from_a_state(at: Facts) -> Iterator[Problem]:
    name, state = at["optimizer_type"], state_of(at["optimizer_type"])
    if not at["resume"] or not state:
        return
    if state == "differs":
        yield warning(
            "resume optimizer_type",
            f"{name} does not go on as if it had never stopped.",
            "It measures the rate of each part again, at its first step.",
            "Watch the first previews. If they get worse, train again without a break.",
        )
    else:
        yield error(
            "resume optimizer_type",
            f"{name} cannot go on from a saved state.",
            "The trainer stops when it loads the state, or at the next step.",
            "Leave this empty, and set the LoRA file under Continue from a LoRA.",
        )
