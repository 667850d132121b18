"""Base model and LoRA together, for drawing with a LoRA that was trained before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lora_core.engines.practice import base_model
from lora_core.engines.practice.samples import Painter
from lora_core.errors import InputError

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

_ADAPTER = "lora"


def load_lora(pipeline: StableDiffusionPipeline, file: Path, weight: float = 1.0) -> None:
    """Add a LoRA file to a pipeline, in place of one that was added before.

    The file is read by diffusers' own reader of sd-scripts' key layout, as any other LoRA file is.

    Args:
        pipeline: from `base_model.load_pipeline`.
        file: a LoRA in safetensors.
        weight: how strongly it acts; 0 is the base model, 1 as trained.

    Raises:
        InputError: the file is missing, is no LoRA, or does not fit the model.
    """
    from safetensors import SafetensorError

    drop_lora(pipeline)
    try:
        pipeline.load_lora_weights(
            str(file.parent), weight_name=file.name, adapter_name=_ADAPTER, local_files_only=True
        )
        pipeline.set_adapters([_ADAPTER], [weight])
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        drop_lora(pipeline)
        raise InputError(
            f"The LoRA {file.name} cannot be used with this base model.",
            why=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="Choose a LoRA that was trained on this base model.",
            field="lora",
            value=str(file),
        ) from error


def drop_lora(pipeline: StableDiffusionPipeline) -> None:
    """Take out what `load_lora` added."""
    if pipeline.get_list_adapters():
        pipeline.unload_lora_weights()


def painter(pipeline: StableDiffusionPipeline, clip_skip: int | None = None) -> Painter:
    """Something that draws with the pipeline's model, LoRA included."""
    pipeline.unet.eval()
    pipeline.text_encoder.eval()
    return Painter(pipeline.unet, pipeline.vae, pipeline.text_encoder, pipeline.tokenizer, clip_skip)


def open_base(folder: Path | None = None) -> StableDiffusionPipeline:
    """The base model in fp32; by default the one that comes with the workbench."""
    return base_model.load_pipeline(folder or base_model.BASE_DIR)
