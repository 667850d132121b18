from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lora_core import goals
from lora_core.datasets.scan import DatasetScan, scan
from lora_core.datasets.steps import count_steps
from lora_core.engines import planning
from lora_core.errors import InputError, Level
from lora_core.goals import GOALS, propose
from lora_core.options import TrainingOptions, families
from lora_core.options.rules import check
from lora_core.presets import is_personal

MODELS = [(name, variant) for name, family in families.FAMILIES.items() for variant in family.variants]


@pytest.fixture(scope="module")
def one_picture(tmp_path_factory: pytest.TempPathFactory) -> DatasetScan:
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    Image.new("RGB", (1024, 1024)).save(folder / "a.png")
    return scan(folder, caption_extension=".txt")


@pytest.mark.parametrize(("family", "variant"), MODELS)
@pytest.mark.parametrize("goal", GOALS)
def test_every_combination_is_complete_and_sound(
    family: str, variant: str, goal: str, tmp_path: Path
) -> None:
    for pictures, vram in ((12, 8), (30000, 24)):
        proposal = propose(goal, family, variant, pictures, vram)
        options = TrainingOptions(**proposal.values)
        parts = dict.fromkeys(families.family(family).parts, "/part.safetensors")
        options.update({"image_dir": "/p", "pretrained_model_name_or_path": "/m.safetensors", **parts})
        found = check(options, total_steps=proposal.steps)
        assert [str(problem) for problem in found if problem.level is Level.ERROR] == []
        assert (options["family"], options["model_variant"]) == (family, variant)
        assert 300 <= proposal.steps <= 4000
        assert all(reason.endswith(".") and "!" not in reason for reason in proposal.reasons)
        assert len(proposal.reasons) >= 4
    planning.tables(options, tmp_path)


@pytest.mark.parametrize(
    ("family", "vram"), [("sd15", 6), ("sd15", 24), ("sdxl", 8), ("sdxl", None), ("flux", 24)]
)
def test_the_length_is_what_the_trainer_takes(
    family: str, vram: float | None, one_picture: DatasetScan
) -> None:
    for pictures in (1, 20, 134, 249, 1400):
        proposal = propose("style", family, pictures=pictures, vram_gb=vram)
        many = dataclasses.replace(one_picture, pictures=one_picture.pictures * pictures)
        assert count_steps(TrainingOptions(**proposal.values), many).total == proposal.steps


@pytest.mark.parametrize(
    ("kind", "batch"),
    [("sd15", 1), ("sd15", 2), ("sd15", 4), ("sdxl", 1), ("sdxl", 2), ("sdxl", 4), ("flow", 1), ("flow", 2)],
)
def test_the_length_is_sane_for_any_number_of_pictures(kind: str, batch: int) -> None:
    for uses in set(goals.USES[kind].values()):
        for pictures in (*range(1, 600), *range(600, 40_000, 97)):
            assert 300 <= goals.length_for(uses, pictures, batch).steps <= 4000, (uses, pictures)


def test_the_answers_decide() -> None:
    def rank(goal: str) -> object:
        return propose(goal, "sd15").values["network_dim"]

    assert rank("clothing") != rank("character")
    assert propose("style", "sdxl").values["network_type"] == "locon"
    assert propose("style", "sdxl", "noobai_vpred").values["v_parameterization"] is True
    assert propose("style", "sdxl", "pony").values["v_parameterization"] is False
    few, many = (propose("character", "sdxl", pictures=number).values for number in (10, 60))
    assert few["num_repeats"] > many["num_repeats"]
    assert (few["flip_aug"], many["flip_aug"]) == (True, False)


@pytest.mark.parametrize(
    ("family", "vram", "layer"),
    [
        ("flux", None, None),
        ("flux", 6, "low-vram-flux"),
        ("flux", 8, "low-vram-flux"),
        ("flux", 12, "vram-12gb-flux"),
        ("flux", 23, "vram-16gb-flux"),
        ("flux", 24, "vram-24gb-flux"),
        ("sdxl", 16, None),
        ("sdxl", 12, "vram-12gb-sdxl"),
        ("sdxl", 48, "vram-24gb-sdxl"),
        ("sd15", 8, None),
        ("hunyuan_image", 48, None),
    ],
)
def test_memory_decides(family: str, vram: float | None, layer: str | None) -> None:
    proposal = propose("character", family, pictures=50, vram_gb=vram)
    assert list(proposal.presets[1:]) == ([layer] if layer else [])
    assert ("may not fit" in " ".join(proposal.reasons)) is (vram == 6)


def test_nothing_personal_is_proposed() -> None:
    values = propose("style", "sdxl").values
    assert not [option.name for option in TrainingOptions() if is_personal(option) and option.name in values]
    assert {option.name for option in TrainingOptions() if not is_personal(option)} == set(values)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        (("cat", "sdxl", "", 10), "goal"),
        (("style", "sdx", "", 10), "family"),
        (("style", "sdxl", "anime", 10), "variant"),
        (("style", "sdxl", "", 0), "pictures"),
    ],
)
def test_wrong_answers_are_named(answers: tuple[str, str, str, int], field: str) -> None:
    with pytest.raises(InputError) as caught:
        propose(*answers)
    assert caught.value.field == field
    assert caught.value.remedy
