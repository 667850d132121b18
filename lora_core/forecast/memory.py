"""GPU memory: what lies there during training, reckoned part by part.

Weights, gradients and optimizer states are counted. Activations are a model: for U-Nets a figure for one
picture at the family's own size, times pixels and batch; for transformers 34 bytes a token, number and block
(Korthikanti et al. 2022, "Reducing Activation Recomputation", without the attention's own matrix), or with
gradient checkpointing 2 bytes and one block in full. Set against what sd-scripts' guides say fits: SDXL with all
savings in 8 GB (``docs/train_SDXL-en.md``), FLUX.1 in fp8 with 16, 22 and 28 swapped blocks in 12, 10 and 8 GB
(``docs/flux_train_network.md``), HunyuanImage 2.1 in 24, 12 and 8 GB (``docs/hunyuan_image_train_network.md``).
Nothing here was measured on a GPU of ours, so the bounds are wide.
"""

from __future__ import annotations

from dataclasses import dataclass

from lora_core.forecast.architecture import Architecture
from lora_core.forecast.estimate import GIB, Estimate, Part, Reader, part, total
from lora_core.forecast.optimizer import state_bytes
from lora_core.forecast.prompts import preview_prompts
from lora_core.forecast.sizes import NetworkSize

BASE = 0.7 * GIB
"""The GPU program itself: CUDA's context and libraries take 0.5 to 1 GiB."""
_BLOCK = 34
"""Bytes a token, number and block that the way back needs, at half precision (Korthikanti et al. 2022)."""
_PAINT = 9.0
"""Bytes of VAE activations for a pixel and channel of its widest layer, at half precision."""
_VAE_WIDTH = 128
SOURCE = (
    "Counted weights, and a model of activations set against sd-scripts' own guides. Not measured on a GPU."
)


@dataclass(frozen=True)
class Memory:
    """GPU memory at its peak.

    Attributes:
        estimate: bytes in all.
        parts: what it is made of, largest first.
        peak: ``training``, ``previews`` or ``preparing``: when the most is needed.
    """

    estimate: Estimate
    parts: tuple[Part, ...]
    peak: str


def memory(read: Reader, one: Architecture, size: NetworkSize, area: int, batch: int) -> Memory:
    """GPU memory that a training needs.

    Args:
        read: the options.
        one: the likeliest architecture.
        size: numbers in the network.
        area: pixels of the largest picture in training.
        batch: pictures at once.
    """
    fixed = [
        part("the GPU program", BASE, "CUDA and its libraries", low=0.6, high=1.5),
        part("base model", _base_bytes(read, one), _base_words(read, one), low=0.98, high=1.05),
        *_texts(read, one),
        *_network(read, size),
    ]
    vae = _vae(read, one)
    phases = {
        "training": [*fixed, _activations(read, one, area, batch), *_uncached(read, vae, area)],
        "previews": [*fixed, part("VAE", vae), *_previews(read, one)],
        "preparing": [
            part("the GPU program", BASE),
            part("VAE", vae),
            part(
                "preparing pictures",
                _vae_work(read, area) * int(read.get("vae_batch_size", 1)),
                low=0.5,
                high=1.8,
            ),
        ],
    }
    peak = max(phases, key=lambda name: sum(found.value for found in phases[name]))
    parts = tuple(sorted((one for one in phases[peak] if one.value), key=lambda one: -one.value))
    how = f"Most is needed while {_WHILE[peak]}: " + ", ".join(
        f"{found.name} {found.value / GIB:.1f}" for found in parts
    )
    return Memory(total(parts, "bytes", f"{how} GB.", SOURCE), parts, peak)


_WHILE = {"training": "training", "previews": "painting previews", "preparing": "preparing pictures"}


def _number_bytes(read: Reader) -> int:
    """Bytes of a number that is not kept in 8 bits."""
    return 4 if read.get("mixed_precision", "fp16") == "no" else 2


def _base_bytes(read: Reader, one: Architecture) -> float:
    """The picture part's weights that stay on the GPU."""
    in_fp8 = any(read.get(name, False) for name in ("fp8_base", "fp8_base_unet", "fp8_scaled"))
    width = 1 if in_fp8 else _number_bytes(read)
    return (one.weights - _swapped(read, one)) * width


def _swapped(read: Reader, one: Architecture) -> int:
    """Weights that wait in main memory; two blocks are always under way."""
    count = int(read.get("blocks_to_swap", 0) or 0)
    if not one.blocks or not count:
        return 0
    return min(one.blocks.swapped * max(0, min(count, one.blocks.most) - 1), int(one.weights * 0.95))


def _base_words(read: Reader, one: Architecture) -> str:
    swapped = _swapped(read, one)
    words = f"{one.weights / 1e9:.2f} billion numbers"
    return f"{words}, {swapped / 1e9:.2f} of them in main memory" if swapped else words


def _texts(read: Reader, one: Architecture) -> list[Part]:
    """Text encoders, unless their reading of the captions is kept."""
    if read.get("cache_text_encoder_outputs", False):
        return []
    width = 1 if read.get("fp8_base", False) else _number_bytes(read)
    weights = sum(text.weights for text in one.texts)
    return [
        part(
            "text encoders",
            weights * width,
            ", ".join(text.name for text in one.texts),
            low=0.95,
            high=1.3 if width > 1 else 1.6,
        )
    ]


def _network(read: Reader, size: NetworkSize) -> list[Part]:
    """The LoRA, its gradients, and what the optimizer keeps."""
    halved = read.get("full_fp16", False) or read.get("full_bf16", False)
    width = 2 if halved else 4
    bounds = {"low": size.low, "high": size.high}
    states = state_bytes(read) * (0.5 if halved and state_bytes(read) > 2 else 1)
    all_numbers = max(size.trained, size.stored)
    return [
        part("LoRA", all_numbers * width, f"{size.trained:,} numbers are learned", **bounds),
        part("gradients", size.trained * width, "one for each of them", **bounds),
        part("optimizer", size.trained * states, str(read.get("optimizer_type", "AdamW")), **bounds),
    ]


def _activations(read: Reader, one: Architecture, area: int, batch: int) -> Part:
    """What the way forward leaves for the way back."""
    saving = bool(read.get("gradient_checkpointing", False))
    each = _block_activations(one, area, saving) if one.blocks else _unet_activations(one, area, saving)
    each *= _number_bytes(read) / 2
    how = f"{batch} at a time, {area / 1e6:.2f} million pixels each"
    if not (read.get("sdpa", False) or read.get("xformers", False)) and not one.blocks:
        each *= 1 + area / one.native**2  # the attention's own matrix grows with the square of the pixels
        how += ", without SDPA or xformers"
    return part("pictures in work", each * batch, how, low=0.6, high=1.5)


def _unet_activations(one: Architecture, area: int, saving: bool) -> float:
    return (one.checkpointed if saving else one.plain) * area / one.native**2


def _block_activations(one: Architecture, area: int, saving: bool) -> float:
    blocks = one.blocks
    assert blocks is not None
    plane = (area / blocks.pixels**2 + blocks.text) * blocks.width
    if saving:
        return plane * (2 * blocks.number + 2.5 * _BLOCK)
    return plane * _BLOCK * blocks.number


def _vae(read: Reader, one: Architecture) -> float:
    return one.vae * (4 if read.get("no_half_vae", False) else _number_bytes(read))


def _vae_work(read: Reader, area: int) -> float:
    """Activations of the VAE for a picture."""
    width = 2 if read.get("no_half_vae", False) or _number_bytes(read) == 4 else 1
    return area * _VAE_WIDTH * _PAINT * width


def _uncached(read: Reader, vae: float, area: int) -> list[Part]:
    """The VAE is needed in every step where pictures are not prepared before."""
    if read.get("cache_latents", False):
        return []
    work = _vae_work(read, area)
    return [part("VAE", vae), part("preparing pictures in each step", work, low=0.5, high=1.8)]


def _previews(read: Reader, one: Architecture) -> list[Part]:
    areas = [prompt.width * prompt.height for prompt in preview_prompts(read)]
    if not areas:
        return []
    work = _vae_work(read, max(areas)) * 0.7
    # without a need to go back, a step of painting keeps one block only
    step = max(areas) / one.native**2 * 0.6 * GIB
    return [part("painting", work + step, low=0.5, high=1.8)]
