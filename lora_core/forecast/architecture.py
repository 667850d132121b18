"""What each model family is made of: layers for the LoRA, weights, latents and layer sizes for the memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from lora_core.forecast import layers
from lora_core.forecast.layers import Layers
from lora_core.models.inspect import ModelInfo

TINY_SHAPE = "lora_workbench.shape"
"""Where a tiny base model notes its widths, in the metadata of its file."""


@dataclass(frozen=True)
class Text:
    """A text encoder.

    Attributes:
        name: for people.
        weights: how many numbers it holds.
        layers: what a LoRA attaches to.
        only_if: the option that must be on for it to be trained; empty if it is trained with the others.
        cached: bytes of its kept reading of one caption, at the usual caption length.
        trainable: whether the trainer can train it at all.
    """

    name: str
    weights: int
    layers: Layers = ()
    only_if: str = ""
    cached: int = 0
    trainable: bool = True


@dataclass(frozen=True)
class Blocks:
    """The chain of blocks that is swapped to main memory, and kept by gradient checkpointing.

    Attributes:
        number: how many there are.
        width: numbers a token.
        pixels: side of a token in pixels.
        text: tokens of the caption that go with the picture.
        swapped: weights that leave the GPU for each block that ``blocks_to_swap`` counts; 0 if it cannot.
        most: how many it can swap.
    """

    number: int
    width: int
    pixels: int
    text: int
    swapped: int
    most: int


@dataclass(frozen=True)
class Architecture:
    """A model family, as far as a forecast needs it.

    Attributes:
        weights: numbers in the picture part.
        layers: what a LoRA attaches to there.
        texts: its text encoders.
        convolutions: what LoCon takes as well.
        more_for_lycoris: what LyCORIS takes beyond that with its preset ``full``.
        name_length: letters of a module's name in the file, on average.
        vae: numbers in the VAE.
        latent: channels of a latent, and pixels to a side of one of its cells.
        native: the picture size that the figures per picture are for.
        plain: bytes of activations for one picture at that size, half precision, nothing saved.
        checkpointed: the same with gradient checkpointing.
        blocks: for transformers; the two figures before are reckoned from them then.
    """

    weights: int
    layers: Layers
    texts: tuple[Text, ...]
    convolutions: Layers = ()
    more_for_lycoris: Layers = ()
    name_length: int = 37
    vae: int = 83_653_863
    latent: tuple[int, int] = (16, 8)
    native: int = 1024
    plain: float = 0.0
    checkpointed: float = 0.0
    blocks: Blocks | None = None


_GIB = 1024**3
_CLIP_L = Text("CLIP L", 123_060_480, layers.text_clip(768, 12), cached=3 * 77 * 768 * 4)
_CLIP_G = Text("CLIP G", 694_659_840, layers.text_clip(1280, 32), cached=(3 * 77 + 1) * 1280 * 4)
_T5 = Text(
    "T5-XXL", 4_762_310_656, layers.text_t5(4096, 10240, 24), "train_t5xxl", cached=512 * (4096 + 1) * 4
)


def _flux(weights: int, width: int, double: int, single: int, modulation: bool = True, **more: Any) -> Any:
    """Blocks: for each that is swapped, half a double block and one single block leave the GPU
    (``enable_block_swap`` in ``flux_models.py``)."""
    per_double, per_single = (36, 15) if modulation else (24, 12)
    swapped = int(width**2 * (per_double / 2 + per_single))
    return Architecture(
        weights=weights,
        layers=layers.flux(width, double, single, modulation=modulation),
        blocks=Blocks(double + single, width, 16, more.pop("text", 512), swapped, more.pop("most", 35)),
        **more,
    )


def _sd3(weights: int, depth: int, doubled: int = 0) -> Architecture:
    per_block = (weights - 60_000_000) // depth
    return Architecture(
        weights=weights,
        layers=layers.sd3(depth, doubled),
        texts=(_CLIP_L, _CLIP_G, replace(_T5, cached=256 * 4097 * 4)),
        name_length=46,
        blocks=Blocks(2 * depth, 64 * depth, 16, 333, per_block, depth - 2),
    )


_EDGES = (
    layers.Layer(320, 1280),
    layers.Layer(1280, 1280),
    layers.Layer(4, 320, kernel=3),
    layers.Layer(320, 4, kernel=3),
)
"""First and last convolution, and the time's two layers: LyCORIS finds them by the names of SD 1.5 and SD 2."""


def _sd_unet(weights: int, context: int, text: Text) -> Architecture:
    widths = (320, 640, 1280, 1280)
    return Architecture(
        weights=weights,
        layers=layers.unet(widths, (1, 1, 1, 0), context),
        convolutions=layers.unet_convolutions(widths),
        more_for_lycoris=_EDGES,
        texts=(text,),
        name_length=62,
        latent=(4, 8),
        native=512,
        plain=1.7 * _GIB,
        checkpointed=0.5 * _GIB,
    )


def _sdxl() -> Architecture:
    widths = (320, 640, 1280)
    return Architecture(
        weights=2_567_463_684,
        layers=layers.unet(widths, (0, 2, 10), 2048, 10),
        convolutions=layers.unet_convolutions(widths),
        texts=(_CLIP_L, _CLIP_G),
        name_length=58,
        latent=(4, 8),
        plain=8.0 * _GIB,
        checkpointed=1.5 * _GIB,
    )


def _lumina() -> Architecture:
    gemma = Text(
        "Gemma 2", 2_614_341_888, layers.text_decoder(2304, 2048, 1024, 9216, 26), cached=256 * 2305 * 4
    )
    return Architecture(
        weights=2_609_771_456,
        layers=layers.lumina(),
        texts=(gemma,),
        name_length=35,
        blocks=Blocks(30, 2304, 16, 256, 84_000_000, 24),
    )


def _hunyuan_image() -> Architecture:
    """Its VAE makes 64 channels of 32 pixels a cell; the text encoders cannot be trained."""
    texts = (
        Text("Qwen2.5-VL", 8_292_166_656, cached=1000 * 3585 * 4, trainable=False),
        Text("ByT5", 219_314_944, cached=128 * 1473 * 4, trainable=False),
    )
    found: Architecture = _flux(
        17_425_795_520,
        3584,
        20,
        40,
        texts=texts,
        name_length=38,
        native=2048,
        latent=(64, 32),
        vae=406_000_000,
        text=1128,
        most=37,
    )
    return replace(found, blocks=replace(found.blocks, pixels=32)) if found.blocks else found


def _anima() -> Architecture:
    qwen = Text("Qwen3", 596_049_920, layers.text_decoder(1024, 2048, 1024, 3072, 28), cached=512 * 1025 * 4)
    return Architecture(
        weights=2_091_068_928,
        layers=layers.anima(),
        texts=(qwen,),
        name_length=36,
        vae=127_000_000,
        blocks=Blocks(28, 2048, 16, 0, 70_000_000, 26),
    )


_MAKERS: dict[str, Callable[[], tuple[Architecture, ...]]] = {
    "sd15": lambda: (_sd_unet(859_520_964, 768, _CLIP_L),),
    "sd2": lambda: (_sd_unet(865_910_724, 1024, Text("OpenCLIP", 340_387_840, layers.text_clip(1024, 23))),),
    "sdxl": lambda: (_sdxl(),),
    "sd3": lambda: (_sd3(2_243_171_520, 24, 13), _sd3(2_028_328_000, 24), _sd3(8_056_627_520, 38)),
    "flux": lambda: (_flux(11_901_408_320, 3072, 19, 38, texts=(_CLIP_L, _T5)),),
    "chroma": lambda: (_flux(8_899_983_424, 3072, 19, 38, modulation=False, texts=(_T5,)),),
    "lumina": lambda: (_lumina(),),
    "hunyuan_image": lambda: (_hunyuan_image(),),
    "anima": lambda: (_anima(),),
}
"""Family -> what its models can be like, the likeliest first. SD 3 is 3.5 medium, 3 medium or 3.5 large."""


@cache
def of_family(family: str, variant: str = "") -> tuple[Architecture, ...]:
    """What a family's models can be like, the likeliest first. An unknown family is taken as SDXL."""
    name = "chroma" if (family, variant) == ("flux", "chroma") else family
    return _MAKERS.get(name, _MAKERS["sdxl"])()


def of_shape(shape: dict[str, Any]) -> Architecture:
    """A Stable Diffusion 1.x or XL model of other widths, from the names that diffusers gives them."""
    inner, text = shape["unet"], shape["text_encoder"]
    widths = tuple(inner["block_out_channels"])
    depth = inner.get("transformer_layers_per_block", 1)
    with_text = [kind.startswith("CrossAttn") for kind in inner.get("down_block_types", ())]
    with_text = with_text or [True] * (len(widths) - 1) + [False]
    depths = depth if isinstance(depth, (list, tuple)) else [depth] * len(widths)
    depths = [number if has else 0 for number, has in zip(depths, with_text, strict=True)]
    width, count = int(text["hidden_size"]), int(text["num_hidden_layers"])
    main = layers.unet(widths, depths, int(inner["cross_attention_dim"]), depths[-1] or 1)
    conv = layers.unet_convolutions(widths)
    clip = layers.text_clip(width, count, int(text["intermediate_size"]))
    return Architecture(
        weights=sum(one.weights * one.count for one in (*main, *conv)),
        layers=main,
        convolutions=conv,
        texts=(Text("CLIP", sum(one.weights * one.count for one in clip) + 600 * width, clip),),
        name_length=62,
        vae=1_000_000,
        latent=(4, 8),
        native=512,
        plain=1.7 * _GIB * widths[0] / 320,
        checkpointed=0.5 * _GIB * widths[0] / 320,
    )


PRACTICE: dict[str, Any] = {
    "unet": {"block_out_channels": (64, 64, 64, 64), "cross_attention_dim": 64},
    "text_encoder": {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 4},
}
"""Widths of the practice base model; a test compares them with the model itself."""


def find(
    family: str, variant: str, model_info: ModelInfo | None, engine: str = ""
) -> tuple[Architecture, ...]:
    """What the chosen base model can be like, the likeliest first.

    Args:
        family: as in the option of this name.
        variant: the variant within the family, or empty.
        model_info: what the base model's file says of itself, if it was looked at.
        engine: ``practice`` means its own base model, if no other is given.
    """
    noted = (model_info.metadata if model_info else {}).get(TINY_SHAPE)
    if noted and (shape := _shape(noted)):
        return (of_shape(shape),)
    if engine == "practice":
        return (of_shape(PRACTICE),)
    return of_family(family, variant)


def _shape(noted: str) -> dict[str, Any] | None:
    """The widths as noted, if they are those of one text encoder and a U-Net."""
    try:
        shape = json.loads(noted)
        return shape if {"unet", "text_encoder"} <= shape.keys() and "text_encoder_2" not in shape else None
    except (ValueError, AttributeError):
        return None
