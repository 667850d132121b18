"""Draw pictures with the practice model: previews while it trains, and pictures for judging it."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from lora_core.engines.practice import base_model
from lora_core.errors import InputError

log = logging.getLogger(__name__)

STEPS = 16
"""Denoising steps where a prompt names none."""
SCALE = 3.0
"""Guidance where a prompt names none: what suits the small base model."""
SIDE = 64
"""Side of a preview where a prompt names none, in pixels."""
MAX_SIDE = 256
"""Largest side of a preview, in pixels: beyond it the small model repeats itself."""

SAMPLERS = ("ddim", "euler", "euler_a")


@dataclass(frozen=True)
class Prompt:
    """One preview to draw. ``seed`` None means another picture every time."""

    text: str
    negative: str = ""
    width: int = SIDE
    height: int = SIDE
    steps: int = STEPS
    scale: float = SCALE
    seed: int | None = None
    sampler: str | None = None


_FLAGS: tuple[tuple[str, str, Any], ...] = (
    (r"w (\d+)", "width", int), (r"h (\d+)", "height", int), (r"d (\d+)", "seed", int), (r"s (\d+)", "steps", int),
    (r"l ([\d.]+)", "scale", float), (r"g ([\d.]+)", "scale", float), (r"n (.+)", "negative", str),
    (r"ss (.+)", "sampler", str),
)  # fmt: skip


def parse(line: str) -> Prompt:
    """One line of the trainer's prompt file: ``a cat --w 64 --h 64 --d 1 --s 20 --l 3 --n bad``.

    Sizes are brought to a multiple of 8 between 64 and 256; flags that are not known are passed over, as
    sd-scripts does.

    Raises:
        InputError: a number cannot be read.
    """
    text, *flags = line.split(" --")
    found: dict[str, Any] = {}
    for flag in flags:
        for pattern, name, kind in _FLAGS:
            if match := re.match(pattern, flag.strip(), re.IGNORECASE):
                try:
                    found[name] = kind(match.group(1).strip())
                except ValueError as error:
                    raise InputError(
                        f"The preview prompt has --{flag}, which is not a number.",
                        remedy="Correct that number.",
                        field="prompts",
                        value=line,
                    ) from error
                break
    for side in ("width", "height"):
        if side in found:
            found[side] = min(MAX_SIDE, max(SIDE, found[side] - found[side] % 8))
    if "steps" in found:
        found["steps"] = max(1, min(1000, found["steps"]))
    return Prompt(text.strip(), **found)


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a prompt file; empty lines and those that start with ``#`` are passed over."""
    lines = path.read_text("utf-8-sig").splitlines()
    return [parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


class Painter:
    """UNet, VAE and text encoder, ready to draw.

    Args:
        unet, vae, text_encoder, tokenizer: the model's parts; their LoRA layers, if any, are used.
        clip_skip: which of the text encoder's last layers is read, None for the last.
    """

    def __init__(
        self, unet: Any, vae: Any, text_encoder: Any, tokenizer: Any, clip_skip: int | None = None
    ) -> None:
        self.unet, self.vae, self.text_encoder, self.tokenizer = unet, vae, text_encoder, tokenizer
        self.clip_skip = clip_skip

    def draw(self, prompt: Prompt, sampler: str = "ddim") -> Image.Image:
        """One picture. The global random state is neither used nor changed."""
        return self.draw_alike([prompt], sampler)[0]

    @torch.inference_mode()
    def draw_alike(self, prompts: list[Prompt], sampler: str = "ddim") -> list[Image.Image]:
        """Several pictures of the same size, steps, guidance and sampler, at once: faster than one by one."""
        first = prompts[0]
        generators = [_generator(prompt.seed) for prompt in prompts]
        texts = [prompt.negative for prompt in prompts] + [prompt.text for prompt in prompts]
        schedule = _schedule(first.sampler or sampler)
        schedule.set_timesteps(first.steps)
        shape = (1, 4, first.height // 8, first.width // 8)
        with single_thread():
            told = encode(self.text_encoder, self.tokenizer, texts, self.clip_skip)
            latents = (
                torch.cat([torch.randn(shape, generator=g) for g in generators]) * schedule.init_noise_sigma
            )
            for moment in schedule.timesteps:
                fed = schedule.scale_model_input(torch.cat([latents, latents]), moment)
                without, given = self.unet(fed, moment, told, return_dict=False)[0].chunk(2)
                guess = without + first.scale * (given - without)
                latents = schedule.step(guess, moment, latents, **_noise(schedule, generators)).prev_sample
            drawn = self.vae.decode(latents / base_model.LATENT_SCALE, return_dict=False)[0]
        pixels = ((drawn.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1)
        return [Image.fromarray(one.numpy()) for one in pixels]


@contextmanager
def single_thread() -> Iterator[None]:
    """Let torch work on one core: this model gains nothing by a second one, and on a busy machine waiting
    for it makes every step many times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _generator(seed: int | None) -> torch.Generator:
    made = torch.Generator()
    if seed is None:
        made.seed()
    else:
        made.manual_seed(seed)
    return made


def _schedule(sampler: str) -> Any:
    from diffusers import DDIMScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler

    known = {k: v for k, v in base_model.SCHEDULE.items() if k != "clip_sample"}
    name = sampler.strip().lower().removeprefix("k_")
    if name == "euler":
        return EulerDiscreteScheduler(**known)
    if name == "euler_a":
        return EulerAncestralDiscreteScheduler(**known)
    # any other name draws with DDIM, as it does in sd-scripts
    return DDIMScheduler(**base_model.SCHEDULE, set_alpha_to_one=False, steps_offset=1)


def _noise(schedule: Any, generators: list[torch.Generator]) -> dict[str, Any]:
    """Samplers that add noise draw it from our generators."""
    if type(schedule).__name__ == "DDIMScheduler":
        return {}
    return {"generator": generators if len(generators) > 1 else generators[0]}


def encode(text_encoder: Any, tokenizer: Any, texts: list[str], clip_skip: int | None) -> torch.Tensor:
    """What the UNet is told about texts: N x 77 x width."""
    ids = tokenizer(
        texts, padding="max_length", truncation=True, max_length=base_model.TOKENS, return_tensors="pt"
    )
    return states(text_encoder, ids.input_ids, clip_skip)


def states(text_encoder: Any, ids: torch.Tensor, clip_skip: int | None) -> torch.Tensor:
    """The text encoder's output for token ids, read ``clip_skip`` layers from the end as sd-scripts does."""
    if clip_skip is None:
        found: torch.Tensor = text_encoder(ids).last_hidden_state
        return found
    layers = text_encoder(ids, output_hidden_states=True).hidden_states
    found = text_encoder.text_model.final_layer_norm(layers[-clip_skip])
    return found


def save_previews(
    painter: Painter,
    prompts: list[Prompt],
    folder: Path,
    name: str,
    *,
    step: int,
    epoch: int | None,
    sampler: str,
) -> list[Path]:
    """Draw and save every preview, each under its final name only when it is complete.

    Names are sd-scripts': ``NAME_000008_00_20261122224745_1.png`` (step, prompt, time, seed), by epoch
    ``NAME_e000001_00_…``.
    """
    log.info("generating sample images at step / サンプル画像生成 ステップ: %d", step)
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for number, prompt in enumerate(prompts):
        for key in ("text", "height", "width", "steps", "scale", "seed"):
            log.info(
                "%s: %s", {"text": "prompt", "steps": "sample_steps"}.get(key, key), getattr(prompt, key)
            )
        picture = painter.draw(prompt, sampler)
        place = f"e{epoch:06d}" if epoch is not None else f"{step:06d}"
        stamp = time.strftime("%Y%m%d%H%M%S", time.localtime())
        seed = "" if prompt.seed is None else f"_{prompt.seed}"
        path = folder / f"{name}_{place}_{number:02d}_{stamp}{seed}.png"
        scratch = folder / f".{path.name}.part"
        try:
            picture.save(scratch, format="PNG")
            os.replace(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
        out.append(path)
    return out
