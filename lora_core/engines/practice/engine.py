"""The practice engine: the embedded trainer behind the same protocol as the real one."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lora_core.engines import manifest, planning
from lora_core.engines.base import LaunchPlan
from lora_core.engines.practice import config
from lora_core.engines.practice.base_model import BASE_DIR
from lora_core.errors import Level, Problem

if TYPE_CHECKING:
    from lora_core.options import TrainingOptions
    from lora_core.options.declare import Option
    from lora_core.workspace import Workspace

_ROOT = Path(__file__).resolve().parents[3]
"""The folder that holds the package, so that ``-m`` finds it whether or not it is installed."""

ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""One thread: the model is too small to gain by a second one, and results stay the same everywhere."""

_REMOVED = (
    "PYTHONSAFEPATH", "WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT",
    "ACCELERATE_MIXED_PRECISION", "ACCELERATE_DYNAMO_BACKEND", "ACCELERATE_USE_DEEPSPEED", "ACCELERATE_USE_FSDP",
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS",
)  # fmt: skip
"""Variables of another launcher that would change how accelerate works."""

_PACKAGES = ("lora-workbench", "torch", "diffusers", "transformers", "peft", "accelerate", "safetensors")

_NETWORK_ARGS = frozenset({"conv_dim", "conv_alpha", "rank_dropout", "module_dropout"})


class PracticeEngine:
    """Trains the small base model that comes with the project, on the CPU, in a process of its own.

    Args:
        workspace: not needed; taken so that all engines are made alike.
    """

    name = "practice"
    label = "Practice (built in, CPU)"

    def __init__(self, workspace: Workspace | None = None) -> None:
        self.workspace = workspace

    def check(self, options: TrainingOptions) -> list[Problem]:
        """What this engine cannot do, as errors; what it leaves out, as one note."""
        found = [*_model_problems(options), *_size_problems(options), *_method_problems(options)]
        left_out = [option for option in options if _is_left_out(option, options)]
        if left_out:
            found.append(
                Problem(
                    Level.NOTE,
                    tuple(option.name for option in left_out),
                    f"The practice engine leaves out: {', '.join(option.label for option in left_out)}.",
                    "They have no meaning for its small model, or are not built into it.",
                    "Nothing needs to be done; the real trainer obeys them.",
                )
            )
        return found

    def plan(self, options: TrainingOptions, run_dir: Path, *, total_steps: int | None = None) -> LaunchPlan:
        """Options to plan. Pure.

        Raises:
            OptionsInvalid: an option's key, type or choice is not one of the trainer's.
        """
        train, dataset, prompts = planning.tables(options, run_dir, total_steps=total_steps)
        manifest.check_dataset_table(dataset)
        root = Path(os.path.abspath(run_dir))
        return LaunchPlan(
            engine=self.name,
            run_dir=str(root),
            argv=(sys.executable, "-m", "lora_core.engines.practice.train",
                  "--config_file", str(root / planning.TRAIN_FILE)),
            cwd=str(_ROOT),
            env=dict(ENVIRONMENT),
            env_remove=_REMOVED,
            files=planning.files(train, dataset, prompts),
            output_name=str(train["output_name"]),
            total_steps=total_steps,
            notes=tuple(p.what for p in self.check(options) if p.level is Level.NOTE),
        )  # fmt: skip

    def versions(self) -> dict[str, str]:
        """Python and the packages that do the work; those that are missing are left out."""
        found = {"python": platform.python_version()}
        for name in _PACKAGES:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return found


def obeys(option: Option) -> bool:
    """Whether the practice trainer does what an option says, or the option cannot change its result."""
    from lora_core.options import Place

    known = option.key in config.OBEYED or option.key in config.NO_MATTER
    places = (Place.OURS, Place.SCHEDULER_ARGS)
    return known or option.meta.place in places or option.key in _NETWORK_ARGS


def _is_left_out(option: Option, options: TrainingOptions) -> bool:
    changed = options[option.name] != option.default
    return changed and options.applies(option.name) and not obeys(option)


def _model_problems(options: TrainingOptions) -> list[Problem]:
    found = []
    if options["family"] != "sd15":
        found.append(
            Problem(
                Level.ERROR,
                ("family",),
                f"The practice engine cannot train the model family {options['family']}.",
                "Its small base model is of the Stable Diffusion 1.5 kind.",
                "Choose SD 1.5, or the sd-scripts engine.",
                {"family": "sd15"},
            )
        )
    given = str(options["pretrained_model_name_or_path"] or "").strip()
    folder = Path(planning.absolute(given)) if given else BASE_DIR
    if flaw := config.base_flaw(folder):
        found.append(
            Problem(
                Level.ERROR,
                ("pretrained_model_name_or_path",),
                f"The base model {folder.name} cannot be used by the practice engine.",
                flaw,
                "Leave the base model empty: the practice engine brings its own."
                if given
                else "Install the workbench again: the practice base model belongs to it.",
                {"pretrained_model_name_or_path": ""} if given else {},
            )
        )
    return found


def _size_problems(options: TrainingOptions) -> list[Problem]:
    side = options["resolution"]
    if config.MIN_RESOLUTION <= side <= config.MAX_RESOLUTION and side % 8 == 0:
        return []
    return [
        Problem(
            Level.ERROR,
            ("resolution",),
            f"The practice engine cannot train at {side} px.",
            f"It takes {config.MIN_RESOLUTION} to {config.MAX_RESOLUTION} px in steps of 8; "
            f"its base model was trained at {config.SIDE} px.",
            f"Set the resolution to {config.SIDE}.",
            {"resolution": config.SIDE},
        )
    ]


def _method_problems(options: TrainingOptions) -> list[Problem]:
    found = []
    for name, known in (("optimizer_type", config.OPTIMIZERS), ("lr_scheduler", config.SCHEDULERS),
                        ("loss_type", config.LOSSES)):  # fmt: skip
        value: Any = options[name]
        if str(value).lower() not in {word.lower() for word in known}:
            found.append(
                Problem(
                    Level.ERROR,
                    (name,),
                    f"The practice engine does not know {value} for {options.option(name).label}.",
                    "It has only a part of what the real trainer has.",
                    f"Choose one of: {', '.join(known)}.",
                    {name: known[0]},
                )
            )
    if str(options["optimizer_type"]).lower() == "prodigy" and importlib.util.find_spec("prodigyopt") is None:
        found.append(
            Problem(
                Level.ERROR,
                ("optimizer_type",),
                "The optimizer Prodigy is not installed for the practice engine.",
                "It comes in a package of its own, prodigyopt.",
                "Choose AdamW, or install prodigyopt.",
                {"optimizer_type": "AdamW"},
            )
        )
    return found
