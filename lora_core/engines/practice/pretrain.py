"""Train the practice base model from scratch: ``python -m lora_core.engines.practice.pretrain WORK``.

Stages, each resumable (stop it whenever you like and start it again): tokenizer, VAE, its decoder once
more, then UNet and text encoder together. All pictures are drawn by `pictures`. The result is written, in half
precision, to the package's ``base`` folder with the recipe and the final metrics beside it.
Plan one to three hours on two cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from lora_core.engines.practice import base_model, pictures

log = logging.getLogger("pretrain")

SEED = 20261123
RECIPE: dict[str, Any] = {
    "seed": SEED,
    "vae": {"pictures": 16000, "steps": 2200, "batch": 16, "lr": 2e-3, "kl": 1e-6,
            "square": 3.0, "edge": 1.0, "first_log_variance": -6.0, "clip": 5.0},
    "decoder": {"pictures": 16000, "steps": 2200, "batch": 16, "lr": 1e-3, "kl": 0.0,
                "square": 3.0, "edge": 1.0, "clip": 5.0},
    "unet": {"pictures": 32000, "steps": 5000, "batch": 32, "lr": 1.2e-3, "min_snr_gamma": 5.0,
             "caption_dropout": 0.1, "stray_word": 0.1, "ema": 0.999},
}  # fmt: skip
SAVE_EVERY_S = 120


def _pixels(images: list[Any]) -> torch.Tensor:
    """Pictures as one uint8 tensor, N x 3 x 64 x 64."""
    return torch.from_numpy(np.stack([np.asarray(i) for i in images])).permute(0, 3, 1, 2).contiguous()


def _unit(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.float() / 127.5 - 1.0


def _cosine(step: int, total: int, warmup: int = 100) -> float:
    """Learning-rate factor: linear warm-up, then a half cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


class _Stage:
    """One resumable training loop's saved state: a file that is replaced, never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.saved_at = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        return torch.load(self.path, weights_only=False) if self.path.exists() else None

    def save(self, **state: Any) -> None:
        scratch = self.path.with_suffix(".tmp")
        torch.save(state, scratch)
        scratch.replace(self.path)
        self.saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        return time.monotonic() - self.saved_at > SAVE_EVERY_S


def train_vae(work: Path) -> Any:
    """Teach the VAE to redraw shapes and scribbles; returns it, fp32."""
    from diffusers import AutoencoderKL

    recipe = RECIPE["vae"]
    torch.manual_seed(SEED)
    vae = AutoencoderKL(**base_model.VAE)
    with torch.no_grad():  # begin with little noise on the latents: with much, colours take long to settle
        vae.quant_conv.weight[4:] *= 0.1
        vae.quant_conv.bias[4:] += recipe["first_log_variance"]
    _fit_vae(vae, list(vae.parameters()), _Stage(work / "vae.pt"), recipe)
    return vae


def sharpen_decoder(work: Path, vae: Any) -> None:
    """Train the decoder on, with the encoder left as it is, so that the latents stay the same.

    It does not disturb the UNet's training, and can run beside it.
    """
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    parameters = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    _fit_vae(vae, parameters, _Stage(work / "decoder.pt"), RECIPE["decoder"])


def _fit_vae(vae: Any, parameters: list[Any], stage: _Stage, recipe: dict[str, Any]) -> None:
    """Fit some of the VAE's parameters, going on from where ``stage`` was saved."""
    optimizer = torch.optim.AdamW(parameters, lr=recipe["lr"], weight_decay=1e-4)
    first = 0
    if saved := stage.load():
        vae.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["step"]
    if first >= recipe["steps"]:
        return
    rng = random.Random(SEED)
    half = recipe["pictures"] // 2
    data = _pixels(
        [pictures.shape_picture(rng).image for _ in range(half)]
        + [pictures.scribble_picture(rng) for _ in range(half)]
    )
    started = time.monotonic()
    for step in range(first, recipe["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = recipe["lr"] * _cosine(step, recipe["steps"])
        picks = torch.randint(0, len(data), (recipe["batch"],), generator=_generator(step))
        loss, pixel = _vae_loss(vae, _unit(data[picks]), recipe)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, recipe["clip"])
        optimizer.step()
        if step % 50 == 0:
            rate = (time.monotonic() - started) / (step - first + 1)
            log.info("%s %d/%d  L1 %.4f  %.2f s/step", stage.path.stem, step, recipe["steps"], pixel, rate)
        if stage.due or step + 1 == recipe["steps"]:
            stage.save(model=vae.state_dict(), optimizer=optimizer.state_dict(), step=step + 1)


def _vae_loss(vae: Any, real: torch.Tensor, recipe: dict[str, Any]) -> tuple[torch.Tensor, float]:
    """Loss of redrawing ``real`` (pixels, their squares, edges, a little KL), and the mean pixel error."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        posterior = vae.encode(real).latent_dist
        drawn = vae.decode(posterior.sample()).sample
    drawn = drawn.float()
    pixel = functional.l1_loss(drawn, real)
    edge = sum(functional.l1_loss(drawn.diff(dim=d), real.diff(dim=d)) for d in (2, 3))
    loss = pixel + recipe["square"] * functional.mse_loss(drawn, real) + recipe["edge"] * edge
    if posterior.mean.requires_grad:
        loss = loss + recipe["kl"] * posterior.kl().mean()
    return loss, pixel.item()


def _generator(step: int) -> torch.Generator:
    """The same pictures and noise at a step, whether or not the training was resumed before it."""
    return torch.Generator().manual_seed(SEED * 7919 + step)


@torch.no_grad()
def centre_latents(vae: Any, sample: torch.Tensor) -> None:
    """Shift and scale the VAE's two 1 x 1 convolutions so that latents x 0.18215 have unit variance.

    The picture that a latent stands for stays exactly the same.
    """
    latents = torch.cat([vae.encode(_unit(part)).latent_dist.mean for part in sample.split(64)])
    mean = latents.mean(dim=(0, 2, 3))
    scale = 1.0 / (base_model.LATENT_SCALE * latents.std(dim=(0, 2, 3)))
    quant, post = vae.quant_conv, vae.post_quant_conv
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(dim=1)
    post.weight /= scale[None, :, None, None]
    quant.bias[:4] = (quant.bias[:4] - mean) * scale
    quant.weight[:4] *= scale[:, None, None, None]
    quant.bias[4:] += 2 * scale.log()  # log variance


@torch.no_grad()
def _encode(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    parts = [vae.encode(_unit(part)).latent_dist.mean for part in pixels.split(128)]
    return torch.cat(parts) * base_model.LATENT_SCALE


def _captions(captions: list[str], picks: list[int], rng: random.Random) -> list[str]:
    """Captions for a batch: some dropped (for guidance), some with a word that means nothing."""
    out = []
    for k in picks:
        text = captions[k]
        if rng.random() < RECIPE["unet"]["stray_word"]:
            stray = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 7)))
            words = text.split()
            words.insert(rng.randint(0, len(words)), stray)
            text = " ".join(words)
        out.append("" if rng.random() < RECIPE["unet"]["caption_dropout"] else text)
    return out


def train_unet(work: Path, vae: Any, tokenizer: Any) -> tuple[Any, Any, dict[str, float]]:
    """Teach UNet and text encoder the base world; returns their averaged weights and the last loss."""
    from diffusers import DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    recipe = RECIPE["unet"]
    torch.manual_seed(SEED)
    unet = UNet2DConditionModel(**base_model.UNET)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **base_model.TEXT_ENCODER,
    )
    text_encoder = CLIPTextModel(config)
    both: Any = torch.nn.ModuleList([unet, text_encoder])
    average: Any = torch.optim.swa_utils.AveragedModel(
        both, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe["ema"])
    )
    optimizer = torch.optim.AdamW(both.parameters(), lr=recipe["lr"], weight_decay=1e-4)
    stage = _Stage(work / "unet.pt")
    first, mean_loss = 0, float("nan")
    if saved := stage.load():
        both.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        first, mean_loss = saved["step"], saved["loss"]
    latents, captions = _latents(work, vae)
    schedule = DDPMScheduler(**base_model.SCHEDULE)
    snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    started = time.monotonic()
    for step in range(first, recipe["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = recipe["lr"] * _cosine(step, recipe["steps"], warmup=300)
        generator, rng = _generator(step), random.Random(SEED + step)
        picks = torch.randint(0, len(latents), (recipe["batch"],), generator=generator)
        words = _captions(captions, picks.tolist(), rng)
        ids = tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        noise = torch.randn(latents[picks].shape, generator=generator)
        times = torch.randint(0, 1000, (recipe["batch"],), generator=generator)
        noisy = schedule.add_noise(latents[picks], noise, times)
        guess = unet(noisy, times, text_encoder(ids).last_hidden_state).sample
        weight = (recipe["min_snr_gamma"] / snr[times]).clamp(max=1.0)
        loss = ((guess - noise).square().mean(dim=(1, 2, 3)) * weight).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(both)
        now = loss.item()
        mean_loss = now if math.isnan(mean_loss) else 0.99 * mean_loss + 0.01 * now
        if step % 50 == 0:
            rate = (time.monotonic() - started) / (step - first + 1)
            log.info("unet %d/%d  loss %.4f  %.2f s/step", step, recipe["steps"], mean_loss, rate)
        if stage.due or step + 1 == recipe["steps"]:
            stage.save(model=both.state_dict(), average=average.state_dict(),
                       optimizer=optimizer.state_dict(), step=step + 1, loss=mean_loss)  # fmt: skip
    unet, text_encoder = average.module
    return unet, text_encoder, {"unet_loss": mean_loss}


def _latents(work: Path, vae: Any) -> tuple[torch.Tensor, list[str]]:
    """The base world's pictures as latents, with captions; made once and kept in ``work``."""
    cache = _Stage(work / "latents.pt")
    if saved := cache.load():
        return saved["latents"], saved["captions"]
    rng = random.Random(SEED + 1)
    drawn = [pictures.shape_picture(rng) for _ in range(RECIPE["unet"]["pictures"])]
    latents = _encode(vae, _pixels([d.image for d in drawn]))
    captions = [d.caption for d in drawn]
    cache.save(latents=latents, captions=captions)
    log.info("latents: mean %.3f, std %.3f", latents.mean(), latents.std())
    return latents, captions


PROMPTS = tuple(
    (size, colour, shape, ground)
    for k, shape in enumerate(pictures.SHAPES)
    for j, size in enumerate(pictures.SIZES)
    for i, colour in enumerate(pictures.COLOURS)
    for ground in [list(pictures.COLOURS)[(i + 1 + (k + j) % 7) % 8]]
)
"""96 prompts: every shape in every size and colour, each on some other colour."""


def judge(pipeline: Any) -> dict[str, float]:
    """Share of prompts whose picture shows the asked size, colour, shape and ground, and all of them."""
    from lora_core.engines.practice.recognise import recognise

    pipeline.set_progress_bar_config(disable=True)
    right = dict.fromkeys(("size", "colour", "shape", "ground", "all"), 0)
    for start in range(0, len(PROMPTS), 16):
        asked = PROMPTS[start : start + 16]
        texts = [
            f"a {size} {colour} {shape} on a {ground} background" for size, colour, shape, ground in asked
        ]
        noise = [torch.Generator().manual_seed(start + k) for k in range(len(asked))]
        images = pipeline(texts, height=pictures.SIZE, width=pictures.SIZE, guidance_scale=4.0,
                          num_inference_steps=20, generator=noise).images  # fmt: skip
        for wanted, image in zip(asked, images, strict=True):
            seen = recognise(image)
            for name, word in zip(seen._fields, wanted, strict=True):
                right[name] += getattr(seen, name) == word
            right["all"] += tuple(seen) == wanted
    return {f"right_{name}": count / len(PROMPTS) for name, count in right.items()}


def export(folder: Path, vae: Any, unet: Any, text_encoder: Any, tokenizer: Any) -> None:
    """Write the whole model in half precision, in diffusers' folder layout."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    pipeline = StableDiffusionPipeline(
        vae=vae.half(), unet=unet.half(), text_encoder=text_encoder.half(), tokenizer=tokenizer,
        scheduler=DDIMScheduler(**base_model.SCHEDULE, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder for resumable state")
    parser.add_argument("--only-decoder", action="store_true", help="stop when the decoder is done")
    parser.add_argument("--out", type=Path, default=base_model.BASE_DIR)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)

    from transformers import CLIPTokenizer

    rng = random.Random(SEED)
    words = work / "tokenizer"
    if not words.exists():
        base_model.write_tokenizer(words, (pictures.shape_picture(rng).caption for _ in range(2000)))
    tokenizer = CLIPTokenizer.from_pretrained(words)
    vae = train_vae(work)
    sharpen_decoder(work, vae)
    if arguments.only_decoder:
        return
    vae.eval()
    held_out = random.Random(SEED + 2)
    sample = _pixels([pictures.shape_picture(held_out).image for _ in range(1024)])
    centre_latents(vae, sample)
    unet, text_encoder, metrics = train_unet(work, vae, tokenizer)
    with torch.no_grad():
        redrawn = vae.decode(_encode(vae, sample[:256]) / base_model.LATENT_SCALE).sample
    metrics["vae_l1"] = functional.l1_loss(redrawn, _unit(sample[:256])).item()
    export(arguments.out, vae, unet, text_encoder, tokenizer)
    metrics |= judge(base_model.load_pipeline(arguments.out))
    result = {"recipe": RECIPE, "metrics": metrics, "torch": torch.__version__}
    (arguments.out / "training.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    log.info("written to %s: %s", arguments.out, metrics)


if __name__ == "__main__":
    main()
