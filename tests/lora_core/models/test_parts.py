from __future__ import annotations

import pytest

from lora_core.errors import Level
from lora_core.models.parts import check
from lora_core.options import TrainingOptions
from lora_core.options.families import FAMILIES

BASE = "pretrained_model_name_or_path"
NEEDING = [(family, part) for family, known in FAMILIES.items() for part in known.parts]


def problems(base_needed=True, **values):
    return list(check(TrainingOptions(**values), base_needed))


def right(sample, write, family):
    """The right file for every part of a family."""
    vae = {"sd3": "ae", "hunyuan_image": "hunyuan_image", "anima": "anima"}.get(family, "sd")
    kinds = {"vae": sample["VAES"][vae], "ae": sample["VAES"]["ae"], **sample["TEXT_ENCODERS"]}
    return {part: write(kinds[part], f"{part}.safetensors") for part in FAMILIES[family].parts}


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_right_parts_pass(sample, write, family):
    assert problems(family=family, **right(sample, write, family)) == []


@pytest.mark.parametrize(("family", "part"), NEEDING)
def test_a_part_that_is_not_given_is_named(sample, write, family, part):
    given = right(sample, write, family)
    del given[part]
    (problem,) = problems(family=family, **given)
    assert (problem.level, problem.fields) == (Level.ERROR, (part,))
    assert problems(base_needed=False, family=family, **given) == []


@pytest.mark.parametrize(("family", "part"), NEEDING)
def test_another_file_in_the_place_of_a_part_is_told(sample, write, family, part):
    given = right(sample, write, family)
    wrong = [
        *sample["TEXT_ENCODERS"].items(),
        ("", sample["LORA"]),
        ("", sample["SDXL"]),
        ("", sample["VAES"]["sd"]),
    ]
    for name, shapes in wrong:
        if name == part:
            continue
        (problem,) = problems(family=family, **{**given, part: write(shapes, "wrong.safetensors")})
        assert (problem.level, problem.fields[0]) == (Level.ERROR, part)
        assert "wrong.safetensors" in problem.what


def test_two_parts_in_each_others_place_are_swapped_by_one_click(sample, write):
    given = right(sample, write, "flux")
    swapped = {**given, "clip_l": given["t5xxl"], "t5xxl": given["clip_l"]}
    options = TrainingOptions(family="flux", **swapped)
    first, second = check(options, True)
    assert {first.fields[0], second.fields[0]} == {"clip_l", "t5xxl"}
    options.update(first.fix)
    assert list(check(options, True)) == []


def test_parts_that_are_not_needed(sample, write):
    given = right(sample, write, "flux")
    assert problems(family="flux", model_type="chroma", ae=given["ae"], t5xxl=given["t5xxl"]) == []
    assert problems(family="sd3", **{BASE: write(sample["SD3_WHOLE"])}) == []
    absent = problems(family="sd3", **{BASE: write(sample["SD3"])})
    assert [problem.fields[0] for problem in absent] == ["clip_l", "clip_g", "t5xxl"]
    assert len(problems(family="sd3", **{BASE: "/nowhere.safetensors"})) == 3


def test_vaes(sample, write, tmp_path):
    vae = write(sample["VAES"]["sd"])
    assert problems(vae=vae) == []
    assert problems(vae="stabilityai/sd-vae-ft-mse") == []
    assert problems(vae=write(sample["SD15"], "whole.safetensors")) == []
    assert problems(vae="") == []
    for wrong in (
        write(sample["VAES"]["ae"], "ae.safetensors"),
        str(tmp_path / "x.safetensors"),
        str(tmp_path),
    ):
        (problem,) = problems(vae=wrong)
        assert (problem.level, problem.fields[0]) == (Level.ERROR, "vae")
    given = right(sample, write, "lumina")
    (problem,) = problems(family="lumina", **{**given, "ae": write(sample["AE_DIFFUSERS"], "d.safetensors")})
    assert "diffusers" in problem.what


def test_scaled_fp8_is_refused(sample, write):
    given = right(sample, write, "flux")
    scaled = write({**sample["TEXT_ENCODERS"]["t5xxl"], "scaled_fp8": [1]}, "s.safetensors")
    (problem,) = problems(family="flux", **{**given, "t5xxl": scaled})
    assert "scales" in problem.why


def test_damaged_and_pickled_parts(sample, write, tmp_path):
    given = right(sample, write, "flux")
    (tmp_path / "a.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    (problem,) = problems(family="flux", **{**given, "ae": str(tmp_path / "a.safetensors")})
    assert "Git LFS" in problem.why
    (tmp_path / "a.pt").write_bytes(b"PK\x03\x04")
    assert [p.level for p in problems(vae=str(tmp_path / "a.pt"))] == [Level.NOTE]
