"""Explanations with a person's own numbers: what a setting means for this training.

Each function tells one option's sentence; `notes` gathers all that can be said. Formulas are those of the
trainer (sd-scripts 0.10.1), as `lora_core.datasets.steps` counts them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import StepCount
from lora_core.options import TrainingOptions


@dataclass(frozen=True)
class Own:
    """What is known of a training before it starts.

    Attributes:
        options: its settings.
        count: its length.
        scan: the pictures of the main folder.
    """

    options: TrainingOptions
    count: StepCount
    scan: DatasetScan

    def every(self, name: str) -> int | None:
        """An interval's value, None if it is not set."""
        value = self.options[name]
        return int(value) if value else None


def notes(options: TrainingOptions, count: StepCount | None, scan: DatasetScan | None) -> dict[str, str]:
    """Option name -> a sentence with the own numbers. Empty while there are no pictures to count."""
    if count is None or scan is None or not count.total:
        return {}
    own = Own(options, count, scan)
    told = {name: tell(own) for name, tell in _TELLERS.items()}
    return {name: text for name, text in told.items() if text and options.applies(name)}


def _repeats(own: Own) -> str:
    pictures = len(own.scan.pictures)
    uses = pictures * own.options["num_repeats"]
    return (
        f"For you: {_many(pictures, 'picture')} × {own.options['num_repeats']} = {uses} uses in each epoch."
    )


def _batch(own: Own) -> str:
    return f"For you: {_many(own.count.steps_per_epoch, 'step')} an epoch."


def _accumulation(own: Own) -> str:
    window, batch = own.options["gradient_accumulation_steps"], own.options["train_batch_size"]
    if window == 1:
        return ""
    return f"For you: each step learns from {window} × {batch} = {window * batch} pictures."


def _length(own: Own) -> str:
    return f"For you: {_many(own.count.total, 'step')} in all."


def warmup_steps(options: TrainingOptions, total: int) -> int:
    """Warm-up in steps: a value below 1 is a share of all steps, rounded down."""
    value = options["lr_warmup_steps"]
    return int(value * total) if isinstance(value, float) and value < 1 else int(value)


def _warmup(own: Own) -> str:
    steps = warmup_steps(own.options, own.count.total)
    return f"For you: the first {_many(steps, 'step')} of {own.count.total}." if steps else ""


def _cycles(own: Own) -> str:
    cycles = own.options["lr_scheduler_num_cycles"]
    learning = own.count.total - warmup_steps(own.options, own.count.total)
    if cycles < 2 or learning < cycles:
        return ""
    return f"For you: a cycle takes about {_many(round(learning / cycles), 'step')}."


def _alpha(own: Own) -> str:
    rank, alpha = own.options["network_dim"], own.options["network_alpha"]
    share = (alpha or rank) / rank
    return f"For you: {alpha:g} ÷ {rank} = {share:.3g}, the strength that the LoRA learns at."


def _saves(own: Own) -> str:
    every = own.every("save_every_n_epochs")
    if not every:
        return ""
    files = max(0, math.ceil(own.count.epochs / every) - 1)  # the last epoch's file is the final one
    return f"For you: {_many(files, 'file')} on the way, and the final one."


def _previews(own: Own) -> str:
    every, prompts = own.every("sample_every_n_epochs"), len(own.options["prompts"])
    if not every or not prompts:
        return ""
    times = own.count.epochs // every + bool(own.options["sample_at_first"])
    return f"For you: {_many(times, 'time')} {_many(prompts, 'picture')}, {times * prompts} in all."


def _caption_dropout(own: Own) -> str:
    share = own.options["caption_dropout_rate"]
    return (
        f"For you: about {round(share * own.count.uses)} of {own.count.uses} uses in each epoch."
        if share
        else ""
    )


def _kept(own: Own) -> str:
    caption = next((picture.caption for picture in own.scan.pictures if picture.caption), None)
    number = own.options["keep_tokens"]
    if not caption or not number or not own.options["shuffle_caption"]:
        return ""
    parts = ", ".join(part.strip() for part in caption.split(",")[:number])
    return f"For you, in the first caption: “{parts}” stays in front."


_TELLERS: dict[str, Callable[[Own], str]] = {
    "num_repeats": _repeats,
    "train_batch_size": _batch,
    "gradient_accumulation_steps": _accumulation,
    "max_train_epochs": _length,
    "max_train_steps": _length,
    "lr_warmup_steps": _warmup,
    "lr_scheduler_num_cycles": _cycles,
    "network_alpha": _alpha,
    "save_every_n_epochs": _saves,
    "sample_every_n_epochs": _previews,
    "caption_dropout_rate": _caption_dropout,
    "keep_tokens": _kept,
}


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
