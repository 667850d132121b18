"""The practice engine with the schedules with warm restarts: from the options to the logged rates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lora_core.engines import planning
from lora_core.engines.practice import config
from lora_core.engines.practice.engine import PracticeEngine, obeys
from lora_core.engines.practice.loop import Training
from lora_core.errors import InputError, Level
from lora_core.options import Place, TrainingOptions, schedules

Configure = Callable[..., Path]


def options(**more: Any) -> TrainingOptions:
    return TrainingOptions(
        resolution=64,
        image_dir="pictures",
        prompts=[],
        lr_scheduler="rex_warm_restarts",
        lr_scheduler_num_cycles=2,
        lr_warmup_steps=2,
        unet_lr=1e-3,
        text_encoder_lr=5e-4,
        learning_rate=1e-3,
        **more,
    )


def planned(chosen: TrainingOptions, folder: Path, steps: int) -> dict[str, Any]:
    plan = PracticeEngine().plan(chosen, folder / "run", total_steps=steps)
    return toml.loads(plan.files[planning.TRAIN_FILE])


def test_nothing_stands_in_the_way() -> None:
    found = PracticeEngine().check(options(restart_gamma=0.5))
    concerned = {name for problem in found for name in problem.fields}
    assert not {"lr_scheduler", "lr_scheduler_type", "lr_scheduler_args", "restart_gamma"} & concerned
    assert [problem for problem in found if problem.level is Level.ERROR] == []
    assert all(obeys(one) for one in TrainingOptions() if one.meta.place is Place.SCHEDULER_ARGS)


@pytest.mark.parametrize("name", config.RESTARTING)
def test_logged_rates_are_the_curve(configure: Configure, tmp_path: Path, name: str) -> None:
    chosen = options()
    chosen["lr_scheduler"] = name
    train_table = planned(chosen, tmp_path, 8)
    keys = ("lr_scheduler", "lr_scheduler_args", "lr_scheduler_type", "lr_warmup_steps", "unet_lr")
    given = {key: train_table[key] for key in keys}
    file = configure(tmp_path, text_encoder_lr=5e-4, **given)
    assert config.read(file).ignored == ()
    Training(config.read(file)).run()
    curve = schedules.curve(chosen, 8)
    for tag, part in (("lr/unet", "unet"), ("lr/textencoder", "text_encoder")):
        logged = [value for _, value in scalars(tmp_path)[tag]]
        assert logged[:7] == pytest.approx(curve[part][1:], rel=1e-5), "logged once the schedule has moved on"


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    (events,) = folder.glob("logs/*/network_train")
    reader = EventAccumulator(str(events))
    reader.Reload()
    return {tag: [(e.step, e.value) for e in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def test_wrong_arguments_are_named(configure: Configure, tmp_path: Path) -> None:
    wrong = configure(tmp_path, lr_scheduler="rex_warm_restarts", lr_scheduler_args=["warmup_steps=9"])
    with pytest.raises(InputError) as caught:
        Training(config.read(wrong)).run()
    assert caught.value.field == "lr_scheduler_args"
    with pytest.raises(InputError, match="no arguments"):
        config.read(configure(tmp_path, lr_scheduler="cosine", lr_scheduler_args=["gamma=1"]))
