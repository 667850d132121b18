"""A Stable Diffusion 1.5 LoRA trained by the real trainer, through the product and by hand."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.sd_scripts import tiny
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import CheckpointSaved, Phase, PhaseChanged, Progressed, SampleSaved, State, StepLogged
from lora_core.options import TrainingOptions, toml_io

pytestmark = pytest.mark.real_trainer
PROMPT = "a big red circle --w 64 --h 64 --s 2 --d 3"

BY_HAND = """\
pretrained_model_name_or_path = "{model}"
tokenizer_cache_dir = "{tokenizers}"
dataset_config = "{folder}/dataset.toml"
output_dir = "{folder}/output"
output_name = "hand"
logging_dir = "{folder}/logs"
log_with = "tensorboard"
sample_prompts = "{folder}/prompts.txt"
sample_every_n_steps = 8
save_every_n_epochs = 1
save_model_as = "safetensors"
save_precision = "float"
network_module = "networks.lora"
network_dim = 4
network_alpha = 2
learning_rate = 1e-3
unet_lr = 1e-3
text_encoder_lr = [5e-4]
lr_scheduler = "constant"
optimizer_type = "AdamW"
max_train_epochs = 2
max_token_length = 225
max_data_loader_n_workers = 0
min_snr_gamma = 5
multires_noise_discount = 0.3
mixed_precision = "no"
cache_latents = true
sdpa = true
seed = 42
"""
DATASET = """\
[[datasets]]
resolution = 64
enable_bucket = true
min_bucket_reso = 64
batch_size = 1
[[datasets.subsets]]
image_dir = "{pictures}"
num_repeats = 2
caption_extension = ".txt"
shuffle_caption = true
keep_tokens = 1
"""


def options(model: Path, pictures: Path) -> TrainingOptions:
    return TrainingOptions(
        pretrained_model_name_or_path=str(model),
        image_dir=str(pictures),
        output_name="mylora",
        prompts=[PROMPT],
        sample_every_n_steps=8,
        sample_every_n_epochs=None,
        save_every_n_epochs=1,
        save_precision="float",
        network_dim=4,
        network_alpha=2,
        learning_rate=1e-3,
        unet_lr=1e-3,
        text_encoder_lr=5e-4,
        lr_scheduler="constant",
        lr_warmup_steps=0,
        max_train_epochs=2,
        max_train_steps=16,
        num_repeats=2,
        train_batch_size=1,
        resolution=64,
        min_bucket_reso=64,
        mixed_precision="no",
        max_data_loader_n_workers=0,
        persistent_data_loader_workers=False,
    )


def train_by_hand(engine: SdScriptsEngine, model: Path, pictures: Path, folder: Path) -> Path:
    """What a person would type, with files a person would write."""
    folder.mkdir()
    places = {"model": model.as_posix(), "tokenizers": tiny.tokenizer_dir(model.as_posix())}
    text = BY_HAND.format(folder=folder.as_posix(), **places)
    (folder / "train.toml").write_text(text, "utf-8")
    (folder / "dataset.toml").write_text(DATASET.format(pictures=pictures.as_posix()), "utf-8")
    (folder / "prompts.txt").write_text(PROMPT, "utf-8")
    launch = "-m accelerate.commands.launch --num_processes 1 --num_machines 1 --mixed_precision no"
    launch += " --dynamo_backend no --cpu --num_cpu_threads_per_process 1"
    runner = Path(tiny.__file__).with_name("run.py")
    script = engine.installation.checkout / "train_network.py"
    command = [str(engine.installation.python), *launch.split(), str(runner), str(model), str(script)]
    environment = {**os.environ, "PYTHONPATH": engine.extra_path, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [*command, "--config_file", str(folder / "train.toml")],
        cwd=engine.installation.checkout,
        env=environment,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return folder / "output" / "hand.safetensors"


@pytest.mark.timeout(600)
def test_run_finishes_and_equals_the_same_training_by_hand(
    engine: SdScriptsEngine,
    tiny_model: Path,
    pictures: Path,
    tmp_path: Path,
    tensors: Callable[[Path], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in a Jupyter kernel: must not reach the trainer
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")  # an old setting: neither
    chosen = options(tiny_model, pictures)
    assert engine.check(chosen) == []
    run = runs.create(
        tmp_path / "runs",
        lambda folder: engine.plan(chosen, folder, total_steps=16),
        name="mylora",
        options_toml=toml_io.dumps(chosen),
        versions=engine.versions(),
    )
    run.start()
    state = run.wait(300)
    assert state is State.FINISHED, run.log_tail(60)
    monkeypatch.undo()

    events = list(run.events())
    steps = [event for event in events if isinstance(event, StepLogged)]
    assert sorted({event.step for event in steps if "loss/current" in event.scalars}) == list(range(1, 17))
    assert [e for e in events if isinstance(e, Progressed)][-1].step == 16
    phases = {event.phase for event in events if isinstance(event, PhaseChanged)}
    assert phases == set(Phase)
    saved = [event for event in events if isinstance(event, CheckpointSaved)]
    assert [event.path.name for event in saved] == ["mylora-000001.safetensors", "mylora.safetensors"]
    assert len([event for event in events if isinstance(event, SampleSaved)]) == 2
    assert b"\x1b[3" not in (run.folder / "log.txt").read_bytes()

    mine = tensors(run.plan.final_file)
    hand = tensors(train_by_hand(engine, tiny_model, pictures, tmp_path / "hand"))
    assert mine.keys() == hand.keys()
    assert len(mine) > 300
    assert [name for name in mine if mine[name] != hand[name]] == []
    assert any(any(data) for name, (_, _, data) in mine.items() if "lora_up" in name), "it learned nothing"


LOAD = """
import sys
sys.path[0] = {checkout!r}
import importlib.util
spec = importlib.util.spec_from_file_location("tiny_run", {runner!r})
run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run)
run.apply(run.read_shape({model!r}))
from library import model_util
text, vae, unet = model_util.load_models_from_stable_diffusion_checkpoint(False, {model!r})
import torch
torch.manual_seed(0)
noise, words = torch.randn(1, 4, 8, 8), torch.tensor([[5, 6, 7] + [5] * 74])
with torch.no_grad():
    hidden = text.float()(words)[0]
    noise_out = unet.float()(noise, torch.tensor([500]), hidden).sample
    picture = vae.float().decode(noise).sample
torch.save([hidden, noise_out, picture], {target!r})
"""


@pytest.mark.timeout(300)
def test_written_model_computes_the_same_in_the_trainer(
    engine: SdScriptsEngine, base_folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    target = tmp_path / "theirs.pt"
    code = LOAD.format(
        checkout=str(engine.installation.checkout),
        runner=str(Path(tiny.__file__).with_name("run.py")),
        model=str(tiny_model),
        target=str(target),
    )
    environment = {**os.environ, "PYTHONPATH": engine.extra_path}
    subprocess.run([str(engine.installation.python), "-c", code], env=environment, check=True, timeout=200)
    torch.manual_seed(0)
    noise, words = torch.randn(1, 4, 8, 8), torch.tensor([[5, 6, 7] + [5] * 74])
    with torch.no_grad():
        hidden = CLIPTextModel.from_pretrained(base_folder / "text_encoder").float()(words)[0]
        unet = UNet2DConditionModel.from_pretrained(base_folder / "unet").float()
        noise_out = unet(noise, torch.tensor([500]), hidden).sample
        picture = AutoencoderKL.from_pretrained(base_folder / "vae").float().decode(noise).sample
    for ours, theirs in zip((hidden, noise_out, picture), torch.load(target), strict=True):
        assert torch.allclose(ours, theirs, atol=2e-4), (ours - theirs).abs().max()
