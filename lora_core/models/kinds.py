"""What a model file holds, told from the names and shapes of its tensors.

The names are those that the trainer's loaders look for (sd-scripts 0.10.1: ``library/model_util.py``,
``sdxl_model_util.py``, ``sd3_utils.py``, ``flux_utils.py``, ``lumina_util.py``, ``hunyuan_image_*.py``,
``anima_utils.py``, ``qwen_image_autoencoder_kl.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

Shapes = Mapping[str, tuple[int, ...]]

UNET = "model.diffusion_model."
VAE = "first_stage_model."


class Kind(Enum):
    """What a model file holds."""

    CHECKPOINT = "base model"
    LORA = "LoRA"
    VAE = "VAE"
    TEXT_ENCODER = "text encoder"
    CONTROLNET = "ControlNet"
    EMBEDDING = "embedding"
    OTHER = "file of another kind"


@dataclass(frozen=True)
class ModelInfo:
    """What a model file or folder is.

    Attributes:
        kind: what it holds.
        family: one of our families, another family's name, or empty if it cannot be told.
        metadata: the file's own notes, as text by name.
        variant: ``dev``, ``schnell`` or ``chroma`` of FLUX.1, ``inpainting``, ``distilled``; else empty.
        part: the option that such a VAE or text encoder belongs to; empty if it cannot be told.
        contains: options of parts that the file holds beside the model itself.
        missing: what a whole model would have, in words.
        v_prediction: whether it was made for v-prediction; None if the file does not tell.
        dtype: the type of most numbers, such as ``F16`` or ``F8_E4M3``.
        quantized: why its numbers cannot be trained on, in a sentence; empty if they can.
        folder: whether it is a folder in diffusers layout.
        ranks: the ranks of a LoRA.
        layout: whether its tensors are named as the trainer's loader wants them.
    """

    kind: Kind
    family: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    variant: str = ""
    part: str = ""
    contains: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    v_prediction: bool | None = None
    dtype: str = ""
    quantized: str = ""
    folder: bool = False
    ranks: frozenset[int] = frozenset()
    layout: bool = True


_LORA_PARTS = {"lora_up", "lora_down", "lora_A", "lora_B", "hada_w1_a", "lokr_w1", "oft_blocks", "oft_diag"}
_LORA_STARTS = ("lora_unet_", "lora_te", "oft_unet_", "lycoris_")

_OTHER_MODELS = {
    "double_stream_modulation_img.": "FLUX.2",
    "cap_pad_token": "Z-Image",
    "transformer_blocks.0.txt_mlp.": "Qwen-Image",
    "double_layers.0.": "AuraFlow",
    "patch_embedding.": "Wan",
    "caption_projection.": "PixArt",
    "clip_mapper.": "Stable Cascade",
}
"""How a tensor's name begins -> a family that the trainer makes no LoRA for."""


def classify(shapes: Shapes) -> tuple[Kind, str]:
    """Kind and family by tensor names; where names are alike, by shapes."""
    names = shapes.keys()
    if _is_lora(names):
        return Kind.LORA, _lora_family(names)
    if _has(names, "control_model.", "controlnet_", "input_hint_block.", "lllite_"):
        return Kind.CONTROLNET, ""
    if family := _model_family(shapes):
        return Kind.CHECKPOINT, family
    if text_encoder(shapes) is not None:  # before the VAE: a whole T5 has an encoder and a decoder too
        return Kind.TEXT_ENCODER, ""
    if _is_vae(names):
        return Kind.VAE, ""
    if set(names) and set(names) <= {"emb_params", "clip_l", "clip_g", "string_to_param", "name", "*"}:
        return Kind.EMBEDDING, ""
    return Kind.OTHER, ""


def _has(names: Iterable[str], *starts: str) -> bool:
    return any(name.startswith(starts) for name in names)


def _is_lora(names: Iterable[str]) -> bool:
    return any(name.startswith(_LORA_STARTS) or _LORA_PARTS & set(name.split(".")) for name in names)


def _lora_family(names: Iterable[str]) -> str:
    """The trainer's names of LoRA modules; FLUX.1 and HunyuanImage share theirs, but not the text part's."""
    for start, family in (
        ("lora_te2_", "sdxl"),
        ("lora_unet_joint_blocks_", "sd3"),
        ("lora_unet_single_blocks_", ""),
        ("lora_unet_context_refiner_", "lumina"),
        ("lora_unet_blocks_", "anima"),
    ):
        if _has(names, start):
            return family or ("flux" if _has(names, "lora_te1_") else "")
    return ""


def bare(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """The model's own tensors, without what the whole file puts before their names."""
    for prefix in (UNET, "net."):
        if _has(shapes, prefix):
            return {name[len(prefix) :]: s for name, s in shapes.items() if name.startswith(prefix)}
    return dict(shapes)


def _model_family(shapes: Shapes) -> str:
    names = bare(shapes)
    if _has(shapes, f"{UNET}input_blocks."):
        return _unet_family(shapes)
    for start, other in _OTHER_MODELS.items():
        if _has(names, start):
            return other
    if _has(names, "joint_blocks."):
        return "sd3"
    if _has(names, "byt5_in."):
        return "hunyuan_image"
    if _has(names, "txt_in.individual_token_refiner."):
        return "HunyuanVideo"
    if _has(names, "double_blocks.", "single_transformer_blocks."):
        return "flux"
    if _has(names, "cap_embedder.", "context_refiner."):
        return "lumina"
    if _has(names, "llm_adapter.", "x_embedder.proj.1.", "blocks.0.adaln_modulation_self_attn."):
        return "anima"
    return ""


def _unet_family(shapes: Shapes) -> str:
    """SDXL's U-Net takes the picture size as a label; SD 2 has another text encoder than SD 1."""
    if _has(shapes, "conditioner.", f"{UNET}label_emb."):
        return "sdxl"
    width = shapes.get(f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", ())
    return "sd2" if _has(shapes, "cond_stage_model.model.") or width[1:] == (1024,) else "sd15"


def _is_vae(names: Iterable[str]) -> bool:
    inner = {name.removeprefix(VAE).removeprefix("vae.") for name in names}
    return _has(inner, "decoder.") and _has(inner, "encoder.")


def vae_part(shapes: Shapes) -> str:
    """Which option a VAE belongs to, with its family: ``vae`` of ``sd``, ``ae``, …; empty if unknown.

    Returns:
        ``sd`` (4 channels), ``ae`` (16: FLUX.1, Lumina and SD 3), ``hunyuan_image`` (64) or ``anima``
        (Qwen-Image's, whose layers are three-dimensional).
    """
    inner = {name.removeprefix(VAE).removeprefix("vae."): shape for name, shape in shapes.items()}
    for name in ("decoder.conv_in.weight", "decoder.conv1.weight"):
        shape = inner.get(name, ())
        if len(shape) == 5:
            return "anima"
        if len(shape) == 4:
            return {4: "sd", 16: "ae", 64: "hunyuan_image"}.get(shape[1], "")
    return "anima" if _has(inner, "encoder.downsamples.") else ""


_WIDTHS = {"clip": {768: "clip_l", 1280: "clip_g"}, "t5": {4096: "t5xxl", 1472: "byt5"}}


def text_encoder(shapes: Shapes) -> str | None:
    """The option that a text encoder belongs to: empty if none of ours, None if it is no text encoder."""
    names = shapes.keys()
    if _has(names, "text_encoders.gemma2_2b."):
        return "gemma2"
    inner = {name.removeprefix("model.").removeprefix("language_model."): s for name, s in shapes.items()}
    if _has(inner, "text_model.encoder.", "text_model.embeddings."):
        width = _width(inner, "text_model.embeddings.token_embedding.weight")
        return _WIDTHS["clip"].get(width, "" if width else "clip_l")
    if any(".layer.0.SelfAttention." in name for name in names):
        width = _width(inner, "shared.weight")
        return _WIDTHS["t5"].get(width, "" if width else "t5xxl")
    if not _has(inner, "layers."):
        return None
    if any(name.endswith(".pre_feedforward_layernorm.weight") for name in inner):
        return "" if any(name.endswith(".q_norm.weight") for name in inner) else "gemma2"
    if any(name.endswith(".self_attn.q_norm.weight") for name in inner):
        return "qwen3"
    if any(name.endswith(".self_attn.q_proj.bias") for name in inner):
        return "text_encoder" if _has(inner, "visual.") else ""
    return None


def _width(shapes: Shapes, name: str) -> int:
    shape = shapes.get(name, ())
    return shape[-1] if len(shape) == 2 else 0
