"""The sd-scripts engine: options to a command, and a look at the installation."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lora_core.engines import manifest, planning
from lora_core.engines.base import LOGS, OUTPUT, LaunchPlan
from lora_core.engines.sd_scripts import environment, tiny
from lora_core.engines.sd_scripts.device import Device, detect
from lora_core.engines.sd_scripts.installation import COMMIT, Installation
from lora_core.errors import Level, Problem
from lora_core.options import networks, schedules

if TYPE_CHECKING:
    from lora_core.options import TrainingOptions
    from lora_core.workspace import Workspace

LAUNCH_FILE = "plan/accelerate.json"
"""The launcher's own settings. Naming a file keeps it from reading the user's ``default_config.yaml``."""
MODULES = "plan/modules"
"""Folder of a run directory with modules of ours that the trainer imports."""
EXTRA_PATH_VARIABLE = "LORA_WORKBENCH_TRAINER_PYTHONPATH"
"""Folders put on the trainer's PYTHONPATH: for own optimizers, or for what a machine needs to run it."""

_TINY_RUNNER = Path(tiny.__file__).with_name("run.py")


_TRUE = ("1", "TRUE", "YES", "ON")


@dataclass(frozen=True)
class _Processes:
    """How many processes train together, and by which of the launcher's ways.

    DeepSpeed needs its own way even for one: the trainer reads ``WORLD_SIZE``, which only that sets.
    """

    number: int
    deepspeed: bool = False

    @property
    def kind(self) -> str:
        """The launcher's word for it."""
        return "DEEPSPEED" if self.deepspeed else "MULTI_GPU" if self.number > 1 else "NO"

    @property
    def flags(self) -> tuple[str, ...]:
        """The launcher's switches for it."""
        return {"DEEPSPEED": ("--use_deepspeed",), "MULTI_GPU": ("--multi_gpu",), "NO": ()}[self.kind]


def _processes(options: TrainingOptions) -> _Processes:
    return _Processes(options["num_processes"], options["deepspeed"])


@dataclass(frozen=True)
class SdScriptsEngine:
    """Drives an installation of sd-scripts.

    Attributes:
        installation: the checkout and its interpreter.
        tokenizers: folder where the trainer keeps the text readers' vocabularies, so that they are
            downloaded only once. Used where the options name none.
        device: the processor to use.
        extra_path: the trainer's PYTHONPATH; folders separated as the platform does.
    """

    installation: Installation
    tokenizers: Path
    device: Device = field(default_factory=detect)
    extra_path: str = ""

    name = "sd-scripts"
    label = "sd-scripts (the real trainer)"

    @classmethod
    def from_workspace(cls, workspace: Workspace, device: Device | None = None) -> SdScriptsEngine:
        """The engine with the workspace's installation and this machine's device."""
        installation = Installation(workspace.sd_scripts_dir, workspace.sd_scripts_python)
        return cls(
            installation,
            workspace.engines / "tokenizers",
            device or detect(installation.packages().get("torch", "")),
            os.environ.get(EXTRA_PATH_VARIABLE, ""),
        )

    def check(self, options: TrainingOptions) -> list[Problem]:
        """What is missing in the installation, or cannot be done on this machine."""
        problems = self.installation.problems(f"{planning.SCRIPTS[options['family']]}.py")
        if self.device.gpu is False and "fp16" in (
            options["mixed_precision"],
            options["full_fp16"] and "fp16",
        ):
            problems.append(_fp16_on_cpu())
        if options["deepspeed"]:
            problems += _deepspeed(self.installation, self.device)
        if options["huggingface_upload"] and os.environ.get("HF_HUB_OFFLINE", "0").upper() in _TRUE:
            problems.append(_offline())
        return problems

    def plan(self, options: TrainingOptions, run_dir: Path, *, total_steps: int | None = None) -> LaunchPlan:
        """Options to plan. Pure.

        Raises:
            OptionsInvalid: an option's key, type or choice is not one of the trainer's.
        """
        train, dataset, prompts = planning.tables(options, run_dir, total_steps=total_steps)
        model = str(train.get("pretrained_model_name_or_path", ""))
        small = tiny.is_tiny(model)
        train.setdefault("tokenizer_cache_dir", tiny.tokenizer_dir(model) if small else str(self.tokenizers))
        script = planning.SCRIPTS[options["family"]]
        manifest.check_train_table(train, script)
        manifest.check_dataset_table(dataset)
        root = Path(planning.absolute(str(run_dir)))
        modules = _modules(train)
        path = os.pathsep.join(filter(None, (str(root / MODULES) if modules else "", self.extra_path)))
        variables = environment.variables(
            offline=small and not options["huggingface_upload"], extra_path=path
        )
        return LaunchPlan(
            engine=self.name,
            run_dir=str(root),
            argv=self._command(root, script, model if small else "", _precision(train), _processes(options)),
            cwd=str(self.installation.checkout),
            env=variables,
            env_remove=environment.removed(variables),
            files={**self._files(train, dataset, prompts, _processes(options)), **modules},
            folders=(OUTPUT, LOGS),
            output_name=str(train["output_name"]),
            suffix=f".{train.get('save_model_as', 'safetensors')}",
            total_steps=total_steps,
            notes=self._notes(small),
        )

    def versions(self) -> dict[str, str]:
        """sd-scripts' commit, and versions of the packages in its environment, as far as they are there."""
        return {"sd-scripts": self.installation.commit() or "unknown", **self.installation.packages()}

    def _command(
        self, root: Path, script: str, tiny_model: str, precision: str, processes: _Processes
    ) -> tuple[str, ...]:
        """The launcher with every choice spelled out, then the script with its file."""
        target, threads = [str(self.installation.checkout / f"{script}.py")], self.device.threads
        if tiny_model:  # too small to gain by a second thread, which only waits for the first
            threads = 1
            target = [str(_TINY_RUNNER), tiny_model, *target]
        # fmt: off
        return (
            str(self.installation.python), "-m", "accelerate.commands.launch",
            "--config_file", str(root / LAUNCH_FILE),
            "--num_processes", str(processes.number),
            *processes.flags,
            "--num_machines", "1",
            "--mixed_precision", precision,
            "--dynamo_backend", "no",
            "--main_process_port", "0",
            "--num_cpu_threads_per_process", str(threads),
            *(("--cpu",) if self.device.gpu is False else ()),
            *target,
            "--config_file", str(root / planning.TRAIN_FILE),
        )
        # fmt: on

    def _files(
        self, train: dict[str, Any], dataset: dict[str, Any], prompts: str, processes: _Processes
    ) -> dict[str, str]:
        settings = _launch_settings(self.device, _precision(train), processes)
        return {
            LAUNCH_FILE: json.dumps(settings, indent=1) + "\n",
            **planning.files(train, dataset, prompts),
        }

    def _notes(self, small: bool) -> tuple[str, ...]:
        notes = [f"sd-scripts at commit {COMMIT[:12]}."]
        if self.device.gpu is False:
            notes.append("No GPU is used; training a full-size model on a CPU takes hours to days.")
        if small:
            notes.append("The base model is a tiny one: the trainer is started with its widths.")
        else:
            notes.append("The first training of a model family downloads its vocabulary (about 2 MB).")
        return tuple(notes)


def _modules(train: dict[str, Any]) -> dict[str, str]:
    """Modules of ours that the main table names, as text by path: so a run has all that it needs."""
    named = {str(train.get(key, "")).partition(".")[0] for key in ("network_module", "lr_scheduler_type")}
    folder = resources.files("lora_core.engines.sd_scripts.modules")
    return {
        f"{MODULES}/{name}.py": (folder / f"{name}.py").read_text("utf-8")
        for name in (schedules.MODULE, networks.OWN_LYCORIS)
        if name in named
    }


def _precision(train: dict[str, Any]) -> str:
    return str(train.get("mixed_precision") or "no")


def _launch_settings(device: Device, precision: str, processes: _Processes) -> dict[str, Any]:
    """The launcher's settings file: everything on this machine, nothing inherited."""
    return {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": processes.kind,
        "num_processes": processes.number,
        "num_machines": 1,
        "machine_rank": 0,
        "mixed_precision": precision,
        "use_cpu": device.gpu is False,
        "debug": False,
    }


def _fp16_on_cpu() -> Problem:
    return Problem(
        Level.ERROR,
        ("mixed_precision",),
        "fp16 does not run without a GPU.",
        "The trainer stops at its first step.",
        "Choose no, or bf16.",
        {"mixed_precision": "no", "full_fp16": False},
    )


def _deepspeed(installation: Installation, device: Device) -> list[Problem]:
    """Why DeepSpeed cannot be used here."""
    reasons = []
    if sys.platform != "linux":
        reasons.append(("DeepSpeed is made for Linux.", "The trainer cannot use it on this system."))
    if "deepspeed" not in installation.packages():
        reasons.append(("DeepSpeed is not installed.", f"{installation.python} has no package deepspeed."))
    if device.gpu is False:
        reasons.append(("DeepSpeed needs a GPU.", "The launcher refuses it without one."))
    remedy, fix = "Switch DeepSpeed off, or install it in the trainer's environment.", {"deepspeed": False}
    return [Problem(Level.ERROR, ("deepspeed",), what, why, remedy, fix) for what, why in reasons]


def _offline() -> Problem:
    return Problem(
        Level.WARNING,
        ("huggingface_upload",),
        "Nothing can be uploaded.",
        "HF_HUB_OFFLINE is set, which keeps the trainer from reaching Hugging Face.",
        "Take that variable out of the environment, or switch the upload off.",
    )
