"""Learning rate schedules: the trainer's own names, and the two that Derrian's package added.

Those two are among our choices, with the same formulas. Their arguments become settings of their own, by
their declarations; only the warm-up is counted otherwise: there it is a number of steps in each cycle, here
it is shared out among the cycles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lora_core.exchange.collector import Collector
from lora_core.exchange.values import pairs, plain

_PACKAGES = ("LoraEasyCustomOptimizer", "lora_workbench_schedulers")
_CLASSES = {
    "CosineAnnealingWarmRestarts": "cosine_warm_restarts",
    "RexAnnealingWarmRestarts": "rex_warm_restarts",
}
"""The package's class -> our choice."""


def take_schedule(collector: Collector, main: Mapping[str, Any]) -> frozenset[str]:
    """Take ``lr_scheduler``, ``lr_scheduler_type`` and ``lr_scheduler_args`` of the trainer's main table.

    Returns:
        Keys of the main table that are settled by this, too.
    """
    custom = str(main.get("lr_scheduler_type") or "")
    arguments = pairs(main.get("lr_scheduler_args"))
    package, _, name = custom.rpartition(".")
    if package.partition(".")[0] in _PACKAGES and name in _CLASSES:
        note = "It is the schedule of the same formula."
        if collector.own("lr_scheduler_type", "lr_scheduler", _CLASSES[name], note):
            _take_arguments(collector, arguments)
        return frozenset(("lr_warmup_steps",) if "lr_warmup_steps" in collector.given else ())
    for key in ("lr_scheduler", "lr_scheduler_type"):
        if main.get(key):
            collector.give(key, key, main[key])
    rules = arguments.pop("step_rules", None) if main.get("lr_scheduler") == "piecewise_constant" else None
    if rules:
        collector.argument("lr_scheduler_args", "lr_scheduler_args.step_rules", "step_rules", rules)
    if arguments:
        collector.give(
            "lr_scheduler_args", "lr_scheduler_args", [f"{k}={plain(v)}" for k, v in arguments.items()]
        )
    return frozenset()


def _take_arguments(collector: Collector, arguments: Mapping[str, Any]) -> None:
    for key, value in arguments.items():
        if key not in ("warmup_steps", "last_epoch"):
            collector.argument("lr_scheduler_args", f"lr_scheduler_args.{key}", key, value)
    warm, first = _number(arguments.get("warmup_steps")), _number(arguments.get("first_cycle_max_steps"))
    if not warm:
        return
    if first > warm:
        note = "It is the same share of each cycle, written as a share of all steps."
        collector.own("lr_scheduler_args.warmup_steps", "lr_warmup_steps", round(warm / first, 6), note)
    else:
        collector.drop("lr_scheduler_args.warmup_steps", "The length of a cycle is not known beside it.")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
