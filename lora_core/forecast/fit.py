"""Whether a training fits into a GPU's memory, and what helps if it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lora_core.forecast.architecture import Architecture
from lora_core.forecast.estimate import GIB, Reader
from lora_core.forecast.memory import Memory
from lora_core.forecast.optimizer import is_lean
from lora_core.options.families import FLOW


@dataclass(frozen=True)
class Gpu:
    """A graphics card.

    Attributes:
        name: as its driver gives it; may be empty.
        memory: bytes in all.
    """

    name: str
    memory: int


class Verdict(Enum):
    """How it will go."""

    FITS = "fits"
    TIGHT = "may not fit"
    TOO_LARGE = "does not fit"


@dataclass(frozen=True)
class Remedy:
    """Something that saves memory.

    Attributes:
        settings: option values that do it.
        text: what it is and costs, in a sentence.
        needed: bytes in all, likeliest, with this and all remedies before it.
        verdict: how it will go then.
    """

    settings: dict[str, Any]
    text: str
    needed: float
    verdict: Verdict


@dataclass(frozen=True)
class Fit:
    """Whether it fits.

    Attributes:
        gpu: the card.
        verdict: how it will go as things are.
        sentence: the same for people.
        remedies: in the order in which to try them, each on top of those before; as many as it takes.
    """

    gpu: Gpu
    verdict: Verdict
    sentence: str
    remedies: tuple[Remedy, ...]


def fit(read: Reader, one: Architecture, gpu: Gpu, reckon: Callable[[Reader], Memory]) -> Fit:
    """Set the memory against what a card has.

    Args:
        read: the options.
        one: the likeliest architecture.
        gpu: the card.
        reckon: the memory that a training with these options needs.
    """
    now = reckon(read)
    verdict = judge(now, gpu)
    remedies: list[Remedy] = []
    reached, needed = verdict, now.estimate.value
    for settings, text in _remedies(read, one):
        if reached is Verdict.FITS:
            break
        tried = read.trying(**settings)
        found = reckon(tried)
        if found.estimate.value >= needed - 0.01 * GIB:
            continue
        read, reached, needed = tried, judge(found, gpu), found.estimate.value
        remedies.append(Remedy(settings, text, needed, reached))
    return Fit(gpu, verdict, _sentence(now, gpu, verdict), tuple(remedies))


def judge(need: Memory, gpu: Gpu) -> Verdict:
    """Compare likeliest and highest need with the card's memory."""
    if need.estimate.value > gpu.memory:
        return Verdict.TOO_LARGE
    return Verdict.TIGHT if need.estimate.high > gpu.memory else Verdict.FITS


def _sentence(need: Memory, gpu: Gpu, verdict: Verdict) -> str:
    name = gpu.name or "The GPU"
    figures = (
        f"{name} has {gpu.memory / GIB:.1f} GB. This training needs about {need.estimate.value / GIB:.1f} GB"
    )
    between = f"{need.estimate.low / GIB:.1f} to {need.estimate.high / GIB:.1f}"
    ends = {
        Verdict.FITS: "It should fit.",
        Verdict.TIGHT: "It may not fit.",
        Verdict.TOO_LARGE: "It will most likely not fit.",
    }
    return f"{figures} ({between}). {ends[verdict]}"


def _remedies(read: Reader, one: Architecture) -> Iterator[tuple[dict[str, Any], str]]:
    """What is not done yet, the cheapest first."""
    if not read.get("gradient_checkpointing", False):
        yield (
            {"gradient_checkpointing": True},
            "Gradient checkpointing. Each step takes about a quarter longer.",
        )
    if not read.get("cache_latents", False):
        yield (
            {"cache_latents": True},
            "Prepare pictures once. It costs nothing, but colours cannot be varied.",
        )
    if not (read.get("sdpa", False) or read.get("xformers", False)):
        yield {"sdpa": True}, "SDPA attention. It costs nothing."
    batch = int(read.get("train_batch_size", 1))
    if batch > 1:
        yield (
            {"train_batch_size": 1, "gradient_accumulation_steps": batch},
            f"A batch of 1, with {batch} batches gathered for each step. It learns alike and takes longer.",
        )
    if not is_lean(read):
        yield {"optimizer_type": "AdamW8bit"}, "The optimizer AdamW8bit. It needs an NVIDIA GPU."
    if not read.get("cache_text_encoder_outputs", False) and read.knows("cache_text_encoder_outputs"):
        yield (
            {
                "cache_text_encoder_outputs": True,
                "network_train_unet_only": True,
                "shuffle_caption": False,
                "caption_dropout_rate": 0.0,
                "caption_tag_dropout_rate": 0.0,
            },
            "Prepare captions once, and train the picture part only. Captions cannot be shuffled then.",
        )
    if fp8 := _fp8(read):
        yield {fp8: True}, "The base model in fp8. It halves its memory and loses a little quality."
    yield from _swaps(read, one)


def _fp8(read: Reader) -> str:
    """The option that keeps the base model in 8 bits, if it is known, off and allowed."""
    if read.get("mixed_precision", "fp16") == "no":
        return ""
    name = "fp8_scaled" if read.get("family") == "hunyuan_image" else "fp8_base"
    return name if read.knows(name) and not read.get(name, False) else ""


def _swaps(read: Reader, one: Architecture) -> Iterator[tuple[dict[str, Any], str]]:
    """Ever more blocks in main memory."""
    if not one.blocks or read.get("family") not in FLOW or not read.knows("blocks_to_swap"):
        return
    now = int(read.get("blocks_to_swap", 0) or 0)
    for number in (one.blocks.most // 3, one.blocks.most * 2 // 3, one.blocks.most):
        if number > now:
            yield {"blocks_to_swap": number}, f"Keep {number} blocks in main memory. Steps take longer."
