"""Checks of the files that the options name: base model, VAE, earlier LoRA, saved state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lora_core.errors import Level, Problem, WorkbenchError
from lora_core.models.inspect import Kind, ModelInfo, inspect
from lora_core.options import TrainingOptions

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
"""Endings of PyTorch's own format. Such a file can run code when it is opened, so it is not opened here."""

_FAMILY_NAMES = {"sd15": "Stable Diffusion 1.5", "sdxl": "SDXL", "SD 2": "Stable Diffusion 2"}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def check(options: TrainingOptions, *, base_needed: bool = True) -> list[Problem]:
    """What is wrong with the files that the options name.

    Args:
        options: what to look at.
        base_needed: whether a base model must be given; the practice engine brings its own.
    """
    return [
        *_base_model(options, base_needed),
        *_file(options, "vae", Kind.VAE),
        *_file(options, "network_weights", Kind.LORA),
        *_state(options),
    ]


def _error(field: str, what: str, why: str, remedy: str, *others: str) -> Problem:
    return Problem(Level.ERROR, (field, *others), what, why, remedy)


def _base_model(options: TrainingOptions, needed: bool) -> Iterator[Problem]:
    field = "pretrained_model_name_or_path"
    given = options[field].strip()
    if not given:
        if needed:
            yield _error(
                field,
                "No base model is chosen.",
                "A LoRA is trained on top of a finished model.",
                "Give the path of a .safetensors file.",
            )
        return
    path = Path(given).expanduser()
    if not path.exists():
        yield _absent_base(field, given)
    elif path.is_file() and path.suffix.lower() in PICKLED:
        yield from _pickled(field, path)
    elif path.is_file() and path.suffix.lower() != ".safetensors":
        yield _error(
            field,
            f"{path.name} is not a model file.",
            "Base models are .safetensors or .ckpt files.",
            "Choose another file.",
        )
    else:
        yield from _looked_at(field, path, lambda info: _wrong_base(options, path, info))


def _absent_base(field: str, given: str) -> Problem:
    if _HUB_NAME.fullmatch(given) and not given.lower().endswith((".safetensors", *PICKLED)):
        return Problem(
            Level.NOTE,
            (field,),
            f"There is no file {given}, so the trainer will download the model of that name from Hugging Face.",
            "This takes several GB, and an internet connection.",
            "Give the path of a file if you have the model already.",
        )
    return _error(
        field,
        f"The base model {given} is not there.",
        "There is no file or folder of this name.",
        "Check the path. It begins with / on Linux, and with a drive letter on Windows.",
    )


def _wrong_base(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    field, family = "pretrained_model_name_or_path", options["family"]
    if info.kind is not Kind.CHECKPOINT:
        yield _error(
            field,
            f"{path.name} is not a base model: it is a {info.kind.value}.",
            "The training starts from a whole model.",
            "Choose the model file itself, which has several GB.",
        )
    elif info.family != family and info.family in ("sd15", "sdxl"):
        is_now, should = _FAMILY_NAMES[info.family], _FAMILY_NAMES[family]
        yield Problem(
            Level.ERROR,
            ("family", field),
            f"{path.name} is a model of the family {is_now}, and {should} is chosen.",
            "The trainer cannot load a model of another family.",
            f"Choose {is_now} as the family, or another base model.",
            {"family": info.family},
        )
    elif info.family not in ("sd15", "sdxl"):
        name = _FAMILY_NAMES.get(info.family, info.family)
        yield _error(
            field,
            f"{path.name} is a {name} model.",
            "Only Stable Diffusion 1.5 and SDXL models can be trained here now.",
            "Choose a model of one of these families.",
        )


def _looked_at(field: str, path: Path, judge: Callable[[ModelInfo], Iterator[Problem]]) -> Iterator[Problem]:
    try:
        info = inspect(path)
    except WorkbenchError as error:
        yield Problem(Level.ERROR, (field,), error.what, error.why, error.remedy)
        return
    yield from judge(info)


def _pickled(field: str, path: Path) -> Iterator[Problem]:
    """Only the first bytes: a zip archive or a pickle. A web page saved by mistake is neither."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        yield _error(
            field, f"{path} cannot be read.", str(error.strerror or error), "Check that you may read it."
        )
        return
    if start != b"PK" and start[:1] != b"\x80":
        yield _error(
            field,
            f"{path.name} is not a proper model file.",
            "Its first bytes are not those of a PyTorch file.",
            "Choose another file, or download it again.",
        )


def _file(options: TrainingOptions, field: str, wanted: Kind) -> Iterator[Problem]:
    """An optional model file of a certain kind."""
    given = (options[field] or "").strip()
    if not given:
        return
    path = Path(given).expanduser()
    label = options.option(field).label
    if not path.exists():
        if field == "vae" and _HUB_NAME.fullmatch(given):
            return
        yield _error(
            field, f"The file {given} is not there.", f"It is set as {label}.", "Check the path, or empty it."
        )
    elif path.is_dir():
        if not (field == "vae" and (path / "config.json").is_file()):
            yield _error(
                field, f"{given} is a folder.", f"{label} must be a file.", "Choose a .safetensors file."
            )
    elif path.suffix.lower() in PICKLED:
        yield from _pickled(field, path)
    else:
        yield from _looked_at(field, path, lambda info: _wrong_kind(field, path, info, wanted))


def _wrong_kind(field: str, path: Path, info: ModelInfo, wanted: Kind) -> Iterator[Problem]:
    if info.kind is not wanted:
        yield _error(
            field,
            f"{path.name} is not a {wanted.value}: it is a {info.kind.value}.",
            f"A {wanted.value} file is needed here.",
            "Choose another file, or leave this empty.",
        )


def _state(options: TrainingOptions) -> Iterator[Problem]:
    given = (options["resume"] or "").strip()
    if not given:
        return
    path = Path(given).expanduser()
    remedy = "Choose a folder whose name ends in -state, or leave this empty to begin afresh."
    if not path.is_dir():
        there = path.exists()
        yield _error(
            "resume",
            f"{given} is not a folder." if there else f"The state folder {given} is not there.",
            "A saved state is a folder with several files.",
            remedy,
        )
    elif not (path / "train_state.json").is_file():
        yield _error("resume", f"{given} is not a saved state.", "It has no file train_state.json.", remedy)
