"""Tell what a model file is, without loading it: from the names and shapes in its header.

A safetensors file begins with eight bytes, the length of a JSON text (little-endian), and that text, which
lists every tensor's name, type and shape. So a 7 GB file is known after a few hundred kilobytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, StorageError

LONGEST_HEADER = 100_000_000
"""Bytes; the limit of the safetensors format itself."""


class Kind(Enum):
    """What a model file holds."""

    CHECKPOINT = "base model"
    LORA = "LoRA"
    VAE = "VAE"
    OTHER = "file of another kind"


@dataclass(frozen=True)
class ModelInfo:
    """What a model file or folder is.

    Attributes:
        kind: what it holds.
        family: ``sd15``, ``sdxl``, another family's name, or empty if it cannot be told.
        metadata: the file's own notes, as text by name.
    """

    kind: Kind
    family: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """A safetensors header: shapes by tensor name, and the notes."""

    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]


def read_header(path: Path) -> Header:
    """Read a safetensors file's header.

    Raises:
        InputError: it is not a safetensors file, or is cut off.
        StorageError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(LONGEST_HEADER, size - 8):
                raise _not_safetensors(path, "Its first bytes are not a safetensors header.")
            data = json.loads(file.read(length).decode("utf-8"))
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read.",
            why=str(error.strerror or error),
            remedy="Check the path, and that you may read it.",
            value=str(path),
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _not_safetensors(path, "Its header is damaged.") from error
    return _header(path, data, size - 8 - length)


def _header(path: Path, data: Any, room: int) -> Header:
    try:
        metadata = {str(k): str(v) for k, v in data.pop("__metadata__", {}).items()}
        shapes = {name: tuple(int(n) for n in entry["shape"]) for name, entry in data.items()}
        needed = max((int(entry["data_offsets"][1]) for entry in data.values()), default=0)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise _not_safetensors(path, "Its header is damaged.") from error
    if needed > room:
        raise _not_safetensors(
            path, f"It is cut off: {needed - room:,} bytes are missing. Download it again."
        )
    return Header(shapes, metadata)


def _not_safetensors(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is not a proper safetensors file.",
        why=why,
        remedy="Choose another file, or download it again.",
        value=str(path),
    )


def inspect(path: Path) -> ModelInfo:
    """What a model is: a safetensors file, or a folder in diffusers layout.

    Raises:
        InputError: it is neither.
        StorageError: it cannot be read.
    """
    if path.is_dir():
        return _folder(path)
    header = read_header(path)
    kind, family = classify(header.shapes)
    return ModelInfo(kind, family, header.metadata)


def classify(shapes: Mapping[str, tuple[int, ...]]) -> tuple[Kind, str]:
    """Kind and family by tensor names; where names are alike, by shapes."""
    names = shapes.keys()
    if any(
        name.startswith(("lora_unet_", "lora_te")) or _LORA_PARTS & set(name.split(".")) for name in names
    ):
        return Kind.LORA, "sdxl" if any(name.startswith("lora_te2_") for name in names) else ""
    if any("input_hint_block" in name or name.startswith("control_model.") for name in names):
        return Kind.OTHER, ""
    unet = "model.diffusion_model."
    if any(f"{unet}input_blocks." in name for name in names):
        return Kind.CHECKPOINT, _unet_family(shapes)
    for part, family in _OTHER_FAMILIES.items():
        if any(part in name for name in names):
            return Kind.CHECKPOINT, family
    bare = {name.removeprefix("first_stage_model.") for name in names}
    if any(name.startswith("decoder.") for name in bare) and any(
        name.startswith("encoder.") for name in bare
    ):
        return Kind.VAE, ""
    return Kind.OTHER, ""


_LORA_PARTS = {"lora_up", "lora_down", "lora_A", "lora_B", "hada_w1_a", "lokr_w1"}
_OTHER_FAMILIES = {"double_blocks.": "FLUX", "joint_blocks.": "SD 3"}


def _unet_family(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """SDXL's UNet takes the picture size as a label; SD 2 has another text encoder than SD 1."""
    if any(n.startswith(("conditioner.", "model.diffusion_model.label_emb.")) for n in shapes):
        return "sdxl"
    if any(n.startswith("cond_stage_model.model.") for n in shapes):
        return "SD 2"
    return "sd15"


_PIPELINES = {
    "StableDiffusionPipeline": "sd15",
    "StableDiffusionXLPipeline": "sdxl",
    "FluxPipeline": "FLUX",
    "StableDiffusion3Pipeline": "SD 3",
}


def _folder(path: Path) -> ModelInfo:
    index = path / "model_index.json"
    try:
        data = json.loads(index.read_text("utf-8"))
        name = str(data["_class_name"])
    except FileNotFoundError:
        raise InputError(
            f"The folder {path} is not a model.",
            why="A model in diffusers layout has a file model_index.json.",
            remedy="Choose a .safetensors file, or the folder that has that file.",
            value=str(path),
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The model in the folder {path} cannot be understood.",
            why=f"Its model_index.json is damaged ({error}).",
            remedy="Download the model again.",
            value=str(path),
        ) from error
    if not (path / "unet").is_dir() and name in ("StableDiffusionPipeline", "StableDiffusionXLPipeline"):
        raise InputError(
            f"The model in the folder {path} is not complete.",
            why="Its part unet is missing.",
            remedy="Download the model again.",
            value=str(path),
        )
    return ModelInfo(Kind.CHECKPOINT if name in _PIPELINES else Kind.OTHER, _PIPELINES.get(name, ""))
