from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from lora_core.errors import InputError, Level, StorageError
from lora_core.models.checks import check
from lora_core.models.inspect import Kind, inspect, read_header
from lora_core.options import TrainingOptions

SD15 = {
    "model.diffusion_model.input_blocks.0.0.weight": [2, 4, 1, 1],
    "cond_stage_model.transformer.text_model.embeddings.position_ids": [1, 4],
    "first_stage_model.decoder.conv_in.weight": [2, 2, 1, 1],
}
SDXL = {
    "model.diffusion_model.input_blocks.0.0.weight": [2, 4, 1, 1],
    "model.diffusion_model.label_emb.0.0.weight": [2, 2],
    "conditioner.embedders.0.transformer.x": [1],
}
SD2 = {"model.diffusion_model.input_blocks.0.0.weight": [1], "cond_stage_model.model.ln_final.weight": [1]}
FLUX = {"double_blocks.0.img_attn.qkv.weight": [1]}
LORA = {"lora_unet_down_blocks_0.lora_down.weight": [4, 2], "lora_unet_down_blocks_0.alpha": []}
PEFT = {"base_model.model.unet.down.lora_A.weight": [4, 2]}
SDXL_LORA = {**LORA, "lora_te2_text_model.lora_down.weight": [4, 2]}
VAE = {"encoder.conv_in.weight": [1], "decoder.conv_in.weight": [1]}
CONTROLNET = {"control_model.input_blocks.0.0.weight": [1]}
EMBEDDING = {"emb_params": [4, 768]}


def write(path: Path, shapes: dict[str, list[int]], metadata: dict[str, str] | None = None) -> Path:
    """A safetensors file of zeros, by the format's own rules."""
    header, at = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, shape in shapes.items():
        size = 4
        for number in shape:
            size *= number
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))
    return path


def folder(path: Path, name: str) -> Path:
    (path / "unet").mkdir(parents=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": name}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("shapes", "kind", "family"),
    [
        (SD15, Kind.CHECKPOINT, "sd15"),
        (SDXL, Kind.CHECKPOINT, "sdxl"),
        (SD2, Kind.CHECKPOINT, "SD 2"),
        (FLUX, Kind.CHECKPOINT, "FLUX"),
        (LORA, Kind.LORA, ""),
        (PEFT, Kind.LORA, ""),
        (SDXL_LORA, Kind.LORA, "sdxl"),
        (VAE, Kind.VAE, ""),
        ({f"first_stage_model.{name}": shape for name, shape in VAE.items()}, Kind.VAE, ""),
        (CONTROLNET, Kind.OTHER, ""),
        (EMBEDDING, Kind.OTHER, ""),
        ({}, Kind.OTHER, ""),
    ],
)
def test_what_a_file_is(tmp_path, shapes, kind, family):
    info = inspect(write(tmp_path / "a.safetensors", shapes, {"ss_x": "1"}))
    assert (info.kind, info.family) == (kind, family)
    assert info.metadata == {"ss_x": "1"}


def test_a_real_writer_is_understood(tmp_path):
    numpy = pytest.importorskip("numpy")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file(
        {name: numpy.zeros(shape, "float16") for name, shape in SD15.items()}, tmp_path / "a.safetensors"
    )
    header = read_header(tmp_path / "a.safetensors")
    assert {name: list(shape) for name, shape in header.shapes.items()} == SD15


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        b"<html><body>not found</body></html>",
        struct.pack("<Q", 10**18) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b"{bad json",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 2) + b"\xff\xff",
    ],
)
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.safetensors"):
        inspect(path)


def test_a_file_that_was_cut_off(tmp_path):
    path = write(tmp_path / "a.safetensors", SD15)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="5 bytes are missing"):
        inspect(path)


def test_folders(tmp_path):
    assert inspect(folder(tmp_path / "a", "StableDiffusionPipeline")).family == "sd15"
    assert inspect(folder(tmp_path / "b", "StableDiffusionXLPipeline")).family == "sdxl"
    assert inspect(folder(tmp_path / "c", "AudioPipeline")).kind is Kind.OTHER
    (tmp_path / "d").mkdir()
    with pytest.raises(InputError, match=r"model_index\.json"):
        inspect(tmp_path / "d")
    (tmp_path / "d" / "model_index.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match="damaged"):
        inspect(tmp_path / "d")
    (tmp_path / "a" / "unet").rmdir()
    with pytest.raises(InputError, match="unet is missing"):
        inspect(tmp_path / "a")
    with pytest.raises(StorageError):
        read_header(tmp_path / "nowhere.safetensors")


def problems(**values):
    return check(TrainingOptions(**values))


BASE = "pretrained_model_name_or_path"


def test_a_right_model_passes(tmp_path):
    assert problems(**{BASE: str(write(tmp_path / "a.safetensors", SD15))}) == []
    assert problems(**{BASE: str(write(tmp_path / "b.safetensors", SDXL)), "family": "sdxl"}) == []
    assert problems(**{BASE: str(folder(tmp_path / "c", "StableDiffusionPipeline"))}) == []
    (tmp_path / "d.ckpt").write_bytes(b"PK\x03\x04")
    assert problems(**{BASE: str(tmp_path / "d.ckpt")}) == []
    assert check(TrainingOptions(), base_needed=False) == []


def test_no_model():
    (problem,) = problems()
    assert problem.fields[0] == BASE
    assert problem.level is Level.ERROR


@pytest.mark.parametrize(("family", "shapes", "other"), [("sd15", SDXL, "sdxl"), ("sdxl", SD15, "sd15")])
def test_the_wrong_family_is_told_with_a_fix(tmp_path, family, shapes, other):
    (problem,) = problems(**{BASE: str(write(tmp_path / "m.safetensors", shapes)), "family": family})
    assert problem.level is Level.ERROR
    assert problem.fields[0] == "family"
    assert "m.safetensors" in problem.what
    assert problem.fix == {"family": other}


@pytest.mark.parametrize(
    ("shapes", "part"),
    [
        (LORA, "it is a LoRA"),
        (VAE, "it is a VAE"),
        (EMBEDDING, "another kind"),
        (SD2, "Stable Diffusion 2"),
        (FLUX, "FLUX"),
    ],
)
def test_something_else_given_as_base_model(tmp_path, shapes, part):
    (problem,) = problems(**{BASE: str(write(tmp_path / "m.safetensors", shapes))})
    assert problem.level is Level.ERROR
    assert problem.fields[0] == BASE
    assert part in problem.what


def test_base_models_that_cannot_be(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.ckpt").write_text("<html>")
    (tmp_path / "c.safetensors").write_text("<html>")
    (tmp_path / "d").mkdir()
    for name in ("a.txt", "b.ckpt", "c.safetensors", "d", "missing.safetensors", "mis sing"):
        (problem,) = problems(**{BASE: str(tmp_path / name)})
        assert problem.level is Level.ERROR
        assert name in problem.what
        assert problem.remedy


def test_a_name_on_the_hub_is_only_a_note():
    (problem,) = problems(**{BASE: "runwayml/stable-diffusion-v1-5"})
    assert problem.level is Level.NOTE
    (problem,) = problems(**{BASE: "models/none.safetensors"})
    assert problem.level is Level.ERROR


def test_vae_and_earlier_lora(tmp_path):
    base = {BASE: str(write(tmp_path / "m.safetensors", SD15))}
    vae, lora = write(tmp_path / "v.safetensors", VAE), write(tmp_path / "l.safetensors", LORA)
    assert problems(**base, vae=str(vae), network_weights=str(lora)) == []
    swapped = problems(**base, vae=str(lora), network_weights=str(vae))
    assert [(p.fields[0], p.level) for p in swapped] == [
        ("vae", Level.ERROR),
        ("network_weights", Level.ERROR),
    ]
    gone = problems(**base, vae=str(tmp_path / "x.safetensors"), network_weights=str(tmp_path))
    assert [p.fields[0] for p in gone] == ["vae", "network_weights"]
    assert problems(**base, vae="", network_weights=" ") == []


def test_saved_state(tmp_path):
    base = {BASE: str(write(tmp_path / "m.safetensors", SD15))}
    state = tmp_path / "x-state"
    for part in ("is not there", "not a saved state", ""):
        found = problems(**base, resume=str(state))
        assert [part in problem.what for problem in found] == ([True] if part else [])
        if state.is_dir():
            (state / "train_state.json").write_text("{}")
        state.mkdir(exist_ok=True)
    (problem,) = problems(**base, resume=str(tmp_path / "m.safetensors"))
    assert "is not a folder" in problem.what
