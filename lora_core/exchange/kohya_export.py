"""Our options for the kohya_ss GUI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lora_core.engines import manifest
from lora_core.errors import InputError
from lora_core.exchange import kohya_fields, kohya_ss
from lora_core.exchange.collector import Collector
from lora_core.exchange.export import cleaned, flags, train_table
from lora_core.exchange.values import pairs
from lora_core.options import TrainingOptions, networks, schedules, toml_io, trainer_toml
from lora_core.options.declare import Place
from lora_core.options.families import FAMILIES
from lora_core.options.trainer_values import NEUTRAL, TRAINER_DEFAULTS


def to_kohya_ss(
    options: TrainingOptions,
    *,
    with_paths: bool = False,
    dataset_config: str = "",
    total_steps: int | None = None,
) -> str:
    """Settings for the kohya_ss GUI, as the text of a JSON file.

    Its page knows one picture folder with one set of settings. What is more stands in a dataset TOML, which
    can be named here.

    Args:
        options: what to write.
        with_paths: write the paths of models and pictures, too.
        dataset_config: path of a dataset TOML, as `to_trainer_files` makes it.
        total_steps: the length of the training; schedules with warm restarts need it.

    Raises:
        InputError: a schedule with warm restarts is chosen, and the length is not known; or that page
            cannot train this kind of LoRA.
    """
    options = cleaned(options, with_paths=with_paths)
    files = trainer_toml.to_trainer(options)
    train = train_table(options, {**files.train, **schedules.trainer_keys(options, total_steps)})
    first = files.dataset["datasets"][0]
    subset = first["subsets"][0]
    fields = {**files.dataset.get("general", {}), **first, **subset}
    for key in ("subsets", "image_dir", "num_repeats", "batch_size", "resolution", "is_reg"):
        fields.pop(key, None)
    given = fields | {key: value for key, value in train.items() if key not in _OTHERWISE}
    named = {key: _field_of(key, options["family"]) for key in given}
    fields = {named[key]: value for key, value in given.items() if named[key]}
    script = FAMILIES[options["family"]].script
    rest = {
        key: value for key, value in given.items() if not named[key] and not _is_default(key, value, script)
    }
    fields["additional_parameters"] = " ".join(flags(rest, script))
    fields |= _fields_of(options["family"], train, first["resolution"])
    fields |= {
        "train_batch_size": first["batch_size"],
        "output_dir": "",
        "dataset_config": dataset_config,
        "sample_prompts": files.prompts.rstrip("\n"),
        "train_data_dir": "" if dataset_config else _parent(str(subset.get("image_dir", ""))),
    }
    fields |= _arguments(train)
    return json.dumps(dict(sorted(fields.items())), indent=2, ensure_ascii=False) + "\n"


def _is_default(key: str, value: Any, script: str) -> bool:
    entry = manifest.options(script).get(key)
    nothing = value in ("", [], None) or value is False
    return entry is not None and (value == entry.default or (nothing and not entry.default))


def not_held(options: TrainingOptions, text: str, dataset: str = "") -> list[str]:
    """Labels of the settings that the page would not train with, found by reading the file again.

    Args:
        options: what was to be written, without what `export.cleaned` takes out.
        text: what `to_kohya_ss` made of them.
        dataset: the dataset TOML that is given along, as text; empty if there is none.
    """
    collector = Collector()
    data = {**json.loads(text), "dataset_config": ""}
    kohya_ss.take(collector, data, dataset=toml_io.parse(dataset) if dataset else None)
    read = collector.options
    return [
        option.label
        for option in options
        if (option.meta.place is not Place.OURS or option.name in _OURS_TOO)
        and options.applies(option.name)
        and not _means_the_same(options, read, option.name)
    ]


_OURS_TOO = ("prompts", "more_folders", "text_encoder_lr_2", "text_encoder_lr_3")
"""Options that the trainer's tables hold in another form."""


def _folders(folders: list[dict[str, Any]], written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Further folders without the paths for which a placeholder was written."""
    unnamed = [not one.get("image_dir") for one in written] + [False] * len(folders)
    return [
        {key: value for key, value in one.items() if key != "image_dir" or not placeholder}
        for one, placeholder in zip(folders, unnamed, strict=False)
    ]


def _means_the_same(options: TrainingOptions, read: TrainingOptions, name: str) -> bool:
    """Whether what was read says the same as what was written, or both say nothing."""
    value = options[name]
    silent = ("", None, NEUTRAL.get(name), TRAINER_DEFAULTS.get(name))
    if name == "image_dir" and not value:
        return True  # a placeholder stands for it
    if name == "more_folders":
        return _folders(value, value) == _folders(read[name], value)
    if name == "base_weights_multiplier" and not options["base_weights"]:
        return True
    if value is None and name.startswith("restart_"):
        return True  # worked out from the length when written
    if value in silent:
        return read[name] in silent or not read.applies(name)
    return bool(value == read[name]) and read.applies(name)


_OTHERWISE = frozenset(
    "network_module network_args optimizer_type optimizer_args lr_scheduler_args dataset_config output_dir "
    "sample_prompts xformers sdpa lr_warmup_steps max_train_epochs text_encoder_lr v2".split()
)
"""Keys of the trainer that the page has in another form."""


def _arguments(train: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments are one text there, with blanks between them."""
    return {
        "optimizer": train.get("optimizer_type", ""),
        "optimizer_args": " ".join(train.get("optimizer_args", [])),
        "lr_scheduler_args": " ".join(train.get("lr_scheduler_args", [])),
        **_network_fields(str(train["network_module"]), pairs(train.get("network_args"))),
    }


def _parent(folder: str) -> str:
    """The page wants the folder around one that is called ``N_name``."""
    plain = folder.replace("\\", "/").rstrip("/")
    outer, _, name = plain.rpartition("/")
    return outer if name.partition("_")[0].isdigit() else folder


def _fields_of(family: str, train: Mapping[str, Any], resolution: int) -> dict[str, Any]:
    """The fields that are not simply the trainer's keys: family, size, length, warm-up, noise, attention.

    Args:
        family: our name of the model family.
        train: the trainer's main table.
        resolution: side of the training size in pixels.
    """
    warm = train.get("lr_warmup_steps") or 0
    share = isinstance(warm, float) and warm < 1
    rates = train.get("text_encoder_lr")
    boxes = {box: box != "sdxl_checkbox" and name == family for box, name in kohya_ss.CHECKBOXES.items()}
    boxes.pop("sdxl_checkbox")
    return {
        **boxes,
        "model_list": "custom",
        "max_resolution": f"{resolution},{resolution}",
        "lr_warmup": round(100 * warm, 6) if share else 0,
        "lr_warmup_steps": 0 if share else warm,
        "epoch": train.get("max_train_epochs") or 1,
        "max_train_epochs": train.get("max_train_epochs") or 0,
        "max_train_steps": train.get("max_train_steps") or 0,
        "noise_offset_type": "Multires" if train.get("multires_noise_iterations") else "Original",
        "xformers": next((word for word in ("xformers", "sdpa") if train.get(word)), "none"),
        "text_encoder_lr": (rates[0] if isinstance(rates, list) and rates else rates) or 0,
        "stop_text_encoder_training": -1 if train.get("network_train_unet_only") else 0,
    }


def _field_of(key: str, family: str) -> str:
    """The field for a key of the trainer; empty if that page has none."""
    for prefix in kohya_ss.PREFIXES.get(family, ()):
        if f"{prefix}{key}" in kohya_fields.PREFIXED:
            return f"{prefix}{key}"
    return key if key in kohya_fields.PLAIN else ""


def _network_fields(module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The label of the kind of LoRA, and the fields that its arguments are on that page.

    Raises:
        InputError: that page cannot train this kind; it would train plain LoRA instead.
    """
    names = {name: field for field, name in kohya_ss.ARGUMENT_NAMES.items()}
    found = {names.get(key, key): _typed(value) for key, value in arguments.items() if key != "algo"}
    return {"LoRA_type": _label(module, arguments), **found}


def _label(module: str, arguments: Mapping[str, Any]) -> str:
    if module in ("networks.lora", "networks.lora_sd3"):
        return "Kohya LoCon" if "conv_dim" in arguments else "Standard"
    method = str(arguments.get("algo", ""))
    wanted = (networks.LYCORIS if module in networks.LYCORIS_MODULES else module, method)
    for label, one in kohya_ss.MODULES.items():
        if one == wanted and label != "LoCon":
            return label
    raise InputError(
        "The kohya_ss page cannot train this kind of LoRA.",
        why=f"It has no label for {module}{f' with {method}' if method else ''}.",
        remedy="Export it for sd-scripts, or choose another kind of LoRA.",
        field="network_type",
        value=module,
    )


def _typed(value: Any) -> Any:
    """Arguments are texts; its page wants numbers and switches as such."""
    for kind in (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError):
            continue
    return {"True": True, "False": False}.get(str(value), value)
