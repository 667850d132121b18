"""The trainer's own settings: its main TOML, its dataset TOML, or a command line of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.engines import manifest
from lora_core.errors import StorageError
from lora_core.exchange import folders as picture_folders
from lora_core.exchange import schedule
from lora_core.exchange.collector import Collector, flat
from lora_core.exchange.network import FAMILY_OF_MODULE, take_network
from lora_core.exchange.values import pairs
from lora_core.options import toml_io
from lora_core.options.families import FAMILIES

_READ_APART = frozenset(
    "network_module network_args lr_scheduler_args lr_scheduler_type lr_scheduler dataset_config "
    "train_data_dir reg_data_dir sample_prompts v2 sdxl".split()
)
"""Keys that are not simply passed on."""
_ALIASES = {
    "dataset_repeats": "num_repeats",
    "caption_extention": "caption_extension",
    "lr_warmup_ratio": "lr_warmup_steps",
}
_WORDS: Mapping[tuple[str, str], tuple[Any, str]] = {
    ("max_token_length", "75"): (None, "It is the usual length."),
    ("log_with", "tensorboard"): (None, "Its figures are always written."),
    ("log_with", "wandb"): ("all", "The figures for TensorBoard are written, too: the page draws them."),
}
"""Key and value -> the value that stands for it here, and what to say of it."""
_OLD_SWITCHES = {"use_8bit_adam": "AdamW8bit", "use_lion_optimizer": "Lion"}
_LARGEST = 1_000_000
"""Bytes of a prompt file that is still read."""


def take(
    collector: Collector,
    train: Mapping[str, Any],
    dataset: Mapping[str, Any] | None = None,
    *,
    script: str = "",
    base: Path | None = None,
    like_the_trainer: bool = True,
) -> None:
    """Take the trainer's settings.

    Args:
        collector: where to put them.
        train: the main table, with or without sections.
        dataset: the dataset table, if there is one.
        script: the training script, if it is known.
        base: the folder that relative paths start from.
        like_the_trainer: what is left out gets the trainer's default, not ours.
    """
    main = {key: value for key, value in flat(train).items() if not collector.hidden(key, value)}
    dataset = dataset if dataset is not None else _named_dataset(collector, main, base)
    take_family(collector, guess_family(main, dataset or {}, script), main)
    if collector.family() != "sd2" and _on(main.get("v2")):
        collector.drop("v2", f"The other settings are for {FAMILIES[collector.family()].title}.")
    take_network(collector, str(main.get("network_module") or ""), pairs(main.get("network_args")))
    settled = _READ_APART | schedule.take_schedule(collector, main)
    for key, value in main.items():
        if key in _OLD_SWITCHES:
            if value:
                collector.give(key, "optimizer_type", _OLD_SWITCHES[key])
        elif key == "text_encoder_lr":
            take_text_rates(collector, key, value)
        elif key not in settled:
            there, note = _WORDS.get((key, str(value)), (value, ""))
            collector.give(key, _ALIASES.get(key, key), there, note)
    _take_prompts(collector, main, base)
    found = picture_folders.from_dataset_toml(dataset) if dataset else _parents(main, base)
    further = picture_folders.take_folders(collector, found)
    if like_the_trainer:
        _fill(collector, main)
    picture_folders.take_further(collector, further)


def _fill(collector: Collector, main: Mapping[str, Any]) -> None:
    collector.fill_with_trainer_defaults()
    if not main:
        collector.notes.append("Only a description of pictures was there; the rest is the trainer's default.")
    else:
        collector.notes.append("What the file does not name has the trainer's own default.")


def take_text_rates(collector: Collector, source: str, value: Any) -> None:
    """The learning rate of the text encoders: one, or one for each."""
    rates = list(value) if isinstance(value, (list, tuple)) else [value]
    if len({str(rate) for rate in rates}) == 1:
        collector.give(source, "text_encoder_lr", value)
        return
    names = ("text_encoder_lr", "text_encoder_lr_2", "text_encoder_lr_3")
    known = {option.name for option in collector.options}
    for name, rate in zip(names, rates, strict=False):
        usable = name in known and (name == names[0] or collector.options.applies(name))
        if usable:
            collector.own(source, name, rate)
        else:
            collector.drop(
                source, f"For this model family the trainer uses only the first number, not {rate}."
            )


def take_family(collector: Collector, family: str, main: Mapping[str, Any]) -> None:
    """Set the model family, and the line of models within it where the model's name tells it."""
    collector.own("model family", "family", family, "It was told from the other settings.")
    variant = _variant(family, main)
    if variant and any(option.name == "model_variant" for option in collector.options):
        collector.own("line of models", "model_variant", variant, "It was told from the other settings.")


def guess_family(main: Mapping[str, Any], dataset: Mapping[str, Any], script: str = "") -> str:
    """The model family, from what only one family has.

    The script decides; else the network module; else the options, of which many exist in some scripts only;
    else the size of the pictures and the model's name.
    """
    script = script.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    old = _on(main.get("v2"))
    for name, family in FAMILIES.items():
        if family.script == script and script != FAMILIES["sd15"].script:
            return name
    if str(main.get("network_module")) in FAMILY_OF_MODULE:
        return FAMILY_OF_MODULE[str(main["network_module"])]
    if script == FAMILIES["sd15"].script or old:
        return "sd2" if old else "sd15"
    possible = _possible(main)
    if FAMILIES["sd15"].script in possible:
        return "sdxl" if _looks_like_sdxl(main, dataset) else "sd15"
    likely = ("sdxl", "flux", "sd3", "lumina", "hunyuan_image", "anima")
    return next((name for name in likely if FAMILIES[name].script in possible), "sd15")


def _on(value: Any) -> bool:
    return bool(value) and str(value).lower() != "false"


def _possible(main: Mapping[str, Any]) -> set[str]:
    """Scripts that know every key of the table that any script knows."""
    possible = set(manifest.scripts())
    for key, value in main.items():
        having = {script for script in manifest.scripts() if key in manifest.options(script)}
        if having and value not in (None, "", False) and possible & having:
            possible &= having
    return possible


def _looks_like_sdxl(main: Mapping[str, Any], dataset: Mapping[str, Any]) -> bool:
    name = str(main.get("pretrained_model_name_or_path", "")).lower()
    if main.get("sdxl") or re.search(r"xl|pony|illustrious|noob|animagine", name):
        return True
    if main.get("no_half_vae") is True:
        return True
    sets = dataset.get("datasets")
    tables = [main, dataset.get("general"), *(sets if isinstance(sets, list) else [])]
    sizes = [str(one["resolution"]) for one in tables if isinstance(one, dict) and "resolution" in one]
    large = any(int(number) >= 1024 for size in sizes for number in re.findall(r"\d+", size)[:1])
    return large and main.get("clip_skip") in (None, "", 0)


def _variant(family: str, main: Mapping[str, Any]) -> str:
    name = str(main.get("pretrained_model_name_or_path", "")).lower()
    v_pred = str(main.get("v_parameterization", "")).lower() == "true"
    if family == "sdxl":
        if "noob" in name or v_pred:
            return "noobai_vpred" if v_pred else "noobai_eps"
        words = ("pony", "illustrious", "animagine")
        return next((word for word in words if word in name), "plain")
    if family == "sd2":
        return "768v" if v_pred else "base"
    if family == "flux":
        chroma = main.get("model_type") == "chroma" or "chroma" in name
        return "chroma" if chroma else "schnell" if "schnell" in name else "dev"
    if family == "sd15":
        return "anime" if str(main.get("clip_skip")) == "2" else "plain"
    return ""


def _named_dataset(collector: Collector, main: Mapping[str, Any], base: Path | None) -> dict[str, Any] | None:
    """The dataset TOML that the main table names, if it is there."""
    name = main.get("dataset_config")
    if not name:
        return None
    path = beside(str(name), base)
    if path is None:
        collector.drop("dataset_config", "There is no such file here. Choose the picture folder yourself.")
        return None
    collector.notes.append(f"The pictures were read from {path.name}.")
    return toml_io.parse(toml_io.read_text(path))


def beside(name: str, base: Path | None) -> Path | None:
    """A file that a setting names: at its path, or else of the same name beside the settings file."""
    plain = name.replace("\\", "/")
    places = [Path(plain).expanduser()] if base is None else [base / Path(plain).expanduser()]
    if base is not None:
        places.append(base / plain.rpartition("/")[2])
    try:
        return next((place for place in places if place.is_file()), None)
    except (OSError, ValueError):  # a name that no file can have
        return None


def _parents(main: Mapping[str, Any], base: Path | None) -> list[picture_folders.Folder]:
    found: list[picture_folders.Folder] = []
    for key in ("train_data_dir", "reg_data_dir"):
        if path := str(main.get(key) or ""):
            found += picture_folders.from_parent(key, path, is_reg=key.startswith("reg"), base=base)
    return found


def _take_prompts(collector: Collector, main: Mapping[str, Any], base: Path | None) -> None:
    """Preview prompts: from a text file, or written out in the setting itself."""
    given = main.get("sample_prompts")
    if not given:
        return
    name = str(given)
    if not name.lower().endswith((".txt", ".toml", ".json")):
        take_prompt_text(collector, "sample_prompts", name)
        return
    path = beside(name, base)
    try:
        if path is None or path.suffix.lower() != ".txt" or path.stat().st_size > _LARGEST:
            collector.drop("sample_prompts", "The file of prompts is not here, or is not a plain text file.")
        else:
            take_prompt_text(collector, "sample_prompts", toml_io.read_text(path))
    except (OSError, StorageError):
        collector.drop("sample_prompts", "The file of prompts cannot be read.")


def take_prompt_text(collector: Collector, source: str, text: str) -> None:
    """Preview prompts, one a line; lines that begin with # are comments."""
    lines = [line.strip() for line in text.splitlines()]
    if prompts := [line for line in lines if line and not line.startswith("#")]:
        collector.own(source, "prompts", prompts)
