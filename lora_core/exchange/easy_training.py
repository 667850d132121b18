"""LoRA Easy Training Scripts: a TOML with a section for each part of its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.exchange import sd_scripts
from lora_core.exchange.collector import Collector
from lora_core.exchange.values import pairs
from lora_core.options.families import FAMILIES

_PAGE_ONLY = "It is about that program's own page and files."
_OWN = (
    "save_toml save_toml_location tag_occurrence tag_file_location easy_name train_mode log_prefix_mode "
    "run_name_mode"
).split()
_FAMILY_SECTIONS = {"flux_args": "flux", "anima_args": "anima", "sd3_args": "sd3", "lumina_args": "lumina"}


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
    subsets = [_subset(one) for one in _list(document.get("subsets")) if isinstance(one, dict)]
    _prepare(train, family)
    dataset = {"general": shared, "datasets": document.get("datasets") or [{"subsets": subsets}]}
    script = FAMILIES[family].script if family else _script(train)
    sd_scripts.take(collector, train, dataset, script=script, base=base)


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
    if share and "WarmRestarts" in str(train.get("lr_scheduler_type", "WarmRestarts")):
        train["lr_warmup_steps"] = float(share)  # with another class of its own the trainer has no warm-up


def _family_of(train: dict[str, Any]) -> str:
    script = _script(train)
    return next(name for name, one in FAMILIES.items() if one.script == script)


def _module(arguments: Mapping[str, Any], lora_fa: bool, family: str) -> str:
    if "algo" in arguments:
        return "lycoris.kohya"
    if lora_fa:
        return "networks.lora_fa"
    return "networks.dylora" if "unit" in arguments else FAMILIES[family].network_module
