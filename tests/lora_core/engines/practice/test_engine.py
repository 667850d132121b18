from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import toml

from lora_core.engines import planning
from lora_core.engines.base import LaunchPlan
from lora_core.engines.practice import base_model, config
from lora_core.engines.practice.engine import PracticeEngine, obeys
from lora_core.errors import Level, OptionsInvalid, Problem
from lora_core.options import TrainingOptions


def options(base: Path, **values: Any) -> TrainingOptions:
    return TrainingOptions(**{"resolution": 64, "pretrained_model_name_or_path": str(base), "family": "sd15",
                              "image_dir": "pictures", "prompts": [], **values})  # fmt: skip


def errors(found: list[Problem]) -> list[str]:
    return [problem.fields[0] for problem in found if problem.level is Level.ERROR]


def test_plan_starts_the_trainer_with_the_runs_own_files(base: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    plan = PracticeEngine().plan(
        options(base, output_name="zib", prompts=["a zibbit --d 1"]), run, total_steps=9
    )
    assert plan.argv == (sys.executable, "-m", "lora_core.engines.practice.train", "--config_file",
                         str(run / "plan/train.toml"))  # fmt: skip
    assert set(plan.files) == {planning.TRAIN_FILE, planning.DATASET_FILE, planning.PROMPTS_FILE}
    assert plan.total_steps == 9
    assert plan.final_file == run / "output/zib.safetensors"
    assert not run.exists()  # pure
    assert LaunchPlan.from_json(plan.to_json()) == plan
    train = toml.loads(plan.files[planning.TRAIN_FILE])
    assert Path(train["output_dir"]) == run / "output"
    assert Path(train["logging_dir"]) == run / "logs"
    assert Path(train["dataset_config"]) == run / "plan/dataset.toml"


def test_the_trainer_reads_what_the_plan_writes(base: Path, tmp_path: Path) -> None:
    """What was chosen arrives: the two ends of one language."""
    chosen = options(base, network_dim=6, network_alpha=3.0, learning_rate=2e-3, train_batch_size=3, num_repeats=7,
                     seed=0, image_dir=str(tmp_path), output_name="zib", shuffle_caption=True, keep_tokens=1,
                     min_snr_gamma=5.0, network_type="locon", conv_dim=2, conv_alpha=1.0)  # fmt: skip
    plan = PracticeEngine().plan(chosen, tmp_path / "run")
    for name, text in plan.files.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    found = config.read(tmp_path / "run" / planning.TRAIN_FILE)
    one = found.datasets[0]
    assert (found.network_dim, found.network_alpha, found.learning_rate, found.seed) == (6, 3.0, 2e-3, 0)
    assert found.network_options == {"conv_dim": "2", "conv_alpha": "1.0"}
    assert found.min_snr_gamma == 5.0
    assert (one.batch_size, one.subsets[0].num_repeats, one.subsets[0].keep_tokens) == (3, 7, 1)
    assert one.subsets[0].image_dir == str(tmp_path)
    assert one.subsets[0].shuffle_caption


def test_every_option_that_claims_to_be_obeyed_is() -> None:
    claimed = {option.name for option in TrainingOptions() if option.meta.practice and not obeys(option)}
    assert claimed == set()


def test_good_options_have_no_errors(base: Path) -> None:
    assert errors(PracticeEngine().check(options(base))) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("family", "sdxl"), ("resolution", 512), ("resolution", 100), ("optimizer_type", "Lion"),
     ("optimizer_type", "AdamW8bit"), ("loss_type", "huber")],
)  # fmt: skip
def test_what_it_cannot_do_is_an_error_with_a_way_out(base: Path, field: str, value: Any) -> None:
    chosen = options(base, **{field: value})
    found = PracticeEngine().check(chosen)
    assert errors(found) == [field]
    (problem,) = (p for p in found if p.level is Level.ERROR)
    chosen.update(dict(problem.fix))
    assert errors(PracticeEngine().check(chosen)) == []


def test_another_base_model_is_an_error(tmp_path: Path) -> None:
    found = PracticeEngine().check(options(tmp_path / "big.safetensors"))
    assert errors(found) == ["pretrained_model_name_or_path"]


def test_what_it_leaves_out_is_one_note(base: Path, tmp_path: Path) -> None:
    chosen = options(base, color_aug=True, ip_noise_gamma=0.1)
    notes = [p for p in PracticeEngine().check(chosen) if p.level is Level.NOTE]
    assert len(notes) == 1
    assert set(notes[0].fields) == {"color_aug", "ip_noise_gamma"}
    assert PracticeEngine().plan(chosen, tmp_path).notes == (notes[0].what,)


@pytest.mark.skipif(not base_model.BASE_DIR.exists(), reason="the base model has not been trained yet")
def test_without_a_path_the_embedded_model_is_used() -> None:
    chosen = options(Path(), pretrained_model_name_or_path="")
    assert errors(PracticeEngine().check(chosen)) == []


def test_versions_name_what_does_the_work() -> None:
    found = PracticeEngine().versions()
    assert {"python", "torch", "diffusers", "peft", "accelerate"} <= set(found)


def test_impossible_value_does_not_become_a_plan(base: Path, tmp_path: Path) -> None:
    chosen = options(base)
    chosen["sample_sampler"] = "ddim"
    table = planning.tables(chosen, tmp_path)[0]
    from lora_core.engines import manifest

    with pytest.raises(OptionsInvalid, match="network_dimm"):
        manifest.check_train_table({**table, "network_dimm": 3}, "train_network")
