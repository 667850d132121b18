"""A base model with random weights, and trainings of a few steps on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lora_core.engines.practice import base_model, pictures, sample_dataset

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def make_base(folder: Path) -> Path:
    """The practice base model's shape, thinner, with random weights, in its folder layout."""
    import random

    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    rng = random.Random(1)
    words = folder.parent / "tokenizer"
    base_model.write_tokenizer(words, [pictures.shape_picture(rng).caption for _ in range(200)])
    tokenizer = CLIPTokenizer.from_pretrained(words)
    torch.manual_seed(1)
    narrow: dict[str, Any] = {
        "block_out_channels": (16, 16, 16, 16),
        "layers_per_block": 1,
        "attention_head_dim": 2,
    }
    text = {**base_model.TEXT_ENCODER, "num_hidden_layers": 2}
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
           "pad_token_id": tokenizer.pad_token_id}  # fmt: skip
    StableDiffusionPipeline(
        vae=AutoencoderKL(**{**base_model.VAE, "block_out_channels": (8, 8, 8, 8)}).half(),
        unet=UNet2DConditionModel(**{**base_model.UNET, **narrow}).half(),
        text_encoder=CLIPTextModel(CLIPTextConfig(vocab_size=len(tokenizer), **ids, **text)).half(),
        tokenizer=tokenizer,
        scheduler=DDIMScheduler(**base_model.SCHEDULE, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The models are tiny: a second thread only waits, and on a busy machine for long."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample dataset's 16 pictures."""
    return sample_dataset.write(tmp_path_factory.mktemp("data") / "zibbit")


@pytest.fixture
def configure(base: Path, dataset: Path) -> Callable[..., Path]:
    """Write the settings of a short training into a folder; returns the main file."""

    def write(
        folder: Path, *, subset: dict[str, Any] | None = None, data: dict[str, Any] | None = None,
        prompts: str = "", **train: Any,
    ) -> Path:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        subsets = [{"image_dir": str(dataset), "caption_extension": ".txt", **(subset or {})}]
        table = {"datasets": [{"resolution": 64, "batch_size": 4, **(data or {}), "subsets": subsets}]}
        (folder / "dataset.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
        values: dict[str, Any] = {
            "pretrained_model_name_or_path": str(base), "dataset_config": str(folder / "dataset.toml"),
            "output_dir": str(folder / "output"), "logging_dir": str(folder / "logs"), "output_name": "zib",
            "seed": 5, "learning_rate": 1e-3, "max_train_epochs": 2, "network_dim": 4, "network_alpha": 2,
            "save_precision": "fp16",
        }  # fmt: skip
        if prompts:
            (folder / "prompts.txt").write_text(prompts, encoding="utf-8")
            values["sample_prompts"] = str(folder / "prompts.txt")
        values |= train
        given = {key: value for key, value in values.items() if value is not None}
        (folder / "train.toml").write_text(tomli_w.dumps(given), encoding="utf-8")
        return folder / "train.toml"

    return write


@pytest.fixture
def trainer() -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """Run the trainer as the real process that it is."""

    def run(config: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lora_core.engines.practice.train", "--config_file", str(config)],
            capture_output=True, text=True, encoding="utf-8", timeout=170, check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    return run
