"""LoRA Easy Training Scripts: a TOML with a section for each part of its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.exchange import sd_scripts
from lora_core.exchange.collector import Collector
from lora_core.exchange.values import pairs
from lora_core.options.families import FAMILIES
from lora_core.options.optimizer_table import FORK_PACKAGE, OMITTED_OF_FORK, OPTIMIZERS, OWN_PACKAGE

_PAGE_ONLY = "It is about that program's own page and files."
_OWN = (
    "save_toml save_toml_location tag_occurrence tag_file_location easy_name train_mode log_prefix_mode "
    "run_name_mode"
).split()
_FAMILY_SECTIONS = {"flux_args": "flux", "anima_args": "anima", "sd3_args": "sd3", "lumina_args": "lumina"}

_OF_PACKAGE = {
    name.lower().rpartition(".")[2]: name
    for name, one in OPTIMIZERS.items()
    if one.package in (OWN_PACKAGE, FORK_PACKAGE, "adv-optm")
}
"""Name of a class in lower case -> our name, for Derrian's package and its fork."""
_OF_PACKAGE["simplified_ademamix_adv"] = _OF_PACKAGE["simplified_ademamix"]  # so the fork's page calls it
_LEFT_OUT = {name.lower(): why for name, why in OMITTED_OF_FORK.items() if name != "ProdigyPlusScheduleFree"}
"""Those of the fork that cannot run here, in lower case -> why."""
_RESTARTS = {
    "cosine_annealing_warm_restarts_(cawr)": "CosineAnnealingWarmRestarts",
    "cosine_annealing_warmup_restarts": "CosineAnnealingWarmRestarts",
    "rex_annealing_warm_restarts_(rawr)": "RexAnnealingWarmRestarts",
    "rex": "RexAnnealingWarmRestarts",
}
"""The page's names of its two schedules -> the class; older files have only the name."""


def looks_like_one(document: Mapping[str, Any]) -> bool:
    """Whether a TOML has this program's sections."""
    parts = [value for value in document.values() if isinstance(value, dict)]
    return any(isinstance(part.get(name), dict) for part in parts for name in ("args", "dataset_args"))


def take(collector: Collector, document: Mapping[str, Any], base: Path | None = None) -> None:
    """Take its settings."""
    train: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    family = ""
    for name, part in document.items():
        if not isinstance(part, dict):
            continue
        train |= _table(part.get("args"))
        shared |= _table(part.get("dataset_args"))
        if name in _FAMILY_SECTIONS and part.get("args"):
            family = _FAMILY_SECTIONS[name]
    for key in _OWN:
        if train.pop(key, None):
            collector.drop(key, _PAGE_ONLY)
    _take_optimizer(collector, train)
    subsets = [_subset(one) for one in _list(document.get("subsets")) if isinstance(one, dict)]
    _prepare(train, family)
    dataset = {"general": shared, "datasets": document.get("datasets") or [{"subsets": subsets}]}
    script = FAMILIES[family].script if family else _script(train)
    sd_scripts.take(collector, train, dataset, script=script, base=base)


def _take_optimizer(collector: Collector, train: dict[str, Any]) -> None:
    """Take the optimizer, where it is one of the package's own; all others are the trainer's.

    The page writes short names, and the program looks in its package first (``validate_optimizer``).
    """
    given = str(train.get("optimizer_type") or "")
    path, _, name = given.lower().rpartition(".")
    if path and path.partition(".")[0] != OWN_PACKAGE.lower():
        return
    if name == "came" and not path:
        found, note = "pytorch_optimizer.CAME", "It is CAME from a package that comes with the trainer."
    elif name in _LEFT_OUT:
        found = next((one for one in OPTIMIZERS if one.lower() == f"pytorch_optimizer.{name}"), "")
        note = "It is the one of pytorch-optimizer: the fork's own does not run in this trainer."
    else:
        found, note = _OF_PACKAGE.get(name, ""), ""
    if found:
        collector.own("optimizer_type", "optimizer_type", found, note)
    elif name in _LEFT_OUT:
        collector.drop("optimizer_type", _LEFT_OUT[name])
    if found or name in _LEFT_OUT:
        del train["optimizer_type"]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _subset(subset: Mapping[str, Any]) -> dict[str, Any]:
    """A folder; ``name`` is only a label on its page."""
    return {key: value for key, value in subset.items() if key != "name"}


def _script(train: dict[str, Any]) -> str:
    if train.get("sdxl"):
        return FAMILIES["sdxl"].script
    flux = any(train.get(key) for key in ("ae", "t5xxl", "clip_l"))
    return FAMILIES["flux"].script if flux else FAMILIES["sd15"].script


def _prepare(train: dict[str, Any], family: str) -> None:
    """What this program works out before it starts the trainer."""
    arguments = pairs(train.get("network_args"))
    lora_fa = train.pop("fa", False)
    if "network_module" not in train:
        train["network_module"] = _module(arguments, bool(lora_fa), family or _family_of(train))
    train["network_args"] = arguments
    share = train.pop("warmup_ratio", None)
    named = str(train.get("lr_scheduler", "")).lower().replace(" ", "_")
    if named in _RESTARTS and not train.get("lr_scheduler_type"):
        train["lr_scheduler_type"] = f"{OWN_PACKAGE}.{_RESTARTS[named]}.{_RESTARTS[named]}"
    if named == "cosineannealinglr" and not train.get("lr_scheduler_type"):
        _one_cosine(train)
        share = None
    if share and "WarmRestarts" in str(train.get("lr_scheduler_type", "WarmRestarts")):
        train["lr_warmup_steps"] = float(share)  # with another class of its own the trainer has no warm-up


def _one_cosine(train: dict[str, Any]) -> None:
    """The fork's CosineAnnealingLR: one cosine to a smallest rate, without a warm-up (its ``train_util.py``)."""
    kind = _RESTARTS["cosine_annealing_warmup_restarts"]
    arguments = pairs(train.get("lr_scheduler_args"))
    train["lr_scheduler_type"] = f"{OWN_PACKAGE}.{kind}.{kind}"
    train["lr_scheduler_num_cycles"] = 1
    train["lr_scheduler_args"] = {"min_lr": arguments.get("min_lr", 1e-8), "gamma": 1.0}


def _family_of(train: dict[str, Any]) -> str:
    script = _script(train)
    return next(name for name, one in FAMILIES.items() if one.script == script)


def _module(arguments: Mapping[str, Any], lora_fa: bool, family: str) -> str:
    if "algo" in arguments:
        return "lycoris.kohya"
    if lora_fa:
        return "networks.lora_fa"
    return "networks.dylora" if "unit" in arguments else FAMILIES[family].network_module
