"""Counts against published ones. The real trainer's own lists are compared in tests/real_trainer."""

from __future__ import annotations

import pytest

from lora_core.engines.practice import base_model
from lora_core.forecast import architecture, layers
from lora_core.options.families import FAMILIES


def modules(found: layers.Layers) -> int:
    return sum(one.count for one in found)


def test_sd15_has_the_192_and_72_layers_of_every_lora_for_it() -> None:
    one = architecture.of_family("sd15")[0]
    assert (modules(one.layers), modules(one.texts[0].layers)) == (192, 72)
    assert modules(one.layers + one.convolutions) == 278


def test_sdxl_has_722_layers_and_264_in_its_text_encoders() -> None:
    one = architecture.of_family("sdxl")[0]
    assert (modules(one.layers), sum(modules(text.layers) for text in one.texts)) == (722, 264)
    assert modules(one.layers + one.convolutions) == 788


def test_flux_has_304_layers() -> None:
    assert modules(architecture.of_family("flux")[0].layers) == 304
    assert modules(architecture.of_family("flux", "chroma")[0].layers) == 228


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_an_architecture_of_its_own(family: str) -> None:
    one = architecture.of_family(family)[0]
    inside = sum(layer.weights * layer.count for layer in one.layers + one.convolutions)
    assert 0.5 < inside / one.weights <= 1.0
    assert one.texts


def test_the_practice_model_is_as_noted() -> None:
    for part, known in (("unet", base_model.UNET), ("text_encoder", base_model.TEXT_ENCODER)):
        assert architecture.PRACTICE[part].items() <= known.items()


def test_a_tiny_model_tells_its_widths() -> None:
    import json

    from lora_core.models.inspect import Kind, ModelInfo

    shape = {
        "unet": {"block_out_channels": [32, 32, 32, 32], "cross_attention_dim": 32},
        "text_encoder": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
    }
    info = ModelInfo(Kind.CHECKPOINT, "sd15", {architecture.TINY_SHAPE: json.dumps(shape)})
    one = architecture.find("sd15", "", info)[0]
    assert modules(one.layers) == 192
    assert modules(one.texts[0].layers) == 12
    damaged = ModelInfo(Kind.CHECKPOINT, "sd15", {architecture.TINY_SHAPE: "{"})
    assert architecture.find("sd15", "", damaged) == architecture.of_family("sd15")
