"""How long a training takes: loading, preparing, the steps themselves, previews and saving.

The time of a step comes from the user's own earlier runs of the same kind, scaled by the pixels of a step. Without
such runs it is a guess by the class of the GPU, and says so.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lora_core.datasets.steps import StepCount
from lora_core.forecast.architecture import Architecture
from lora_core.forecast.estimate import Estimate, Part, Reader, part, total
from lora_core.forecast.past import Past
from lora_core.forecast.prompts import preview_prompts, preview_times

PRACTICE_SECONDS = 0.17
"""Seconds a step of the practice engine, 4 pictures of 64 pixels, on a machine with two CPU cores: the middle of
eight runs, which took 0.13 to 0.34 s."""
_TINY = 50_000_000
"""Weights below which a model is of the practice kind, whichever engine trains it: sd-scripts took 0.28 s."""
_PRACTICE_LOAD = 12.0
"""Seconds until the practice engine takes its first step on that machine."""
_GUESS = {"sd15": 0.13, "sd2": 0.15, "sdxl": 0.75, "sd3": 0.9, "flux": 3.0, "lumina": 1.3, "anima": 1.2}
"""Seconds a step on an RTX 4090: one picture at the family's own size, half precision, gradient checkpointing for
all but SD 1.5 and SD 2. From what users report in public; good to a factor of two."""
_GUESS_OTHER = 6.0
_CPU_FACTOR = 60.0
_SPEED = {
    "h200": 2.2,
    "h100": 2.0,
    "b200": 3.0,
    "5090": 1.35,
    "a100": 1.0,
    "4090": 1.0,
    "l40": 1.0,
    "6000 ada": 1.0,
    "5080": 0.7,
    "4080": 0.65,
    "3090": 0.5,
    "a6000": 0.5,
    "a40": 0.5,
    "5070": 0.45,
    "4070": 0.4,
    "3080": 0.42,
    "l4": 0.35,
    "a10": 0.4,
    "v100": 0.35,
    "4060": 0.25,
    "3070": 0.28,
    "3060": 0.2,
    "2080": 0.22,
    "t4": 0.14,
    "p100": 0.12,
    "1080": 0.08,
}
"""Speed of a GPU class against an RTX 4090, rounded; from the makers' half-precision figures."""
_OVERHEAD = 0.1
"""Share of a step's time that does not grow with its pixels."""
_READ = 400e6
"""Bytes a second at which a model is read and set up."""
_PAINT_SHARE = 0.7
"""A painting step against a training step of the same pixels: forward only, but twice, for what to avoid."""
_PREPARE_SHARE = 0.5
"""Preparing a picture against a training step of the same pixels."""


@dataclass(frozen=True)
class Pace:
    """Seconds a step.

    Attributes:
        seconds: the likeliest value.
        low: factor of the least.
        high: factor of the most.
        how: where it comes from.
        guess: whether it rests on nothing of the user's own.
    """

    seconds: float
    low: float
    high: float
    how: str
    guess: bool


def pace(
    read: Reader, one: Architecture, engine: str, gpu_name: str | None, history: Sequence[Past], pixels: float
) -> Pace:
    """Seconds a step.

    Args:
        read: the options.
        one: the likeliest architecture.
        engine: ``practice`` or ``sd-scripts``.
        gpu_name: the GPU's name; None if there is none.
        history: earlier runs.
        pixels: pixels that a step goes through, batch and accumulation included.
    """
    like = [past for past in history if _is_like(past, read, engine)]
    if like:
        return _from_history(like, read, pixels)
    if engine == "practice" or one.weights < _TINY:
        factor = _grown(pixels, 4 * 64 * 64)
        how = "Measured with the practice model on a machine with two CPU cores."
        return Pace(PRACTICE_SECONDS * factor, 0.5, 2.5, how, False)
    return _guessed(read, one, gpu_name, pixels)


def _is_like(past: Past, read: Reader, engine: str) -> bool:
    """Whether an earlier run says something about this one."""
    model = str(read.get("pretrained_model_name_or_path", ""))
    ending = ".tiny.safetensors"
    return (
        past.engine == engine
        and past.family == read.get("family")
        and past.model.endswith(ending) == model.endswith(ending)
    )


def _from_history(like: Sequence[Past], read: Reader, pixels: float) -> Pace:
    """The middle of the nearest runs, each scaled to this one's pixels, precision and checkpointing."""

    def distance(past: Past) -> float:
        other = past.resolution**2 * past.batch
        ratio = max(other, pixels) / max(1.0, min(other, pixels))
        return ratio + 2 * (past.precision != precision) + (past.checkpointing != saving)

    precision = read.get("mixed_precision", "fp16")
    saving = bool(read.get("gradient_checkpointing", False))
    nearest = sorted(like, key=distance)[:3]
    scaled = [_scaled(past, pixels, precision, saving) for past in nearest]
    seconds = statistics.median(scaled)
    far = distance(nearest[0])
    spread = 1.25 if far < 1.3 else 1.6 if far < 4 else 2.5
    low = min(1 / spread, min(scaled) / seconds)
    high = max(spread, max(scaled) / seconds)
    how = f"From {len(nearest)} earlier run{'s' if len(nearest) > 1 else ''} of yours, scaled by pixels and batch."
    return Pace(seconds, low, high, how, False)


def _scaled(past: Past, pixels: float, precision: str, saving: bool) -> float:
    seconds = past.seconds * _grown(pixels, past.resolution**2 * past.batch)
    if past.precision != precision:
        seconds *= 2.0 if precision == "no" else 0.5 if past.precision == "no" else 1.0
    if past.checkpointing != saving:
        seconds *= 1.25 if saving else 0.8
    return seconds


def _grown(pixels: float, known: float) -> float:
    return _OVERHEAD + (1 - _OVERHEAD) * pixels / max(1.0, known)


def _guessed(read: Reader, one: Architecture, gpu_name: str | None, pixels: float) -> Pace:
    seconds = _GUESS.get(str(read.get("family")), _GUESS_OTHER) * _grown(pixels, one.native**2)
    if read.get("mixed_precision", "fp16") == "no":
        seconds *= 2
    if int(read.get("blocks_to_swap", 0) or 0):
        seconds *= 1.5
    if gpu_name is None:
        how = (
            "A guess for this machine's processor, as no graphics card is known here. "
            f"A fast card, such as an RTX 4090, takes about a {_CPU_FACTOR:.0f}th of it."
        )
        return Pace(seconds * _CPU_FACTOR, 0.2, 5, how, True)
    speed = gpu_speed(gpu_name)
    if speed is None:
        how = "A guess: there is no earlier run of this kind, and this GPU is not known. Reckoned as an RTX 3090."
        return Pace(seconds / _SPEED["3090"], 0.25, 5, how, True)
    how = "A guess by the kind of GPU: there is no earlier run of this kind yet. After one it will be better."
    return Pace(seconds / speed, 0.4, 2.5, how, True)


def gpu_speed(name: str) -> float | None:
    """Speed of a GPU against an RTX 4090; None if it is not known. A laptop's GPU counts as two thirds."""
    lower = name.lower()
    for known, speed in _SPEED.items():
        if re.search(rf"(?<![0-9a-z]){re.escape(known)}(?![0-9])", lower):
            return speed * (0.67 if "laptop" in lower or "mobile" in lower else 1.0)
    return None


def duration(
    read: Reader,
    one: Architecture,
    count: StepCount,
    step: Pace,
    pictures: Sequence[tuple[int, int]],
    *,
    pixels: float,
    written: float,
    practice: bool,
) -> tuple[Estimate, tuple[Part, ...]]:
    """Seconds of a whole training, and of its phases.

    Args:
        read: the options.
        one: the likeliest architecture.
        count: the steps.
        step: seconds a step.
        pictures: the training size of every picture.
        pixels: pixels that a step goes through.
        written: bytes of LoRA files and states that are written in all.
        practice: whether the practice engine trains.
    """
    weights = (one.weights + one.vae + sum(text.weights for text in one.texts)) * 2
    load = _PRACTICE_LOAD if practice else 15 + weights / _READ
    per_pixel = step.seconds / max(1.0, pixels)
    parts = [
        part("loading", load, "program and models", low=0.4, high=3),
        part(
            "preparing pictures",
            _prepare(read, per_pixel, pictures),
            f"{len(pictures)} pictures",
            low=step.low * 0.4,
            high=step.high * 1.5,
        ),
        part(
            "training",
            count.total * step.seconds,
            f"{count.total} steps, {step.seconds:.2g} s each",
            low=step.low,
            high=step.high,
        ),
        _previews(read, count, step, per_pixel),
        part("saving", written / 200e6, f"{written / 1e6:.0f} MB", low=0.3, high=4),
    ]
    kept = tuple(found for found in parts if found.value)
    source = "A guess by GPU class." if step.guess else "Measured runs."
    return total(kept, "seconds", step.how, source), kept


def _prepare(read: Reader, per_pixel: float, pictures: Sequence[tuple[int, int]]) -> float:
    if not read.get("cache_latents", False):
        return 0.0
    return sum(width * height for width, height in pictures) * per_pixel * _PREPARE_SHARE


def _previews(read: Reader, count: StepCount, step: Pace, per_pixel: float) -> Part:
    prompts, times = preview_prompts(read), preview_times(read, count)
    work = sum(one.width * one.height * one.steps for one in prompts) * times
    how = f"{len(prompts) * times} pictures"
    return part("previews", work * per_pixel * _PAINT_SHARE, how, low=step.low * 0.5, high=step.high * 1.6)
