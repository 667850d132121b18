"""Tell what a model is, without loading it: from a file's header, or from a folder's settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lora_core.errors import InputError
from lora_core.models.header import Header, read_header
from lora_core.models.kinds import (
    UNET,
    VAE,
    Kind,
    ModelInfo,
    Shapes,
    bare,
    classify,
    text_encoder,
    vae_part,
)

__all__ = ["Header", "Kind", "ModelInfo", "classify", "inspect", "read_header"]

_WHOLE = {
    "sd15": {"cond_stage_model.": "text encoder", VAE: "VAE"},
    "sd2": {"cond_stage_model.": "text encoder", VAE: "VAE"},
    "sdxl": {
        "conditioner.embedders.0.transformer.": "text encoder CLIP L",
        "conditioner.embedders.1.model.": "text encoder CLIP G",
        VAE: "VAE",
    },
}
"""Family -> what its single file holds beside the U-Net, by how the names begin."""

_INSIDE = {
    "clip_l": "text_encoders.clip_l.",
    "clip_g": "text_encoders.clip_g.",
    "t5xxl": "text_encoders.t5xxl.",
    "vae": VAE,
}
"""Parts that the trainer takes from an SD 3 file, if they are in it."""


def inspect(path: Path) -> ModelInfo:
    """What a model is: a safetensors file, or a folder in diffusers layout.

    Raises:
        InputError: it is neither, or is damaged.
        StorageError: it cannot be read.
    """
    if path.is_dir():
        return _folder(path)
    header = read_header(path)
    kind, family = classify(header.shapes)
    info = ModelInfo(
        kind, family, header.metadata, dtype=header.dtype, quantized=_quantized(header), **_more(kind, header)
    )
    return _checkpoint(info, header) if kind is Kind.CHECKPOINT else info


def _more(kind: Kind, header: Header) -> dict[str, Any]:
    if kind is Kind.VAE:
        return {"part": vae_part(header.shapes), "layout": _ldm_layout(header.shapes)}
    if kind is Kind.TEXT_ENCODER:
        return {"part": text_encoder(header.shapes) or ""}
    if kind is Kind.LORA:
        downs = (
            s for name, s in header.shapes.items() if name.endswith(("lora_down.weight", "lora_A.weight"))
        )
        return {"ranks": frozenset(shape[0] for shape in downs if shape)}
    return {}


def _ldm_layout(shapes: Shapes) -> bool:
    return not any(name.startswith(("encoder.down_blocks.", "decoder.up_blocks.")) for name in shapes)


def _quantized(header: Header) -> str:
    """Weights with scales beside them cannot be read by loaders that do not know these."""
    for name in header.shapes:
        if name == "scaled_fp8" or name.endswith((".scale_weight", ".weight_scale")):
            return "It holds scaled fp8 numbers, whose scales the trainer would leave out."
        if ".quant_state." in name or name.endswith((".absmax", ".quant_map")):
            return "It is quantized to 4 or 8 bits, which is for painting only."
    return ""


def _checkpoint(info: ModelInfo, header: Header) -> ModelInfo:
    names, inner = header.shapes, bare(header.shapes)
    changes: dict[str, Any] = {"v_prediction": _v_prediction(header)}
    if info.family in _WHOLE:
        parts = _WHOLE[info.family].items()
        changes["missing"] = tuple(
            what for start, what in parts if not any(name.startswith(start) for name in names)
        )
        entry = names.get(f"{UNET}input_blocks.0.0.weight", ())
        changes["variant"] = "inpainting" if entry[1:2] in ((8,), (9,)) else ""
    elif info.family == "sd3":
        changes["contains"] = frozenset(
            part for part, start in _INSIDE.items() if any(name.startswith(start) for name in names)
        )
        changes["layout"] = any(name.startswith(UNET) for name in names)
    elif info.family == "flux":
        changes["variant"] = _flux_variant(inner)
    elif info.family == "hunyuan_image":
        extra = ("guidance_in.", "time_r_in.")
        changes["variant"] = "distilled" if any(name.startswith(extra) for name in inner) else ""
    elif info.family == "anima":
        changes["missing"] = () if any(n.startswith("llm_adapter.") for n in inner) else ("LLM adapter",)
    return ModelInfo(**{**vars(info), **changes})


def _flux_variant(names: Shapes) -> str:
    if any(name.startswith("distilled_guidance_layer.") for name in names):
        return "chroma"
    guided = ("guidance_in.", "time_text_embed.guidance_embedder.")
    return "dev" if any(name.startswith(guided) for name in names) else "schnell"


def _v_prediction(header: Header) -> bool | None:
    """A tensor named ``v_pred`` marks such a model for painting tools; else the notes may say it."""
    if "v_pred" in header.shapes:
        return True
    said = header.metadata.get("modelspec.prediction_type", "").lower()
    if said in ("v", "v_prediction", "velocity"):
        return True
    return False if said in ("epsilon", "eps") else None


_PIPELINES = {
    "StableDiffusionPipeline": "sd15",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusion3Pipeline": "sd3",
    "FluxPipeline": "flux",
    "ChromaPipeline": "flux",
    "Lumina2Pipeline": "lumina",
    "Lumina2Text2ImgPipeline": "lumina",
    "HunyuanImagePipeline": "hunyuan_image",
}


def _folder(path: Path) -> ModelInfo:
    name = str(_json(path / "model_index.json", needed=path).get("_class_name", ""))
    if name not in _PIPELINES:
        return ModelInfo(Kind.OTHER, folder=True)
    family = _PIPELINES[name]
    if family in ("sd15", "sdxl") and not (path / "unet").is_dir():
        raise InputError(
            f"The model in the folder {path} is not complete.",
            why="Its part unet is missing.",
            remedy="Download the model again.",
            value=str(path),
        )
    if family == "sd15" and _json(path / "unet" / "config.json").get("cross_attention_dim") == 1024:
        family = "sd2"
    said = str(_json(path / "scheduler" / "scheduler_config.json").get("prediction_type", ""))
    return ModelInfo(
        Kind.CHECKPOINT,
        family,
        folder=True,
        variant="chroma" if name == "ChromaPipeline" else "",
        v_prediction={"v_prediction": True, "epsilon": False}.get(said),
    )


def _json(file: Path, needed: Path | None = None) -> dict[str, Any]:
    """A settings file of a folder; empty if it is not there and not needed.

    Raises:
        InputError: it is damaged, or is not there although ``needed`` names the folder that needs it.
    """
    try:
        data = json.loads(file.read_text("utf-8"))
        if not isinstance(data, dict):
            raise TypeError("it is not a table")
    except FileNotFoundError:
        if needed is None:
            return {}
        raise InputError(
            f"The folder {needed} is not a model.",
            why="A model in diffusers layout has a file model_index.json.",
            remedy="Choose a .safetensors file, or the folder that has that file.",
            value=str(needed),
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"The model in the folder {file.parent} cannot be understood.",
            why=f"Its {file.name} is damaged ({error}).",
            remedy="Download the model again.",
            value=str(file.parent),
        ) from error
    return data
