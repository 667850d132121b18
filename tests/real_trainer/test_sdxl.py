"""Two steps of an SDXL LoRA by the real trainer, through the product."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.practice import ldm
from lora_core.engines.sd_scripts import tiny
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import State
from lora_core.options import TrainingOptions, toml_io

pytestmark = pytest.mark.real_trainer

WIDTH = 32
"""Of each text encoder, and of the UNet's first level."""


def shape(base_folder: Path, vae_file: Path) -> dict[str, Any]:
    """SDXL in small: both text encoders side by side give the width that the UNet reads."""
    text = json.loads((base_folder / "text_encoder" / "config.json").read_text("utf-8"))
    names = ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id")
    common = {name: text[name] for name in names} | {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_attention_heads": 2,
        "projection_dim": WIDTH,
    }
    config = json.loads((base_folder / "vae" / "config.json").read_text("utf-8"))
    return {
        "family": "sdxl",
        "unet": {
            "model_channels": WIDTH,
            "cross_attention_dim": 2 * WIDTH,
            "projection_class_embeddings_input_dim": WIDTH + 6 * 256,  # pooled text and six sizes of 256
            "num_transformer_layers": 1,
        },
        "vae": {key: config[key] for key in ("block_out_channels", "layers_per_block", "norm_num_groups")},
        "text_encoder": {**common, "num_hidden_layers": 12},  # the trainer reads the eleventh layer's output
        "text_encoder_2": {**common, "num_hidden_layers": 2},
        "vae_file": str(vae_file),
    }


@pytest.fixture
def sdxl_model(engine: SdScriptsEngine, base_folder: Path, tmp_path: Path) -> Path:
    from safetensors.torch import load_file, save_file

    (file,) = (base_folder / "vae").glob("*.safetensors")
    vae_file, target = tmp_path / "vae.safetensors", tmp_path / "random-xl.tiny.safetensors"
    save_file({key: value.contiguous() for key, value in ldm.vae_weights(load_file(file)).items()}, vae_file)
    (tmp_path / "shape.json").write_text(json.dumps(shape(base_folder, vae_file)), "utf-8")
    maker, runner = Path(__file__).with_name("make_sdxl.py"), Path(tiny.__file__).with_name("run.py")
    arguments = [maker, engine.installation.checkout, runner, target, tmp_path / "shape.json"]
    done = subprocess.run(
        [str(engine.installation.python), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": engine.extra_path},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    for name in tiny.TOKENIZERS["sdxl"]:
        shutil.copytree(base_folder / "tokenizer", Path(tiny.tokenizer_dir(str(target))) / name)
    return target


@pytest.mark.timeout(600)
def test_two_steps(
    engine: SdScriptsEngine,
    sdxl_model: Path,
    pictures: Path,
    tmp_path: Path,
    tensors: Callable[[Path], dict[str, Any]],
) -> None:
    options = TrainingOptions(
        family="sdxl",
        pretrained_model_name_or_path=str(sdxl_model),
        image_dir=str(pictures),
        output_name="xl",
        network_type="locon",
        network_dim=2,
        conv_dim=1,
        max_train_epochs=1,
        num_repeats=1,
        train_batch_size=2,
        resolution=64,
        min_bucket_reso=64,
        mixed_precision="no",
        max_data_loader_n_workers=0,
        persistent_data_loader_workers=False,
        no_half_vae=True,
    )
    run = runs.create(
        tmp_path / "runs",
        lambda folder: engine.plan(options, folder),
        name="xl",
        options_toml=toml_io.dumps(options),
        versions=engine.versions(),
    )
    run.start()
    assert run.wait(400) is State.FINISHED, run.log_tail(60)
    found = tensors(run.plan.final_file)
    names = list(found)
    assert any(len(shape) == 4 and shape[-1] == 3 for _, shape, _ in found.values()), "no convolution"
    assert any(name.startswith("lora_te2_") for name in names)
    assert any(name.startswith("lora_unet_input_blocks_4_1_") for name in names)
