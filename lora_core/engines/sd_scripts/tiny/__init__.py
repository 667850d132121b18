"""Run sd-scripts on base models that are shaped like Stable Diffusion but far smaller.

sd-scripts has the widths of Stable Diffusion's layers as constants in its modules. A *tiny* base model
is one file in the original (LDM) key layout whose name ends in `SUFFIX` and whose safetensors metadata
hold its widths under `METADATA_KEY`, written as ``{"family": …, "unet": {…}, "vae": {…}, …}`` with the
names of diffusers' and transformers' configurations. `run.py` sets the constants before the trainer
starts. Its tokenizers lie in a folder beside it, laid out as the trainer's ``tokenizer_cache_dir``.
"""

from __future__ import annotations

from pathlib import Path

METADATA_KEY = "lora_workbench.shape"
SUFFIX = ".tiny.safetensors"
TOKENIZERS = {
    "sd15": ("openai_clip-vit-large-patch14",),
    "sdxl": ("openai_clip-vit-large-patch14", "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k"),
}
"""Family -> folders of the trainer's ``tokenizer_cache_dir``; from library/strategy_sd.py and _sdxl.py."""


def is_tiny(model: str) -> bool:
    """Whether a path names a tiny base model. Only the name is looked at."""
    return Path(model).name.lower().endswith(SUFFIX)


def tokenizer_dir(model: str) -> str:
    """The folder with a tiny model's tokenizers: the model's path without ``.safetensors``."""
    return model[: -len(".safetensors")]
