"""Our schedules travel with the real trainer's plan, and with no other."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import toml

from lora_core.engines import manifest
from lora_core.engines.sd_scripts import modules
from lora_core.engines.sd_scripts.device import Device
from lora_core.engines.sd_scripts.engine import MODULES, SdScriptsEngine
from lora_core.engines.sd_scripts.installation import Installation
from lora_core.options import TrainingOptions

SOURCE = Path(modules.__file__).with_name("lora_workbench_schedulers.py")
FILE = f"{MODULES}/{SOURCE.name}"


def engine(tmp_path: Path, extra_path: str = "") -> SdScriptsEngine:
    home = tmp_path / "home"
    installation = Installation(home / "sd", home / "env/bin/python")
    return SdScriptsEngine(installation, home / "tokenizers", Device(False, 1), extra_path)


def options(tmp_path: Path, schedule: str) -> TrainingOptions:
    return TrainingOptions(
        pretrained_model_name_or_path=str(tmp_path / "model.safetensors"),
        image_dir=str(tmp_path),
        lr_scheduler=schedule,
    )


def test_the_module_its_folder_and_its_arguments_are_in_the_plan(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plan = engine(tmp_path, "/opt/more").plan(options(tmp_path, "rex_warm_restarts"), run, total_steps=90)
    assert plan.files[FILE] == SOURCE.read_text("utf-8")
    assert plan.env["PYTHONPATH"] == os.pathsep.join([str(run / MODULES), "/opt/more"])
    train = toml.loads(plan.files["plan/train.toml"])
    manifest.check_train_table(train, "train_network")
    assert train["lr_scheduler_type"] == "lora_workbench_schedulers.RexAnnealingWarmRestarts"
    assert "first_cycle_max_steps=30" in train["lr_scheduler_args"]
    assert train["lr_warmup_steps"] == 0, "the trainer refuses a warm-up beside a class"


def test_other_schedules_bring_no_module(tmp_path: Path) -> None:
    plan = engine(tmp_path).plan(options(tmp_path, "cosine"), tmp_path / "run", total_steps=90)
    assert FILE not in plan.files
    assert "PYTHONPATH" not in plan.env
    assert "lr_scheduler_type" not in toml.loads(plan.files["plan/train.toml"])


def test_the_module_needs_torch_and_nothing_else() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    assert found == {"__future__", "abc", "math", "typing", "torch"}
