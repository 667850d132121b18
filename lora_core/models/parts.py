"""Checks of the files that a model family needs beside its base model: VAE and text encoders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lora_core.errors import Problem, WorkbenchError
from lora_core.models.inspect import Kind, ModelInfo, inspect
from lora_core.models.looking import BASE, HUB_NAME, PICKLED, VAES, error, looked_at, moved, pickled, said
from lora_core.options import TrainingOptions
from lora_core.options.families import DIFFUSION, FAMILIES

ORDER = ("vae", "ae", "clip_l", "clip_g", "t5xxl", "gemma2", "text_encoder", "byt5", "qwen3")


def check(options: TrainingOptions, base_needed: bool) -> Iterator[Problem]:
    """What is wrong with the parts. ``base_needed``: whether the family's parts must be given."""
    needed = FAMILIES[options["family"]].parts if base_needed else ()
    for name in ORDER:
        if not options.applies(name):
            continue
        given = (options[name] or "").strip()
        if given:
            yield from _file(options, name, given)
        elif name in needed and not _spared(options, name):
            yield _absent(options, name)


def _spared(options: TrainingOptions, name: str) -> bool:
    """Whether the trainer does without a part: Chroma reads with T5 alone, an SD 3 file may hold its parts."""
    if options["family"] == "flux":
        return name == "clip_l" and options["model_type"] == "chroma"
    if options["family"] != "sd3":
        return False
    try:
        return name in inspect(Path(options[BASE]).expanduser()).contains
    except WorkbenchError:
        return False  # the base model's own check says what is wrong with it


def _absent(options: TrainingOptions, name: str) -> Problem:
    label = options.option(name).label
    return error(
        name,
        f"{FAMILIES[options['family']].title} needs the part “{label}”.",
        "Its base model does not hold this part, and the trainer stops without it.",
        "Give the path of its .safetensors file.",
    )


def _file(options: TrainingOptions, name: str, given: str) -> Iterator[Problem]:
    path = Path(given).expanduser()
    label = options.option(name).label
    if not path.exists():
        if name == "vae" and options["family"] in DIFFUSION and HUB_NAME.fullmatch(given):
            return
        yield error(
            name, f"The file {given} is not there.", f"It is set as {label}.", "Check the path, or empty it."
        )
    elif path.is_dir():
        settled = name == "qwen3" or (name == "vae" and options["family"] in DIFFUSION)
        if not (settled and (path / "config.json").is_file()):
            yield error(
                name, f"{given} is a folder.", f"{label} must be a file.", "Choose a .safetensors file."
            )
    elif path.suffix.lower() in PICKLED:
        yield from pickled(name, path)
    else:
        yield from looked_at(name, path, lambda info: _judge(options, name, path, info))


def _judge(options: TrainingOptions, name: str, path: Path, info: ModelInfo) -> Iterator[Problem]:
    label = options.option(name).label
    wanted = Kind.VAE if name in ("vae", "ae") else Kind.TEXT_ENCODER
    if info.kind is not wanted and not _whole_model_serves(options, name, info):
        yield error(
            name,
            f"{path.name} is not a {wanted.value}: it is {said(info, options)}.",
            f"A {wanted.value} file is needed here, for {label}.",
            "Choose another file.",
            moved(options, name, info),
        )
    elif not _right_part(options, name, info):
        yield error(
            name,
            f"{path.name} is another {wanted.value} than {label}.",
            "Its size or its layers are those of another model; the trainer stops on it.",
            f"Choose the file of {label}.",
            moved(options, name, info),
        )
    elif name in ("vae", "ae") and info.part != "anima" and not info.layout:
        yield error(
            name,
            f"{path.name} is in the layout of diffusers.",
            "The trainer reads a single VAE file in its makers' own layout only.",
            "Choose that file, such as ae.safetensors of FLUX.1. For Stable Diffusion, a folder will do too.",
        )
    elif info.quantized:
        yield error(
            name, f"{path.name} cannot be used here.", info.quantized, "Choose the file in fp16 or bf16."
        )


def _whole_model_serves(options: TrainingOptions, name: str, info: ModelInfo) -> bool:
    """The trainer takes the VAE, and Gemma 2, out of a whole file of the same family."""
    if info.kind is not Kind.CHECKPOINT:
        return False
    if name == "vae" and options["family"] in DIFFUSION:
        return info.family in DIFFUSION and "VAE" not in info.missing
    return name in ("ae", "gemma2") and info.family == options["family"] == "lumina"


def _right_part(options: TrainingOptions, name: str, info: ModelInfo) -> bool:
    if info.kind is Kind.CHECKPOINT or (info.kind is Kind.VAE and not info.part):
        return True
    return info.part == (VAES[options["family"]] if name == "vae" else name)
