"""What the real trainer writes into a LoRA file is enough to train like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import State
from lora_core.exchange import Outcome, read
from lora_core.options import TrainingOptions, toml_io

pytestmark = pytest.mark.real_trainer

NOTED: dict[str, Any] = {
    "clip_skip": 2,
    "flip_aug": True,
    "gradient_accumulation_steps": 2,
    "gradient_checkpointing": True,
    "huber_c": 0.2,
    "huber_schedule": "constant",
    "ip_noise_gamma": 0.05,
    "keep_tokens": 2,
    "learning_rate": 2e-4,
    "loss_type": "huber",
    "lr_scheduler": "cosine",
    "lr_warmup_steps": 1,
    "max_grad_norm": 0.5,
    "max_token_length": 150,
    "max_train_steps": 4,
    "min_bucket_reso": 64,
    "min_snr_gamma": 3.0,
    "network_alpha": 2.0,
    "network_dim": 4,
    "network_dropout": 0.1,
    "noise_offset": 0.03,
    "num_repeats": 3,
    "optimizer_args": ["weight_decay=0.05", "betas=(0.9, 0.95)"],
    "optimizer_type": "AdamW",
    "prior_loss_weight": 0.7,
    "resolution": 64,
    "scale_weight_norms": 1.5,
    "seed": 11,
    "shuffle_caption": True,
    "text_encoder_lr": 5e-5,
    "train_batch_size": 2,
    "training_comment": "a test",
    "unet_lr": 3e-4,
}
"""Settings that differ from ours, and that the trainer notes. Four steps are no whole number of epochs."""
KINDS: dict[str, dict[str, Any]] = {
    "lora": {"loraplus_lr_ratio": 4.0, "rank_dropout": 0.1},
    "lokr": {"lokr_factor": 4, "decompose_both": True},
}
PLAIN: dict[str, Any] = {
    "max_train_epochs": None,
    "mixed_precision": "no",
    "max_data_loader_n_workers": 0,
    "persistent_data_loader_workers": False,
    "caption_dropout_rate": 0.1,
}
"""What makes the training short, or is not noted: of caption dropout only what stands in the main table is."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", KINDS)
def test_training_like_a_file_has_its_settings(
    engine: SdScriptsEngine, tiny_model: Path, pictures: Path, tmp_path: Path, kind: str
) -> None:
    told = {"network_type": kind, **NOTED, **KINDS[kind]}
    places = {"pretrained_model_name_or_path": str(tiny_model), "image_dir": str(pictures)}
    chosen = TrainingOptions(**told, **PLAIN, **places)
    run = runs.create(
        tmp_path / "runs",
        lambda at: engine.plan(chosen, at),
        name=kind,
        options_toml=toml_io.dumps(chosen),
        versions=engine.versions(),
    )
    run.start()
    assert run.wait(300) is State.FINISHED, run.log_tail(60)
    found = read(run.plan.final_file)
    assert found.format == "lora_file"
    assert {name: found.options[name] for name in told} == told
    assert found.options["max_train_epochs"] is None
    assert any("Caption dropout" in note for note in found.notes)
    assert not found.of(Outcome.UNKNOWN)
    assert not found.of(Outcome.DROPPED)
    assert not any(place in str(found.to_dict()) for place in places.values())
