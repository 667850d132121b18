"""Small model files: the tensor names that tell what a model is, with shapes as small as they can be."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

UNET = "model.diffusion_model."
SD_VAE = {"first_stage_model.encoder.conv_in.weight": [1], "first_stage_model.decoder.conv_in.weight": [1]}
SD15 = {
    f"{UNET}input_blocks.0.0.weight": [2, 4, 1, 1],
    "cond_stage_model.transformer.text_model.embeddings.position_ids": [1, 4],
    **SD_VAE,
}
SDXL = {
    f"{UNET}input_blocks.0.0.weight": [2, 4, 1, 1],
    f"{UNET}label_emb.0.0.weight": [2, 2],
    "conditioner.embedders.0.transformer.x": [1],
    "conditioner.embedders.1.model.x": [1],
    **SD_VAE,
}
SD2 = {
    f"{UNET}input_blocks.0.0.weight": [2, 4, 1, 1],
    "cond_stage_model.model.ln_final.weight": [1],
    **SD_VAE,
}
SD3 = {f"{UNET}joint_blocks.0.context_block.attn.qkv.weight": [1], f"{UNET}pos_embed": [1, 1]}
SD3_WHOLE = {
    **SD3,
    **{f"text_encoders.{name}.transformer.x": [1] for name in ("clip_l", "clip_g", "t5xxl")},
    **SD_VAE,
}
DEV = {
    "double_blocks.0.img_attn.qkv.weight": [1],
    "single_blocks.0.linear1.weight": [1],
    "guidance_in.in_layer.bias": [1],
}
SCHNELL = {name: shape for name, shape in DEV.items() if "guidance" not in name}
CHROMA = {**SCHNELL, "distilled_guidance_layer.in_proj.weight": [1]}
FLUX_DIFFUSERS = {
    "transformer_blocks.0.attn.add_k_proj.bias": [1],
    "single_transformer_blocks.0.attn.to_k.bias": [1],
}
LUMINA = {"cap_embedder.0.weight": [1], "context_refiner.0.attention.qkv.weight": [1], "layers.0.x": [1]}
HUNYUAN = {"byt5_in.fc1.weight": [1], "double_blocks.0.img_attn_q.weight": [1], "img_in.proj.weight": [1]}
ANIMA = {"net.x_embedder.proj.1.weight": [1], "net.llm_adapter.embed.weight": [1], "net.blocks.0.x": [1]}
MODELS: dict[str, dict[str, list[int]]] = {
    "sd15": SD15, "sd2": SD2, "sdxl": SDXL, "sd3": SD3, "flux": DEV, "lumina": LUMINA,
    "hunyuan_image": HUNYUAN, "anima": ANIMA,
}  # fmt: skip

LORA = {"lora_unet_down_blocks_0.lora_down.weight": [16, 2], "lora_unet_down_blocks_0.alpha": []}
PEFT = {"base_model.model.unet.down.lora_A.weight": [16, 2]}
SDXL_LORA = {**LORA, "lora_te2_text_model.lora_down.weight": [16, 2]}
CONTROLNET = {"control_model.input_blocks.0.0.weight": [1]}
EMBEDDING = {"emb_params": [4, 768]}


def _vae(channels: int, **more: list[int]) -> dict[str, list[int]]:
    return {
        "encoder.conv_in.weight": [1, 3, 1, 1],
        "decoder.conv_in.weight": [1, channels, 1, 1],
        **{name.replace("__", "."): shape for name, shape in more.items()},
    }


VAES = {
    "sd": _vae(4, encoder__down__0__x=[1]),
    "ae": _vae(16, encoder__down__0__x=[1]),
    "hunyuan_image": _vae(64, encoder__down__0__x=[1]),
    "anima": {
        "encoder.conv1.weight": [1, 3, 1, 1, 1],
        "decoder.conv1.weight": [1, 16, 1, 1, 1],
        "conv1.bias": [1],
    },
}
AE_DIFFUSERS = _vae(16, encoder__down_blocks__0__x=[1])
TOKENS = "text_model.embeddings.token_embedding.weight"
T5 = "encoder.block.0.layer.0.SelfAttention.k.weight"
TEXT_ENCODERS = {
    "clip_l": {TOKENS: [1, 768], "text_model.encoder.layers.0.x": [1]},
    "clip_g": {TOKENS: [1, 1280], "text_model.encoder.layers.0.x": [1]},
    "t5xxl": {"shared.weight": [1, 4096], T5: [1]},
    "byt5": {"shared.weight": [1, 1472], T5: [1]},
    "gemma2": {
        "model.layers.0.pre_feedforward_layernorm.weight": [1],
        "model.layers.0.self_attn.q_proj.weight": [1],
    },
    "qwen3": {"model.layers.0.self_attn.q_norm.weight": [1]},
    "text_encoder": {"model.layers.0.self_attn.q_proj.bias": [1], "visual.blocks.0.x": [1]},
}

SIZES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1, "F8_E4M3": 1, "F8_E5M2": 1}


def content(
    shapes: dict[str, list[int]], metadata: dict[str, str] | None = None, dtype: str = "F16"
) -> bytes:
    """A safetensors file of zeros, by the format's own rules."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, shape in shapes.items():
        size = SIZES[dtype] * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes a model file, and gives its path."""

    def made(shapes: dict[str, list[int]], name: str = "m.safetensors", **more: Any) -> str:
        path = tmp_path / name
        path.write_bytes(content(shapes, **more))
        return str(path)

    return made


@pytest.fixture
def sample() -> dict[str, Any]:
    """The small models by the names above, for tests to choose from."""
    return {name: value for name, value in globals().items() if name.isupper()}
