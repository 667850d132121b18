"""The table of optimizers: what there is to know about each, and about its arguments.

It stands in ``optimizers.toml`` (what people read) and ``optimizer_arguments.json`` (measured from the
classes by ``engines/sd_scripts/dump_optimizers.py``).
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lora_core.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_BY_TRAINER = {"SGDNesterov": {"nesterov"}, "SGDNesterov8bit": {"nesterov"}}
"""Arguments that the trainer gives itself; a second one ends in a TypeError."""
_DEFAULTS_OF_TRAINER = {"SGDNesterov": {"momentum": 0.9}, "SGDNesterov8bit": {"momentum": 0.9}}
"""Where the trainer's default differs from the class's own (`get_optimizer` in ``library/train_util.py``)."""
OWN_PACKAGE = "LoraEasyCustomOptimizer"
"""The package of LoRA Easy Training's optimizers; it is on no package index."""
FORK_PACKAGE = f"{OWN_PACKAGE}-fork"
"""Our name for the fork's package, which has the name and version of the other."""


@dataclass(frozen=True)
class Argument:
    """One argument of an optimizer.

    Attributes:
        name: as the optimizer calls it.
        label: what people see.
        kind: ``bool``, ``int``, ``float``, ``floats``, ``choice`` or ``text``.
        default: what the optimizer takes if it is not given; ``floats`` as a tuple.
        doc: what it does, in two short sentences.
        low: the smallest value allowed.
        high: the largest value allowed.
        choices: the values of a choice.
        optional: whether it may be empty (None).
    """

    name: str
    label: str
    kind: str
    default: Any
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class OptimizerInfo:
    """One optimizer.

    Attributes:
        name: the trainer's name for it, as it stands in ``optimizer_type``.
        title: what people see.
        group: heading in the list of choices.
        doc: when to take it.
        package: what must be installed beside the trainer's pinned packages; empty where nothing must.
        own_rate: whether it finds its learning rate itself: all rates are 1 then, without a warm-up.
        rates: what different rates of two parts do: ``each``, ``first`` or ``equal`` (see the table).
        gpu: whether it needs an NVIDIA GPU.
        state: what is wrong with its saved state: ``unsaveable``, ``unusable`` or ``differs`` (see the table);
            empty where a training goes on from it as if it had never stopped.
        recommended: arguments to start with.
        source: where these come from.
        arguments: its arguments by name.
    """

    name: str
    title: str
    group: str
    doc: str
    package: str
    own_rate: bool
    rates: str
    gpu: bool
    state: str
    recommended: Mapping[str, Any]
    source: str
    arguments: Mapping[str, Argument]

    @property
    def schedule_free(self) -> bool:
        """Whether the trainer passes over the schedule: it tells by the end of the name."""
        return self.name.lower().endswith("schedulefree")


OMITTED: Mapping[str, str] = {
    **dict.fromkeys(
        ("Adam", "AdamW", "LBFGS", "NAdam", "RMSprop", "SGD"), "It is torch's own, known without the package."
    ),
    **dict.fromkeys(
        ("AdaShift", "AdaSmooth", "AdamP", "FAdam", "FTRL"),
        "It gives NaN at a LoRA's first step, where half of the gradients are zero.",
    ),
    **dict.fromkeys(
        ("AdamMini", "AdaLOMO", "LOMO", "AliG", "BSAM", "Ranger21", "A2Grad"),
        "It wants more than weights and a learning rate, or takes no learning rate.",
    ),
    **dict.fromkeys(
        ("AdaGO", "AdaMuon", "Muon", "DistributedMuon", "DeMo"),
        "It wants its weights sorted beforehand, or several processes.",
    ),
    **dict.fromkeys(("AdaHessian", "SophiaH"), "It wants second derivatives, which the trainer does not make."),
    **dict.fromkeys(
        ("FriendlySAM", "GSAM", "LookSAM", "SAM", "WSAM", "Lookahead", "OrthoGrad", "PCGrad", "TRAC",
         "SafeFP16Optimizer", "ScheduleFreeWrapper"),
        "It wraps another optimizer.",
    ),
    **dict.fromkeys(
        ("ScheduleFreeAdamW", "ScheduleFreeRAdam", "ScheduleFreeSGD"),
        "The trainer would save the wrong weights: it tells schedule-free ones by the end of the name.",
    ),
    **dict.fromkeys(
        ("EmoFact", "EmoLynx", "EmoNavi", "EmoNeco", "EmoZeal"),
        "It follows the loss, which the trainer does not tell it.",
    ),
    **dict.fromkeys(("Adalite", "Alice"), "It fails on the small matrices of a LoRA."),
    "Ranger25": "Its weights grew without end in a trial with LoRA shapes.",
}  # fmt: skip
"""Classes of pytorch-optimizer 3.9.0 that are not offered, with the reason (tried on LoRA-shaped weights)."""


OMITTED_OF_FORK: Mapping[str, str] = {
    **dict.fromkeys(
        ("AdamW4bitAO", "AdamW8bitAO", "AdamWfp8AO", "CompassAO"),
        "It wants its learning rate as a tensor, and the trainer gives numbers.",
    ),
    **dict.fromkeys(
        ("ADOPTAOScheduleFree", "AdamW8bitKahan", "FishMonger8BitBNB", "GrokFastAdamW", "SCION"),
        "It stops with an error of its own in its first steps.",
    ),
    **dict.fromkeys(
        ("AdamMini", "Ranger21", "ScheduleFreeWrapper", "SNOO_ASGD"),
        "It wants more than weights and a learning rate, or wraps another optimizer.",
    ),
    "LaProp": "It gives weights that are not finite in a trial with LoRA shapes.",
    "ProdigyPlusScheduleFree": "It comes with the trainer's own packages, as prodigyplus.ProdigyPlusScheduleFree.",
}
"""Classes in the fork's list that are not offered, with the reason (tried with pytorch-optimizer 3.9.0)."""


def _argument(name: str, default: Any, known: Mapping[str, Any]) -> Argument | None:
    """An argument from its measured default and what is written about it; None if it has no written form."""
    kinds = {bool: "bool", int: "int", float: "float", str: "text", list: "floats"}
    kind = kinds.get(type(default), "") if isinstance(default, list) else known.get("kind", "")
    kind = kind or kinds.get(type(default), "")
    if not kind or (kind == "floats" and not isinstance(default, list)):
        kind = "float" if isinstance(default, (int, float)) else ""
    if not kind:
        return None
    if kind == "float" and isinstance(default, int):
        default = float(default)
    return Argument(
        name,
        known.get("label", name),
        kind,
        tuple(default) if isinstance(default, list) else default,
        known.get("doc", "A finer setting of this optimizer. Leave it as it is unless you know its paper."),
        known.get("low"),
        known.get("high"),
        tuple(known.get("choices", ())),
        default is None or bool(known.get("optional")),
    )


def _read() -> dict[str, OptimizerInfo]:
    folder = resources.files("lora_core.options")
    table = tomllib.loads(folder.joinpath("optimizers.toml").read_text("utf-8"))
    measured = json.loads(folder.joinpath("optimizer_arguments.json").read_text("utf-8"))
    found = {}
    for name, entry in table["optimizer"].items():
        defaults = {**measured[entry.get("class", name)], **_DEFAULTS_OF_TRAINER.get(name, {})}
        made = (_argument(key, value, table["argument"].get(key, {})) for key, value in defaults.items())
        arguments = {one.name: one for one in made if one and one.name not in _BY_TRAINER.get(name, ())}
        ranked = sorted(arguments, key=lambda key: (key not in table["argument"], key))
        found[name] = OptimizerInfo(
            name,
            entry["title"],
            entry["group"],
            entry["doc"],
            entry.get("package", ""),
            entry.get("own_rate", False),
            entry.get("rates", "first" if entry.get("own_rate") else "each"),
            entry.get("gpu", False),
            entry.get("state", ""),
            {key: plain(value) for key, value in entry.get("recommended", {}).items()},
            entry.get("source", ""),
            {key: arguments[key] for key in ranked},
        )
    return found


def plain(value: Any) -> Any:
    """A list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


OPTIMIZERS: dict[str, OptimizerInfo] = _read()
"""Every optimizer that is offered, by the trainer's name, common ones first."""

_BY_LOWER = {name.lower(): name for name in OPTIMIZERS}


def info(name: str) -> OptimizerInfo:
    """An optimizer by name; upper and lower case do not matter.

    Raises:
        InputError: it is not in the table.
    """
    try:
        return OPTIMIZERS[_BY_LOWER[name.lower()]]
    except KeyError:
        near = difflib.get_close_matches(name, OPTIMIZERS, n=1, cutoff=0.5)
        raise InputError(
            f"{name!r} is not a known optimizer.",
            remedy=f"Did you mean {near[0]!r}?" if near else "Choose one of the list.",
            field="optimizer_type",
            value=name,
        ) from None
