"""The sd-scripts plan: what is started, with which files, in which surroundings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import toml

from lora_core.engines import ENGINE_NAMES, get_engine, manifest
from lora_core.engines.base import LaunchPlan
from lora_core.engines.sd_scripts.device import Device, detect
from lora_core.engines.sd_scripts.engine import EXTRA_PATH_VARIABLE, SdScriptsEngine
from lora_core.engines.sd_scripts.installation import Installation
from lora_core.errors import InputError
from lora_core.options import TrainingOptions
from lora_core.options.families import FAMILIES
from lora_core.workspace import Workspace

CPU = Device(gpu=False, threads=3)


@pytest.fixture
def engine(tmp_path: Path) -> SdScriptsEngine:
    home = tmp_path / "home"
    return SdScriptsEngine(Installation(home / "sd", home / "env/bin/python"), home / "tokenizers", CPU)


@pytest.fixture
def options(tmp_path: Path) -> TrainingOptions:
    return TrainingOptions(
        pretrained_model_name_or_path=str(tmp_path / "models" / "a b.safetensors"),
        image_dir=str(tmp_path / "pictures"),
        output_name="mein lora é",
        prompts=["a cat --w 512 --d 1", "ein Überraschungs-Ei"],
        sample_every_n_epochs=1,
        mixed_precision="bf16",
    )


def option_of(plan: LaunchPlan, name: str) -> str:
    return plan.argv[plan.argv.index(name) + 1]


def test_command_leaves_nothing_to_the_launchers_own_settings(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    plan = engine.plan(options, tmp_path / "run", total_steps=7)
    script = str(engine.installation.checkout / "train_network.py")
    launcher, arguments = plan.argv[: plan.argv.index(script)], plan.argv[plan.argv.index(script) + 1 :]
    assert launcher[:3] == (str(engine.installation.python), "-m", "accelerate.commands.launch")
    given = {
        name: launcher[number + 1]
        for number, name in enumerate(launcher)
        if name.startswith("--") and name != "--cpu"
    }
    assert given == {
        "--config_file": str(tmp_path / "run" / "plan" / "accelerate.json"),
        "--num_processes": "1",
        "--num_machines": "1",
        "--mixed_precision": "bf16",
        "--dynamo_backend": "no",
        "--main_process_port": "0",
        "--num_cpu_threads_per_process": "3",
    }
    assert "--cpu" in launcher
    assert arguments == ("--config_file", str(tmp_path / "run" / "plan" / "train.toml"))
    settings = json.loads(plan.files["plan/accelerate.json"])
    assert (settings["num_processes"], settings["distributed_type"], settings["use_cpu"]) == (1, "NO", True)
    assert plan.total_steps == 7


@pytest.mark.parametrize(("gpu", "cpu_flag"), [(True, False), (None, False), (False, True)])
def test_cpu_only_where_there_is_no_gpu(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path, gpu: bool | None, cpu_flag: bool
) -> None:
    other = SdScriptsEngine(engine.installation, engine.tokenizers, Device(gpu, 2))
    plan = other.plan(options, tmp_path)
    assert ("--cpu" in plan.argv) is cpu_flag
    assert json.loads(plan.files["plan/accelerate.json"])["use_cpu"] is cpu_flag


def test_files_hold_absolute_paths_and_pass_the_manifest(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    plan = engine.plan(options, run)
    train, dataset = (toml.loads(plan.files[f"plan/{name}.toml"]) for name in ("train", "dataset"))
    manifest.check_train_table(train, "train_network")
    manifest.check_dataset_table(dataset)
    assert train["output_dir"] == str(run / "output")
    assert train["logging_dir"] == str(run / "logs")
    assert train["log_with"] == "tensorboard"
    assert train["dataset_config"] == str(run / "plan" / "dataset.toml")
    assert train["sample_prompts"] == str(run / "plan" / "prompts.txt")
    assert train["tokenizer_cache_dir"] == str(engine.tokenizers)
    assert plan.files["plan/prompts.txt"].splitlines() == options["prompts"]
    assert plan.final_file == run / "output" / "mein lora é.safetensors"
    assert not run.exists(), "planning touches no disk"
    assert LaunchPlan.from_json(plan.to_json()) == plan


def test_sdxl_has_its_own_script(engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path) -> None:
    options.update({"family": "sdxl", "cache_text_encoder_outputs": True, "network_train_unet_only": True})
    plan = engine.plan(options, tmp_path)
    assert str(engine.installation.checkout / "sdxl_train_network.py") in plan.argv
    train = toml.loads(plan.files["plan/train.toml"])
    assert train["cache_text_encoder_outputs"] is True
    manifest.check_train_table(train, "sdxl_train_network")


def test_no_prompts_no_prompt_file(engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path) -> None:
    options["prompts"] = []
    plan = engine.plan(options, tmp_path)
    assert "plan/prompts.txt" not in plan.files
    assert not [key for key in toml.loads(plan.files["plan/train.toml"]) if key.startswith("sample_every")]


def test_surroundings(engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path) -> None:
    plan = engine.plan(options, tmp_path)
    assert plan.env["PYTHONUNBUFFERED"] == "1"
    assert int(plan.env["COLUMNS"]) >= 200
    removed = {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "WORLD_SIZE", "RANK", "MASTER_PORT", "LOCAL_RANK"}
    assert removed | {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME", "FORCE_COLOR"} <= set(plan.env_remove)
    assert not set(plan.env) & set(plan.env_remove)
    assert "HF_HUB_OFFLINE" not in plan.env, "the vocabulary may still have to be downloaded"
    more = SdScriptsEngine(engine.installation, engine.tokenizers, CPU, extra_path="/opt/more")
    plan = more.plan(options, tmp_path)
    assert plan.env["PYTHONPATH"] == "/opt/more"
    assert "PYTHONPATH" not in plan.env_remove


def test_tiny_model_is_started_with_its_widths(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    model = str(tmp_path / "practice.tiny.safetensors")
    options["pretrained_model_name_or_path"] = model
    plan = engine.plan(options, tmp_path)
    script = plan.argv.index(str(engine.installation.checkout / "train_network.py"))
    assert Path(plan.argv[script - 2]).is_file()
    assert plan.argv[script - 1] == model
    assert option_of(plan, "--num_cpu_threads_per_process") == "1"
    assert plan.env["HF_HUB_OFFLINE"] == "1"
    train = toml.loads(plan.files["plan/train.toml"])
    assert train["tokenizer_cache_dir"] == str(tmp_path / "practice.tiny")


def test_other_suffix(engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path) -> None:
    options["save_model_as"] = "ckpt"
    assert engine.plan(options, tmp_path).final_file.suffix == ".ckpt"


def test_relative_run_directory_becomes_absolute(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = engine.plan(options, Path("run"))
    assert plan.run_dir == str(tmp_path / "run")
    assert option_of(plan, "--config_file") == str(tmp_path / "run" / "plan" / "accelerate.json")


def test_fp16_needs_a_gpu(engine: SdScriptsEngine, options: TrainingOptions) -> None:
    options["mixed_precision"] = "fp16"
    assert "mixed_precision" in [problem.fields[0] for problem in engine.check(options)]
    gpu = SdScriptsEngine(engine.installation, engine.tokenizers, Device(gpu=True))
    assert "mixed_precision" not in [problem.fields[0] for problem in gpu.check(options)]


def test_engine_of_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXTRA_PATH_VARIABLE, os.pathsep.join(["/a", "/b"]))
    workspace = Workspace(tmp_path)
    engine = get_engine("sd-scripts", workspace)
    assert isinstance(engine, SdScriptsEngine)
    assert engine.installation.checkout == workspace.sd_scripts_dir
    assert engine.extra_path == os.pathsep.join(["/a", "/b"])


def test_cpu_build_of_torch_means_no_gpu() -> None:
    assert detect("2.13.0+cpu").gpu is False
    assert detect("2.13.0+cu128").gpu is not False
    assert detect().threads >= 1


def test_engine_names(tmp_path: Path) -> None:
    for name in ENGINE_NAMES:
        assert get_engine(name, Workspace(tmp_path)).name == name
    with pytest.raises(InputError, match="practice"):
        get_engine("sd_scripts", Workspace(tmp_path))


def test_modules_of_ours_travel_with_the_plan(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    assert not [name for name in engine.plan(options, tmp_path / "plain").files if name.endswith(".py")]
    options["network_type"] = "ia3"
    plan = engine.plan(options, tmp_path / "run")
    assert "IA3Module" in plan.files["plan/modules/lora_workbench_networks.py"]
    assert plan.env["PYTHONPATH"] == str(tmp_path / "run" / "plan" / "modules")
    assert toml.loads(plan.files["plan/train.toml"])["network_module"] == "lora_workbench_networks"


def test_several_gpus(engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path) -> None:
    options["num_processes"] = 2
    plan = engine.plan(options, tmp_path / "run")
    assert option_of(plan, "--num_processes") == "2"
    assert "--multi_gpu" in plan.argv
    settings = json.loads(plan.files["plan/accelerate.json"])
    assert (settings["num_processes"], settings["distributed_type"]) == (2, "MULTI_GPU")


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_script(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path, family: str
) -> None:
    options["family"] = family
    plan = engine.plan(options, tmp_path / "run")
    script = FAMILIES[family].script
    assert str(engine.installation.checkout / f"{script}.py") in plan.argv
    manifest.check_train_table(toml.loads(plan.files["plan/train.toml"]), script)


def test_deepspeed_has_the_launchers_own_way_even_with_one_gpu(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    """The trainer reads WORLD_SIZE, which only this way sets, and the batch size from the main table."""
    gpu = SdScriptsEngine(engine.installation, engine.tokenizers, Device(gpu=True, threads=3))
    options.update({"deepspeed": True, "train_batch_size": 3, "offload_optimizer_device": "cpu"})
    for processes in (1, 2):
        options["num_processes"] = processes
        plan = gpu.plan(options, tmp_path)
        assert "--use_deepspeed" in plan.argv
        assert "--multi_gpu" not in plan.argv
        assert json.loads(plan.files["plan/accelerate.json"])["distributed_type"] == "DEEPSPEED"
    train = toml.loads(plan.files["plan/train.toml"])
    assert (train["deepspeed"], train["zero_stage"], train["train_batch_size"]) == (True, 2, 3)
    assert train["offload_optimizer_device"] == "cpu"
    assert not [key for key in train if "nvme" in key or key.startswith("zero3")]


def test_deepspeed_that_cannot_be_used_is_told(engine: SdScriptsEngine, options: TrainingOptions) -> None:
    options["deepspeed"] = True
    found = [problem for problem in engine.check(options) if problem.fields == ("deepspeed",)]
    assert [problem.what for problem in found][-2:] == [
        "DeepSpeed is not installed.",
        "DeepSpeed needs a GPU.",
    ]
    options.update(found[0].fix)
    assert not [problem for problem in engine.check(options) if problem.fields == ("deepspeed",)]


def test_upload_goes_online_and_holds_no_token(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 20)
    options["pretrained_model_name_or_path"] = str(tmp_path / "practice.tiny.safetensors")
    assert "huggingface_repo_id" not in engine.plan(options, tmp_path).files["plan/train.toml"]
    options.update({"huggingface_upload": True, "huggingface_repo_id": "me/mine"})
    plan = engine.plan(options, tmp_path)
    train = toml.loads(plan.files["plan/train.toml"])
    assert train["huggingface_repo_id"] == "me/mine"
    assert train["huggingface_repo_visibility"] == "private"
    assert "HF_HUB_OFFLINE" not in plan.env
    assert "hf_x" not in repr(plan)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "huggingface_upload" in [name for problem in engine.check(options) for name in problem.fields]


def test_folders_with_masks_form_a_data_set_of_their_own(
    engine: SdScriptsEngine, options: TrainingOptions, tmp_path: Path
) -> None:
    masked = {"image_dir": "~/b", "conditioning_data_dir": "~/masks", "is_reg": False}
    options.update({"masked_loss": True, "alpha_mask": True, "more_folders": [masked]})
    (plain, other) = toml.loads(engine.plan(options, tmp_path).files["plan/dataset.toml"])["datasets"]
    assert plain["subsets"][0]["alpha_mask"] is True
    assert "conditioning_data_dir" not in plain["subsets"][0]
    (subset,) = other["subsets"]
    assert subset["conditioning_data_dir"] == os.path.expanduser("~/masks")
    assert not {"alpha_mask", "is_reg"} & set(subset)
    manifest.check_dataset_table({"datasets": [plain, other]})
    both = {**other, "subsets": [*plain["subsets"], subset]}
    with pytest.raises(InputError):
        manifest.check_dataset_table({"datasets": [both]})
