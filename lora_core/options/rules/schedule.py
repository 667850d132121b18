"""Rules about how the learning rate changes over time."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import InputError, Problem
from lora_core.options import schedules
from lora_core.options.rules.learning import rates
from lora_core.options.rules.optimizer import obeys_rates, schedule_free
from lora_core.options.rules.registry import Facts, error, note, rule, warning

SMALLEST_POLYNOMIAL = 1e-7
"""The rate that transformers' polynomial schedule falls to; it raises an error from there down."""

ARGUMENTS = {
    "cosine": ("num_cycles",),
    "polynomial": ("lr_end",),
    "piecewise_constant": ("step_rules",),
    "warmup_stable_decay": ("warmup_type", "decay_type"),
}
"""Schedule -> arguments that the trainer does not give it already (transformers 4.54, diffusers 0.32)."""

OF_TORCH: dict[str, tuple[str, ...]] = {
    "StepLR": ("step_size",),
    "MultiStepLR": ("milestones",),
    "ConstantLR": (),
    "LinearLR": (),
    "ExponentialLR": ("gamma",),
    "PolynomialLR": (),
    "CosineAnnealingLR": ("T_max",),
    "CosineAnnealingWarmRestarts": ("T_0",),
    "CyclicLR": ("base_lr", "max_lr"),
    "OneCycleLR": ("max_lr", "total_steps"),
}
"""Schedule class of torch -> arguments that it must have. Others want functions, schedules or a loss."""

DIVIDING = ("pytorch_optimizer.ASGD", "pytorch_optimizer.Gravity")
"""Optimizers that divide by their rate; a warm-up begins at 0. All of the trainer's own packages were tried."""


@rule
def warm_up(at: Facts) -> Iterator[Problem]:
    given, name = at["lr_warmup_steps"], at["lr_scheduler"]
    if not given or schedule_free(at["optimizer_type"]):
        return
    if at["lr_scheduler_type"]:
        yield error(
            "lr_warmup_steps lr_scheduler_type",
            f"The schedule {at['lr_scheduler_type']} takes no warm-up from here.",
            "The trainer stops when a warm-up is set beside a schedule class.",
            "Set the warm-up to 0. A warm-up of the schedule itself goes among its arguments.",
            lr_warmup_steps=0,
        )
    elif name == "constant":
        yield error(
            "lr_warmup_steps lr_scheduler",
            "The schedule Constant has no warm-up.",
            "The trainer stops when a warm-up is set for it.",
            "Take Constant with warm-up, or set the warm-up to 0.",
            lr_scheduler="constant_with_warmup",
        )
    elif name in schedules.WITHOUT_WARMUP:
        yield warning(
            "lr_warmup_steps lr_scheduler",
            f"The schedule {name} has no warm-up.",
            "It stops at one, or passes over it.",
            "Set the warm-up to 0.",
            lr_warmup_steps=0,
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
def schedules_that_fail(at: Facts) -> Iterator[Problem]:
    name, optimizer = at["lr_scheduler"], at["optimizer_type"]
    if schedule_free(optimizer) or at["lr_scheduler_type"]:
        return
    if name == "adafactor" and (optimizer != "Adafactor" or obeys_rates(at)):
        yield error(
            "lr_scheduler optimizer_type",
            "Adafactor's own schedule is chosen, and the optimizer does not make up its own rate.",
            "It goes with Adafactor only, and only with relative_step=True; the trainer stops on this.",
            "Take Cosine.",
            lr_scheduler="cosine",
        )
    elif name == "piecewise_constant" and not any("step_rules" in a for a in at["lr_scheduler_args"]):
        yield error(
            "lr_scheduler_args lr_scheduler",
            "The schedule piecewise_constant has no steps yet.",
            "It needs the argument step_rules; the trainer stops without it.",
            'Write for example step_rules="1:500,0.1:1000,0.01".',
            lr_scheduler_args=['step_rules="1:500,0.1:1000,0.01"'],
        )
    elif name == "cosine_with_min_lr" and at["lr_scheduler_min_lr_ratio"] is None:
        yield error(
            "lr_scheduler_min_lr_ratio lr_scheduler",
            "The lowest learning rate is not set.",
            "The schedule cosine_with_min_lr needs it; the trainer stops without it.",
            "Set it to 0.1, a tenth of the learning rate.",
            lr_scheduler_min_lr_ratio=0.1,
        )
    elif name == "polynomial" and at.number("learning_rate") <= SMALLEST_POLYNOMIAL:
        yield error(
            "learning_rate lr_scheduler",
            f"The general learning rate ({at['learning_rate']:g}) is too low for the polynomial schedule.",
            f"The schedule falls to {SMALLEST_POLYNOMIAL:g}; the trainer stops if the general rate is not above.",
            "Set the general learning rate to 0.0005. Where the other two are set, it is used for this only.",
            learning_rate=5e-4,
        )


@rule
def schedule_arguments_fit(at: Facts) -> Iterator[Problem]:
    """Whether the schedule can be drawn: its own arguments are read for that."""
    if schedule_free(at["optimizer_type"]) or at["lr_scheduler"] != "piecewise_constant":
        return
    try:
        schedules.curve(at.options, 10, 2)
    except InputError as found:
        if found.field == "lr_scheduler_args":
            yield error(
                "lr_scheduler_args lr_scheduler",
                found.what,
                found.why,
                found.remedy,
                lr_scheduler_args=['step_rules="1:500,0.1:1000,0.01"'],
            )


@rule
def schedules_of_other_packages(at: Facts) -> Iterator[Problem]:
    name = at["lr_scheduler_type"] or ""
    if name.startswith("pytorch_optimizer."):
        yield error(
            "lr_scheduler_type",
            f"The schedule {name} does not run in this trainer.",
            "It stops at the first logged step, and sets one learning rate for all parts.",
            "Leave it empty, and choose a schedule from the list.",
            lr_scheduler_type=None,
        )


@rule
def fall_at_the_end(at: Facts) -> Iterator[Problem]:
    if at["lr_scheduler"] != "warmup_stable_decay" or schedule_free(at["optimizer_type"]):
        return
    if at["lr_scheduler_type"]:
        return
    if not at["lr_decay_steps"]:
        yield warning(
            "lr_decay_steps lr_scheduler",
            "The learning rate never falls.",
            "This schedule falls in its last steps, and their number is 0.",
            "Set it to a share, such as 0.2.",
            lr_decay_steps=0.2,
        )
        return
    pair = at["lr_warmup_steps"], at["lr_decay_steps"]
    steps = at.steps or (1000 if all(isinstance(part, float) or not part for part in pair) else None)
    if steps is not None and sum(schedules.steps_of(part, steps) for part in pair) > steps:
        yield warning(
            "lr_decay_steps lr_warmup_steps",
            "Warm-up and fall together are longer than the training.",
            "The schedule then jumps.",
            "Set the warm-up to 0.05 and the fall to 0.2.",
            lr_warmup_steps=0.05,
            lr_decay_steps=0.2,
        )


@rule
def restarts(at: Facts) -> Iterator[Problem]:
    if at["lr_scheduler"] not in schedules.OWN or at["lr_scheduler_type"]:
        return
    low = {name: rate for name, rate in rates(at).items() if 0 < rate <= at["restart_min_lr"]}
    if low:
        yield warning(
            " ".join(["restart_min_lr", *low]),
            f"The smallest rate ({at['restart_min_lr']:g}) is not below {' and '.join(low)}.",
            "For that part it does not hold: its rate falls to 0.",
            "Set it to a hundredth of the lowest learning rate.",
            restart_min_lr=min(low.values()) / 100,
        )
    first = at["restart_first_steps"]
    if first and isinstance(first, int) and at.steps is not None and first >= at.steps:
        yield note(
            "restart_first_steps max_train_steps",
            f"The first cycle ({first} steps) is as long as the training ({at.steps} steps).",
            "There is no restart then.",
            "Leave it empty, so that the cycles fill the training.",
            restart_first_steps=None,
        )


@rule
def schedule_of_schedule_free(at: Facts) -> Iterator[Problem]:
    if schedule_free(at["optimizer_type"]) and (
        at["lr_scheduler"] != "constant" or at["lr_warmup_steps"] or at["lr_scheduler_type"]
    ):
        fix = {"lr_scheduler_type": at.off("lr_scheduler_type")} if at["lr_scheduler_type"] else {}
        yield note(
            "lr_scheduler lr_warmup_steps optimizer_type",
            f"The schedule is not used with {at['optimizer_type']}.",
            "This optimizer needs none, and the trainer leaves it out. The learning rate stays the same.",
            "Set the schedule to Constant and the warm-up to 0, to make it plain.",
            lr_scheduler="constant",
            lr_warmup_steps=0,
            **fix,
        )


@rule
def warm_up_from_nothing(at: Facts) -> Iterator[Problem]:
    if at["optimizer_type"] in DIVIDING and at["lr_warmup_steps"]:
        yield error(
            "lr_warmup_steps optimizer_type",
            f"{at['optimizer_type']} cannot have a warm-up.",
            "A warm-up begins at a learning rate of 0, by which this optimizer divides; the trainer stops.",
            "Set the warm-up to 0.",
            lr_warmup_steps=0,
            **({"lr_scheduler": "constant"} if at["lr_scheduler"] == "constant_with_warmup" else {}),
        )


def _names(at: Facts) -> list[str]:
    return [argument.partition("=")[0].strip() for argument in at["lr_scheduler_args"] or ()]


@rule
def arguments_of_the_schedule(at: Facts) -> Iterator[Problem]:
    """Arguments that the schedule's function does not take, or that the trainer gives it a second time."""
    name = at["lr_scheduler"]
    if at["lr_scheduler_type"] or schedule_free(at["optimizer_type"]) or name == "adafactor":
        return
    wrong = [one for one in _names(at) if one.isidentifier() and one not in ARGUMENTS.get(name, ())]
    if wrong:
        kept = [one for one in at["lr_scheduler_args"] if one.partition("=")[0].strip() not in wrong]
        yield error(
            "lr_scheduler_args lr_scheduler",
            f"The schedule {name} takes no argument {' or '.join(wrong)} here.",
            "It does not know it, or has it from another field; the trainer stops on this.",
            "Take it out.",
            lr_scheduler_args=kept,
        )


@rule
def schedule_class_of_torch(at: Facts) -> Iterator[Problem]:
    given = at["lr_scheduler_type"] or ""
    module, _, name = given.rpartition(".")
    if not given or module not in ("", "torch.optim.lr_scheduler") or schedule_free(at["optimizer_type"]):
        return
    if name not in OF_TORCH:
        yield error(
            "lr_scheduler_type",
            f"The trainer cannot use a schedule class {given}.",
            "PyTorch has none of this name, or it wants what cannot be written as an argument.",
            f"Choose one of: {', '.join(OF_TORCH)}; or leave it empty.",
            lr_scheduler_type=None,
            lr_scheduler_args=[],
        )
    elif missing := [one for one in OF_TORCH[name] if one not in _names(at)]:
        yield error(
            "lr_scheduler_args lr_scheduler_type",
            f"The schedule {name} needs {' and '.join(missing)}.",
            "The trainer stops without it.",
            "Add it to the schedule arguments, or leave the schedule class empty.",
            lr_scheduler_type=None,
            lr_scheduler_args=[],
        )
