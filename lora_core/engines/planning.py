"""What both engines' plans have in common: the trainer's files, with this run's places filled in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from lora_core.engines.base import LOGS, OUTPUT
from lora_core.errors import Level, OptionsInvalid, Problem
from lora_core.options import paths
from lora_core.options.families import FAMILIES
from lora_core.options.networks import NETWORKS, kinds

if TYPE_CHECKING:
    from lora_core.options import TrainingOptions

TRAIN_FILE = "plan/train.toml"
DATASET_FILE = "plan/dataset.toml"
PROMPTS_FILE = "plan/prompts.txt"

SCRIPTS: dict[str, str] = {name: family.script for name, family in FAMILIES.items()}
"""Model family -> the trainer script whose options the plan is checked against."""

PREVIEW_KEYS = ("sample_every_n_steps", "sample_every_n_epochs", "sample_at_first")
"""Keys about previews, which the trainer is only given beside a file of prompts."""


def plan_files(options: TrainingOptions, run_dir: Path, *, total_steps: int | None = None) -> dict[str, str]:
    """The trainer's files for one run, as text by their path relative to ``run_dir``.

    Every path in them is absolute, so the trainer may be started from any folder. Pure: no disk is
    touched.

    Args:
        options: what to train.
        run_dir: the run directory; it need not exist yet.
        total_steps: optimizer steps that are expected; some schedules need to know.

    Raises:
        OptionsInvalid: an option's key, type or choice is not one of the trainer's, or the family has no
            such kind of network.
    """
    return files(*tables(options, run_dir, total_steps=total_steps))


def files(train: dict[str, Any], dataset: dict[str, Any], prompts: str) -> dict[str, str]:
    """What `tables` made, as text by path."""
    out = {TRAIN_FILE: to_toml(train), DATASET_FILE: to_toml(dataset)}
    if prompts.strip():
        out[PROMPTS_FILE] = prompts.rstrip("\n") + "\n"
    return out


def tables(
    options: TrainingOptions, run_dir: Path, *, total_steps: int | None = None
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Like `plan_files`, before it becomes text: main table, dataset table, prompts."""
    from lora_core.engines import manifest
    from lora_core.options import schedules, trainer_toml

    _check_network(options)
    root = Path(os.path.abspath(run_dir))
    given = trainer_toml.to_trainer(options)
    train, dataset = _absolute_paths(given.train, options), _absolute_folders(given.dataset)
    train |= {
        "dataset_config": str(root / DATASET_FILE),
        "output_dir": str(root / OUTPUT),
        "output_name": options["output_name"],
        "logging_dir": str(root / LOGS),
    }
    train.setdefault("log_with", "tensorboard")
    train |= schedules.trainer_keys(options, total_steps)
    if given.prompts.strip():
        train["sample_prompts"] = str(root / PROMPTS_FILE)
    else:  # an interval without a prompt file ends the trainer with a TypeError
        for key in PREVIEW_KEYS:
            train.pop(key, None)
    manifest.check_train_table(train, SCRIPTS[options["family"]])
    return train, dataset, given.prompts


def _check_network(options: TrainingOptions) -> None:
    """Refuse a kind of network that would be plain LoRA under another name, or nothing, in this family."""
    kind, family = options["network_type"], options["family"]
    if family in NETWORKS[kind].families:
        return
    raise OptionsInvalid(
        [
            Problem(
                Level.ERROR,
                ("network_type", "family"),
                f"{NETWORKS[kind].title} cannot be trained for {FAMILIES[family].title}.",
                "The trainer would find no layers for it, or train another kind instead.",
                f"Choose one of: {', '.join(NETWORKS[one].title for one in kinds(family))}.",
                {"network_type": "lora"},
            )
        ]
    )


def _absolute_paths(train: dict[str, Any], options: TrainingOptions) -> dict[str, Any]:
    """A copy of the main table in which every path on this machine is absolute."""
    from lora_core.options.declare import Place

    found = dict(train)
    for option in options:
        value = found.get(option.key) if option.meta.place is Place.TRAIN and option.meta.path else None
        if value and not str(value).startswith("data:"):  # a picture may be written out instead of named
            found[option.key] = absolute(value)
    if model := train.get("pretrained_model_name_or_path"):
        found["pretrained_model_name_or_path"] = model_path(model)
    if files := train.get("base_weights"):
        found["base_weights"] = [absolute(one) for one in files]
    return found


def to_toml(table: dict[str, Any]) -> str:
    """A table as TOML that both the standard reader and the trainer's (toml 0.10.2) understand."""
    return tomli_w.dumps(table)


def absolute(path: str) -> str:
    """An absolute path, ``~`` resolved. The disk is not looked at. A path of another system stays as it is."""
    if paths.of_another_system(path):
        return path
    return os.path.abspath(os.path.expanduser(path))


def model_path(name: str) -> str:
    """A base model's path made absolute; a name of the form ``owner/model`` is left as it is.

    Such a name stands for a model on Hugging Face, which the trainer downloads.
    """
    plain = not name.startswith((".", "~", "/", "\\")) and "\\" not in name and name.count("/") == 1
    is_file = name.lower().endswith((".safetensors", ".ckpt", ".pt"))
    return name if plain and not is_file else absolute(name)


def _absolute_folders(dataset: dict[str, Any]) -> dict[str, Any]:
    """A copy of the dataset table in which every subset's folder is absolute."""
    copy = {key: value for key, value in dataset.items() if key != "datasets"}
    copy["datasets"] = [
        {**one, "subsets": [_absolute_subset(s) for s in one.get("subsets", [])]}
        for one in dataset.get("datasets", [])
    ]
    return copy


def _absolute_subset(subset: dict[str, Any]) -> dict[str, Any]:
    folders = {key: subset[key] for key in ("image_dir", "conditioning_data_dir") if subset.get(key)}
    return {**subset, **{key: absolute(folder) for key, folder in folders.items()}}
