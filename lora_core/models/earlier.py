"""Checks of what a training goes on from: an earlier LoRA, a saved state, LoRAs merged into the base."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lora_core.errors import Level, Problem
from lora_core.models.inspect import Kind, ModelInfo
from lora_core.models.looking import PICKLED, error, family_title, looked_at, pickled, said
from lora_core.options import TrainingOptions

PLAIN = ("lora", "locon", "lora_fa")
"""Kinds of network whose files hold pairs of matrices, so that their rank can be compared."""


def check(options: TrainingOptions, total_steps: int | None) -> Iterator[Problem]:
    """What is wrong with earlier LoRAs and states. ``total_steps``: the length of the training, if known."""
    if given := (options["network_weights"] or "").strip():
        yield from _lora(options, "network_weights", given)
    for given in options["base_weights"]:
        if given.strip():
            yield from _lora(options, "base_weights", given.strip())
    yield from _state(options, total_steps)


def _lora(options: TrainingOptions, field: str, given: str) -> Iterator[Problem]:
    path = Path(given).expanduser()
    label = options.option(field).label
    if not path.exists():
        yield error(
            field, f"The file {given} is not there.", f"It is set as {label}.", "Check the path, or empty it."
        )
    elif path.is_dir():
        yield error(field, f"{given} is a folder.", f"{label} must be a file.", "Choose a .safetensors file.")
    elif path.suffix.lower() in PICKLED:
        yield from pickled(field, path)
    else:
        yield from looked_at(field, path, lambda info: _judge(options, field, path, info))


def _judge(options: TrainingOptions, field: str, path: Path, info: ModelInfo) -> Iterator[Problem]:
    if info.kind is not Kind.LORA:
        yield error(
            field,
            f"{path.name} is not a LoRA: it is {said(info, options)}.",
            "A LoRA file is needed here.",
            "Choose another file, or leave this empty.",
        )
    elif info.family and info.family != options["family"]:
        yield error(
            field,
            f"{path.name} is a LoRA for {family_title(info.family)}.",
            f"The family is {family_title(options['family'])}, and the weights do not fit.",
            "Choose another file, or leave this empty.",
        )
    elif field == "network_weights":
        yield from _rank(options, path, info)


def _rank(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    """The trainer loads the weights into a network of the set rank, and stops if their sizes differ."""
    if options["dim_from_weights"] or options["network_type"] not in PLAIN or not info.ranks:
        return
    wanted = {options["network_dim"]}
    if options["network_type"] == "locon":
        wanted.add(options["conv_dim"])
    if info.ranks <= wanted:
        return
    fix: dict[str, Any] = {"dim_from_weights": True}
    if len(info.ranks) == 1 and options["network_type"] != "locon":
        fix = {"network_dim": min(1024, *info.ranks)}
    found = " and ".join(map(str, sorted(info.ranks)[:4]))
    yield Problem(
        Level.ERROR,
        ("network_dim", "network_weights"),
        f"{path.name} has the rank {found}, and {options['network_dim']} is set.",
        "The weights do not fit into a network of another rank; the trainer stops.",
        "Take the rank from that LoRA.",
        fix,
    )


def _state(options: TrainingOptions, total_steps: int | None) -> Iterator[Problem]:
    given = (options["resume"] or "").strip()
    if not given:
        return
    path = Path(given).expanduser()
    remedy = "Choose a folder whose name ends in -state, or leave this empty to begin afresh."
    if not path.is_dir():
        there = path.exists()
        yield error(
            "resume",
            f"{given} is not a folder." if there else f"The state folder {given} is not there.",
            "A saved state is a folder with several files.",
            remedy,
        )
    elif not (path / "train_state.json").is_file():
        yield error("resume", f"{given} is not a saved state.", "It has no file train_state.json.", remedy)
    else:
        yield from _nothing_left(path, total_steps)


def _nothing_left(path: Path, total_steps: int | None) -> Iterator[Problem]:
    """The trainer asserts that the state's step lies before the end."""
    try:
        done = int(json.loads((path / "train_state.json").read_text("utf-8"))["current_step"])
    except (OSError, ValueError, KeyError, TypeError) as found:
        yield error(
            "resume",
            f"The state {path.name} is damaged.",
            f"Its file train_state.json cannot be read ({found}).",
            "Choose another state, or leave this empty.",
        )
        return
    if total_steps is not None and done >= total_steps:
        yield error(
            "resume",
            f"The state {path.name} is at step {done}, and the training ends at {total_steps}.",
            "Nothing is left to train, and the trainer stops.",
            "Set more epochs or steps, or leave this empty.",
        )
