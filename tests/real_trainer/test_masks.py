"""Folders of masks in the real trainer: white is learned, black is not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lora_core import runs
from lora_core.datasets.checks import check
from lora_core.datasets.scan import scan
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import State
from lora_core.options import TrainingOptions, rules, toml_io

pytestmark = pytest.mark.real_trainer


def masks(folder: Path, pictures: Path, white: Callable[[int], bool]) -> str:
    """A mask of 64 pixels for each picture, white in the columns that are asked for."""
    folder.mkdir()
    for picture in pictures.glob("*.png"):
        mask = Image.new("L", (64, 64))
        mask.putdata([255 * white(x) for _ in range(64) for x in range(64)])
        mask.save(folder / picture.name)
    return str(folder)


def train(engine: SdScriptsEngine, folder: Path, **values: Any) -> Path:
    """Two steps; the LoRA file. The same seed each time."""
    chosen = TrainingOptions(
        network_dim=4, network_alpha=2, learning_rate=1e-2, unet_lr=1e-2, text_encoder_lr=1e-2,
        optimizer_type="SGDNesterov", lr_scheduler="constant", lr_warmup_steps=0, max_train_epochs=None,
        max_train_steps=2, train_batch_size=1, resolution=64, min_bucket_reso=64, mixed_precision="no",
        save_precision="float", sample_every_n_epochs=None, max_data_loader_n_workers=0,
        persistent_data_loader_workers=False, output_name="masked", num_repeats=1, **values,
    )  # fmt: skip
    run = runs.create(
        folder,
        lambda place: engine.plan(chosen, place, total_steps=2),
        name="masked",
        options_toml=toml_io.dumps(chosen),
        versions=engine.versions(),
    )
    run.start()
    assert run.wait(300) is State.FINISHED, run.log_tail(60)
    return run.plan.final_file


def learned(tensors: dict[str, Any]) -> bool:
    """Whether anything was learned: these parts are zero at first."""
    return any(any(data) for name, (_, _, data) in tensors.items() if "lora_up" in name)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_only_what_is_white_is_learned(
    engine: SdScriptsEngine,
    tiny_model: Path,
    pictures: Path,
    tmp_path: Path,
    tensors: Callable[[Path], dict[str, Any]],
    pool: ThreadPoolExecutor,
    cached: bool,
) -> None:
    kinds: dict[str, Callable[[int], bool]] = {
        "black": lambda x: False, "white": lambda x: True, "left": lambda x: x < 32,
    }  # fmt: skip
    base = {
        "pretrained_model_name_or_path": str(tiny_model),
        "image_dir": str(pictures),
        "cache_latents": cached,
        "flip_aug": False,
    }
    chosen = {"none": base}
    for name, white in kinds.items():
        place = masks(tmp_path / f"masks-{name}", pictures, white)
        chosen[name] = {**base, "masked_loss": True, "conditioning_data_dir": place}
    begun = {name: pool.submit(train, engine, tmp_path / name, **values) for name, values in chosen.items()}
    found = {name: tensors(future.result()) for name, future in begun.items()}
    assert not learned(found["black"])
    assert learned(found["white"])
    assert found["white"] == found["none"], "a white mask changes nothing"
    assert found["left"] not in (found["white"], found["black"])


@pytest.mark.timeout(300)
def test_a_folder_with_masks_goes_beside_one_without_and_one_for_regularization(
    engine: SdScriptsEngine, tiny_model: Path, pictures: Path, tmp_path: Path
) -> None:
    place = masks(tmp_path / "masks", pictures, lambda x: x < 32)
    other = tmp_path / "other"
    other.mkdir()
    for file in pictures.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    values = {
        "image_dir": str(pictures),
        "masked_loss": True,
        "pretrained_model_name_or_path": str(tiny_model),
        "more_folders": [{"image_dir": str(other), "conditioning_data_dir": place}],
    }
    options = TrainingOptions(**values)
    assert [one for one in rules.check(options) if "conditioning_data_dir" in one.fields] == []
    seen = check(options, scan(pictures), [scan(other)])
    assert [one for one in seen if "mask" in one.what.lower()] == []
    assert train(engine, tmp_path / "run", **values).is_file()
