"""The practice base model's shape, its tokenizer, and how to load it.

It is Stable Diffusion 1.x in small: a UNet of four levels, a VAE that shrinks eight times into four
channels, a CLIP text encoder that reads 77 tokens. Only the widths differ, so its weights can be
written in the original key layout and read by the real trainer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diffusers import StableDiffusionPipeline

BASE_DIR = Path(__file__).parent / "base"
"""The trained model, in the folder layout of diffusers, half precision."""

TOKENS = 77
LATENT_SCALE = 0.18215
"""Latents times this have unit variance: Stable Diffusion 1.x's fixed number, built into the VAE."""

UNET: dict[str, Any] = {
    "sample_size": 8,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (64, 64, 64, 64),
    "layers_per_block": 2,
    "attention_head_dim": 8,  # in Stable Diffusion 1.x configs this is the number of heads
    "cross_attention_dim": 64,
    "norm_num_groups": 8,
}
VAE: dict[str, Any] = {
    "block_out_channels": (32, 32, 64, 64),
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 8,
    "sample_size": 64,
    "scaling_factor": LATENT_SCALE,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
TEXT_ENCODER: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": TOKENS,
    "hidden_act": "quick_gelu",
    "projection_dim": 64,
}
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "prediction_type": "epsilon",
}

_START, _END = "<|startoftext|>", "<|endoftext|>"


def write_tokenizer(folder: Path, corpus: Iterable[str], merges: int = 512) -> None:
    """Learn a small byte-pair vocabulary in CLIP's format from ``corpus`` and write it to ``folder``.

    Every byte is a token, alone and at a word's end, so any text can be encoded.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    size = len(alphabet) * 2 + merges
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    learner.train_from_iterator(corpus, trainer)
    pairs = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    words = alphabet + [a + "</w>" for a in alphabet] + ["".join(p) for p in pairs] + [_START, _END]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in pairs), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    special = {"bos_token": _START, "eos_token": _END, "unk_token": _END, "pad_token": _END}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=1), encoding="utf-8")
    config = {
        **special,
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": TOKENS,
        "do_lower_case": True,
        "errors": "replace",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")


def load_pipeline(folder: Path = BASE_DIR) -> StableDiffusionPipeline:
    """Load the base model in fp32 on the CPU, offline."""
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline.from_pretrained(
        folder, safety_checker=None, requires_safety_checker=False, local_files_only=True
    )
