"""Trainings of a few steps on random weights, in this process."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lora_core.engines.practice import config, loading, samples
from lora_core.engines.practice.loop import Training
from lora_core.errors import EngineError, InputError

Configure = Callable[..., Path]


def train(path: Path) -> Path:
    return Training(config.read(path)).run()


def same(one: Path, other: Path) -> bool:
    a, b = load_file(one), load_file(other)
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata())


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    (events,) = folder.glob("logs/*/network_train")
    reader = EventAccumulator(str(events))
    reader.Reload()
    return {tag: [(e.step, e.value) for e in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def test_same_seed_same_lora_other_seed_another(configure: Configure, tmp_path: Path) -> None:
    one, two = (train(configure(tmp_path / name, network_dropout=0.1)) for name in ("a", "b"))
    other = train(configure(tmp_path / "c", network_dropout=0.1, seed=6))
    assert same(one, two)
    assert not same(one, other)


def test_lora_has_the_real_trainers_layout(configure: Configure, tmp_path: Path) -> None:
    found = load_file(train(configure(tmp_path, max_train_epochs=1)))
    modules = {key.split(".")[0] for key in found}
    assert {key.split(".", 1)[1] for key in found} == {"lora_down.weight", "lora_up.weight", "alpha"}
    # 16 transformers less those that a one-layer UNet lacks, 12 layers each; 2 text layers of 6
    text = {name for name in modules if name.startswith("lora_te_")}
    assert len(text) == 12
    assert "lora_te_text_model_encoder_layers_0_mlp_fc1" in text
    unet = modules - text
    assert len(unet) == 120
    assert all(name.startswith("lora_unet_") for name in unet)
    for name in ("proj_in", "transformer_blocks_0_attn1_to_q", "transformer_blocks_0_attn2_to_out_0",
                 "transformer_blocks_0_ff_net_0_proj", "transformer_blocks_0_ff_net_2"):  # fmt: skip
        assert f"lora_unet_down_blocks_0_attentions_0_{name}" in unet
    down = found["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"]
    assert down.shape == (4, 16, 1, 1)
    assert down.dtype == torch.float16
    assert found["lora_unet_down_blocks_0_attentions_0_proj_in.alpha"].item() == 2.0
    moved = [key for key in found if "lora_up" in key and found[key].abs().max() > 0]
    assert len(moved) > len(modules) * 0.9


def test_unet_only_and_text_only(configure: Configure, tmp_path: Path) -> None:
    unet = load_file(train(configure(tmp_path / "a", max_train_epochs=1, network_train_unet_only=True)))
    text = load_file(train(configure(tmp_path / "b", max_train_epochs=1, unet_lr=0.0)))
    assert all(key.startswith("lora_unet_") for key in unet)
    assert all(key.startswith("lora_te_") for key in text)


@pytest.mark.parametrize("kind", ["lora", "locon"])
def test_diffusers_reads_the_file_and_draws_what_the_trainer_drew(
    configure: Configure, base: Path, tmp_path: Path, kind: str
) -> None:
    """Both the layout and alpha's meaning must be right for that."""
    extra: dict[str, Any] = {"network_args": ["conv_dim=2", "conv_alpha=1"]} if kind == "locon" else {}
    path = configure(tmp_path, prompts="a zibbit --d 3 --s 4 --l 3", sample_every_n_epochs=2, learning_rate=2e-2,
                     save_precision="float", **extra)  # fmt: skip
    lora = train(path)
    keys = load_file(lora)
    assert any("resnets_0_conv1" in key for key in keys) == (kind == "locon")
    (preview,) = (tmp_path / "output/sample").iterdir()
    pipeline = loading.open_base(base)
    prompt = samples.parse("a zibbit --d 3 --s 4 --l 3")
    plain = np.asarray(loading.painter(pipeline).draw(prompt)).astype(int)
    loading.load_lora(pipeline, lora)
    loaded = np.asarray(loading.painter(pipeline).draw(prompt)).astype(int)
    drawn = np.asarray(Image.open(preview)).astype(int)
    assert np.abs(loaded - drawn).max() <= 1
    assert np.abs(plain - drawn).max() > 5
    loading.load_lora(pipeline, lora, 0.0)
    assert np.abs(np.asarray(loading.painter(pipeline).draw(prompt)).astype(int) - plain).max() <= 1
    loading.drop_lora(pipeline)
    assert (np.asarray(loading.painter(pipeline).draw(prompt)) == plain).all()


@pytest.mark.parametrize("part", ["-000001", "-step00000003"])
def test_resumed_training_equals_an_uninterrupted_one(
    configure: Configure, tmp_path: Path, part: str
) -> None:
    """From an epoch's end and from the middle of one, with everything random switched on."""
    common: dict[str, Any] = {
        "network_dropout": 0.2, "noise_offset": 0.1, "min_snr_gamma": 5.0, "lr_scheduler": "cosine",
        "lr_warmup_steps": 2, "save_every_n_epochs": 1, "save_every_n_steps": 3, "save_state": True,
        "save_precision": "float", "gradient_accumulation_steps": 2,
        "subset": {"flip_aug": True, "shuffle_caption": True, "caption_dropout_rate": 0.3},
        "data": {"batch_size": 2},
    }  # fmt: skip
    whole = train(configure(tmp_path / "whole", **common))
    state = tmp_path / f"whole/output/zib{part}-state"
    again = Training(config.read(configure(tmp_path / "again", **common, resume=str(state))))
    resumed = again.run()
    assert again.step == 8
    assert same(whole, resumed)
    first = 5 if part == "-000001" else 4
    assert [step for step, _ in scalars(tmp_path / "again")["loss/current"]] == list(range(first, 9))
    assert scalars(tmp_path / "again")["loss/average"][-1] == scalars(tmp_path / "whole")["loss/average"][-1]


def test_states_say_where_they_were_saved_and_are_complete(configure: Configure, tmp_path: Path) -> None:
    train(configure(tmp_path, save_every_n_epochs=1, save_state=True))
    states = {
        p.name: json.loads((p / "train_state.json").read_text())
        for p in (tmp_path / "output").glob("*-state")
    }
    assert states == {
        "zib-000001-state": {"current_epoch": 1, "current_step": 4},
        "zib-state": {"current_epoch": 2, "current_step": 8},
    }
    assert not [p for p in (tmp_path / "output").iterdir() if p.name.startswith(".")]


def test_resuming_at_the_end_or_from_nowhere_is_refused(configure: Configure, tmp_path: Path) -> None:
    train(configure(tmp_path / "a", max_train_epochs=1, save_state=True))
    state = tmp_path / "a/output/zib-state"
    with pytest.raises(InputError, match="max_train_steps should be greater than initial step"):
        train(configure(tmp_path / "b", max_train_epochs=1, resume=str(state)))
    with pytest.raises(InputError, match="folder does not exist"):
        train(configure(tmp_path / "b", resume=str(tmp_path / "away")))
    with pytest.raises(InputError, match="does not fit"):
        train(configure(tmp_path / "b", network_dim=6, resume=str(state)))


def test_scalars_stand_under_the_real_trainers_tags(configure: Configure, tmp_path: Path) -> None:
    train(configure(tmp_path, unet_lr=1e-3, text_encoder_lr=5e-4, lr_scheduler="linear"))
    found = scalars(tmp_path)
    assert set(found) == {"loss/current", "loss/average", "lr/unet", "lr/textencoder", "loss/epoch_average"}
    assert [step for step, _ in found["loss/current"]] == list(range(1, 9))
    assert [step for step, _ in found["loss/epoch_average"]] == [1, 2]
    assert found["lr/unet"][3][1] == pytest.approx(5e-4)
    assert found["lr/textencoder"][3][1] == pytest.approx(2.5e-4)
    losses = [value for _, value in found["loss/current"]]
    assert found["loss/average"][3][1] == pytest.approx(sum(losses[:4]) / 4, rel=1e-5)


def test_old_checkpoints_go_and_the_last_stay(configure: Configure, tmp_path: Path) -> None:
    train(
        configure(tmp_path, max_train_epochs=4, save_every_n_epochs=1, save_last_n_epochs=2, save_state=True)
    )
    names = sorted(p.name for p in (tmp_path / "output").iterdir())
    assert names == ["zib-000002-state", "zib-000002.safetensors", "zib-000003-state", "zib-000003.safetensors",
                     "zib-state", "zib.safetensors"]  # fmt: skip


def test_step_checkpoints(configure: Configure, tmp_path: Path) -> None:
    train(configure(tmp_path, save_every_n_steps=2, save_last_n_steps=3))
    names = sorted(p.name for p in (tmp_path / "output").glob("*.safetensors"))
    assert names == ["zib-step00000006.safetensors", "zib-step00000008.safetensors", "zib.safetensors"] or names == [
        "zib-step00000004.safetensors", "zib-step00000006.safetensors", "zib-step00000008.safetensors",
        "zib.safetensors"]  # fmt: skip
    assert metadata(tmp_path / "output/zib-step00000008.safetensors")["ss_steps"] == "8"


def test_metadata_says_what_was_trained_and_holds_no_path(
    configure: Configure, dataset: Path, tmp_path: Path
) -> None:
    lora = train(configure(tmp_path, training_comment="hello", network_args=["conv_dim=2"]))
    found = metadata(lora)
    expected = {
        "ss_network_dim": "4", "ss_network_alpha": "2", "ss_learning_rate": "0.001", "ss_num_train_images": "16",
        "ss_steps": "8", "ss_epoch": "2", "ss_output_name": "zib", "ss_seed": "5", "ss_optimizer": "AdamW",
        "ss_sd_model_name": "model", "ss_training_comment": "hello", "ss_network_module": "networks.lora",
        "modelspec.architecture": "stable-diffusion-v1/lora", "modelspec.title": "zib",
        "modelspec.resolution": "64x64", "ss_network_args": '{"conv_dim": "2"}',
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    frequency = json.loads(found["ss_tag_frequency"])
    assert frequency[dataset.name]["big zibbit"] == 16
    for text in found.values():
        assert str(tmp_path) not in text
        assert str(dataset.parent) not in text


def test_hashes_are_those_of_the_real_trainer(configure: Configure, tmp_path: Path) -> None:
    lora = train(configure(tmp_path, max_train_epochs=1))
    found = metadata(lora)
    content = lora.read_bytes()
    header = int.from_bytes(content[:8], "little")
    assert found["sshs_model_hash"] == hashlib.sha256(content[8 + header :]).hexdigest()
    plain = save(load_file(lora), {k: v for k, v in found.items() if k.startswith("ss_")})
    assert found["sshs_legacy_hash"] == hashlib.sha256(plain[0x100000:0x110000]).hexdigest()[:8]


def test_without_metadata_only_what_is_needed_remains(configure: Configure, tmp_path: Path) -> None:
    found = metadata(train(configure(tmp_path, max_train_epochs=1, no_metadata=True)))
    assert found["ss_network_dim"] == "4"
    assert "ss_tag_frequency" not in found
    assert "ss_learning_rate" not in found


def test_starting_from_an_earlier_lora(configure: Configure, tmp_path: Path) -> None:
    first = train(configure(tmp_path / "a", max_train_epochs=1, save_precision="float"))
    second = train(configure(tmp_path / "b", max_train_steps=1, max_train_epochs=None, learning_rate=1e-12,
                             save_precision="float", network_weights=str(first)))  # fmt: skip
    a, b = load_file(first), load_file(second)
    assert all(torch.allclose(a[key], b[key], atol=1e-6) for key in a)
    with pytest.raises(InputError, match="does not fit"):
        train(configure(tmp_path / "c", network_dim=8, network_weights=str(first)))


@pytest.mark.parametrize("name", ["Adafactor", "SGDNesterov"])
def test_other_optimizers_learn(configure: Configure, tmp_path: Path, name: str) -> None:
    found = load_file(train(configure(tmp_path, optimizer_type=name, max_train_epochs=1)))
    assert sum(value.abs().sum() for key, value in found.items() if "lora_up" in key) > 0


def test_wrong_optimizer_argument_is_named(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        train(configure(tmp_path, optimizer_args=["colour=3"]))
    assert caught.value.field == "optimizer_args"


@pytest.mark.parametrize("name", ["constant_with_warmup", "cosine", "cosine_with_restarts", "polynomial"])
def test_schedules_end_where_they_should(configure: Configure, tmp_path: Path, name: str) -> None:
    train(configure(tmp_path, lr_scheduler=name, lr_warmup_steps=2, lr_scheduler_power=2.0,
                    lr_scheduler_num_cycles=1, network_train_unet_only=True))  # fmt: skip
    rates = [value for _, value in scalars(tmp_path)["lr/unet"]]
    assert rates[0] == pytest.approx(5e-4)
    assert rates[1] == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-3 if name == "constant_with_warmup" else 0.0, abs=2e-7)


def test_loss_that_is_no_number_ends_the_training(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no longer a number"):
        train(configure(tmp_path, learning_rate=1e30, optimizer_type="SGDNesterov", max_grad_norm=0.0))
    assert not (tmp_path / "output/zib.safetensors").exists()


def test_prompt_file_that_is_missing_is_named(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        train(configure(tmp_path, sample_at_first=True, sample_prompts=str(tmp_path / "away.txt")))
    assert "away.txt" in str(caught.value)


def test_base_model_that_is_missing_is_named(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        train(configure(tmp_path, pretrained_model_name_or_path=str(tmp_path / "away")))
    assert caught.value.field == "pretrained_model_name_or_path"


def test_damaged_base_model_is_named(configure: Configure, base: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(base, tmp_path / "broken")
    weights = broken / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be loaded"):
        train(configure(tmp_path, pretrained_model_name_or_path=str(broken)))


def test_a_file_that_is_no_lora_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"no\.safetensors"):
        loading.load_lora(loading.open_base(base), tmp_path / "no.safetensors")
