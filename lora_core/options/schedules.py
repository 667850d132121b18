"""The learning rate over the steps of a training, as plain functions, and our own schedules' settings.

Formulas are those of transformers 4.54 (``optimization.py``) and diffusers 0.32 as the trainer calls them
(`get_scheduler_fix` in ``library/train_util.py``, sd-scripts 0.10.1). The two schedules with warm restarts
are ours: ``engines/sd_scripts/modules/lora_workbench_schedulers.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lora_core.errors import InputError
from lora_core.options.optimizers import info, parse

if TYPE_CHECKING:
    from lora_core.options import TrainingOptions

MODULE = "lora_workbench_schedulers"
"""The module that goes along with a plan; the trainer imports it by this name."""
OWN: Mapping[str, str] = {
    "cosine_warm_restarts": "CosineAnnealingWarmRestarts",
    "rex_warm_restarts": "RexAnnealingWarmRestarts",
}
"""Our schedules: value of ``lr_scheduler`` -> class in `MODULE`."""
WITHOUT_WARMUP = ("constant", "piecewise_constant", "adafactor")
"""Schedules that have no warm-up: the trainer refuses one, or passes over it."""
_T5 = {"flux": "text_encoder_lr_2", "sd3": "text_encoder_lr_3"}
"""Family -> the rate of its T5, which is trained only on demand."""
_POLYNOMIAL_END = 1e-7
"""What the polynomial schedule falls to; the default of transformers."""


@dataclass(frozen=True)
class Cycles:
    """A schedule with warm restarts.

    Attributes:
        first: length of the first cycle in steps, with its warm-up.
        warmup: steps of warm-up in each cycle.
        multiplier: how much longer each cycle is than the one before, less the warm-up.
        gamma: what the top of each cycle is multiplied with.
        low: the rate that each cycle falls to.
        d: bend of REX; None for a cosine.
    """

    first: int
    warmup: int
    multiplier: float
    gamma: float
    low: float
    d: float | None

    def place(self, step: int) -> tuple[int, int, int]:
        """The cycle that a step (from 0) falls into, its place in it, and the cycle's length."""
        cycle, length = 0, self.first
        while step >= length:
            step, cycle, length = step - length, cycle + 1, self._next(length)
        return cycle, step, length

    def _next(self, length: int) -> int:
        return max(1, round((length - self.warmup) * self.multiplier)) + self.warmup

    def covers(self, count: int) -> int:
        """How many steps so many cycles take."""
        steps, length = 0, self.first
        for _ in range(count):
            steps, length = steps + length, self._next(length)
        return steps

    def rate(self, step: int, base: float) -> float:
        """The rate at a step (from 0) of a group whose own rate is ``base``."""
        cycle, at, length = self.place(step)
        low = self.low if self.low < base else 0.0
        top = base * self.gamma**cycle
        if top <= low:
            return low
        if at < self.warmup:
            return low + (top - low) * at / self.warmup
        progress = (at - self.warmup) / (length - self.warmup)
        if self.d is None:
            return low + (top - low) * (1 + math.cos(math.pi * progress)) / 2
        return low + (top - low) * (1 - progress) / ((1 - self.d) + self.d * (1 - progress))


def steps_of(value: float | None, total: int) -> int:
    """A number of steps from a number or a share of ``total``; the trainer rounds shares down."""
    if value is None:
        return 0
    return int(value * total) if isinstance(value, float) else int(value)


def cycles(options: TrainingOptions, total_steps: int) -> Cycles:
    """The settings of a schedule with warm restarts over ``total_steps``.

    Without a length for the first cycle it is the shortest with which ``lr_scheduler_num_cycles`` cycles
    fill the training, so that the last step does not start a new one. The warm-up is shared out evenly
    among the cycles, as in HollowStrawberry's trainer.
    """
    total, given = max(1, total_steps), options["restart_first_steps"]
    first = max(1, steps_of(given, total))
    count = math.ceil(total / first) if given else options["lr_scheduler_num_cycles"]
    share = steps_of(options["lr_warmup_steps"], total) // max(1, count)

    def made(first: int) -> Cycles:
        return Cycles(
            first,
            min(share, first - 1),
            options["restart_multiplier"],
            options["restart_gamma"],
            options["restart_min_lr"],
            options["restart_rex_d"] if options["lr_scheduler"] == "rex_warm_restarts" else None,
        )

    if given:
        return made(first)
    low, high = 1, total
    while low < high:  # `covers` grows with the length of the first cycle
        middle = (low + high) // 2
        low, high = (low, middle) if made(middle).covers(count) >= total else (middle + 1, high)
    return made(low)


def trainer_keys(options: TrainingOptions, total_steps: int | None) -> dict[str, Any]:
    """What the trainer's main table needs in place of our schedules; nothing for the trainer's own.

    Args:
        options: what to train.
        total_steps: the length of the training; without it, ``max_train_steps`` counts where epochs are empty.

    Raises:
        InputError: a schedule with restarts was chosen, and the length is not known.
    """
    name, more = options["lr_scheduler"], list(options["lr_scheduler_args"])
    if options["lr_scheduler_type"] or name not in OWN:
        return {}
    if total_steps is None and options["max_train_epochs"] is None:
        total_steps = options["max_train_steps"]
    if not total_steps:
        raise InputError(
            "The number of steps is not known yet.",
            why="A schedule with restarts is laid out over all steps.",
            remedy="Choose a folder with pictures, or another schedule.",
            field="lr_scheduler",
            value=name,
        )
    plan = cycles(options, total_steps)
    arguments = {
        "gamma": plan.gamma,
        "cycle_multiplier": plan.multiplier,
        "first_cycle_max_steps": plan.first,
        "min_lr": plan.low,
        "warmup_steps": plan.warmup,
    }
    if plan.d is not None:
        arguments["d"] = plan.d
    return {
        "lr_scheduler_type": f"{MODULE}.{OWN[name]}",
        "lr_scheduler_args": [*(f"{key}={value!r}" for key, value in arguments.items()), *more],
        "lr_warmup_steps": 0,
    }


def learning_rates(options: TrainingOptions) -> dict[str, float]:
    """The learning rate of each part that is trained, at full height: ``unet``, ``text_encoder``, ….

    Where a part has no rate of its own, it has the general one. A later text encoder has that of the one
    before, as in the trainer's networks for SD 3 and FLUX.
    """
    rates: dict[str, float] = {}
    general = options["learning_rate"]
    if not options["network_train_text_encoder_only"]:
        rates["unet"] = general if options["unet_lr"] is None else options["unet_lr"]
    if not options["network_train_unet_only"]:
        rate = general if options["text_encoder_lr"] is None else options["text_encoder_lr"]
        rates["text_encoder"] = rate
        for name in ("text_encoder_lr_2", "text_encoder_lr_3"):
            if options.applies(name):
                rate = rate if options[name] is None else options[name]
                if name != _T5.get(options["family"]) or options["train_t5xxl"]:
                    rates[f"text_encoder_{name[-1]}"] = rate
    return {name: rate for name, rate in rates.items() if rate > 0}


def curve(options: TrainingOptions, total_steps: int, points: int | None = None) -> dict[str, list[float]]:
    """The learning rate of each part over the training.

    With an optimizer that finds its rate itself, this is what its own rate is multiplied with. Of the
    arguments in ``lr_scheduler_args``, ``step_rules`` alone is looked at.

    Args:
        options: what to train.
        total_steps: the length of the training in steps.
        points: at most so many steps are reckoned, spread evenly; all of them if None.

    Returns:
        ``steps``, from 1, and for each part the rate with which that step is taken. No parts if the
        schedule is a class of the user's own.

    Raises:
        InputError: ``step_rules`` cannot be read.
    """
    steps = _spread(max(1, total_steps), points)
    found: dict[str, list[float]] = {"steps": [float(step) for step in steps]}
    if options["lr_scheduler_type"]:
        return found
    rate = _rate(options, max(1, total_steps))
    for name, base in learning_rates(options).items():
        found[name] = [rate(step - 1, base) for step in steps]
    return found


def _spread(total: int, points: int | None) -> list[int]:
    if points is None or points >= total or points < 2:
        return list(range(1, total + 1))
    return sorted({1 + round(at * (total - 1) / (points - 1)) for at in range(points)})


def _rate(options: TrainingOptions, total: int) -> Callable[[int, float], float]:
    """The rate as a function of the step (from 0) and of a part's own rate."""
    name = options["optimizer_type"]
    if info(name).schedule_free:  # the trainer passes over the schedule
        return lambda step, base: base
    if name == "Adafactor" and _relative(options):
        return _adafactor(options)
    if options["lr_scheduler"] in OWN:
        return cycles(options, total).rate
    # the trainer lays its schedules out over the steps of all processes, save a warm-up counted in steps
    count = options["num_processes"]
    factor = _factor(options, total * count)
    return lambda step, base: base * factor(step * count)


def _arguments(options: TrainingOptions, name: str) -> dict[str, Any]:
    try:
        return parse(options[name])
    except InputError:  # said by the check of the options; here it must only not break the plot
        return {}


def _relative(options: TrainingOptions) -> bool:
    """Whether Adafactor makes up its own rate: so unless it is switched off."""
    given = _arguments(options, "optimizer_args")
    return bool(given.get("relative_step", True) or given.get("warmup_init", False))


def _adafactor(options: TrainingOptions) -> Callable[[int, float], float]:
    """Adafactor's own rate, before it is scaled by the size of the weights (transformers' `_get_lr`)."""
    warm = bool(_arguments(options, "optimizer_args").get("warmup_init", False))

    def rate(step: int, base: float) -> float:
        return min(1e-6 * (step + 1) if warm else 1e-2, 1 / math.sqrt(step + 1))

    return rate


def _factor(options: TrainingOptions, total: int) -> Callable[[int], float]:
    """What a part's own rate is multiplied with at a step (from 0), for the trainer's own schedules."""
    name = options["lr_scheduler"]
    if name in ("constant", "adafactor"):
        return lambda step: 1.0
    if name == "piecewise_constant":
        return _piecewise(str(_arguments(options, "lr_scheduler_args").get("step_rules", "1")))
    warmup = steps_of(options["lr_warmup_steps"], total)
    if name == "warmup_stable_decay":
        return _stable(options, warmup, steps_of(options["lr_decay_steps"], total), total)
    if name == "inverse_sqrt":
        scale = options["lr_scheduler_timescale"] or warmup or 10_000
        after: Callable[[int], float] = lambda step: 1 / math.sqrt((step + scale - warmup) / scale)  # noqa: E731
    elif name == "constant_with_warmup":
        after = lambda step: 1.0  # noqa: E731
    else:
        fall = _fall(options)
        after = lambda step: fall((step - warmup) / max(1, total - warmup))  # noqa: E731
    return lambda step: step / warmup if step < warmup else after(step)


def _fall(options: TrainingOptions) -> Callable[[float], float]:
    """Schedules that fall from 1, by the share of the steps after the warm-up that is done."""
    name, low = options["lr_scheduler"], options["lr_scheduler_min_lr_ratio"] or 0.0
    if name == "linear":
        return lambda done: max(0.0, 1 - done)
    if name == "cosine":
        return lambda done: max(0.0, (1 + math.cos(math.pi * done)) / 2)
    if name == "cosine_with_restarts":
        count = options["lr_scheduler_num_cycles"]
        return lambda done: 0.0 if done >= 1 else (1 + math.cos(math.pi * (count * done % 1))) / 2
    if name == "cosine_with_min_lr":
        return lambda done: low + (1 - low) * (1 + math.cos(math.pi * done)) / 2
    if name == "polynomial":
        # transformers measures the end by the general rate, whatever the part's own is
        end, power = _POLYNOMIAL_END / options["learning_rate"], options["lr_scheduler_power"]
        return lambda done: end + (1 - end) * max(0.0, 1 - done) ** power
    raise InputError(f"{name!r} is not a known schedule.", field="lr_scheduler", value=name)


def _stable(options: TrainingOptions, warmup: int, decay: int, total: int) -> Callable[[int], float]:
    """Warm-up, then constant, then half a cosine; all between 1 and the smallest share."""
    low, begin = options["lr_scheduler_min_lr_ratio"] or 0.0, total - decay

    def factor(step: int) -> float:
        if step < warmup:
            height = step / warmup
        elif step < begin:
            height = 1.0
        else:
            height = (1 + math.cos(math.pi * min(1.0, (step - begin) / max(1, decay)))) / 2
        return low + (1 - low) * height

    return factor


def _piecewise(rules: str) -> Callable[[int], float]:
    """``1:100,0.1:200,0.01``: factors, each with the step up to which it holds; the last without one.

    Raises:
        InputError: the text is not of this form.
    """
    *parts, last = rules.split(",")
    try:
        pieces = sorted((int(end), float(value)) for value, end in (part.split(":") for part in parts))
        rest = float(last)
    except ValueError as error:
        raise InputError(
            f"The steps of the schedule cannot be {rules!r}.",
            why="They are factors, each with the step up to which it holds; the last one has no step.",
            remedy="Write them as in 1:100,0.1:200,0.01.",
            field="lr_scheduler_args",
            value=rules,
        ) from error
    return lambda step: next((value for end, value in pieces if step < end), rest)
