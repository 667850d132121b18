"""Options to the trainer's own files and back.

The trainer (sd-scripts) reads a main TOML, a dataset TOML and a file of preview prompts. It has no None
either: a key that is absent has the trainer's default. So every value that is not None is written.

Two things it must not see: options that have no meaning beside the others (a convolution rank without
convolutions would change the training), and those that are ours alone. They come along in
``TrainerFiles.ours``, so that nothing is lost on the way back.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lora_core.errors import InputError
from lora_core.options.container import GROUPS, TrainingOptions, unknown_key
from lora_core.options.declare import Option, Place
from lora_core.options.folders import MAIN, DataSet, FolderUse, data_sets
from lora_core.options.groups.folder import FOLDER_OPTIONS

NETWORK_MODULE = "networks.lora"
"""The trainer's module that makes LoRA and LoCon networks."""

PLAN_KEYS = frozenset(
    "config_file dataset_config output_dir logging_dir log_with log_prefix log_tracker_name sample_prompts "
    "console_log_level console_log_file console_log_simple skip_cache_check".split()
)
"""Keys of the main table that a plan writes: no option, passed over when read."""

TRAINER_DEFAULTS: Mapping[str, Any] = {
    "caption_extension": ".caption",
    "num_repeats": 1,
    "keep_tokens": 0,
    "caption_dropout_rate": 0.0,
    "caption_tag_dropout_rate": 0.0,
    "min_bucket_reso": 256,
    "max_bucket_reso": 1024,
    "bucket_reso_steps": 64,
    "train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "max_data_loader_n_workers": 8,
    "learning_rate": 2e-6,
    "lr_scheduler": "constant",
    "lr_scheduler_num_cycles": 1,
    "lr_scheduler_power": 1.0,
    "lr_warmup_steps": 0,
    "max_grad_norm": 1.0,
    "network_dim": 4,
    "network_alpha": 1.0,
    "conv_alpha": 1.0,
    "optimizer_type": "AdamW",
    "mixed_precision": "no",
    "vae_batch_size": 1,
    "sample_sampler": "ddim",
    "output_name": "last",
    "save_model_as": "safetensors",
    "multires_noise_discount": 0.3,
    "loss_type": "l2",
    "huber_c": 0.1,
    "huber_schedule": "snr",
    "prior_loss_weight": 1.0,
}
"""What the trainer takes where a key is absent, for options that cannot be None.

From the parsers of sd-scripts 0.10.1; ``network_dim``, ``conv_alpha`` and ``output_name`` from its code.
"""


_MAIN_OPTIONS = {option.name: option for group in GROUPS for option in group.options()}
_DATASET_PLACES = (Place.GENERAL, Place.DATASET, Place.SUBSET)


@dataclass(frozen=True)
class TrainerFiles:
    """What the trainer reads, as values.

    Attributes:
        train: the main TOML, flat.
        dataset: the dataset TOML.
        prompts: the prompt file, one prompt a line; empty if there are none.
        ours: options that none of these can hold, by name.
    """

    train: dict[str, Any]
    dataset: dict[str, Any]
    prompts: str = ""
    ours: dict[str, Any] = field(default_factory=dict)


def to_trainer(options: TrainingOptions) -> TrainerFiles:
    """Options as the trainer wants them. Pure: paths stay as given."""
    tables: dict[Place, dict[str, Any]] = {place: {} for place in Place}
    ours: dict[str, Any] = {}
    for option in options:
        value = options[option.name]
        if option.meta.place is Place.OURS:
            if option.name not in ("prompts", "more_folders"):
                ours[option.name] = value
        elif not options.applies(option.name):
            if value != option.default:
                ours[option.name] = value
        elif value is not None:
            tables[option.meta.place][option.key] = [value] if option.meta.as_list else value
    train = {"network_module": NETWORK_MODULE, **tables[Place.TRAIN]}
    if arguments := tables[Place.NETWORK_ARGS]:
        train["network_args"] = [f"{key}={value}" for key, value in arguments.items()]
    dataset: dict[str, Any] = {"general": tables[Place.GENERAL]} if tables[Place.GENERAL] else {}
    dataset["datasets"] = [_data_set(one, tables) for one in data_sets(options)]
    return TrainerFiles(train, dataset, "".join(f"{prompt}\n" for prompt in options["prompts"]), ours)


def _data_set(one: DataSet, tables: Mapping[Place, Mapping[str, Any]]) -> dict[str, Any]:
    """One ``[[datasets]]`` table."""
    shared = {**tables[Place.DATASET], "resolution": one.resolution, "batch_size": one.batch_size}
    return {**shared, "subsets": [_subset(use, tables[Place.SUBSET]) for use in one.folders]}


def _subset(use: FolderUse, main: Mapping[str, Any]) -> dict[str, Any]:
    if use.index == MAIN:
        return dict(main)
    return {
        FOLDER_OPTIONS[name].key: value
        for name, value in use.values.items()
        if value is not None and not (name == "is_reg" and not value)
    }


def from_trainer(
    train: Mapping[str, Any],
    dataset: Mapping[str, Any],
    prompts: str = "",
    ours: Mapping[str, Any] | None = None,
) -> TrainingOptions:
    """The trainer's files as options.

    Without ``ours``, the model family and the kind of LoRA are told from the keys that are there.

    Args:
        train: the main TOML; tables in it are flattened, as the trainer does.
        dataset: the dataset TOML. The first folder that is not for regularization becomes the main one.
        prompts: the content of the prompt file.
        ours: what `TrainerFiles.ours` held.

    Raises:
        UnknownKeyError: a key is not one of the options.
        InputError: a value cannot be used.
    """
    found = _from_train(_flat(train))
    found |= _from_dataset(dataset, found)
    found["prompts"] = [s for s in map(str.strip, prompts.splitlines()) if s and not s.startswith("#")]
    found.setdefault("family", "sdxl" if "cache_text_encoder_outputs" in found else "sd15")
    found.setdefault("network_type", "locon" if "conv_dim" in found else "lora")
    found |= ours or {}
    absent = [option for option in TrainingOptions() if option.name not in found]
    found |= {option.name: _absent(option) for option in absent if option.meta.place is not Place.OURS}
    options = TrainingOptions(**found)
    for option in absent:
        if not options.applies(option.name):
            options[option.name] = option.default
    return options


def _absent(option: Option, *, main: bool = False) -> Any:
    """The value of an option whose key is not there. ``main``: take the main folder's declaration."""
    if main and option.name in _MAIN_OPTIONS:
        option = _MAIN_OPTIONS[option.name]
    if option.name in TRAINER_DEFAULTS:
        return TRAINER_DEFAULTS[option.name]
    if option.optional:
        return None
    return False if option.kind == "boolean" else option.default


def _flat(train: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in train.items():
        out |= value if isinstance(value, dict) else {key: value}
    return out


@functools.cache
def _keys(*places: Place) -> dict[str, Option]:
    """The trainer's key -> option, for options that go to these places."""
    options = (option for group in GROUPS for option in group.options())
    return {option.key: option for option in options if option.meta.place in places}


def _from_train(train: Mapping[str, Any]) -> dict[str, Any]:
    known = _keys(Place.TRAIN)
    found: dict[str, Any] = {}
    for key, value in train.items():
        if key in known:
            found[known[key].name] = _value(known[key], value)
        elif key == "network_args":
            found |= _from_network_args(value)
        elif key == "network_module":
            _check_module(value)
        elif key not in PLAN_KEYS and not _of_dataset(key):
            raise unknown_key(
                key, [*known, "network_args", *PLAN_KEYS], "a setting of the trainer known here"
            )
    return found


_ARGPARSE_NAMES = {"train_batch_size": "train_batch_size", "dataset_repeats": "num_repeats"}
"""Dataset options that the main table spells otherwise than the dataset table."""


def _of_dataset(key: str) -> bool:
    """Whether a key of the main table is a fallback for the dataset table."""
    return key in _ARGPARSE_NAMES or key in _keys(*_DATASET_PLACES)


def _from_dataset(dataset: Mapping[str, Any], train: Mapping[str, Any]) -> dict[str, Any]:
    """The nearer table wins: subset, then data set, then general."""
    for key in dataset:
        if key not in ("general", "datasets"):
            raise unknown_key(key, ["general", "datasets"], "a table of the dataset file")
    general = _dataset_values(dataset.get("general", {}), "[general]", _keys(*_DATASET_PLACES))
    sets = [_read_data_set(one, general) for one in _tables(dataset, "datasets")]
    folders = [(shared, folder) for shared, inside in sets for folder in inside]
    if not folders:
        return general | (sets[0][0] if sets else {})
    at = next((at for at, (_, folder) in enumerate(folders) if not folder.get("is_reg")), 0)
    shared, main = folders.pop(at)
    found = {**shared, **{name: value for name, value in main.items() if name != "is_reg"}}
    batch = found.pop("batch_size", None)
    if batch is not None:
        found["train_batch_size"] = batch
    if folders:
        whole = {**train, **found}
        found["more_folders"] = [_further(whole, other, folder) for other, folder in folders]
    return found


def _read_data_set(
    table: Mapping[str, Any], general: Mapping[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A data set's shared values, and the values of each of its folders."""
    inside = {key: value for key, value in table.items() if key != "subsets"}
    outer = {**general, **_dataset_values(inside, "[[datasets]]", _keys(*_DATASET_PLACES))}
    of_folder = {
        option.key: option for option in FOLDER_OPTIONS.values() if option.meta.place is Place.SUBSET
    }
    folders = []
    for subset in _tables(table, "subsets") or [{}]:
        own = _dataset_values(subset, "subsets", of_folder)
        folders.append({**{name: v for name, v in outer.items() if name in FOLDER_OPTIONS}, **own})
    return {name: v for name, v in outer.items() if name not in folders[0] or name in _SHARED}, folders


_SHARED = ("resolution", "batch_size")


def _further(
    whole: Mapping[str, Any], shared: Mapping[str, Any], folder: Mapping[str, Any]
) -> dict[str, Any]:
    """One further folder: what differs from the main one."""

    def effective(values: Mapping[str, Any], name: str) -> Any:
        return values.get(name, _absent(FOLDER_OPTIONS[name], main=True))

    out: dict[str, Any] = {"image_dir": folder.get("image_dir", ""), "is_reg": bool(folder.get("is_reg"))}
    out["num_repeats"] = effective(folder, "num_repeats")
    for name, option in FOLDER_OPTIONS.items():
        if name not in out and option.meta.place is Place.SUBSET:
            value = effective(folder, name)
            if value != effective(whole, name):
                out[name] = value
    size, batch = shared.get("resolution"), shared.get("batch_size")
    if size not in (None, whole.get("resolution")):
        out["resolution"] = size
    if batch not in (None, whole.get("train_batch_size", TRAINER_DEFAULTS["train_batch_size"])):
        out["batch_size"] = batch
    return out


def _dataset_values(table: Mapping[str, Any], where: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The values of one table of the dataset file, by the option's name."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key == "batch_size" and where != "subsets":
            found["batch_size"] = value
            continue
        if key not in known or (key == "image_dir" and where != "subsets"):
            if where == "subsets" and key in _keys(Place.DATASET):
                raise InputError(
                    f"{key!r} stands in a subset.",
                    why="It holds for a whole data set; the trainer refuses it there.",
                    remedy="Move it to [[datasets]].",
                    field=_keys(Place.DATASET)[key].name,
                    value=value,
                )
            raise unknown_key(key, known, f"a setting of the dataset file's {where}")
        found[known[key].name] = _value(known[key], value)
    return found


def _tables(table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = table.get(name, [])
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    raise InputError(
        f"{name} of the dataset file cannot be {items!r}.",
        why="It is a list of tables.",
        remedy=f"Write [[{name}]] on a line of its own, and the settings below it.",
        field=name,
        value=items,
    )


def _value(option: Option, value: Any) -> Any:
    if option.meta.as_list and isinstance(value, list):
        if len(set(value)) > 1:
            raise InputError(
                f"{option.label} ({option.name}) cannot be {value!r}.",
                why="One value for all parts is supported here.",
                remedy="Keep one value.",
                field=option.name,
                value=value,
            )
        return value[0] if value else None
    if option.choices and isinstance(value, str):  # the trainer reads optimizer names in any case
        return next((c for c in option.choices.values() if str(c).lower() == value.lower()), value)
    return value


def _check_module(value: Any) -> None:
    if value != NETWORK_MODULE:
        raise InputError(
            f"network_module cannot be {value!r}.",
            why="Another kind of network is not supported here.",
            remedy=f"Write {NETWORK_MODULE!r}, or leave it out.",
            field="network_module",
            value=value,
        )


def _from_network_args(arguments: Any) -> dict[str, Any]:
    known = _keys(Place.NETWORK_ARGS)
    found = {}
    for argument in arguments if isinstance(arguments, list) else [arguments]:
        key, equals, text = str(argument).partition("=")
        if not equals:
            raise InputError(
                f"network_args has the item {argument!r}.",
                why="Each item must be of the form name=value.",
                remedy="Write it as name=value, or take it out.",
                field="network_args",
                value=argument,
            )
        if key not in known:
            raise unknown_key(key, known, "a network argument known here")
        option = known[key]
        try:
            found[option.name] = int(text) if option.kind == "integer" else float(text)
        except ValueError:
            raise InputError(
                f"{option.label} ({key}) cannot be {text!r}.",
                why="It must be a number.",
                remedy="Write a number after the equals sign.",
                field=option.name,
                value=text,
            ) from None
    return found
