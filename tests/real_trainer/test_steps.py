"""The forecast of steps against the number that the trainer itself prints before its first step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.datasets.scan import scan
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.forecast import forecast
from lora_core.options import TrainingOptions, toml_io
from lora_core.options.folders import uses

pytestmark = pytest.mark.real_trainer
PRINTED = re.compile(r"total optimization steps / [^:]*: (\d+)")
BATCHES = re.compile(r"num batches per epoch / [^:]*: (\d+)")

WIDE, TALL, SQUARE = (128, 64), (64, 160), (64, 64)

CASES: dict[str, dict[str, Any]] = {
    "shapes, repeats and accumulation": {
        "main": [WIDE, WIDE, WIDE, TALL, SQUARE],
        "values": {
            "num_repeats": 3,
            "train_batch_size": 2,
            "gradient_accumulation_steps": 3,
            "max_train_epochs": 4,
        },
    },
    "few regularization pictures": {
        "main": [WIDE, TALL, SQUARE],
        "more": [([SQUARE, WIDE], {"is_reg": True, "num_repeats": 2})],
        "values": {"num_repeats": 4, "train_batch_size": 5, "max_train_epochs": 3},
    },
    "many regularization pictures, and a folder at a second size": {
        "main": [SQUARE, WIDE],
        "more": [
            ([SQUARE, TALL, WIDE, SQUARE, SQUARE, TALL], {"is_reg": True}),
            ([WIDE, TALL, TALL], {"resolution": 128, "batch_size": 2, "num_repeats": 3}),
        ],
        "values": {
            "num_repeats": 2,
            "train_batch_size": 3,
            "gradient_accumulation_steps": 2,
            "max_train_epochs": 2,
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """A new folder with captioned pictures of these sizes."""
    from PIL import Image

    def make(name: str, sizes: list[tuple[int, int]]) -> Path:
        made = tmp_path / name
        made.mkdir()
        for number, size in enumerate(sizes):
            Image.new("RGB", size, (40 * number, 90, 120)).save(made / f"{number}.png")
            (made / f"{number}.txt").write_text("a big red circle", "utf-8")
        return made

    return make


def options(model: Path, main: Path, values: dict[str, Any]) -> TrainingOptions:
    return TrainingOptions(
        pretrained_model_name_or_path=str(model),
        image_dir=str(main),
        prompts=[],
        network_dim=4,
        resolution=64,
        min_bucket_reso=64,
        mixed_precision="no",
        lr_scheduler="constant",
        lr_warmup_steps=0,
        max_data_loader_n_workers=0,
        persistent_data_loader_workers=False,
        **values,
    )


def printed(engine: SdScriptsEngine, chosen: TrainingOptions, folder: Path, steps: int) -> tuple[int, int]:
    """Batches an epoch and steps in all, as the trainer prints them; it is stopped then."""
    run = runs.create(
        folder,
        lambda place: engine.plan(chosen, place, total_steps=steps),
        name="steps",
        options_toml=toml_io.dumps(chosen),
        versions={},
    )
    run.start()
    end = time.monotonic() + 240
    try:
        while time.monotonic() < end:
            log = run.log_file.read_text("utf-8", "replace") if run.log_file.is_file() else ""
            found, batches = PRINTED.search(log), BATCHES.search(log)
            if found and batches:
                return int(batches[1]), int(found[1])
            if run.status().state.is_terminal:
                break
            time.sleep(0.2)
        pytest.fail(run.log_tail(40))
    finally:
        run.stop(grace=1)
        run.wait(60)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("case", CASES)
def test_forecast_steps_are_the_trainers(
    engine: SdScriptsEngine, tiny_model: Path, folder: Callable[..., Path], tmp_path: Path, case: str
) -> None:
    known = CASES[case]
    chosen = options(tiny_model, folder("main", known["main"]), known["values"])
    chosen["more_folders"] = [
        {"image_dir": str(folder(f"more{number}", sizes)), **values}
        for number, (sizes, values) in enumerate(known.get("more", []))
    ]
    first, *more = [scan(Path(use.image_dir)) for use in uses(chosen)]
    count = forecast(chosen, first, more).count
    assert (count.batches, count.total) == printed(engine, chosen, tmp_path / "runs", count.total)
