"""The written LDM layout, read back by diffusers' own converter. Needs no trainer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lora_core.engines.practice import ldm
from lora_core.engines.sd_scripts import tiny
from lora_core.engines.sd_scripts.tiny import run
from lora_core.errors import InputError


def loaded(file: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(file))


def test_diffusers_reads_back_every_weight(base_folder: Path, tiny_model: Path) -> None:
    import torch
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

    for part, convert in (("unet", convert_ldm_unet_checkpoint), ("vae", convert_ldm_vae_checkpoint)):
        (file,) = (base_folder / part).glob("*.safetensors")
        ours, config = loaded(file), json.loads((base_folder / part / "config.json").read_text("utf-8"))
        back = convert(loaded(tiny_model), config)
        assert back.keys() == ours.keys()
        assert all(torch.equal(back[key].reshape(ours[key].shape), ours[key]) for key in ours)


def test_text_encoder_and_tokenizer_come_along(base_folder: Path, tiny_model: Path) -> None:
    import torch

    (file,) = (base_folder / "text_encoder").glob("*.safetensors")
    written = loaded(tiny_model)
    for key, value in loaded(file).items():
        if not key.endswith("position_ids"):
            assert torch.equal(written["cond_stage_model.transformer." + key], value)
    for name in tiny.TOKENIZERS["sd15"]:
        assert (Path(tiny.tokenizer_dir(str(tiny_model))) / name / "vocab.json").is_file()


def test_shape_is_kept_in_the_file(base_folder: Path, tiny_model: Path) -> None:
    shape = run.read_shape(str(tiny_model))
    assert shape["unet"]["block_out_channels"] == [32, 32, 32, 32]
    assert shape["vae"]["layers_per_block"] == 1
    config = json.loads((base_folder / "text_encoder" / "config.json").read_text("utf-8"))
    assert shape["text_encoder"]["vocab_size"] == config["vocab_size"]


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"garbage" * 9])
def test_runner_refuses_another_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tiny.safetensors").write_bytes(content)
    with pytest.raises(SystemExit, match="not a tiny base model"):
        run.read_shape(str(tmp_path / "a.tiny.safetensors"))


def test_bad_names_and_folders(base_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tiny\.safetensors"):
        ldm.write_ldm(base_folder, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="unet"):
        ldm.write_ldm(tmp_path, tmp_path / "model.tiny.safetensors")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="not a weight"):
        ldm.unet_key("decoder.conv_in.weight")


def test_practice_checkpoint_is_written_once_and_renewed(base_folder: Path, tmp_path: Path) -> None:
    first = ldm.practice_checkpoint(tmp_path, base_folder)
    before = first.stat().st_mtime_ns
    assert ldm.practice_checkpoint(tmp_path, base_folder) == first
    assert first.stat().st_mtime_ns == before
    os.utime(first, (0, 0))
    assert ldm.practice_checkpoint(tmp_path, base_folder).stat().st_mtime > 0
