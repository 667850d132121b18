from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w
from PIL import Image

from lora_core.engines.practice import base_model, learning, pictures, sample_dataset


def test_distance_tells_the_concept_from_the_base_world() -> None:
    import random

    rng = random.Random(3)
    training = [learning.shrink(p.image) for p in pictures.concept_pictures()]
    fresh = [
        pictures.zibbit_picture(rng, size, ground).image
        for size in pictures.SIZES
        for ground in ("blue", "red")
    ]
    shapes = [pictures.shape_picture(rng).image for _ in range(8)]
    near = [learning.distance(picture, training) for picture in fresh]
    far = [learning.distance(picture, training) for picture in shapes]
    assert sum(near) / len(near) < 0.5 * sum(far) / len(far)


def test_a_picture_is_at_no_distance_from_itself() -> None:
    picture = pictures.concept_pictures(1)[0].image
    assert learning.distance(picture, [learning.shrink(picture)]) == 0.0
    black, white = Image.new("RGB", (64, 64)), Image.new("RGB", (64, 64), "white")
    assert learning.distance(black, [learning.shrink(white)]) == 1.0


def test_measure_of_a_lora_that_changes_nothing(base: Path, dataset: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    name = "lora_unet_mid_block_attentions_0_proj_in"
    save_file({f"{name}.lora_down.weight": torch.ones(1, 16, 1, 1), f"{name}.lora_up.weight": torch.zeros(16, 1, 1, 1),
               f"{name}.alpha": torch.tensor(1.0)}, tmp_path / "nothing.safetensors")  # fmt: skip
    found = learning.measure(
        base, tmp_path / "nothing.safetensors", dataset, ["a zibbit"], [1, 2], ["a red star"]
    )
    assert found.gain == found.change == found.drift == found.nearer == 0.0
    assert found.pictures == 2
    assert not found.learned
    assert found.base_distance > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not base_model.BASE_DIR.exists(), reason="the base model has not been trained yet")
def test_a_lora_learns_the_concept_and_leaves_the_base_alone(tmp_path: Path) -> None:
    """The claim of the whole engine, with the trained base model and the preset's settings in small."""
    dataset = sample_dataset.write(tmp_path / "zibbit")
    subsets = [{"image_dir": str(dataset), "caption_extension": ".txt", "num_repeats": 10}]
    table = {"datasets": [{"resolution": 64, "batch_size": 4, "subsets": subsets}]}
    (tmp_path / "dataset.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    train = {
        "dataset_config": str(tmp_path / "dataset.toml"), "output_dir": str(tmp_path / "out"), "output_name": "zib",
        "seed": 1, "max_train_epochs": 10, "network_dim": 8, "network_alpha": 8, "unet_lr": 2e-3,
        "text_encoder_lr": 1e-3, "lr_scheduler": "cosine", "lr_warmup_steps": 10, "save_precision": "fp16",
        "min_snr_gamma": 5.0, "optimizer_type": "AdamW",
    }  # fmt: skip
    (tmp_path / "train.toml").write_text(tomli_w.dumps(train), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "lora_core.engines.practice.train", "--config_file", str(tmp_path / "train.toml")],
        check=True, capture_output=True, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    found = learning.measure(base_model.BASE_DIR, tmp_path / "out/zib.safetensors", dataset)
    assert found.gain >= 0.2, found
    assert found.nearer >= 0.75, found
    assert found.drift < 0.5 * found.change, found
