"""Write a Stable Diffusion 1.x model as one file in the original (LDM) key layout.

That is the layout that sd-scripts reads. The names follow CompVis' code: the UNet's blocks are counted
through in one list, the VAE's decoder levels are counted from the finest, and its attention weights are
1×1 convolutions.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lora_core.engines.practice.base_model import BASE_DIR
from lora_core.engines.sd_scripts import tiny
from lora_core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_UNET_TOP = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")

_SHAPE_KEYS = {
    "unet": ("block_out_channels", "cross_attention_dim", "attention_head_dim", "norm_num_groups"),
    "vae": ("block_out_channels", "layers_per_block", "norm_num_groups"),
    "text_encoder": (
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "hidden_act",
        "projection_dim",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
    ),
}
"""Configuration entries that the real trainer has to be told, by part of the model."""


def unet_key(key: str, layers: int = 2, attention: tuple[bool, ...] = (False, True, True, True)) -> str:
    """The LDM name of a diffusers UNet weight.

    Args:
        key: such as ``down_blocks.0.resnets.1.conv1.weight``.
        layers: resnets per downward block; upward blocks have one more.
        attention: whether each upward block has attention, which comes before its upsampler.
    """
    body, leaf = key.rsplit(".", 1)
    return f"model.diffusion_model.{_unet_body(body, layers, attention)}.{leaf}"


def _unet_body(body: str, layers: int, attention: tuple[bool, ...]) -> str:
    for ours, theirs in _UNET_TOP.items():
        if body == ours or body.startswith(ours + "."):
            rest = body[len(ours) + 1 :]
            inner = _UNET_RESNET.get(rest, rest) if ".resnets." in ours else rest
            return f"{theirs}.{inner}" if inner else theirs
    found = _BLOCK.fullmatch(body)
    if found is None:
        raise InputError(f"{body!r} is not a weight of a Stable Diffusion 1.x UNet.", field="unet")
    way, block, kind, item, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    side = "input_blocks" if way == "down" else "output_blocks"
    first = 1 + block * (layers + 1) if way == "down" else block * (layers + 1)
    if kind == "downsamplers":
        return f"{side}.{first + layers}.0.op"
    if kind == "upsamplers":
        return f"{side}.{first + layers}.{2 if attention[block] else 1}.conv"
    if kind == "attentions":
        return f"{side}.{first + item}.1.{rest}"
    return f"{side}.{first + item}.0.{_UNET_RESNET[rest]}"


def vae_key(key: str, levels: int = 4) -> str:
    """The LDM name of a diffusers VAE weight. ``levels``: how many blocks each half has."""
    body, leaf = key.rsplit(".", 1)
    body = body.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    body = re.sub(r"mid_block\.resnets\.(\d+)", lambda m: f"mid.block_{int(m[1]) + 1}", body)
    if attention := re.fullmatch(r"(.*)mid_block\.attentions\.0\.(.+)", body):
        body = f"{attention[1]}mid.attn_1.{_VAE_ATTENTION[attention[2]]}"
    body = re.sub(r"up_blocks\.(\d+)", lambda m: f"up.{levels - 1 - int(m[1])}", body)
    body = body.replace("down_blocks.", "down.").replace(".resnets.", ".block.")
    body = body.replace("downsamplers.0.conv", "downsample.conv").replace(
        "upsamplers.0.conv", "upsample.conv"
    )
    return f"first_stage_model.{body}.{leaf}"


def vae_weights(weights: Mapping[str, Tensor], levels: int = 4) -> dict[str, Tensor]:
    """A diffusers VAE's weights under LDM names, attention matrices as 1×1 convolutions."""
    renamed = {vae_key(key, levels): value for key, value in weights.items()}
    return {
        key: value[:, :, None, None] if ".attn_1." in key and value.ndim == 2 else value
        for key, value in renamed.items()
    }


def text_key(key: str) -> str:
    """The LDM name of a CLIP text encoder weight."""
    return f"cond_stage_model.transformer.{'' if key.startswith('text_model.') else 'text_model.'}{key}"


def shape_of(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What `lora_core.engines.sd_scripts.tiny` stores about a Stable Diffusion 1.x model's widths."""
    shape: dict[str, Any] = {"family": "sd15"}
    for part, keys in _SHAPE_KEYS.items():
        shape[part] = {key: configs[part][key] for key in keys if key in configs[part]}
    return shape


def write_ldm(base_folder: Path, target: Path) -> Path:
    """Write a model in the folder layout of diffusers as a tiny base model for the real trainer.

    Beside ``target`` comes a folder with the tokenizer, as the trainer's ``tokenizer_cache_dir``.

    Args:
        base_folder: has ``unet``, ``vae``, ``text_encoder`` and ``tokenizer``.
        target: the file to write; its name must end in ``.tiny.safetensors``.

    Raises:
        InputError: ``target`` has another name, or a part of the model is missing or of another kind.
    """
    from safetensors.torch import save_file

    if not tiny.is_tiny(str(target)):
        raise InputError(
            f"{target.name!r} cannot be the name of a tiny base model.",
            remedy=f"Choose a name that ends in {tiny.SUFFIX}.",
            field="target",
            value=str(target),
        )
    parts = {part: _read_part(base_folder / part) for part in _SHAPE_KEYS}
    configs = {part: config for part, (config, _) in parts.items()}
    weights = _ldm_weights(configs, {part: loaded for part, (_, loaded) in parts.items()})
    target.parent.mkdir(parents=True, exist_ok=True)
    metadata = {tiny.METADATA_KEY: json.dumps(shape_of(configs)), "format": "pt"}
    scratch = target.with_name(f".{target.name}.part")
    save_file(weights, scratch, metadata=metadata)
    for name in tiny.TOKENIZERS["sd15"]:
        shutil.copytree(
            base_folder / "tokenizer", Path(tiny.tokenizer_dir(str(target))) / name, dirs_exist_ok=True
        )
    scratch.replace(target)
    return target


def practice_checkpoint(folder: Path, base_folder: Path = BASE_DIR) -> Path:
    """The practice base model as a file for the real trainer, written to ``folder`` if it is not there.

    It is written anew when the base model is newer than the file.

    Raises:
        InputError: the base model is missing.
    """
    target = folder / f"practice{tiny.SUFFIX}"
    sources = [file.stat().st_mtime for file in base_folder.glob("*/*.safetensors")]
    if target.is_file() and sources and target.stat().st_mtime >= max(sources):
        return target
    return write_ldm(base_folder, target)


def _read_part(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors.torch import load_file

    files = sorted(folder.glob("*.safetensors"))
    if not files or not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} does not hold a part of a model.",
            why="It needs a config.json and a safetensors file.",
            remedy="Give the folder of a model as diffusers saves it.",
            field="base_folder",
            value=str(folder),
        )
    return json.loads((folder / "config.json").read_text("utf-8")), load_file(files[0])


def _ldm_weights(
    configs: Mapping[str, Mapping[str, Any]], parts: Mapping[str, Mapping[str, Tensor]]
) -> dict[str, Tensor]:
    layers = configs["unet"].get("layers_per_block", 2)
    kinds = configs["unet"].get("up_block_types", ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3))
    attention = tuple("Attn" in kind for kind in kinds)
    levels = len(configs["vae"]["block_out_channels"])
    weights = {unet_key(key, layers, attention): value for key, value in parts["unet"].items()}
    weights |= vae_weights(parts["vae"], levels)
    weights |= {text_key(k): v for k, v in parts["text_encoder"].items() if not k.endswith("position_ids")}
    return {key: value.contiguous() for key, value in weights.items()}
