"""Write a tiny SDXL base model with random weights: ``PYTHON make_sdxl.py CHECKOUT RUNNER TARGET SHAPE``.

Runs in the trainer's interpreter and asks the trainer's own classes for the weights' names and sizes,
after the widths have been set. ``SHAPE`` is a JSON file as `lora_core.engines.sd_scripts.tiny` describes.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path


def text_weights_as_open_clip(weights):
    """The second text encoder's weights under OpenCLIP's names, as SDXL files have them."""
    import torch

    names = {
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.final_layer_norm.weight": "ln_final.weight",
        "text_model.final_layer_norm.bias": "ln_final.bias",
    }
    inner = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}
    inner["self_attn.out_proj"] = "attn.out_proj"
    found = {new: weights[old] for old, new in names.items()}
    found["text_projection"] = weights["text_projection.weight"].T.contiguous()
    found["logit_scale"] = torch.tensor(4.6)
    layers = {key.split(".")[3] for key in weights if ".encoder.layers." in key}
    for layer in layers:
        ours, theirs = f"text_model.encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        for leaf in ("weight", "bias"):
            parts = [weights[f"{ours}self_attn.{name}_proj.{leaf}"] for name in "qkv"]
            found[f"{theirs}attn.in_proj_{leaf}"] = torch.cat(parts)
            for old, new in inner.items():
                found[f"{theirs}{new}.{leaf}"] = weights[f"{ours}{old}.{leaf}"]
    return {f"conditioner.embedders.1.model.{key}": value for key, value in found.items()}


def main(checkout, runner, target, shape_file):
    sys.path[0] = checkout
    spec = importlib.util.spec_from_file_location("tiny_run", runner)
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    shape = json.loads(Path(shape_file).read_text("utf-8"))
    run.apply(shape)

    import torch
    from library import sdxl_original_unet
    from safetensors.torch import load_file, save_file
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(11)
    usual = {"max_position_embeddings": 77, "hidden_act": "quick_gelu"}
    unet = sdxl_original_unet.SdxlUNet2DConditionModel().state_dict()
    first = CLIPTextModel(CLIPTextConfig(**usual, **shape["text_encoder"])).state_dict()
    second = CLIPTextModelWithProjection(CLIPTextConfig(**usual, **shape["text_encoder_2"])).state_dict()
    weights = {f"model.diffusion_model.{key}": value for key, value in unet.items()}
    weights |= {f"conditioner.embedders.0.transformer.{key}": value for key, value in first.items()}
    weights |= text_weights_as_open_clip(second)
    weights |= load_file(shape["vae_file"])
    halves = {key: value.half().contiguous() for key, value in weights.items()}
    save_file(halves, target, metadata={run.METADATA_KEY: json.dumps(shape)})


if __name__ == "__main__":
    main(*sys.argv[1:])
