from __future__ import annotations

import os
from pathlib import Path

import pytest
import toml

from lora_core.engines import planning
from lora_core.options import TrainingOptions


def test_every_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = TrainingOptions(image_dir="my pictures", pretrained_model_name_or_path="models/sd15.safetensors",
                             resume="old/zib-state", output_name="zib")  # fmt: skip
    train, dataset, _ = planning.tables(chosen, Path("runs/one"))
    assert train["pretrained_model_name_or_path"] == str(tmp_path / "models/sd15.safetensors")
    assert train["resume"] == str(tmp_path / "old/zib-state")
    assert train["output_dir"] == str(tmp_path / "runs/one/output")
    assert dataset["datasets"][0]["subsets"][0]["image_dir"] == str(tmp_path / "my pictures")


def test_model_of_the_hub_is_no_path() -> None:
    assert planning.model_path("stabilityai/sdxl-base") == "stabilityai/sdxl-base"
    assert planning.model_path("./a/b") == str(Path("a/b").absolute())


def test_files_survive_odd_names(tmp_path: Path) -> None:
    chosen = TrainingOptions(image_dir=str(tmp_path / 'pic "1" é 🙂'), prompts=["a \\ b 🙂 --d 1"])
    files = planning.plan_files(chosen, tmp_path)
    dataset = toml.loads(files[planning.DATASET_FILE])
    assert dataset["datasets"][0]["subsets"][0]["image_dir"] == str(tmp_path / 'pic "1" é 🙂')
    assert files[planning.PROMPTS_FILE] == "a \\ b 🙂 --d 1\n"


def test_without_prompts_no_previews_are_asked_for(tmp_path: Path) -> None:
    train, _, prompts = planning.tables(TrainingOptions(prompts=[], sample_every_n_epochs=1), tmp_path)
    assert prompts == ""
    assert "sample_prompts" not in train
    assert "sample_every_n_epochs" not in train
    assert planning.PROMPTS_FILE not in planning.plan_files(TrainingOptions(prompts=[]), tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="there it is a path of this machine")
def test_a_windows_path_is_not_joined_to_the_working_folder() -> None:
    assert planning.absolute("D:/kay/img") == "D:/kay/img"
    assert planning.absolute("kay/img") == str(Path.cwd() / "kay/img")
