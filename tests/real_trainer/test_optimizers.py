"""The table of optimizers against the packages that the real trainer has installed, and trainings with them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.sd_scripts import dump_optimizers
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import State, StepLogged
from lora_core.options import TrainingOptions, schedules, toml_io
from lora_core.options.optimizers import OMITTED, OPTIMIZERS, recommended, write

pytestmark = pytest.mark.real_trainer
HERE = Path(__file__).parent
STILL_GOOD = {"pytorch_optimizer.AdaFactor"}
"""Its momentum, in bf16, is kept in full precision once it was loaded: it goes on a little more exactly."""
FOLDER = resources.files("lora_core.options")


def ask(engine: SdScriptsEngine, *command: str) -> Any:
    """What a program prints as JSON in the trainer's interpreter."""
    done = subprocess.run(
        [str(engine.installation.python), *command],
        env={**os.environ, "PYTHONPATH": engine.extra_path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    text = done.stdout.decode("utf-8")
    return json.loads(text[text.index("{") :])  # packages may greet first


@pytest.mark.timeout(300)
def test_measured_anew_the_arguments_are_the_same(engine: SdScriptsEngine) -> None:
    found = ask(engine, dump_optimizers.__file__, str(FOLDER / "optimizers.toml"))
    table = json.loads((FOLDER / "optimizer_arguments.json").read_text("utf-8"))
    assert len(found) > 100
    assert {name: table.get(name) for name in found} == found


@pytest.mark.timeout(300)
def test_every_installed_optimizer_learns_with_what_is_recommended(
    engine: SdScriptsEngine, tmp_path: Path
) -> None:
    installed = {name.replace("-", "_") for name in engine.installation.all_packages()}
    there = {
        "",
        *(one.package for one in OPTIMIZERS.values() if one.package.lower().replace("-", "_") in installed),
    }
    tried = [one for one in OPTIMIZERS.values() if one.package in there and not one.gpu]
    given = {one.name: (write(one.recommended), 1.0 if one.own_rate else 1e-3) for one in tried}
    table = tmp_path / "table.json"
    table.write_text(json.dumps(given), "utf-8")
    found = ask(engine, str(HERE / "every_optimizer.py"), str(engine.installation.checkout), str(table))
    assert len(tried) > 90
    assert found["wrong"] == {}
    assert set(found["unlike"]) == {one.name for one in tried if one.state} | STILL_GOOD
    stops = {name for name, reason in found["unlike"].items() if reason != "it goes on differently"}
    assert stops == {one.name for one in tried if one.state in ("unsaveable", "unusable")}
    assert [name for name, reason in found["unlike"].items() if "pickle local" in reason] == [
        one.name for one in tried if one.state == "unsaveable"
    ]
    assert found["rates"] == {one.name: one.rates for one in tried}
    offered = {name.partition(".")[2] for name in OPTIMIZERS if name.startswith("pytorch_optimizer.")}
    assert offered | set(OMITTED) == set(found["classes"]), "each class is offered or left out with a reason"


def options(model: Path, pictures: Path, **more: Any) -> TrainingOptions:
    return TrainingOptions(
        pretrained_model_name_or_path=str(model),
        image_dir=str(pictures),
        output_name="mylora",
        prompts=[],
        network_dim=4,
        network_alpha=2,
        save_precision="float",
        num_repeats=1,
        train_batch_size=1,
        resolution=64,
        min_bucket_reso=64,
        mixed_precision="no",
        max_train_epochs=None,
        max_data_loader_n_workers=0,
        persistent_data_loader_workers=False,
        **more,
    )


def train(engine: SdScriptsEngine, chosen: TrainingOptions, folder: Path) -> runs.Run:
    """A finished run of as many steps as the options say."""
    run = runs.create(
        folder / "runs",
        lambda place: engine.plan(chosen, place, total_steps=chosen["max_train_steps"]),
        name="mylora",
        options_toml=toml_io.dumps(chosen),
        versions=engine.versions(),
    )
    run.start()
    state = run.wait(200)
    assert state is State.FINISHED, run.log_tail(60)
    return run


def two_steps(name: str, model: Path, pictures: Path) -> TrainingOptions:
    """A short training with what is recommended for an optimizer."""
    rate = 1.0 if OPTIMIZERS[name].own_rate else 1e-3
    return options(
        model,
        pictures,
        max_train_steps=2,
        optimizer_type=name,
        optimizer_args=write(recommended(name)),
        unet_lr=rate,
        text_encoder_lr=rate,
        learning_rate=rate,
        lr_scheduler="constant",
        lr_warmup_steps=0,
    )


@pytest.fixture(scope="module")
def trained(
    engine: SdScriptsEngine,
    tiny_model: Path,
    pictures: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ahead: Callable[..., dict[str, Future[runs.Run]]],
) -> dict[str, Future[runs.Run]]:
    """Optimizer -> its run, once it has finished."""
    folder = tmp_path_factory.mktemp("optimizers")
    return ahead("name", lambda name: train(engine, two_steps(name, tiny_model, pictures), folder / name))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name",
    [
        "AdamW",
        "Lion",
        "Prodigy",
        "prodigyplus.ProdigyPlusScheduleFree",
        "AdamWScheduleFree",
        "Adafactor",
        "NAdam",
        "pytorch_optimizer.CAME",
        "pytorch_optimizer.DAdaptAdam",
    ],
)
def test_two_steps_of_training(trained: dict[str, Future[runs.Run]], tensors: Any, name: str) -> None:
    final = trained[name].result().plan.final_file
    assert final.is_file()
    learned = [name for name, (_, _, data) in tensors(final).items() if "lora_up" in name and any(data)]
    assert len(learned) > 50


def scheduled(schedule: str, model: Path, pictures: Path) -> TrainingOptions:
    """Sixteen steps along a schedule of two cycles."""
    return options(
        model,
        pictures,
        max_train_steps=16,
        lr_scheduler=schedule,
        lr_scheduler_num_cycles=2,
        lr_warmup_steps=4,
        restart_min_lr=1e-5,
        unet_lr=1e-3,
        text_encoder_lr=2e-4,
    )


@pytest.fixture(scope="module")
def followed(
    engine: SdScriptsEngine,
    tiny_model: Path,
    pictures: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ahead: Callable[..., dict[str, Future[runs.Run]]],
) -> dict[str, Future[runs.Run]]:
    """Schedule -> its run, once it has finished."""
    folder = tmp_path_factory.mktemp("schedules")
    return ahead("schedule", lambda one: train(engine, scheduled(one, tiny_model, pictures), folder / one))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("schedule", ["cosine_warm_restarts", "rex_warm_restarts", "cosine_with_restarts"])
def test_logged_rates_are_the_curve(
    followed: dict[str, Future[runs.Run]], tiny_model: Path, pictures: Path, schedule: str
) -> None:
    chosen, run = scheduled(schedule, tiny_model, pictures), followed[schedule].result()
    logged: dict[str, dict[int, float]] = {"lr/unet": {}, "lr/textencoder": {}}
    for event in run.events():
        if isinstance(event, StepLogged):
            for tag in logged:
                if tag in event.scalars:
                    logged[tag][event.step] = event.scalars[tag]
    curve = schedules.curve(chosen, 16)
    for tag, part in (("lr/unet", "unet"), ("lr/textencoder", "text_encoder")):
        # the trainer logs after it has moved on: beside step n stands the rate of step n + 1
        assert [logged[tag][step] for step in range(1, 16)] == pytest.approx(curve[part][1:], rel=1e-5), tag


@pytest.mark.timeout(400)
def test_resumed_in_the_middle_of_a_cycle_the_rates_go_on(
    engine: SdScriptsEngine, tiny_model: Path, pictures: Path, tmp_path: Path
) -> None:
    chosen = options(
        tiny_model,
        pictures,
        max_train_steps=16,
        lr_scheduler="rex_warm_restarts",
        lr_scheduler_num_cycles=2,
        lr_warmup_steps=4,
        unet_lr=1e-3,
        text_encoder_lr=2e-4,
        save_state=True,
        save_every_n_steps=6,
    )
    first = train(engine, chosen, tmp_path)
    state = first.plan.final_file.with_name("mylora-step00000006-state")
    chosen.update({"resume": str(state), "save_state": False})
    second = train(engine, chosen, tmp_path)
    steps = [event for event in second.events() if isinstance(event, StepLogged)]
    found = [event.scalars["lr/unet"] for event in steps if "lr/unet" in event.scalars]
    curve = schedules.curve(chosen, 16)["unet"]
    assert found[:9] == pytest.approx(curve[7:], rel=1e-5)
