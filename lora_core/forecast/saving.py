"""How much room a training takes on the disk: LoRA files, states, previews, kept pictures and captions, logs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lora_core.datasets.steps import StepCount
from lora_core.forecast.architecture import Architecture
from lora_core.forecast.estimate import Estimate, Part, Reader, part, total
from lora_core.forecast.optimizer import state_bytes
from lora_core.forecast.prompts import preview_prompts, preview_times
from lora_core.forecast.sizes import NetworkSize

_PNG = 1.6
"""Bytes of a preview pixel as PNG. Photos take up to 2, plain pictures under 0.5."""
_NPZ = 1100
"""Bytes of an ``.npz`` file around its numbers: names, original size, crop."""
_LOG = 900
"""Bytes a step in the log and the TensorBoard files; measured with sd-scripts: 500 to 1,200."""


@dataclass(frozen=True)
class Kept:
    """What is kept of one kind.

    Attributes:
        made: how many are written in all.
        left: how many are there at the end.
    """

    made: int
    left: int


def checkpoints(read: Reader, count: StepCount) -> Kept:
    """LoRA files apart from the final one: as ``train_network.py`` and ``get_remove_*_no`` have it."""
    by_epoch = _by_epoch(read, count, read.get("save_last_n_epochs"))
    by_step = _by_step(read, count, read.get("save_last_n_steps"))
    return Kept(by_epoch.made + by_step.made, by_epoch.left + by_step.left)


def states(read: Reader, count: StepCount) -> Kept:
    """State folders, the one at the end included."""
    final = int(bool(read.get("save_state", False) or read.get("save_state_on_train_end", False)))
    if not read.get("save_state", False):
        return Kept(final, final)
    last_epochs = read.get("save_last_n_epochs_state") or read.get("save_last_n_epochs")
    by_epoch = _by_epoch(read, count, last_epochs)
    by_step = _by_step(read, count, read.get("save_last_n_steps_state") or read.get("save_last_n_steps"))
    return Kept(by_epoch.made + by_step.made + final, by_epoch.left + by_step.left + final)


def _by_epoch(read: Reader, count: StepCount, last: int | None) -> Kept:
    """Every so many epochs, but not after the last one: the final file is that."""
    every = read.get("save_every_n_epochs")
    if ratio := read.get("save_n_epoch_ratio"):
        every = count.epochs // ratio or 1
    made = max(0, count.epochs - 1) // every if every else 0
    return Kept(made, min(made, last) if last else made)


def _by_step(read: Reader, count: StepCount, last: int | None) -> Kept:
    """Every so many steps, the last one included if it fits. ``last`` counts steps here, not files."""
    every = read.get("save_every_n_steps")
    made = count.total // every if every else 0
    if not made or not last:
        return Kept(made, made)
    newest = made * every
    removed = (newest - last - 1) // every
    return Kept(made, made - max(0, removed))


def disk(
    read: Reader,
    one: Architecture,
    count: StepCount,
    size: NetworkSize,
    lora: Estimate,
    pictures: Sequence[tuple[int, int]],
) -> tuple[Estimate, tuple[Part, ...]]:
    """Bytes that a training adds to the disk, and what they are made of.

    Args:
        read: the options.
        one: the likeliest architecture.
        count: the steps.
        size: numbers in the network.
        lora: bytes of one LoRA file.
        pictures: the training size of every picture, once for each data set that it is in.
    """
    files, folders = checkpoints(read, count), states(read, count)
    state = size.trained * (4 + state_bytes(read)) + 30_000
    prompts = preview_prompts(read)
    times = preview_times(read, count)
    pixels = sum(one.width * one.height for one in prompts) * times
    parts = [
        part(
            "LoRA files",
            lora.value * (files.left + 1),
            f"{files.left + 1} files: {files.left} on the way and the final one",
            low=lora.low / lora.value,
            high=lora.high / lora.value,
        ),
        part("states to continue from", state * folders.left, f"{folders.left} folders", low=0.8, high=1.5),
        part("previews", pixels * _PNG, f"{len(prompts) * times} pictures", low=0.3, high=1.4),
        *_caches(read, one, pictures),
        part("log and curves", count.total * _LOG + 20_000, f"{count.total} steps", low=0.4, high=2),
    ]
    kept = tuple(found for found in parts if found.value)
    how = "The sum of " + ", ".join(f"{found.name} ({found.how})" for found in kept) + "."
    return total(kept, "bytes", how, "Intervals as the trainer counts them; sizes reckoned."), kept


def _caches(read: Reader, one: Architecture, pictures: Sequence[tuple[int, int]]) -> list[Part]:
    """Files that the trainer puts beside the pictures, in full precision (``strategy_base.py``)."""
    found = []
    if read.get("cache_latents_to_disk", False):
        channels, cell = one.latent
        cells = sum(math.ceil(w / cell) * math.ceil(h / cell) for w, h in pictures)
        flips = 2 if read.get("flip_aug", False) else 1
        size = cells * channels * 4 * flips + _NPZ * len(pictures)
        found.append(part("prepared pictures", size, f"{len(pictures)} files", low=0.98, high=1.05))
    if read.get("cache_text_encoder_outputs_to_disk", False):
        size = sum(text.cached for text in one.texts) * len(pictures)
        found.append(part("prepared captions", size, f"{len(pictures)} files", low=0.4, high=1.2))
    return found
