"""The training itself: models, LoRA, optimizer, and the loop over epochs and steps."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import random
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from lora_core.engines.practice import base_model, config, metadata, network, optimizers, samples, saving
from lora_core.engines.practice.config import Settings
from lora_core.engines.practice.data import Batch, Data
from lora_core.engines.practice.saving import say
from lora_core.errors import EngineError, InputError, StorageError

log = logging.getLogger(__name__)


class LossAverage:
    """The mean loss over the last epoch's worth of steps, kept as sd-scripts keeps it."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.total = 0.0

    def add(self, place: int, loss: float) -> None:
        """Enter the loss of the step at ``place`` within its epoch, in place of the epoch before's."""
        while len(self.losses) <= place:
            self.losses.append(0.0)
        self.total += loss - self.losses[place]
        self.losses[place] = loss

    @property
    def mean(self) -> float:
        return self.total / len(self.losses) if self.losses else 0.0

    def state_dict(self) -> dict[str, Any]:
        return {"losses": self.losses, "total": self.total}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.losses, self.total = list(state["losses"]), float(state["total"])


class Models:
    """The base model's parts, in fp32 on the CPU.

    Raises:
        InputError: the folder does not hold a practice-sized Stable Diffusion 1.x model.
    """

    def __init__(self, folder: Path) -> None:
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer

        log.info("loading model for process 0/1: %s", folder.name)
        if flaw := config.base_flaw(folder):
            raise InputError(
                f"The base model {folder} cannot be used by the practice engine.",
                why=flaw,
                remedy="Leave the base model empty to use the one that comes with the workbench.",
                field="pretrained_model_name_or_path",
                value=str(folder),
            )
        given: dict[str, Any] = {"local_files_only": True}
        try:
            self.unet: Any = UNet2DConditionModel.from_pretrained(folder / "unet", **given)
            self.vae: Any = AutoencoderKL.from_pretrained(folder / "vae", **given)
            self.text_encoder: Any = CLIPTextModel.from_pretrained(folder / "text_encoder", **given)
            self.tokenizer: Any = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"The base model {folder} cannot be loaded.",
                why=str(error).splitlines()[0] if str(error) else type(error).__name__,
                remedy="Reinstall the workbench, or leave the base model empty.",
                field="pretrained_model_name_or_path",
                value=str(folder),
            ) from error
        for part in (self.unet, self.vae, self.text_encoder):
            part.float().requires_grad_(False).eval()  # stored in half precision


class Texts:
    """Captions as the UNet reads them. Each caption is tokenized once, and encoded once while the text
    encoder does not change."""

    def __init__(self, models: Models, clip_skip: int | None, *, fixed: bool) -> None:
        self.models, self.clip_skip, self.fixed = models, clip_skip, fixed
        self.known: dict[str, torch.Tensor] = {}

    def __call__(self, captions: tuple[str, ...]) -> torch.Tensor:
        """N x 77 x width; differentiable where the text encoder is trained."""
        kept = torch.stack([self._kept(text) for text in captions])
        return kept if self.fixed else samples.states(self.models.text_encoder, kept, self.clip_skip)

    def _kept(self, text: str) -> torch.Tensor:
        if text not in self.known:
            made = self.models.tokenizer(
                text, padding="max_length", truncation=True, max_length=base_model.TOKENS, return_tensors="pt"
            ).input_ids
            if self.fixed:
                with torch.no_grad():
                    made = samples.states(self.models.text_encoder, made, self.clip_skip)
            self.known[text] = made[0]
        return self.known[text]


class Training:
    """One training from settings to LoRA file.

    Args:
        settings: what to train.

    Raises:
        InputError, StorageError: something in the settings cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started = time.time()
        self.session = random.SystemRandom().randrange(2**32)
        self.seed = random.SystemRandom().randrange(2**32) if settings.seed is None else settings.seed
        _make_folder(Path(settings.output_dir), "output_dir")
        self.prompts = _prompts(settings)
        log.info("prepare images.")
        self.data = Data(settings.datasets, self.seed)
        log.info("%d train images with repeats.", self.data.train_images)
        log.info("%d reg images with repeats.", self.data.reg_images)
        self.batches = len(self.data.batches(1))
        self.per_epoch = math.ceil(self.batches / settings.gradient_accumulation_steps)
        epochs = settings.max_train_epochs
        self.total = epochs * self.per_epoch if epochs else settings.max_train_steps
        self.epochs = math.ceil(self.total / self.per_epoch)
        self.step = 0

    def run(self) -> Path:
        """Train; returns the LoRA file."""
        if "OMP_NUM_THREADS" not in os.environ:
            # The model is too small to gain by a second thread, and waiting for one on a busy machine
            # makes a step many times slower.
            torch.set_num_threads(1)
        self._prepare_models()
        self._prepare_learning()
        if self.settings.resume:
            self._resume(Path(self.settings.resume))
        self._announce()
        self._loop()
        return self.keeper.finish(self.step, self.epochs)

    # --- preparing

    def _prepare_models(self) -> None:
        from accelerate import Accelerator
        from accelerate.utils import set_seed

        settings = self.settings
        log.info("preparing accelerator")
        self.accelerator = Accelerator(cpu=True, mixed_precision="no")
        self.models = Models(settings.base_folder)
        self.data.cache(self.models.vae)
        set_seed(self.seed % 2**32)
        self.network = network.create(settings, self.models.unet, self.models.text_encoder)
        if settings.network_weights:
            _start_from(self.network, Path(settings.network_weights))
        self.texts = Texts(self.models, settings.clip_skip, fixed=not settings.trains_text)
        self.painter = samples.Painter(
            self.models.unet,
            self.models.vae,
            self.models.text_encoder,
            self.models.tokenizer,
            settings.clip_skip,
        )

    def _prepare_learning(self) -> None:
        from diffusers import DDPMScheduler

        settings = self.settings
        say("prepare optimizer, data loader etc.")
        groups: list[dict[str, Any]] = []
        self.group_names: list[str] = []
        for prefix, rate, name in (
            (network.TEXT_PREFIX, settings.text_rate, "textencoder"),
            (network.UNET_PREFIX, settings.unet_rate, "unet"),
        ):
            if weights := self.network.group(prefix):
                groups.append({"params": weights, "lr": rate})
                self.group_names.append(name)
        optimizer = optimizers.optimizer(settings, groups)
        schedule = optimizers.schedule(settings, optimizer, self.total)
        # The network itself is never called: peft's layers in UNet and text encoder use its weights.
        self.network, self.optimizer, self.schedule = self.accelerator.prepare(
            self.network, optimizer, schedule
        )
        self.network.train()
        self.average = LossAverage()
        self.accelerator.register_for_checkpointing(self.average)
        self.noise = DDPMScheduler(**base_model.SCHEDULE)
        self.snr = self.noise.alphas_cumprod / (1 - self.noise.alphas_cumprod)
        self.weights: list[nn.Parameter] = [p for group in groups for p in group["params"]]
        fixed = metadata.training(
            settings, self.data, seed=self.seed, steps=self.total, epochs=self.epochs, batches=self.batches,
            session=self.session, started=self.started,
        )  # fmt: skip
        self.keeper = saving.Keeper(settings, self.network, fixed, self.accelerator)

    def _resume(self, folder: Path) -> None:
        """Take up a saved state.

        Raises:
            InputError: it is no state, does not fit the settings, or is already at the end.
        """
        if not folder.is_dir():
            raise InputError(
                f"Tried to find {folder} but folder does not exist.",
                remedy="Choose a state folder that is there, or start without it.",
                field="resume",
                value=str(folder),
            )
        step = saving.read_state(folder)
        if step >= self.total:
            raise InputError(
                f"max_train_steps should be greater than initial step: {self.total} vs {step}.",
                why="The state to resume from is at the end of this training already.",
                remedy="Train for more epochs or steps.",
                field="resume",
                value=str(folder),
            )
        log.info("resume training from local state: %s", folder)
        try:
            self.accelerator.load_state(str(folder))
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            raise InputError(
                f"The state {folder} does not fit these settings.",
                why=str(error).splitlines()[0] if str(error) else type(error).__name__,
                remedy="Resume with the same rank, network kind and optimizer as before.",
                field="resume",
                value=str(folder),
            ) from error
        self.step = step

    def _announce(self) -> None:
        settings = self.settings
        sizes = ", ".join(str(one.batch_size) for one in settings.datasets)
        say("running training / 学習開始")
        say(f"  num train images * repeats / 学習画像の数×繰り返し回数: {self.data.train_images}")
        say(f"  num reg images / 正則化画像の数: {self.data.reg_images}")
        say(f"  num batches per epoch / 1epochのバッチ数: {self.batches}")
        say(f"  num epochs / epoch数: {self.epochs}")
        say(f"  batch size per device / バッチサイズ: {sizes}")
        say(
            f"  gradient accumulation steps / 勾配を合計するステップ数 = {settings.gradient_accumulation_steps}"
        )
        say(f"  total optimization steps / 学習ステップ数: {self.total}")

    # --- the loop

    def _loop(self) -> None:
        first = self.step // self.per_epoch + 1
        if self.step == 0 and self.settings.sample_at_first:
            self._preview(epoch=0)
        self.writer = _writer(self.settings)
        with tqdm(total=self.total, initial=self.step, smoothing=0, desc="steps") as self.bar:
            for epoch in range(first, self.epochs + 1):
                say(f"\nepoch {epoch}/{self.epochs}\n")
                self._epoch(epoch)
                self._log({"loss/epoch_average": self.average.mean}, epoch)
                self.keeper.after_epoch(epoch, self.epochs, self.step)
                self._preview_after_epoch(epoch)
        if self.writer is not None:
            self.writer.close()

    def _epoch(self, epoch: int) -> None:
        """Train one epoch from wherever the training stands in it."""
        window = self.settings.gradient_accumulation_steps
        plan = self.data.batches(epoch)
        for place in range(self.step % self.per_epoch, self.per_epoch):
            if self.step >= self.total:
                return
            losses = []
            for index in range(place * window, min((place + 1) * window, len(plan))):
                torch.manual_seed(self._random(epoch, index))  # for dropout
                batch = self.data.batch(plan[index], epoch, index)
                losses.append(self._learn(batch, self._random(epoch, index, "noise")))
            self._update()
            self.step += 1
            self._after_step(sum(losses) / len(losses), place, epoch)

    def _random(self, epoch: int, index: int, what: str = "layers") -> int:
        """A random seed for one place of the training, the same whenever it is reached."""
        text = f"{self.seed} {what} {epoch} {index}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")

    def _learn(self, batch: Batch, seed: int) -> float:
        """Add one batch's gradient; returns its loss.

        Raises:
            EngineError: the loss is not a number any more.
        """
        settings, latents = self.settings, batch.latents
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(latents.shape, generator=generator)
        if settings.noise_offset:
            noise += settings.noise_offset * torch.randn((*latents.shape[:2], 1, 1), generator=generator)
        low, high = settings.min_timestep or 0, settings.max_timestep or 1000
        times = torch.randint(low, high, (len(latents),), generator=generator)
        noisy = self.noise.add_noise(latents, noise, times)  # type: ignore[arg-type]
        guess = self.models.unet(noisy, times, self.texts(batch.captions), return_dict=False)[0]
        each = _LOSSES[settings.loss_type](guess, noise, reduction="none").mean(dim=(1, 2, 3))
        if settings.min_snr_gamma:
            each = each * (settings.min_snr_gamma / self.snr[times]).clamp(max=1.0)
        each = torch.where(batch.reg, each * settings.prior_loss_weight, each)
        loss = each.mean()
        now = float(loss.detach())
        if not math.isfinite(now):
            raise EngineError(
                f"The loss is no longer a number (nan) at step {self.step + 1}.",
                why="The learning rate is most likely too high for these settings.",
                remedy="Lower the learning rate and start again from an earlier checkpoint or afresh.",
                field="learning_rate",
            )
        # The last window of an epoch may be short; sd-scripts divides by the full number there too.
        self.accelerator.backward(loss / settings.gradient_accumulation_steps)
        return now

    def _update(self) -> None:
        if self.settings.max_grad_norm:
            self.accelerator.clip_grad_norm_(self.weights, self.settings.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _after_step(self, loss: float, place: int, epoch: int) -> None:
        self.bar.update(1)
        self._preview_after_step()
        self.keeper.after_step(self.step, epoch)
        self.average.add(place, loss)
        self.bar.set_postfix(avr_loss=self.average.mean)
        found = {"loss/current": loss, "loss/average": self.average.mean}
        for name, group in zip(self.group_names, self.optimizer.param_groups, strict=True):
            found[f"lr/{name}"] = float(group["lr"] or 0.0)
            if "d" in group:  # Prodigy's own estimate
                found[f"lr/d*lr/{name}"] = float(group["d"] * group["lr"])
        self._log(found, self.step)

    def _log(self, scalars: dict[str, float], step: int) -> None:
        if self.writer is not None:
            for tag, value in scalars.items():
                self.writer.add_scalar(tag, value, step)

    # --- previews

    def _preview_after_step(self) -> None:
        """By steps, unless previews are drawn by epochs: then the step interval is passed over."""
        every = self.settings.sample_every_n_steps
        if every and self.settings.sample_every_n_epochs is None and self.step % every == 0:
            self._preview(epoch=None)

    def _preview_after_epoch(self, epoch: int) -> None:
        every = self.settings.sample_every_n_epochs
        if every and epoch % every == 0:
            self._preview(epoch=epoch)

    def _preview(self, epoch: int | None) -> None:
        if not self.prompts:
            return
        settings = self.settings
        self.network.eval()
        samples.save_previews(
            self.painter, self.prompts, Path(settings.output_dir) / "sample", settings.output_name,
            step=self.step, epoch=epoch, sampler=settings.sample_sampler,
        )  # fmt: skip
        self.network.train()


_LOSSES: dict[str, Any] = {
    "l2": functional.mse_loss,
    "l1": functional.l1_loss,
    "smooth_l1": functional.smooth_l1_loss,
}


def _make_folder(folder: Path, field: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be written to.",
            why=str(error.strerror or error),
            remedy="Choose a folder that you can write to.",
            field=field,
            value=str(folder),
        ) from error


def _prompts(settings: Settings) -> list[samples.Prompt]:
    """The preview prompts, none where previews are not asked for.

    Raises:
        InputError: previews are asked for and the prompt file is missing.
    """
    wanted = settings.sample_at_first or settings.sample_every_n_steps or settings.sample_every_n_epochs
    if not wanted:
        return []
    try:
        return samples.read_prompts(Path(settings.sample_prompts or ""))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The prompt file {settings.sample_prompts} cannot be read.",
            why=str(error),
            remedy="Give at least one preview prompt, or switch previews off.",
            field="sample_prompts",
            value=settings.sample_prompts,
        ) from error


def _start_from(target: network.Network, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"The LoRA to start from, {path}, cannot be read.",
            why=str(error),
            remedy="Choose a LoRA file that is there, or start without it.",
            field="network_weights",
            value=str(path),
        ) from error
    target.load_kohya(state)
    say(f"load network weights from {path.name}")


def _writer(settings: Settings) -> Any:
    """TensorBoard's writer in ``<logging_dir>/<prefix><time>/network_train``, None without a folder."""
    if not settings.logging_dir:
        return None
    from torch.utils.tensorboard import SummaryWriter

    stamp = (settings.log_prefix or "") + time.strftime("%Y%m%d%H%M%S", time.localtime())
    # flushed every second, so that a curve can be watched while it grows
    return SummaryWriter(str(Path(settings.logging_dir) / stamp / "network_train"), flush_secs=1)
