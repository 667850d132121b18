"""Our options to give away: the trainer's own files with a command line, and our own TOML.

Secrets are never written, and paths of this machine only when they are asked for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.engines import manifest
from lora_core.engines.planning import model_path, to_toml
from lora_core.engines.sd_scripts import modules
from lora_core.exchange.secrets import is_secret
from lora_core.options import TrainingOptions, schedules, toml_io, trainer_toml
from lora_core.options.declare import Option
from lora_core.options.families import FAMILIES

TRAIN, DATASET, PROMPTS, COMMAND = "train.toml", "dataset.toml", "prompts.txt", "command.sh"
"""Names of the files that `to_trainer_files` makes."""
_PLACE = "pictures"
"""Stands for a picture folder whose path is left out."""
_PATH = re.compile(r"~|/|[A-Za-z]:[\\/]|\\\\|\.\.?[\\/]")
"""How a path of this machine begins."""


def to_trainer_files(
    options: TrainingOptions, *, with_paths: bool = False, total_steps: int | None = None
) -> dict[str, str]:
    """The trainer's files as texts by name: main TOML, dataset TOML, prompts if there are any, command.

    They belong into one folder, and the command is called there. Modules of ours that the settings need lie
    beside them.

    Args:
        options: what to write.
        with_paths: write the paths of models and pictures, too.
        total_steps: the length of the training; schedules with warm restarts need it.

    Raises:
        InputError: a schedule with warm restarts is chosen, and the length is not known.
    """
    options = cleaned(options, with_paths=with_paths)
    files = trainer_toml.to_trainer(options)
    train = train_table(options, {**files.train, **schedules.trainer_keys(options, total_steps)})
    if files.prompts.strip():
        train["sample_prompts"] = PROMPTS
    heading = f"# For {FAMILIES[options['family']].script}.py\n\n"
    found = {TRAIN: heading + to_toml(train), DATASET: to_toml(_with_places(files.dataset))}
    if files.prompts.strip():
        found[PROMPTS] = files.prompts
    return {**found, COMMAND: _command(options, train), **_modules(train)}


def _modules(train: Mapping[str, Any]) -> dict[str, str]:
    """Our modules that the trainer imports by name."""
    names = (str(train.get("lr_scheduler_type", "")).partition(".")[0], str(train["network_module"]))
    places = [Path(modules.__file__).with_name(f"{name}.py") for name in names if name]
    return {place.name: place.read_text("utf-8") for place in places if place.is_file()}


def to_workbench(options: TrainingOptions, *, with_paths: bool = False) -> str:
    """Our own TOML, to give away.

    Args:
        options: what to write.
        with_paths: write the paths of models and pictures, too.
    """
    return toml_io.dumps(cleaned(options, with_paths=with_paths))


def cleaned(options: TrainingOptions, *, with_paths: bool) -> TrainingOptions:
    """A copy without secrets and, unless they are wanted, without paths of this machine.

    A base model that is named as on Hugging Face (``owner/model``) is no path.
    """
    kept = options.copy()
    if not with_paths:  # whose repository it is, is private too
        for name in ("huggingface_upload", "huggingface_repo_id", "huggingface_path_in_repo"):
            kept[name] = kept.option(name).default
    for option in kept:
        value = kept[option.name]
        if option.name == "more_folders":
            kept[option.name] = value if with_paths else [_without_paths(one) for one in value]
        elif isinstance(value, list):
            kept[option.name] = [one for one in value if not _hidden(option, one, with_paths)]
        elif isinstance(value, str) and value and _hidden(option, value, with_paths):
            kept[option.name] = option.default
    return kept


def _without_paths(folder: Mapping[str, Any]) -> dict[str, Any]:
    """A further folder without its paths: neither its pictures nor its masks."""
    return {**{name: v for name, v in folder.items() if name != "conditioning_data_dir"}, "image_dir": ""}


def _hidden(option: Option, value: Any, with_paths: bool) -> bool:
    if is_secret("", value) or with_paths or not isinstance(value, str):
        return is_secret("", value)
    text = value.partition("=")[2].strip().strip("\"'") if "=" in value else value
    if option.kind in ("file", "folder") or _PATH.match(text):
        return not _is_public(option.name, value)
    return False


def _is_public(name: str, value: str) -> bool:
    plain = value.count("/") == 1 and not value.startswith((".", "~", "/")) and "\\" not in value
    return name == "pretrained_model_name_or_path" and plain and model_path(value) == value


def train_table(options: TrainingOptions, train: Mapping[str, Any]) -> dict[str, Any]:
    """The main table as it is given away: no empty texts, no secrets, and with the names of the other files."""
    kept = {key: value for key, value in train.items() if value != "" and not is_secret(key, value)}
    return {**kept, "dataset_config": DATASET, "output_dir": "output", "output_name": options["output_name"]}


def _with_places(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The dataset table with a placeholder for every folder without a path: the trainer needs one."""
    count = 0
    sets = []
    for one in dataset.get("datasets", []):
        subsets = []
        for subset in one.get("subsets", []):
            count += 1
            place = _PLACE if count == 1 else f"{_PLACE}-{count}"
            subsets.append({**subset, "image_dir": subset.get("image_dir") or place})
        sets.append({**one, "subsets": subsets})
    return {**dataset, "datasets": sets}


# --- command line -------------------------------------------------------------------------------------


def _command(options: TrainingOptions, train: Mapping[str, Any]) -> str:
    """The command in full, for bash; the short form with the file stands above it as a comment."""
    script = FAMILIES[options["family"]].script
    own = "PYTHONPATH=. " if _modules(train) else ""
    start = f"{own}accelerate launch --num_cpu_threads_per_process 1 {script}.py"
    lines = [start, *(f"  {flag}" for flag in flags(train, script))]
    short = f"# The same in short: {start} --config_file {TRAIN}\n"
    return short + " \\\n".join(lines) + "\n"


def flags(train: Mapping[str, Any], script: str) -> list[str]:
    """A main table as words of a command line; what the script does not know is left out."""
    known = manifest.options(script)
    found = []
    for key, value in train.items():
        if key not in known or value is False:
            continue  # on a command line a switch is off by not being there
        if value is True:
            found.append(f"--{key}")
        elif isinstance(value, (list, tuple)):
            if value:
                found.append(" ".join([f"--{key}", *(shlex.quote(str(one)) for one in value)]))
        elif value != "":
            found.append(f"--{key} {shlex.quote(str(value))}")
    return found
