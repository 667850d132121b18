"""The arguments of optimizers as typed values, and what is wrong with them.

The values themselves stay in the option ``optimizer_args`` as ``name=value`` texts, as the trainer takes
them; what is known about each optimizer stands in `optimizer_table`.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from lora_core.errors import InputError, Level, Problem
from lora_core.options.optimizer_table import (
    FORK_PACKAGE,
    OMITTED,
    OPTIMIZERS,
    OWN_PACKAGE,
    Argument,
    OptimizerInfo,
    info,
    plain,
)

if TYPE_CHECKING:
    from lora_core.options import TrainingOptions

__all__ = [
    "FORK_PACKAGE",
    "OMITTED",
    "OPTIMIZERS",
    "OWN_PACKAGE",
    "Argument",
    "OptimizerInfo",
    "info",
    "parse",
    "problems",
    "recommended",
    "write",
]

_FIELD = "optimizer_args"


def recommended(name: str) -> dict[str, Any]:
    """Arguments to start with, by name; none where the defaults are good.

    Raises:
        InputError: the optimizer is not in the table.
    """
    return dict(info(name).recommended)


def parse(arguments: Iterable[str]) -> dict[str, Any]:
    """``["betas=[0.9,0.99]"]`` as values; the last of equal names wins, as in the trainer.

    The trainer splits at the equals sign and reads the value with ``ast.literal_eval``
    (`get_optimizer` in ``library/train_util.py``, sd-scripts 0.10.1).

    Raises:
        InputError: an item is not of the form name=value, or the value cannot be read.
    """
    return dict(_pair(item) for item in arguments)


def _pair(item: str) -> tuple[str, Any]:
    name, _, text = item.partition("=")
    if not name.strip() or item.count("=") != 1:
        raise InputError(
            f"The optimizer argument {item!r} cannot be read.",
            why="It must be of the form name=value, with one equals sign.",
            remedy="Write it so, or take it out.",
            field=_FIELD,
            value=item,
        )
    try:
        return name.strip(), plain(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise InputError(
            f"The value of the optimizer argument {name.strip()} cannot be {text!r}.",
            why="It must be a number, True, False, None, a list such as [0.9,0.99], or a text in quotes.",
            remedy="Correct it, or take it out.",
            field=_FIELD,
            value=item,
        ) from error


def write(values: Mapping[str, Any]) -> list[str]:
    """Values as ``name=value`` texts, such as the trainer reads.

    Raises:
        InputError: a value has an equals sign, at which the trainer would split it.
    """
    found = [f"{name}={_text(value)}" for name, value in values.items()]
    for item in found:
        if item.count("=") != 1:
            raise InputError(
                f"The optimizer argument {item!r} cannot be written.",
                why="The trainer splits each argument at its equals sign, so a value cannot hold one.",
                remedy="Take the equals sign out.",
                field=_FIELD,
                value=item,
            )
    return found


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(one) for one in value) + "]"
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"  # ast.literal_eval knows no inf
    return repr(value)


def problems(options: TrainingOptions, packages: Collection[str] | None = None) -> list[Problem]:
    """What is wrong with the optimizer's arguments, and whether it needs a further package. Pure.

    Args:
        options: what to look at.
        packages: names of packages in the trainer's environment, if they are known; versions by name do too.
    """
    try:
        chosen = info(str(options["optimizer_type"]))
    except InputError:  # an optimizer of the user's own: nothing is known about it
        return []
    arguments = list(options[_FIELD])
    found = [one for at in range(len(arguments)) for one in _argument_problems(chosen, arguments, at)]
    return [*_package_problems(chosen, packages), *found]


def _package_problems(chosen: OptimizerInfo, packages: Collection[str] | None) -> Iterator[Problem]:
    known = {_normal(name) for name in packages or ()}
    wanted, own, fork = (_normal(name) for name in (chosen.package, OWN_PACKAGE, FORK_PACKAGE))
    if wanted in (own, fork) and fork in known:
        yield from _problems_of_fork(chosen, packages or ())
    elif wanted == fork and own in known:
        yield _package_problem(
            Level.ERROR,
            f"{chosen.title} comes with the fork of LoRA Easy Training.",
            "The package of the same name that is installed is Derrian's, where it is lacking or cannot run.",
            "Install the fork's custom_scheduler folder in its place, or choose another optimizer.",
        )
    elif wanted and wanted not in known:
        yield _package_missing(chosen, packages)


def _package_missing(chosen: OptimizerInfo, packages: Collection[str] | None) -> Problem:
    by_hand = {
        OWN_PACKAGE: "LoRA Easy Training's custom_scheduler folder",
        FORK_PACKAGE: "the custom_scheduler folder of LoRA Easy Training's fork",
    }.get(chosen.package)
    name = "the package " + (OWN_PACKAGE if by_hand else chosen.package)
    return _package_problem(
        Level.WARNING if packages is None or by_hand else Level.ERROR,
        f"{chosen.title} needs {name}.",
        "It is not one of those that come with the trainer; without it the training stops at its start.",
        f"Install {by_hand or chosen.package} into the trainer's environment, or choose another optimizer.",
    )


def _problems_of_fork(chosen: OptimizerInfo, packages: Collection[str]) -> Iterator[Problem]:
    """The fork imports all of its optimizers with the first, and so what any of them needs."""
    versions = dict(packages) if isinstance(packages, Mapping) else dict.fromkeys(packages, "")
    versions = {_normal(name): version for name, version in versions.items()}
    if "torchao" not in versions:
        yield _package_problem(
            Level.ERROR,
            f"{chosen.title} needs the package torchao too.",
            "The fork's package loads it at its start, and it is not installed.",
            "Install torchao 0.13.0 into the trainer's environment, as the fork does.",
        )
    if "adv_optm" not in versions or _too_new(versions["adv_optm"]):
        yield _package_problem(
            Level.ERROR,
            f"{chosen.title} needs the package adv-optm before version 2.5 too.",
            "The fork's package loads an optimizer from it that version 2.5 has no more.",
            "Install adv-optm 2.2.3 into the trainer's environment.",
        )


def _too_new(version: str) -> bool:
    """Whether adv-optm has left out Simplified_AdEMAMix; an unknown version passes."""
    try:
        return Version(version) >= Version("2.5")
    except InvalidVersion:
        return False


def _normal(package: str) -> str:
    return package.lower().replace("-", "_")


def _package_problem(level: Level, what: str, why: str, remedy: str) -> Problem:
    return Problem(level, ("optimizer_type",), what, why, remedy)


def _argument_problems(chosen: OptimizerInfo, arguments: Sequence[str], at: int) -> Iterator[Problem]:
    item = arguments[at]
    try:
        name, value = _pair(item)
    except InputError as error:
        yield Problem(Level.ERROR, (_FIELD,), error.what, error.why, error.remedy)
        return
    if item.partition("=")[0] != name:
        mended = item.partition("=")[2].strip()
        yield _problem(
            f"The optimizer argument {item!r} has a space too many.",
            "The trainer takes it as a part of the name.",
            "Take the space out.",
            _replaced(arguments, at, [f"{name}={mended}"]),
        )
    argument = chosen.arguments.get(name)
    if argument is None:
        near = difflib.get_close_matches(name, chosen.arguments, n=1, cutoff=0.6)
        renamed = [f"{near[0]}={item.partition('=')[2]}"] if near else []
        yield _problem(
            f"{chosen.title} has no argument {name!r} to set here.",
            "The training would stop at its start, or pass over it without a word.",
            f"Did you mean {near[0]}?" if near else "Take it out.",
            _replaced(arguments, at, renamed),
        )
    elif flaw := _flaw(argument, value):
        yield _problem(
            f"{argument.label} ({name}) cannot be {_text(value)}.",
            flaw,
            f"Correct it, or take it out; its default is {_text(argument.default)}.",
            _replaced(arguments, at, []),
        )


def _problem(what: str, why: str, remedy: str, arguments: list[str]) -> Problem:
    return Problem(Level.ERROR, (_FIELD, "optimizer_type"), what, why, remedy, {_FIELD: arguments})


def _replaced(arguments: Sequence[str], at: int, by: list[str]) -> list[str]:
    return [*arguments[:at], *by, *arguments[at + 1 :]]


def _flaw(argument: Argument, value: Any) -> str:
    """Why a value does not fit its argument; empty if it fits."""
    if value is None:
        return "" if argument.optional else "It cannot be empty."
    if argument.kind == "choice":
        return "" if value in argument.choices else f"It must be one of: {', '.join(argument.choices)}."
    if argument.kind == "bool":
        return "" if isinstance(value, bool) else "It must be True or False."
    if argument.kind == "text":
        return "" if isinstance(value, str) else "It must be a text in quotes."
    many = argument.kind == "floats"
    numbers = value if many and isinstance(value, tuple) else (value,)
    if many and (not isinstance(value, tuple) or len(value) != len(argument.default)):
        return f"It must be a list of {len(argument.default)} numbers."
    if argument.kind == "int" and (isinstance(value, bool) or not isinstance(value, int)):
        return "It must be a whole number."
    if any(isinstance(one, bool) or not isinstance(one, (int, float, type(None))) for one in numbers):
        return "It must be a number."
    limits = [one for one in numbers if one is not None]
    if argument.low is not None and any(one < argument.low for one in limits):
        return f"The smallest value is {argument.low:g}."
    if argument.high is not None and any(one > argument.high for one in limits):
        return f"The largest value is {argument.high:g}."
    return ""
