"""Model families: what the trainer calls them, and what belongs to each of their variants.

The family decides the training script, which options have a meaning, and which network module is used.
A *variant* is a well-known line of models within a family; choosing one proposes settings that belong
together (`suggestions`). Values come from kohya-ss/sd-scripts' own guides (``docs/*_train_network.md``) and,
for SD 1.5 and SDXL, from HollowStrawberry's trainers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lora_core.errors import InputError


@dataclass(frozen=True)
class Variant:
    """A line of models within a family.

    Attributes:
        title: its name.
        note: what is special about it, in a sentence; shown when it is chosen.
        settings: option values that belong to it, beyond the family's.
    """

    title: str
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """A family of base models.

    Attributes:
        title: its name for people.
        script: the trainer's script, without ``.py``.
        network_module: the trainer's module for plain LoRA.
        text_encoders: what its text encoders are called, in the order of the trainer's learning rates.
        parts: options that name further files it needs beside the base model.
        resolution: the training size it is made for, in pixels.
        flow: whether it is trained by flow matching (no noise schedule, no v-prediction, no min-SNR).
        settings: option values that belong to the family.
        variants: lines of models by name; the first is the plain one.
    """

    title: str
    script: str
    network_module: str
    text_encoders: tuple[str, ...]
    parts: tuple[str, ...]
    resolution: int
    flow: bool
    settings: Mapping[str, Any]
    variants: Mapping[str, Variant]


_V_PRED: dict[str, Any] = {
    "v_parameterization": True,
    "zero_terminal_snr": True,
    "scale_v_pred_loss_like_noise_pred": True,
}
_EPS: dict[str, Any] = dict.fromkeys(_V_PRED, False)
_FLOW: dict[str, Any] = {
    **_EPS,
    "mixed_precision": "bf16",
    "save_precision": "bf16",
    "min_snr_gamma": None,
    "noise_offset": None,
    "multires_noise_iterations": None,
    "network_train_unet_only": True,
    "cache_text_encoder_outputs": True,
    "shuffle_caption": False,
    "caption_dropout_rate": 0.0,
    "caption_tag_dropout_rate": 0.0,
    "gradient_checkpointing": True,
    "clip_skip": None,
    "max_token_length": None,
}
"""What all families trained by flow matching have in common."""

_V_NOTE = (
    "This model predicts v, not noise. V-prediction, zero terminal SNR and the matching loss scale are "
    "switched on together."
)

FAMILIES: dict[str, Family] = {
    "sd15": Family(
        "Stable Diffusion 1.5",
        "train_network",
        "networks.lora",
        ("CLIP",),
        (),
        512,
        False,
        {"resolution": 512, "max_bucket_reso": 1024, "bucket_reso_steps": 64, "no_half_vae": False},
        {
            "plain": Variant("Stable Diffusion 1.5", "", {**_EPS, "clip_skip": None}),
            "anime": Variant(
                "Anime models (animefull class)",
                "Anime models of SD 1.5 read captions with clip skip 2.",
                {**_EPS, "clip_skip": 2},
            ),
        },
    ),
    "sd2": Family(
        "Stable Diffusion 2.x",
        "train_network",
        "networks.lora",
        ("OpenCLIP",),
        (),
        768,
        False,
        {"resolution": 768, "max_bucket_reso": 1536, "bucket_reso_steps": 64, "clip_skip": None},
        {
            "768v": Variant("SD 2.x, 768 pixels, v-prediction", _V_NOTE, {**_V_PRED, "resolution": 768}),
            "base": Variant("SD 2.x base, 512 pixels", "", {**_EPS, "resolution": 512}),
        },
    ),
    "sdxl": Family(
        "SDXL",
        "sdxl_train_network",
        "networks.lora",
        ("CLIP L", "CLIP G"),
        (),
        1024,
        False,
        {
            "resolution": 1024,
            "max_bucket_reso": 4096,
            "bucket_reso_steps": 64,
            "no_half_vae": True,
            "gradient_checkpointing": True,
            "clip_skip": None,
        },
        {
            "plain": Variant("SDXL 1.0", "", _EPS),
            "pony": Variant("Pony Diffusion V6 XL", "", _EPS),
            "illustrious": Variant("Illustrious XL", "", _EPS),
            "noobai_eps": Variant("NoobAI XL eps", "", _EPS),
            "noobai_vpred": Variant("NoobAI XL v-pred", _V_NOTE, _V_PRED),
            "animagine": Variant("Animagine XL", "", _EPS),
        },
    ),
    "sd3": Family(
        "Stable Diffusion 3 and 3.5",
        "sd3_train_network",
        "networks.lora_sd3",
        ("CLIP L", "CLIP G", "T5-XXL"),
        ("clip_l", "clip_g", "t5xxl"),
        1024,
        True,
        {**_FLOW, "resolution": 1024, "max_bucket_reso": 2048, "bucket_reso_steps": 64},
        {"plain": Variant("SD 3 or 3.5")},
    ),
    "flux": Family(
        "FLUX.1",
        "flux_train_network",
        "networks.lora_flux",
        ("CLIP L", "T5-XXL"),
        ("ae", "clip_l", "t5xxl"),
        1024,
        True,
        {
            **_FLOW,
            "resolution": 1024,
            "max_bucket_reso": 2048,
            "bucket_reso_steps": 64,
            "timestep_sampling": "shift",
            "discrete_flow_shift": 3.1582,
            "model_prediction_type": "raw",
            "guidance_scale": 1.0,
        },
        {
            "dev": Variant("FLUX.1 dev", "", {"model_type": "flux"}),
            "schnell": Variant("FLUX.1 schnell", "", {"model_type": "flux"}),
            "chroma": Variant(
                "Chroma",
                "Chroma has no CLIP and no guidance: T5 reads the captions alone, with its attention mask.",
                {"model_type": "chroma", "guidance_scale": 0.0, "apply_t5_attn_mask": True},
            ),
        },
    ),
    "lumina": Family(
        "Lumina Image 2",
        "lumina_train_network",
        "networks.lora_lumina",
        ("Gemma 2",),
        ("ae", "gemma2"),
        1024,
        True,
        {
            **_FLOW,
            "resolution": 1024,
            "max_bucket_reso": 2048,
            "bucket_reso_steps": 64,
            "timestep_sampling": "nextdit_shift",
            "discrete_flow_shift": 6.0,
            "model_prediction_type": "raw",
        },
        {"plain": Variant("Lumina Image 2.0")},
    ),
    "hunyuan_image": Family(
        "HunyuanImage 2.1",
        "hunyuan_image_train_network",
        "networks.lora_hunyuan_image",
        ("Qwen2.5-VL", "ByT5"),
        ("vae", "text_encoder", "byt5"),
        2048,
        True,
        {
            **_FLOW,
            "resolution": 2048,
            "max_bucket_reso": 4096,
            "bucket_reso_steps": 64,
            "timestep_sampling": "sigma",
            "discrete_flow_shift": 5.0,
            "model_prediction_type": "raw",
        },
        {"plain": Variant("HunyuanImage 2.1")},
    ),
    "anima": Family(
        "Anima",
        "anima_train_network",
        "networks.lora_anima",
        ("Qwen3",),
        ("vae", "qwen3"),
        1024,
        True,
        {
            **_FLOW,
            "resolution": 1024,
            "max_bucket_reso": 2048,
            "bucket_reso_steps": 64,
            "timestep_sampling": "sigmoid",
            "discrete_flow_shift": 1.0,
        },
        {"plain": Variant("Anima")},
    ),
}
"""Every family that the trainer makes LoRAs for, by our name for it."""

FLOW: tuple[str, ...] = tuple(name for name, family in FAMILIES.items() if family.flow)
"""Families trained by flow matching."""
DIFFUSION: tuple[str, ...] = tuple(name for name, family in FAMILIES.items() if not family.flow)
"""Families trained with a noise schedule."""


_RATES = {"sdxl": (3e-4, 6e-5)}
_RATES_DIFFUSION, _RATES_FLOW = (5e-4, 1e-4), (1e-4, 1e-4)
"""Learning rates of the picture part and of the text part. SD 1.5 and SDXL: HollowStrawberry's trainer; flow
models: sd-scripts' guides, as in the presets."""


def rates(name: str) -> dict[str, float]:
    """Usual learning rates of a family, by option name, for optimizers that do not find their own.

    Args:
        name: the family.
    """
    picture, text = _RATES.get(name, _RATES_FLOW if family(name).flow else _RATES_DIFFUSION)
    return {"unet_lr": picture, "learning_rate": picture, "text_encoder_lr": text}


def family(name: str) -> Family:
    """A family by name.

    Raises:
        InputError: there is none of this name.
    """
    try:
        return FAMILIES[name]
    except KeyError:
        raise InputError(
            f"{name!r} is not a model family.",
            remedy=f"Choose one of: {', '.join(FAMILIES)}.",
            field="family",
            value=name,
        ) from None


def suggestions(name: str, variant: str = "") -> dict[str, Any]:
    """Option values that belong to a family and one of its variants; the first variant by default.

    Raises:
        InputError: there is no such family or variant.
    """
    chosen = family(name)
    variant = variant or next(iter(chosen.variants))
    if variant not in chosen.variants:
        raise InputError(
            f"{variant!r} is not a variant of {chosen.title}.",
            remedy=f"Choose one of: {', '.join(chosen.variants)}.",
            field="variant",
            value=variant,
        )
    return {"family": name, **chosen.settings, **chosen.variants[variant].settings}
