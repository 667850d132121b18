from __future__ import annotations

import json
from pathlib import Path

import pytest

from lora_core.errors import InputError
from lora_core.models.inspect import Kind, inspect

C, T = Kind.CHECKPOINT, Kind.TEXT_ENCODER


def look(write, shapes, **more):
    return inspect(Path(write(shapes, **more)))


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        ("SD15", C, "sd15"),
        ("SD2", C, "sd2"),
        ("SDXL", C, "sdxl"),
        ("SD3", C, "sd3"),
        ("SD3_WHOLE", C, "sd3"),
        ("DEV", C, "flux"),
        ("SCHNELL", C, "flux"),
        ("CHROMA", C, "flux"),
        ("FLUX_DIFFUSERS", C, "flux"),
        ("LUMINA", C, "lumina"),
        ("HUNYUAN", C, "hunyuan_image"),
        ("ANIMA", C, "anima"),
        ("LORA", Kind.LORA, ""),
        ("PEFT", Kind.LORA, ""),
        ("SDXL_LORA", Kind.LORA, "sdxl"),
        ("CONTROLNET", Kind.CONTROLNET, ""),
        ("EMBEDDING", Kind.EMBEDDING, ""),
    ],
)
def test_what_a_file_is(write, sample, name, kind, family):
    info = look(write, sample[name], metadata={"ss_x": "1"})
    assert (info.kind, info.family) == (kind, family)
    assert info.metadata == {"ss_x": "1"}
    assert info.missing == ()


@pytest.mark.parametrize("family", ["flux", "lumina", "hunyuan_image"])
def test_the_common_prefix_does_not_matter(write, sample, family):
    shapes = {f"model.diffusion_model.{name}": shape for name, shape in sample["MODELS"][family].items()}
    assert look(write, shapes).family == family


def test_vaes_and_text_encoders_are_told_apart(write, sample):
    for part, shapes in sample["VAES"].items():
        info = look(write, shapes)
        assert (info.kind, info.part, info.layout) == (Kind.VAE, part, True)
    for part, shapes in sample["TEXT_ENCODERS"].items():
        info = look(write, shapes)
        assert (info.kind, info.part) == (T, part)
    assert not look(write, sample["AE_DIFFUSERS"]).layout
    whole = {**sample["TEXT_ENCODERS"]["t5xxl"], "decoder.block.0.layer.0.SelfAttention.k.weight": [1]}
    assert look(write, whole).part == "t5xxl"
    gemma3 = {**sample["TEXT_ENCODERS"]["gemma2"], **sample["TEXT_ENCODERS"]["qwen3"]}
    assert look(write, gemma3).part == ""


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        ({"double_blocks.0.x": [1], "double_stream_modulation_img.lin.weight": [1]}, "FLUX.2"),
        ({"cap_embedder.0.weight": [1], "context_refiner.0.x": [1], "cap_pad_token": [1]}, "Z-Image"),
        ({"double_blocks.0.x": [1], "txt_in.individual_token_refiner.x": [1]}, "HunyuanVideo"),
        ({"transformer_blocks.0.txt_mlp.net.0.proj.weight": [1]}, "Qwen-Image"),
    ],
)
def test_families_that_are_not_ours_have_their_names(write, shapes, family):
    info = look(write, shapes)
    assert (info.kind, info.family) == (C, family)


def test_variants_of_flux(write, sample):
    assert look(write, sample["DEV"]).variant == "dev"
    assert look(write, sample["SCHNELL"]).variant == "schnell"
    assert look(write, sample["CHROMA"]).variant == "chroma"


def test_sd2_is_told_by_its_unet_too(write):
    unet = "model.diffusion_model.input_blocks."
    attention = f"{unet}1.1.transformer_blocks.0.attn2.to_k.weight"
    assert look(write, {f"{unet}0.0.weight": [2, 4, 1, 1], attention: [1, 1024]}).family == "sd2"
    assert look(write, {f"{unet}0.0.weight": [2, 4, 1, 1], attention: [1, 768]}).family == "sd15"


def test_what_a_file_lacks_or_holds_besides(write, sample):
    bare = {name: shape for name, shape in sample["SDXL"].items() if "embedders.1" not in name}
    assert look(write, bare).missing == ("text encoder CLIP G",)
    inpainting = {**sample["SD15"], "model.diffusion_model.input_blocks.0.0.weight": [2, 9, 1, 1]}
    assert look(write, inpainting).variant == "inpainting"
    assert look(write, sample["SD3_WHOLE"]).contains == {"clip_l", "clip_g", "t5xxl", "vae"}
    assert look(write, sample["SD3"]).contains == set()


def test_v_prediction_is_told_by_its_mark_or_by_the_notes(write, sample):
    key = "modelspec.prediction_type"
    assert look(write, sample["SDXL"]).v_prediction is None
    assert look(write, {**sample["SDXL"], "v_pred": []}).v_prediction is True
    assert look(write, sample["SDXL"], metadata={key: "v"}).v_prediction is True
    assert look(write, sample["SDXL"], metadata={key: "epsilon"}).v_prediction is False


def test_numbers(write, sample):
    assert look(write, sample["DEV"], dtype="F8_E4M3").dtype == "F8_E4M3"
    assert look(write, sample["DEV"]).quantized == ""
    assert "scaled" in look(write, {**sample["DEV"], "scaled_fp8": [1]}).quantized
    assert "4 or 8" in look(write, {**sample["DEV"], "img_in.weight.absmax": [1]}).quantized


def test_ranks_of_a_lora(write, sample):
    assert look(write, sample["LORA"]).ranks == {16}
    assert look(write, sample["PEFT"]).ranks == {16}


def folder(path, name, **settings):
    for part, values in settings.items():
        (path / part).mkdir(parents=True)
        file = "scheduler_config.json" if part == "scheduler" else "config.json"
        (path / part / file).write_text(json.dumps(values), "utf-8")
    path.mkdir(exist_ok=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": name}), "utf-8")
    return inspect(path)


def test_folders(tmp_path):
    assert folder(tmp_path / "a", "StableDiffusionPipeline", unet={}).family == "sd15"
    v = folder(
        tmp_path / "b",
        "StableDiffusionPipeline",
        unet={"cross_attention_dim": 1024},
        scheduler={"prediction_type": "v_prediction"},
    )
    assert (v.family, v.v_prediction, v.folder) == ("sd2", True, True)
    assert folder(tmp_path / "c", "StableDiffusionXLPipeline", unet={}).family == "sdxl"
    assert folder(tmp_path / "d", "FluxPipeline", transformer={}).family == "flux"
    assert folder(tmp_path / "e", "AudioPipeline").kind is Kind.OTHER
    with pytest.raises(InputError, match="unet is missing"):
        folder(tmp_path / "f", "StableDiffusionPipeline")


def test_folders_that_are_no_models(tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(InputError, match=r"model_index\.json"):
        inspect(tmp_path / "d")
    for text in ("{", "[]"):
        (tmp_path / "d" / "model_index.json").write_text(text, "utf-8")
        with pytest.raises(InputError, match="damaged"):
            inspect(tmp_path / "d")
