"""What a LoRA file says about itself: sd-scripts' ``ss_*`` keys, two hashes, and ModelSpec.

Nothing of it is a path: folders and files stand with their own name only.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from lora_core.engines.practice.config import DatasetSettings, Settings, Subset
from lora_core.engines.practice.data import Data

_COPIED = (
    "output_name", "learning_rate", "text_encoder_lr", "unet_lr", "gradient_accumulation_steps", "lr_warmup_steps",
    "lr_scheduler", "network_module", "network_dim", "network_alpha", "network_dropout", "clip_skip",
    "noise_offset", "training_comment", "max_grad_norm", "min_snr_gamma", "loss_type", "prior_loss_weight",
)  # fmt: skip
"""Settings that stand in the file as they were given."""

_KEPT_WITHOUT = ("ss_v2", "ss_base_model_version", "ss_network_module", "ss_network_dim", "ss_network_alpha",
                 "ss_network_args")  # fmt: skip
"""What remains with ``no_metadata``: all that is needed to use the file."""

BASE_VERSION = "sd_v1"
"""sd-scripts' word for the family; the practice base model has its shape."""
_ARCHITECTURE = "stable-diffusion-v1/lora"


def training(settings: Settings, data: Data, *, seed: int, steps: int, epochs: int, batches: int,
             session: int, started: float) -> dict[str, str]:  # fmt: skip
    """The part that stays the same over a training.

    Args:
        settings: what was asked for.
        data: the pictures.
        seed: the seed that was used.
        steps: optimizer steps in all.
        epochs: epochs in all.
        batches: batches of one epoch.
        session: a random number that all files of one training share.
        started: when it began, Unix seconds.
    """
    found: dict[str, Any] = {f"ss_{key}": getattr(settings, key) for key in _COPIED}
    extra = ", ".join(settings.optimizer_args)
    found |= {
        "ss_session_id": session,
        "ss_training_started_at": started,
        "ss_num_train_images": data.train_images,
        "ss_num_reg_images": data.reg_images,
        "ss_num_batches_per_epoch": batches,
        "ss_num_epochs": epochs,
        "ss_max_train_steps": steps,
        "ss_mixed_precision": "no",
        "ss_v2": False,
        "ss_base_model_version": BASE_VERSION,
        "ss_cache_latents": True,
        "ss_seed": seed,
        "ss_optimizer": settings.optimizer_type + (f"({extra})" if extra else ""),
        "ss_caption_dropout_rate": _first(settings).caption_dropout_rate,
        "ss_caption_dropout_every_n_epochs": _first(settings).caption_dropout_every_n_epochs,
        "ss_caption_tag_dropout_rate": _first(settings).caption_tag_dropout_rate,
        "ss_datasets": json.dumps([_dataset(one) for one in settings.datasets]),
        "ss_tag_frequency": json.dumps(data.tag_frequency()),
        "ss_dataset_dirs": json.dumps(_folders(data)),
    }
    if settings.network_args:
        found["ss_network_args"] = json.dumps(settings.network_options)
    found |= _base(settings.base_folder)
    return {key: str(value) for key, value in found.items()}


def _first(settings: Settings) -> Subset:
    return settings.datasets[0].subsets[0]


def _dataset(one: DatasetSettings) -> dict[str, Any]:
    return {
        "is_dreambooth": True,
        "batch_size_per_device": one.batch_size,
        "resolution": [one.resolution, one.resolution],
        "enable_bucket": one.enable_bucket,
        "min_bucket_reso": one.min_bucket_reso if one.enable_bucket else None,
        "max_bucket_reso": one.max_bucket_reso if one.enable_bucket else None,
        "subsets": [
            {
                "image_dir": subset.label,
                "num_repeats": subset.num_repeats,
                "flip_aug": subset.flip_aug,
                "shuffle_caption": subset.shuffle_caption,
                "keep_tokens": subset.keep_tokens,
                "caption_prefix": subset.caption_prefix,
                "caption_suffix": subset.caption_suffix,
                "class_tokens": subset.class_tokens,
                "is_reg": subset.is_reg,
            }
            for subset in one.subsets
        ],
    }


def _folders(data: Data) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for item in (item for items in data.items for item in items):
        entry = out.setdefault(item.subset.label, {"n_repeats": item.subset.num_repeats, "img_count": 0})
        entry["img_count"] += 1
    return out


def _base(folder: Path) -> dict[str, str]:
    """The base model by name and by its UNet's hashes.

    sd-scripts hashes one checkpoint file; a model in a folder has none, so its UNet stands for it.
    """
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    content = weights.read_bytes() if weights.is_file() else b""
    return {
        "ss_sd_model_name": folder.name,
        "ss_sd_model_hash": _legacy(content),
        "ss_new_sd_model_hash": hashlib.sha256(content).hexdigest(),
    }


def checkpoint(fixed: dict[str, str], settings: Settings, *, step: int, epoch: int) -> dict[str, str]:
    """The metadata of one file: the fixed part, where it was saved, and ModelSpec."""
    now = time.time()
    if settings.no_metadata:
        found = {key: fixed[key] for key in _KEPT_WITHOUT if key in fixed}
    else:
        found = {**fixed, "ss_training_finished_at": str(now), "ss_steps": str(step), "ss_epoch": str(epoch)}
    return {**found, **_modelspec(settings, now)}


def _modelspec(settings: Settings, now: float) -> dict[str, str]:
    """ModelSpec 1.0.1 (github.com/Stability-AI/ModelSpec), as far as there is something to say."""
    one = settings.datasets[0]
    found: dict[str, str | None] = {
        "sai_model_spec": "1.0.1",
        "architecture": _ARCHITECTURE,
        "implementation": "diffusers",
        "title": settings.metadata_title or settings.output_name,
        "resolution": f"{one.resolution}x{one.resolution}",
        "date": datetime.datetime.fromtimestamp(int(now), datetime.timezone.utc)
        .replace(tzinfo=None)
        .isoformat(),
        "prediction_type": "epsilon",
        "encoder_layer": str(settings.clip_skip) if settings.clip_skip else None,
        "author": settings.metadata_author,
        "description": settings.metadata_description,
        "license": settings.metadata_license,
        "tags": settings.metadata_tags,
    }
    return {f"modelspec.{key}": value for key, value in found.items() if value}


def serialized(weights: dict[str, torch.Tensor], metadata: dict[str, str]) -> bytes:
    """A LoRA file's bytes, its two hashes added.

    As sd-scripts reckons them (`precalculate_safetensors_hashes`): both over a file that has only the
    ``ss_*`` metadata; the model hash is the SHA-256 of all that follows the header, the legacy one the
    first eight digits of the SHA-256 of 64 KiB from the first MiB on.
    """
    plain = save(weights, {key: value for key, value in metadata.items() if key.startswith("ss_")})
    header = int.from_bytes(plain[:8], "little")
    hashes = {
        "sshs_model_hash": hashlib.sha256(plain[8 + header :]).hexdigest(),
        "sshs_legacy_hash": _legacy(plain),
    }
    return save(weights, {**metadata, **hashes})


def _legacy(content: bytes) -> str:
    return hashlib.sha256(content[0x100000 : 0x100000 + 0x10000]).hexdigest()[:8]
