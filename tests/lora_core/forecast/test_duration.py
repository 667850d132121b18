from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core.datasets.scan import DatasetScan
from lora_core.events import StepLogged
from lora_core.forecast import Forecast, Gpu, Past, forecast, read_past
from lora_core.forecast.duration import gpu_speed
from lora_core.forecast.estimate import GIB
from lora_core.forecast.past import seconds_per_step
from lora_core.options import TrainingOptions, toml_io
from lora_core.runs import attach

Make = Callable[..., TrainingOptions]
Scanned = Callable[..., DatasetScan]


@pytest.fixture
def reckoned(options: Make, scanned: Scanned) -> Callable[..., Forecast]:
    """Ten square pictures, ten repeats, batch 2, ten epochs: 500 steps."""

    def reckon(family: str = "sd15", given: dict[str, Any] | None = None, **values: Any) -> Forecast:
        chosen = options(family, **values)
        return forecast(chosen, scanned(*[(chosen["resolution"],) * 2] * 10), **(given or {}))

    return reckon


def past(**changes: Any) -> Past:
    known = {
        "run": "a",
        "engine": "sd-scripts",
        "family": "sd15",
        "resolution": 512,
        "batch": 2,
        "precision": "fp16",
        "checkpointing": False,
        "seconds": 0.4,
    }
    return Past(**{**known, **changes})


def test_an_earlier_run_of_the_same_kind_sets_the_pace(reckoned: Callable[..., Forecast]) -> None:
    found = reckoned(given={"history": [past()]})
    training = next(one for one in found.phases if one.name == "training")
    assert training.value == pytest.approx(500 * 0.4)
    assert not found.guessed
    assert found.time.low < found.time.value < found.time.high
    assert "earlier run" in found.time.how


def test_it_is_scaled_by_pixels_and_batch(reckoned: Callable[..., Forecast]) -> None:
    def training(**values: Any) -> float:
        found = reckoned(given={"history": [past()]}, **values)
        step = next(one for one in found.phases if one.name == "training")
        return step.value / found.steps.value

    assert training(train_batch_size=4) == pytest.approx(0.4 * 1.9)
    assert training(resolution=1024) == pytest.approx(0.4 * 3.7)
    assert training(gradient_checkpointing=True) == pytest.approx(0.5)
    assert training(gradient_accumulation_steps=2) == pytest.approx(0.4 * 1.9)


def test_runs_of_another_kind_say_nothing(reckoned: Callable[..., Forecast]) -> None:
    others = [past(family="sdxl"), past(engine="practice"), past(model="/models/a.tiny.safetensors")]
    assert reckoned(given={"history": others}).guessed


def test_a_nearer_run_counts_more_and_narrows_the_bounds(reckoned: Callable[..., Forecast]) -> None:
    near = reckoned(given={"history": [past()]}).time
    far = reckoned(given={"history": [past(resolution=256, batch=1, seconds=0.1)]}).time
    assert near.high / near.value < far.high / far.value


def test_a_guess_says_so_and_depends_on_the_gpu(reckoned: Callable[..., Forecast]) -> None:
    fast = reckoned(given={"gpu": Gpu("NVIDIA GeForce RTX 4090", 24 * GIB)})
    slow = reckoned(given={"gpu": Gpu("Tesla T4", 16 * GIB)})
    unknown = reckoned(given={"gpu": Gpu("Brand new", 16 * GIB)})
    assert fast.guessed
    assert fast.time.how.startswith("A guess")
    assert fast.time.value < slow.time.value
    assert unknown.time.high / unknown.time.value > fast.time.high / fast.time.value


@pytest.mark.parametrize(
    ("name", "speed"),
    [
        ("NVIDIA GeForce RTX 4090", 1.0),
        ("NVIDIA L4", 0.35),
        ("NVIDIA L40S", 1.0),
        ("NVIDIA A100-SXM4-80GB", 1.0),
        ("NVIDIA GeForce RTX 3060 Laptop GPU", 0.2 * 0.67),
        ("Quadro P400", None),
    ],
)
def test_classes_of_gpus(name: str, speed: float | None) -> None:
    found = gpu_speed(name)
    assert found == (None if speed is None else pytest.approx(speed))


def test_cost_follows_time(reckoned: Callable[..., Forecast]) -> None:
    found = reckoned(given={"price_per_hour": 0.6, "history": [past()]})
    assert found.cost is not None
    assert found.cost.value == pytest.approx(found.time.value / 3600 * 0.6)
    assert found.cost.low < found.cost.value < found.cost.high
    assert reckoned().cost is None


def test_previews_cost_time(reckoned: Callable[..., Forecast]) -> None:
    without = reckoned(given={"history": [past()]})
    painted = reckoned(given={"history": [past()]}, prompts=["a cat"])
    assert painted.time.value > without.time.value
    assert "previews" in [one.name for one in painted.phases]


def test_practice_has_its_own_measure(reckoned: Callable[..., Forecast]) -> None:
    found = reckoned(given={"engine": "practice"}, resolution=64, train_batch_size=4, min_bucket_reso=64)
    assert not found.guessed
    assert found.memory is None
    assert 20 < found.time.value < 300


def test_a_tiny_model_is_not_reckoned_as_a_full_one(reckoned: Callable[..., Forecast]) -> None:
    import json

    from lora_core.forecast.architecture import PRACTICE, TINY_SHAPE
    from lora_core.models.inspect import Kind, ModelInfo

    info = ModelInfo(Kind.CHECKPOINT, "sd15", metadata={TINY_SHAPE: json.dumps(PRACTICE)})
    values = {"resolution": 64, "min_bucket_reso": 64}
    tiny, full = reckoned(given={"model_info": info}, **values), reckoned(**values)
    assert tiny.time.value < full.time.value / 2
    assert not tiny.guessed


def test_the_middle_gap_leaves_out_previews_and_pauses() -> None:
    times = [0, 1, 2, 3, 60, 61, 62, 63]
    events = [StepLogged(float(t), n, {"loss/current": 0.1}) for n, t in enumerate(times, start=1)]
    assert seconds_per_step(events) == 1.0
    assert seconds_per_step(events[:5]) is None
    assert seconds_per_step([StepLogged(1.0, 1, {"loss/epoch_average": 1.0})] * 9) is None


def make_run(folder: Path, options_toml: str) -> None:
    """A run directory with curves, as a training leaves it."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    logs = folder / "logs" / "a" / "network_train"
    logs.mkdir(parents=True)
    (folder / "run.json").write_text('{"id": "a", "engine": "sd-scripts", "created": 1}', "utf-8")
    (folder / "options.toml").write_text(options_toml, "utf-8")
    with (logs / "events.out.tfevents.1.a").open("wb") as file:
        writer = RecordWriter(file)
        for step in range(1, 12):
            summary = Summary(value=[Summary.Value(tag="loss/current", simple_value=0.1)])
            writer.write(Event(wall_time=100 + 0.5 * step, step=step, summary=summary).SerializeToString())
        writer.flush()


def test_earlier_runs_are_read_from_their_directories(options: Make, tmp_path: Path) -> None:
    chosen = options("sdxl", train_batch_size=2, gradient_accumulation_steps=3)
    make_run(tmp_path / "good", toml_io.dumps(chosen))
    make_run(tmp_path / "damaged", "this is not TOML")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "run.json").write_text("{}", "utf-8")
    found = read_past([attach(tmp_path / name) for name in ("damaged", "empty", "good")])
    assert len(found) == 1
    assert (found[0].family, found[0].batch, found[0].resolution) == ("sdxl", 6, 1024)
    assert found[0].seconds == pytest.approx(0.5)
    assert read_past([attach(tmp_path / "good")] * 3, limit=2) == (found[0], found[0])
