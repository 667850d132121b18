"""The notes inside a LoRA file: "train like this one". No path is taken from them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from lora_core.exchange import folders as picture_folders
from lora_core.exchange.collector import Collector
from lora_core.exchange.network import take_network
from lora_core.exchange.sd_scripts import guess_family, take_family, take_text_rates
from lora_core.options.families import suggestions

_FAMILY_WORDS = (
    (r"hunyuan.?image", "hunyuan_image"),
    (r"anima", "anima"),
    (r"lumina", "lumina"),
    (r"flux|chroma", "flux"),
    (r"sd3|stable-diffusion-3", "sd3"),
    (r"sdxl|stable-diffusion-xl|xl", "sdxl"),
    (r"sd_v2|stable-diffusion-v2", "sd2"),
    (r"sd_v1|stable-diffusion-v1", "sd15"),
)
"""What ``ss_base_model_version`` and ``modelspec.architecture`` hold -> the model family."""
_RENAMED = {"debiased_estimation": "debiased_estimation_loss", "batch_size_per_device": "train_batch_size"}
_RESULTS = frozenset(
    "session_id training_started_at training_finished_at steps epoch num_train_images num_reg_images "
    "num_validation_images num_batches_per_epoch tag_frequency dataset_dirs reg_dataset_dirs bucket_info "
    "sd_model_hash new_sd_model_hash vae_hash new_vae_hash sd_scripts_commit_hash total_batch_size "
    "sd_model_name vae_name".split()
)
"""Notes about what happened, which are no settings."""
_READ_APART = frozenset(
    "network_module network_args optimizer datasets num_epochs max_train_steps base_model_version v2 output_name "
    "lr_scheduler resolution".split()
)
_OPTIMIZER = re.compile(r"([\w.]+)(?:\((.*)\))?\s*", re.DOTALL)


def looks_like_one(data: Mapping[str, Any]) -> bool:
    """Whether a table has the notes that trainers write into LoRA files."""
    return any(key.startswith(("ss_", "modelspec.")) for key in data)


def take(collector: Collector, metadata: Mapping[str, Any]) -> None:
    """Take the settings that a LoRA was trained with, as far as its notes tell them."""
    notes = {
        key.removeprefix("ss_"): _plain(value) for key, value in metadata.items() if key.startswith("ss_")
    }
    notes = {key: value for key, value in notes.items() if not collector.hidden(key, value)}
    if "batch_size_per_device" not in notes and "datasets" not in notes and "total_batch_size" in notes:
        notes["batch_size_per_device"] = notes["total_batch_size"]  # the oldest notes have only this
    _take_family(collector, notes, metadata)
    take_network(collector, str(notes.get("network_module") or ""), _arguments(notes), "ss_network_module")
    _take_optimizer(collector, str(notes.get("optimizer") or ""))
    _take_length(collector, notes)
    if notes.get("lr_scheduler"):
        collector.give("ss_lr_scheduler", "lr_scheduler", notes["lr_scheduler"])
    for key, value in notes.items():
        if key == "text_encoder_lr":
            take_text_rates(collector, f"ss_{key}", _rate(value))
        elif key not in _RESULTS and key not in _READ_APART:
            name = _RENAMED.get(key, key)
            collector.give(f"ss_{key}", name, _unset(collector, name) if value is None else value)
    if notes.get("learning_rate"):
        _follow_general_rate(collector, notes)
    further = picture_folders.take_folders(collector, _folders(notes))
    picture_folders.take_further(collector, further)
    _say_what_is_missing(collector, notes)


def _follow_general_rate(collector: Collector, notes: Mapping[str, Any]) -> None:
    """Other programs note the general rate alone: then it holds for both parts, and not our usual rates."""
    for key in ("unet_lr", "text_encoder_lr"):
        if key not in notes:
            collector.options[key] = None


def _unset(collector: Collector, key: str) -> Any:
    """What a setting has that the trainer noted as ``None``: its default, where it cannot be empty here."""
    option = next((option for option in collector.options if option.key == key), None)
    return None if option is None or option.optional else collector.of_trainer(option)


def _plain(value: Any) -> Any:
    """Notes are texts; ``None`` and ``True`` are words in them. Some programs show tables as such."""
    text = json.dumps(value) if isinstance(value, (dict, list)) else str(value).strip()
    return {"None": None, "True": True, "False": False, "null": None}.get(text, text)


def _take_family(collector: Collector, notes: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    told = f"{notes.get('base_model_version') or ''} {metadata.get('modelspec.architecture') or ''}".lower()
    family = next((name for word, name in _FAMILY_WORDS if re.search(word, told)), "")
    prediction = str(metadata.get("modelspec.prediction_type") or "")
    main = {
        **notes,
        "v_parameterization": prediction == "v",
        "pretrained_model_name_or_path": notes.get("sd_model_name") or "",
    }
    family = family or guess_family(main, {})
    names = {option.name for option in collector.options}
    for name, value in suggestions(family).items():
        if name in names and name != "family":
            collector.options[name] = value
    take_family(collector, family, main)
    if prediction:
        collector.give("modelspec.prediction_type", "v_parameterization", prediction == "v")


def _arguments(notes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(str(notes.get("network_args") or "{}"))
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    if str(found.get("dropout")) == str(notes.get("network_dropout")):
        found.pop("dropout", None)  # the trainer puts network_dropout among the arguments, too
    return {key: value for key, value in found.items() if value is not None}


def _take_optimizer(collector: Collector, text: str) -> None:
    """``package.module.Name(one=1,two=(1, 2))``."""
    found = _OPTIMIZER.fullmatch(text)
    if not found or not text:
        return
    arguments = _split_arguments(found[2] or "")
    if collector.own("ss_optimizer", "optimizer_type", found[1]) and arguments:
        collector.own("ss_optimizer", "optimizer_args", arguments)


def _split_arguments(text: str) -> list[str]:
    """At commas outside of brackets: ``betas=(0.9, 0.99),eps=1e-8``."""
    parts, depth, word = [], 0, ""
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            parts.append(word)
            word = ""
        else:
            word += sign
    return [part.strip() for part in (*parts, word) if "=" in part]


def _take_length(collector: Collector, notes: Mapping[str, Any]) -> None:
    """Epochs where the training had whole ones, else its steps: the trainer notes both, whichever was set."""
    if notes.get("num_epochs") and _whole_epochs(notes):
        collector.give("ss_num_epochs", "max_train_epochs", notes["num_epochs"])
    elif notes.get("max_train_steps"):
        collector.options["max_train_epochs"] = None
        collector.give("ss_max_train_steps", "max_train_steps", notes["max_train_steps"])


def _whole_epochs(notes: Mapping[str, Any]) -> bool:
    """Whether the steps are as many as whole epochs have; true if it is not told. Batches are those of one GPU."""
    names = ("num_epochs", "max_train_steps", "num_batches_per_epoch")
    epochs, steps, batches = (_count(notes.get(name)) for name in names)
    if not (epochs and steps and batches):
        return True
    together = _count(notes.get("gradient_accumulation_steps")) or 1
    return epochs * math.ceil(batches / together) == steps


def _rate(value: Any) -> Any:
    """``[1e-4, 1e-4]``: the text encoders' rates are written as a list."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _folders(notes: Mapping[str, Any]) -> list[picture_folders.Folder]:
    """Repeats, size and buckets of each folder; its path is not taken."""
    found = []
    for at, one in enumerate(_data_sets(notes), start=1):
        kept = ("resolution", "enable_bucket", "min_bucket_reso", "max_bucket_reso", "bucket_no_upscale")
        shared = {key: one[key] for key in kept if one.get(key) is not None}
        if one.get("batch_size_per_device"):
            shared["batch_size"] = one["batch_size_per_device"]
        subsets = one.get("subsets")
        tables = [part for part in subsets if isinstance(part, dict)] if isinstance(subsets, list) else []
        for number, subset in enumerate(tables or [{}], start=1):
            gone = ("image_dir", "metadata_file", "img_count", "class_tokens", "image_count")
            own = {key: value for key, value in subset.items() if key not in gone and value is not None}
            found.append(picture_folders.Folder(f"ss_datasets {at}, folder {number}", own, shared))
    if not found:
        size = str(notes.get("resolution") or "").strip("()[]")
        own = {"resolution": size} if size else {}
        counts = [
            _count(one.get("n_repeats")) for one in _directories(notes).values() if isinstance(one, dict)
        ]
        own |= {"num_repeats": counts[0]} if counts and counts[0] else {}
        found = [picture_folders.Folder("ss_dataset_dirs", own)] if own else []
    return found


def _count(value: Any) -> int:
    """A whole number of something; 0 where it is none."""
    return int(value) if str(value).isdecimal() else 0


def _data_sets(notes: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        found = json.loads(str(notes.get("datasets") or "[]"))
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _directories(notes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(str(notes.get("dataset_dirs") or "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_DROPOUT = ("caption_dropout_rate", "caption_tag_dropout_rate", "caption_dropout_every_n_epochs")


def _say_what_is_missing(collector: Collector, notes: Mapping[str, Any]) -> None:
    if not notes:
        collector.notes.append("The file has no notes of its training. Little could be read.")
    if notes.get("sd_model_name"):
        collector.notes.append(f"It was trained on {_file_name(str(notes['sd_model_name']))}.")
    collector.notes.append("Paths are not taken: choose the base model and the pictures yourself.")
    if notes.get("datasets") and all(str(notes.get(key)) in ("0", "0.0", "None") for key in _DROPOUT):
        collector.notes.append("Caption dropout of a dataset file is never noted, so it may have had some.")
    images, steps = notes.get("num_train_images"), notes.get("max_train_steps")
    if images and steps:
        collector.notes.append(f"It saw {images} pictures an epoch, repeats counted, in {steps} steps.")


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
