from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lora_core.engines.practice import base_model, learning, pictures
from lora_core.events import State
from lora_core.session import Session
from lora_core.workspace import Workspace


def test_distance_tells_the_concept_from_the_base_world() -> None:
    import random

    rng = random.Random(3)
    training = [learning.shrink(p.image) for p in pictures.concept_pictures()]
    fresh = [pictures.zibbit_picture(rng, ground).image for ground in ("white", "red")]
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
    assert (found.pictures, found.plain, found.kept) == (2, 1, 1.0)
    assert not found.learned
    assert found.base_distance > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_practice_learns_the_concept_and_leaves_the_base_alone(tmp_path: Path) -> None:
    """The claim of the whole engine, made good with the settings that people get."""
    session = Session(Workspace(tmp_path))
    session.use_practice()
    session.options.update({"sample_every_n_epochs": None, "sample_at_first": False})
    run = session.start()
    assert run.wait(800) is State.FINISHED, run.log_tail()
    found = learning.measure(base_model.BASE_DIR, run.plan.final_file, Path(session.options["image_dir"]))
    assert found.learned, found
