"""Checkpoints and states of a training: what they are called, how they are written, which are removed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from lora_core import atomic
from lora_core.engines.practice import metadata
from lora_core.engines.practice.config import Settings
from lora_core.engines.practice.network import Network
from lora_core.errors import InputError

STATE_FILE = "train_state.json"

_DTYPES = {"float": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def say(text: str) -> None:
    """One line on standard output, at once: the run's reader waits for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Keeper:
    """Writes and removes the files of one training. File names are sd-scripts'.

    Args:
        settings: the training's settings.
        network: the LoRA.
        fixed: metadata that is the same in every file.
        accelerator: saves and loads states.
    """

    def __init__(self, settings: Settings, network: Network, fixed: dict[str, str], accelerator: Any) -> None:
        self.settings, self.network, self.fixed, self.accelerator = settings, network, fixed, accelerator
        self.folder = Path(settings.output_dir)
        self.dtype = _DTYPES[(settings.save_precision or "float").lower()]

    def checkpoint(self, part: str, step: int, epoch: int) -> Path:
        """Write ``NAME<part>.safetensors``, whole or not at all."""
        path = self.folder / f"{self.settings.output_name}{part}.safetensors"
        say(f"\nsaving checkpoint: {path}")
        found = metadata.checkpoint(self.fixed, self.settings, step=step, epoch=epoch)
        atomic.write_bytes(path, metadata.serialized(self.network.kohya_state(self.dtype), found))
        return path

    def drop_checkpoint(self, part: str) -> None:
        """Remove an older checkpoint if it is there."""
        path = self.folder / f"{self.settings.output_name}{part}.safetensors"
        if path.exists():
            say(f"removing old checkpoint: {path}")
            path.unlink()

    def state(self, part: str, step: int, epoch: int) -> None:
        """Save everything that resuming needs, in ``NAME<part>-state``.

        It is gathered in a scratch folder first: a folder under its final name is complete.
        """
        path = self.folder / f"{self.settings.output_name}{part}-state"
        scratch = path.with_name(f".{path.name}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            self.accelerator.save_state(str(scratch), safe_serialization=True)
            text = json.dumps({"current_epoch": epoch, "current_step": step})
            atomic.write_text(scratch / STATE_FILE, text)
            shutil.rmtree(path, ignore_errors=True)
            os.replace(scratch, path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def drop_state(self, part: str) -> None:
        """Remove an older state if it is there."""
        shutil.rmtree(self.folder / f"{self.settings.output_name}{part}-state", ignore_errors=True)

    def after_step(self, step: int, epoch: int) -> None:
        """Save what is due after an optimizer step."""
        every = self.settings.save_every_n_steps
        if every is None or step % every:
            return
        self.checkpoint(step_part(step), step, epoch)
        if self.settings.save_state:
            self.state(step_part(step), step, epoch)
        self._trim_steps(step, every)

    def _trim_steps(self, step: int, every: int) -> None:
        settings = self.settings
        if (old := _old_step(step, every, settings.save_last_n_steps)) is not None:
            self.drop_checkpoint(step_part(old))
        last = settings.save_last_n_steps_state or settings.save_last_n_steps
        if (old := _old_step(step, every, last)) is not None:
            self.drop_state(step_part(old))

    def after_epoch(self, epoch: int, epochs: int, step: int) -> None:
        """Save what is due after an epoch; the last one is saved as the result instead."""
        every, settings = self.settings.save_every_n_epochs, self.settings
        if every is None or epoch % every or epoch >= epochs:
            return
        self.checkpoint(epoch_part(epoch), step, epoch)
        if settings.save_last_n_epochs is not None:
            self.drop_checkpoint(epoch_part(epoch - every * settings.save_last_n_epochs))
        if settings.save_state:
            self.state(epoch_part(epoch), step, epoch)
            last = settings.save_last_n_epochs_state or settings.save_last_n_epochs
            if last is not None:
                self.drop_state(epoch_part(epoch - every * last))

    def finish(self, step: int, epochs: int) -> Path:
        """Save the last state if asked, and the result."""
        if self.settings.save_state or self.settings.save_state_on_train_end:
            self.state("", step, epochs)
        return self.checkpoint("", step, epochs)


def epoch_part(epoch: int) -> str:
    return f"-{epoch:06d}"


def step_part(step: int) -> str:
    return f"-step{step:08d}"


def _old_step(step: int, every: int, last: int | None) -> int | None:
    """Which step's file goes: with 10 steps between and the last 30 kept, at step 50 that of step 10."""
    if last is None:
        return None
    old = step - last - 1
    old -= old % every
    return old if old > 0 else None


def read_state(folder: Path) -> int:
    """The step that a state was saved at.

    Raises:
        InputError: it is not a state folder.
    """
    try:
        return int(json.loads((folder / STATE_FILE).read_text("utf-8"))["current_step"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} is not a saved state.",
            why=f"It has no readable {STATE_FILE}.",
            remedy="Choose a folder whose name ends in -state, written by a training with save_state.",
            field="resume",
            value=str(folder),
        ) from error
