"""A command line that starts sd-scripts. It is only read, and never run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.engines import manifest
from lora_core.errors import InputError
from lora_core.exchange import sd_scripts
from lora_core.exchange.collector import Collector, flat
from lora_core.exchange.words import commands, unfilled
from lora_core.options import toml_io

_SCRIPT = re.compile(r"(^|[/\\])(\w*train_network)(\.py)?$")
_NAMED = re.compile(r"\btrain_network\b|_train_network\b")


def looks_like_one(text: str) -> bool:
    """Whether a text has a command that starts one of the trainer's scripts, or at least two of its flags."""
    flags = {flag for name in manifest.scripts() for o in manifest.options(name).values() for flag in o.flags}
    found = set(re.findall(r"(?<![\w-])--\w+", text))
    return len(found & flags) >= (1 if _NAMED.search(text) else 2)


def take(collector: Collector, text: str, base: Path | None = None) -> None:
    """Take the settings of the first training command in a text.

    Raises:
        InputError: there is none.
    """
    words, script = _command(text)
    table = flags(collector, words, script)
    file = table.pop("config_file", None)
    if file is not None:
        named = str(file) if str(file).endswith(".toml") else f"{file}.toml"
        path = sd_scripts.beside(named, base)
        if path is None:
            collector.drop("config_file", "There is no such file here, so its settings are missing.")
        else:
            table = {**flat(toml_io.parse(toml_io.read_text(path))), **table}
            collector.notes.append(f"Further settings were read from {path.name}.")
    sd_scripts.take(collector, table, script=script, base=base)


def _command(text: str) -> tuple[list[str], str]:
    """The words behind the script's name, and that name; without a script, all words of the longest line."""
    lines = commands(text)
    for words in lines:
        for at, word in enumerate(words):
            if found := _SCRIPT.search(word):
                return words[at + 1 :], found[2]
    longest = max(lines, key=len, default=[])
    if not any(word.startswith("--") for word in longest):
        raise InputError(
            "There is no training command in this text.",
            why="A command names a script such as train_network.py and its settings with --.",
            remedy="Copy the whole command, from accelerate launch to its end.",
            field="text",
        )
    return longest, ""


def flags(collector: Collector, words: list[str], script: str = "") -> dict[str, Any]:
    """Words such as ``--seed 42`` as a main table of the trainer.

    Args:
        collector: told of values that cannot be known.
        words: the words behind the script's name.
        script: the training script; empty if it is not known.
    """
    by_flag = {flag: option for option in _options(script).values() for flag in option.flags}
    found: dict[str, Any] = {}
    at = 0
    while at < len(words):
        flag, equals, attached = words[at].partition("=")
        at += 1
        if not flag.startswith("--"):
            continue
        values = [attached] if equals else []
        while not equals and at < len(words) and not words[at].startswith("--"):
            if words[at] in ("|", "&&", "||", ";", "&", ">", ">>", "2>&1"):
                at = len(words)
                break
            values.append(words[at])
            at += 1
        option = by_flag.get(flag) or _shortened(flag, by_flag)
        name = option.name if option else flag.removeprefix("--")
        if any(unfilled(value) for value in values):
            collector.drop(name, "Its value comes from a variable or a command. Set it yourself.")
        elif option is not None and option.many:
            found[name] = values
        else:
            found[name] = " ".join(values) if values else True
    return found


def _shortened(flag: str, by_flag: Mapping[str, manifest.TrainerOption]) -> manifest.TrainerOption | None:
    """The option of a flag that is cut short. The trainer takes such a flag if only one begins so."""
    found = {option.name: option for full, option in by_flag.items() if full.startswith(flag)}
    return next(iter(found.values())) if len(found) == 1 else None


def _options(script: str) -> dict[str, manifest.TrainerOption]:
    if script in manifest.scripts():
        return dict(manifest.options(script))
    known: dict[str, manifest.TrainerOption] = {}
    for name in manifest.scripts():
        known = {**manifest.options(name), **known}
    return known
