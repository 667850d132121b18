"""The pinned manifest of sd-scripts' options, and the check of a plan's tables against it.

The trainer silently accepts keys that it does not know, and checks neither types nor choices of what
its TOML file says; so that is done here, before anything starts. The data, ``manifest.json``, was
measured from the trainer itself by ``lora_core/engines/sd_scripts/dump_options.py``; how to measure it
anew is written there.
"""

from __future__ import annotations

import difflib
import functools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, Level, OptionsInvalid, Problem

MANIFEST_FILE = Path(__file__).with_name("manifest.json")

_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "number": (int, float),
    "int_or_float": (int, float),
    "str": (str,),
    "Path": (str,),
    "table": (dict,),
}
"""Type word of the manifest -> types of TOML values that the trainer understands."""

_WORDS = {
    "bool": "true or false",
    "int": "a whole number, without quotes",
    "float": "a number, without quotes",
    "number": "a number, without quotes",
    "int_or_float": "a number, without quotes",
    "str": "text in quotes",
    "Path": "a path in quotes",
    "table": "a table",
}


@dataclass(frozen=True)
class TrainerOption:
    """One option of the trainer, as its parser declares it.

    Attributes:
        name: its key in the TOML file.
        type: ``bool``, ``int``, ``float``, ``int_or_float``, ``str`` or ``Path``.
        default: the value without it.
        choices: allowed values; empty where any will do.
        many: whether it takes a list.
        flags: how it is written on a command line.
        scripts: the training scripts that have it.
    """

    name: str
    type: str
    default: Any
    choices: tuple[Any, ...] = ()
    many: bool = False
    flags: tuple[str, ...] = ()
    scripts: tuple[str, ...] = field(default=(), compare=False)


@functools.cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(MANIFEST_FILE.read_text("utf-8"))
    return data


def commit() -> str:
    """The commit of sd-scripts that the manifest was measured at."""
    return str(_data()["commit"])


def scripts() -> tuple[str, ...]:
    """Names of the training scripts, without ``.py``."""
    return tuple(_data()["scripts"])


@functools.cache
def options(script: str) -> Mapping[str, TrainerOption]:
    """All options of a training script, by name.

    Args:
        script: such as ``train_network``; ``.py`` may follow.

    Raises:
        InputError: there is no such script.
    """
    script = script.removesuffix(".py")
    if script not in scripts():
        raise InputError(
            f"{script!r} is not a training script of sd-scripts.",
            remedy=f"Choose one of: {', '.join(scripts())}.",
            field="script",
            value=script,
        )
    found = {}
    for name, entry in _data()["options"].items():
        having = tuple(entry.get("scripts", scripts()))
        if script in having:
            found[name] = _option(name, {**entry, **entry.get("only", {}).get(script, {})}, having)
    return found


def _option(name: str, entry: Mapping[str, Any], having: tuple[str, ...]) -> TrainerOption:
    return TrainerOption(
        name=name,
        type=entry["type"],
        default=entry["default"],
        choices=tuple(entry.get("choices", ())),
        many=entry.get("nargs") in ("*", "+"),
        flags=tuple(entry.get("flags", (f"--{name}",))),
        scripts=having,
    )


def dataset_keys(level: str) -> Mapping[str, str]:
    """Key -> type word of the dataset TOML's ``general``, ``datasets`` or ``subsets`` tables.

    ``mask_subsets`` are the subsets of a data set in which every subset has a folder of masks;
    ``metadata_subsets`` those that take all captions from one JSON file, which no option here asks for.
    """
    keys: dict[str, str] = _data()["dataset"][level]
    return keys


def check_train_table(table: Mapping[str, Any], script: str) -> None:
    """See that the trainer would understand every key and value of its main TOML file.

    Tables inside are looked through, as the trainer does: their names mean nothing to it.

    Raises:
        OptionsInvalid: a key is unknown, or a value has the wrong type or is not among the choices.
            Every such key is named, with its value and what to write instead.
    """
    known = options(script)
    _raise([problem for key, value in _flat(table) for problem in _check(key, value, known, script)])


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from value.items()
        else:
            yield key, value


def _check(key: str, value: Any, known: Mapping[str, TrainerOption], script: str) -> Iterator[Problem]:
    option = known.get(key)
    if option is None:
        yield _unknown(key, value, known, f"an option of {script.removesuffix('.py')}", _elsewhere(key))
        return
    if option.many != isinstance(value, (list, tuple)):
        expected = f"a list, each {_WORDS[option.type]}" if option.many else _WORDS[option.type]
        yield _wrong(key, value, expected)
        return
    for one in value if option.many else (value,):
        if not is_of_type(one, option.type):
            yield _wrong(key, value, _WORDS[option.type])
        elif option.choices and one not in option.choices:
            yield _no_choice(key, one, option.choices)


def is_of_type(value: Any, word: str) -> bool:
    """Whether a TOML value is what the manifest calls ``word``. Infinite and NaN are not numbers."""
    if isinstance(value, bool):
        return word == "bool"
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, _TYPES[word])


def _elsewhere(key: str) -> str:
    entry = _data()["options"].get(key)
    return f"It belongs to {', '.join(entry['scripts'])}." if entry and "scripts" in entry else ""


def _unknown(key: str, value: Any, known: Mapping[str, Any], what: str, elsewhere: str = "") -> Problem:
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return Problem(
        Level.ERROR,
        (key,),
        f"{key!r} (value {value!r}) is not {what}.",
        elsewhere or "The trainer would silently do nothing with it.",
        "Take it out." if elsewhere or not near else f"Did you mean {near[0]!r}?",
    )


def _wrong(key: str, value: Any, expected: str) -> Problem:
    return Problem(
        Level.ERROR,
        (key,),
        f"{key} cannot be {value!r}.",
        "The trainer does not check this and would fail later, or do something else.",
        f"Write {expected}.",
    )


def _no_choice(key: str, value: Any, choices: tuple[Any, ...]) -> Problem:
    named = [choice for choice in choices if choice is not None]
    near = difflib.get_close_matches(str(value), list(map(str, named)), n=1)
    return Problem(
        Level.ERROR,
        (key,),
        f"{key} cannot be {value!r}.",
        "The trainer knows only certain values for it.",
        (f"Did you mean {near[0]!r}? " if near else "") + f"Choose one of: {', '.join(map(str, named))}.",
    )


def check_dataset_table(table: Mapping[str, Any]) -> None:
    """See that the trainer would accept its dataset TOML file.

    Raises:
        OptionsInvalid: a key is unknown or stands at the wrong level, a value has the wrong type, or
            the folder of pictures is missing.
    """
    problems = list(_unknown_tops(table))
    problems += _check_level(table.get("general", {}), "general")
    for dataset in _tables(table.get("datasets", [])):
        inside = {key: value for key, value in dataset.items() if key != "subsets"}
        problems += _check_level(inside, "datasets")
        subsets = _tables(dataset.get("subsets", []))
        masked = bool(subsets) and all("conditioning_data_dir" in subset for subset in subsets)
        for subset in subsets:
            problems += _check_level(subset, "mask_subsets" if masked else "subsets")
            if "image_dir" not in subset:
                problems.append(_wrong("image_dir", None, "the folder of pictures, as text in quotes"))
    _raise(problems)


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, (list, tuple)) else []


def _unknown_tops(table: Mapping[str, Any]) -> Iterator[Problem]:
    tops = ("general", "datasets")
    for key, value in table.items():
        if key not in tops:
            yield _unknown(key, value, dict.fromkeys(tops), "a table of the dataset file")


_LEVELS = ("general", "datasets", "subsets", "mask_subsets")


def _check_level(table: Mapping[str, Any], level: str) -> Iterator[Problem]:
    known = dataset_keys(level)
    for key, value in table.items():
        if key not in known:
            levels = [other for other in _LEVELS if key in dataset_keys(other)]
            hint = f"It belongs under {' or '.join(levels)}." if levels else ""
            yield _unknown(key, value, known, f"a dataset option under {level}", hint)
        elif not _is_dataset_type(value, known[key]):
            yield _wrong(key, value, _dataset_words(known[key]))


def _is_dataset_type(value: Any, word: str) -> bool:
    """Like `is_of_type`; the dataset schema also has pairs, and takes no whole number as ``float``."""
    if word.endswith("-or-pair"):
        inner = word.removesuffix("-or-pair")
        return is_of_type(value, inner) or _is_dataset_type(value, f"pair-{inner}")
    if word.startswith("pair-"):
        inner = word.removeprefix("pair-")
        right_length = isinstance(value, (list, tuple)) and len(value) == 2
        return right_length and all(_is_dataset_type(one, inner) for one in value)
    return is_of_type(value, word) and not (word == "float" and isinstance(value, int))


def _dataset_words(word: str) -> str:
    if word.endswith("-or-pair"):
        return "a whole number, or a list of two such as [512, 768]"
    if word.startswith("pair-"):
        return "a list of two numbers with decimal points"
    return "a number with a decimal point, such as 1.0" if word == "float" else _WORDS[word]


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise OptionsInvalid(problems)
