"""Start a training script of sd-scripts with the widths of a tiny base model.

``python run.py MODEL SCRIPT [ARGUMENT …]`` in the trainer's own interpreter; standard library only.
No file of the trainer is touched: its modules are imported, their constants set, and the script is
then run as if it had been started directly.
"""

from __future__ import annotations

import importlib
import json
import runpy
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

METADATA_KEY = "lora_workbench.shape"  # the same as in the package, which is not importable here

HEADER_LIMIT = 100_000_000  # bytes; the format's own limit


def read_shape(model: str) -> dict[str, Any]:
    """The widths in a model file's safetensors metadata.

    Raises:
        SystemExit: the file is missing or has none.
    """
    try:
        with Path(model).open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > HEADER_LIMIT:
                raise ValueError("no safetensors header")
            metadata = json.loads(file.read(length)).get("__metadata__", {})
        shape: dict[str, Any] = json.loads(metadata[METADATA_KEY])
    except (OSError, KeyError, ValueError, struct.error) as error:
        sys.exit(f"ERROR: {model} is not a tiny base model ({type(error).__name__}: {error}).")
    return shape


def apply(shape: Mapping[str, Any]) -> None:
    """Set the constants of the trainer's modules. The trainer's folder must be on ``sys.path``."""
    _apply_vae(shape["vae"])
    if shape["family"] == "sdxl":
        _apply_sdxl(shape)
    else:
        _apply_sd15(shape)


def _set(module: str, **values: Any) -> None:
    loaded = importlib.import_module(module)
    for name, value in values.items():
        if not hasattr(loaded, name):
            sys.exit(f"ERROR: {module} has no {name}: this version of sd-scripts is not the expected one.")
        setattr(loaded, name, value)


def _apply_vae(vae: Mapping[str, Any]) -> None:
    module = importlib.import_module("library.model_util")
    original: Callable[[], dict[str, Any]] = module.create_vae_diffusers_config
    groups = {"norm_num_groups": vae.get("norm_num_groups", 32)}
    _set(
        "library.model_util",
        VAE_PARAMS_CH=1,  # widths are this times the multipliers
        VAE_PARAMS_CH_MULT=list(vae["block_out_channels"]),
        VAE_PARAMS_NUM_RES_BLOCKS=vae["layers_per_block"],
        create_vae_diffusers_config=lambda: {**original(), **groups},
    )


def _apply_sd15(shape: Mapping[str, Any]) -> None:
    unet = shape["unet"]
    widths = tuple(unet["block_out_channels"])
    _set(
        "library.original_unet",
        BLOCK_OUT_CHANNELS=widths,
        TIMESTEP_INPUT_DIM=widths[0],
        TIME_EMBED_DIM=widths[0] * 4,
        NORM_GROUPS=unet.get("norm_num_groups", 32),
        TRANSFORMER_NORM_NUM_GROUPS=unet.get("norm_num_groups", 32),
    )
    _set(
        "library.model_util",
        UNET_PARAMS_MODEL_CHANNELS=1,
        UNET_PARAMS_CHANNEL_MULT=list(widths),
        UNET_PARAMS_CONTEXT_DIM=unet["cross_attention_dim"],
        UNET_PARAMS_NUM_HEADS=unet["attention_head_dim"],
    )
    _override("library.model_util", "CLIPTextConfig", [shape["text_encoder"]])


def _apply_sdxl(shape: Mapping[str, Any]) -> None:
    unet = shape["unet"]
    _set(
        "library.sdxl_original_unet",
        MODEL_CHANNELS=unet["model_channels"],
        TIME_EMBED_DIM=unet["model_channels"] * 4,
        CONTEXT_DIM=unet["cross_attention_dim"],
        ADM_IN_CHANNELS=unet["projection_class_embeddings_input_dim"],
    )
    inside = {name: unet[name] for name in ("cross_attention_dim", "num_transformer_layers")}
    _override("library.sdxl_original_unet", "Transformer2DModel", [inside])
    encoders = [shape["text_encoder"], shape["text_encoder_2"]]
    _override("library.sdxl_model_util", "CLIPTextConfig", encoders)


def _override(module: str, name: str, settings: list[Mapping[str, Any]]) -> None:
    """Make a module build a class with other settings; of several, the n-th call gets the n-th."""
    kind = getattr(importlib.import_module(module), name)
    calls = 0

    class Adjusted(kind):  # type: ignore[misc,valid-type]
        def __init__(self, *args: Any, **keywords: Any) -> None:
            nonlocal calls
            chosen = settings[calls % len(settings)]
            calls += 1
            super().__init__(*args, **{**keywords, **chosen})

    Adjusted.__name__, Adjusted.__qualname__ = kind.__name__, kind.__qualname__
    _set(module, **{name: Adjusted})


def main(argv: list[str]) -> None:
    """Apply the widths of ``argv[1]`` and run the script ``argv[2]`` with the rest."""
    model, script = argv[1], Path(argv[2]).absolute()
    sys.path[0] = str(script.parent)  # where Python itself would have put it
    apply(read_shape(model))
    sys.argv = [str(script), *argv[3:]]
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv)
