"""What the checks of model files have in common: paths, PyTorch files, and words for what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lora_core.errors import Level, Problem, WorkbenchError
from lora_core.models.inspect import Kind, ModelInfo, inspect
from lora_core.options import TrainingOptions
from lora_core.options.families import DIFFUSION, FAMILIES

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
"""Endings of PyTorch's own format. Such a file can run code when it is opened, so it is not opened here."""

BASE = "pretrained_model_name_or_path"

VAES = {"sd3": "ae", "hunyuan_image": "hunyuan_image", "anima": "anima"} | dict.fromkeys(DIFFUSION, "sd")
"""Model family -> the kind of VAE that its option ``vae`` wants, as `kinds.vae_part` names it."""

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def error(field: str, what: str, why: str, remedy: str, fix: Mapping[str, Any] | None = None) -> Problem:
    """A problem with one file that blocks the start."""
    return Problem(Level.ERROR, (field,), what, why, remedy, fix or {})


def looked_at(field: str, path: Path, judge: Callable[[ModelInfo], Iterator[Problem]]) -> Iterator[Problem]:
    """What ``judge`` says of the model at a path; what is wrong with the file itself, if it cannot be read."""
    try:
        info = inspect(path)
    except WorkbenchError as found:
        yield Problem(Level.ERROR, (field,), found.what, found.why, found.remedy)
        return
    yield from judge(info)


def pickled(field: str, path: Path) -> Iterator[Problem]:
    """Only the first bytes: a zip archive or a pickle. A web page saved by mistake is neither."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as found:
        yield error(
            field, f"{path} cannot be read.", str(found.strerror or found), "Check that you may read it."
        )
        return
    if start != b"PK" and start[:1] != b"\x80":
        yield error(
            field,
            f"{path.name} is not a proper model file.",
            "Its first bytes are not those of a PyTorch file.",
            "Choose another file, or download it again.",
        )
    else:
        yield Problem(
            Level.NOTE,
            (field,),
            f"{path.name} is not looked into.",
            "A file of this kind can run code when it is opened, so nothing is known of what it holds.",
            "Use the same model as a .safetensors file, if there is one.",
        )


def said(info: ModelInfo, options: TrainingOptions) -> str:
    """What a file is, as the end of a sentence."""
    if info.part in options.values() and info.kind is Kind.TEXT_ENCODER:
        return f"the text encoder {options.option(info.part).label}"
    noun = info.kind.value
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def family_title(name: str) -> str:
    """A family's name for people, ours or another."""
    return FAMILIES[name].title if name in FAMILIES else name


def moved(options: TrainingOptions, field: str, info: ModelInfo) -> dict[str, Any]:
    """A fix that puts a file where it belongs, and what stands there in its place; empty if it belongs nowhere."""
    target = info.part
    if info.kind is Kind.VAE and info.part == VAES.get(options["family"]):
        target = "vae"
    if target in ("", field) or target not in options.values() or not options.applies(target):
        return {}
    there = options[target]
    if field == BASE:
        there = there or ""
    return {target: options[field], field: there}
