from __future__ import annotations

import pytest

from lora_core.errors import Level
from lora_core.models.checks import check as check_all
from lora_core.models.earlier import check
from lora_core.options import TrainingOptions


def problems(total_steps=None, **values):
    return list(check(TrainingOptions(**values), total_steps))


@pytest.mark.parametrize("field", ["network_weights", "base_weights"])
def test_an_earlier_lora(write, sample, tmp_path, field):
    def given(path):
        return problems(**{field: [path] if field == "base_weights" else path})

    assert given(write(sample["LORA"])) == []
    assert given("") == []
    for wrong in (write(sample["SD15"]), str(tmp_path / "none.safetensors"), str(tmp_path)):
        (problem,) = given(wrong)
        assert (problem.level, problem.fields[0]) == (Level.ERROR, field)
    (problem,) = given(write(sample["SDXL_LORA"]))
    assert "SDXL" in problem.what


def test_the_rank_of_an_earlier_lora(write, sample):
    path = write({"lora_unet_x.lora_down.weight": [4, 2]})
    options = TrainingOptions(network_weights=path)
    (problem,) = check(options, None)
    assert problem.fix == {"network_dim": 4}
    options.update(problem.fix)
    assert list(check(options, None)) == []
    path = write({"lora_unet_x.lora_down.weight": [4, 2], "lora_unet_y.lora_down.weight": [8, 2]})
    (problem,) = problems(network_weights=path, network_dim=4)
    assert problem.fix == {"dim_from_weights": True}
    assert problems(network_weights=path, network_dim=4, dim_from_weights=True) == []
    assert problems(network_weights=path, network_dim=4, conv_dim=8, network_type="locon") == []


def test_saved_state(tmp_path, write, sample):
    state = tmp_path / "x-state"
    (problem,) = problems(resume=str(state))
    assert "is not there" in problem.what
    state.mkdir()
    (problem,) = problems(resume=str(state))
    assert "not a saved state" in problem.what
    (state / "train_state.json").write_text("{}")
    (problem,) = problems(resume=str(state))
    assert "damaged" in problem.what
    (state / "train_state.json").write_text('{"current_epoch": 1, "current_step": 100}')
    assert problems(resume=str(state)) == problems(101, resume=str(state)) == []
    (problem,) = problems(100, resume=str(state))
    assert "step 100" in problem.what
    (problem,) = problems(resume=write(sample["SD15"]))
    assert "is not a folder" in problem.what


def test_all_checks_together(write, sample):
    base = {"pretrained_model_name_or_path": write(sample["SD15"], "base.safetensors")}
    assert check_all(TrainingOptions(**base)) == []
    wrong = check_all(
        TrainingOptions(**base, vae=base["pretrained_model_name_or_path"] + "x", resume="/none")
    )
    assert [problem.fields[0] for problem in wrong] == ["vae", "resume"]
    assert check_all(TrainingOptions(), base_needed=False) == []
