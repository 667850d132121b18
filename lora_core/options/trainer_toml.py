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

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import extras, networks, trainer_values
from lora_core.options.container import GROUPS, TrainingOptions, unknown_key
from lora_core.options.declare import Option, Place
from lora_core.options.folders import MAIN, DataSet, FolderUse, data_sets
from lora_core.options.groups.folder import FOLDER_OPTIONS, OWN
from lora_core.options.omitted import OMITTED
from lora_core.options.trainer_values import NEUTRAL, TRAINER_DEFAULTS

__all__ = ["PLAN_KEYS", "TRAINER_DEFAULTS", "TrainerFiles", "from_trainer", "to_trainer"]

PLAN_KEYS = frozenset(
    "config_file dataset_config output_dir logging_dir log_prefix sample_prompts "
    "console_log_level console_log_file console_log_simple".split()
)
"""Keys of the main table that a plan writes: no option, passed over when read."""

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
    """Options as the trainer wants them. Pure: paths stay as given.

    Raises:
        InputError: a line of the further trainer options cannot be used.
    """
    tables: dict[Place, dict[str, Any]] = {place: {} for place in Place}
    ours: dict[str, Any] = {}
    for option in options:
        value = options[option.name]
        if option.meta.place is Place.OURS:
            if option.name not in ("prompts", "more_folders"):
                ours[option.name] = value
        elif option.meta.place is Place.SCHEDULER_ARGS or not options.applies(option.name):
            if value != option.default:  # arguments of a schedule depend on the steps: see `schedules`
                ours[option.name] = value
        elif value is not None:
            tables[option.meta.place][option.key] = [value] if option.meta.as_list else value
    train = {
        "network_module": networks.module(options["network_type"], options["family"]),
        **tables[Place.TRAIN],
    }
    _finish(train, options, tables[Place.NETWORK_ARGS], ours)
    if options["conditioning_data_dir"] and options["alpha_mask"]:
        ours["alpha_mask"] = True  # the trainer refuses it beside a mask folder
    dataset: dict[str, Any] = {"general": tables[Place.GENERAL]} if tables[Place.GENERAL] else {}
    dataset["datasets"] = [_data_set(one, tables) for one in data_sets(options)]
    return TrainerFiles(train, dataset, "".join(f"{prompt}\n" for prompt in options["prompts"]), ours)


def _finish(
    train: dict[str, Any], options: TrainingOptions, arguments: Mapping[str, Any], ours: dict[str, Any]
) -> None:
    """Put into the main table what is not one option, one key."""
    if options["family"] == "sd2":
        train["v2"] = True
    if rates := trainer_values.text_encoder_rates(options):
        train["text_encoder_lr"] = rates
        ours["text_encoder_lr"] = options["text_encoder_lr"]
    if options["deepspeed"]:  # its setup looks for the batch size in the main table, not in the data sets
        train["train_batch_size"] = options["train_batch_size"]
    if not train["base_weights"]:
        del train["base_weights"]
    if "base_weights_multiplier" in train:
        one = train.pop("base_weights_multiplier")
        ours["base_weights_multiplier"] = one
        if count := len(options["base_weights"]):
            train["base_weights_multiplier"] = [one] * count
    if told := trainer_values.network_arguments(options, arguments):
        train["network_args"] = told
    train |= extras.parse(options["extra_options"])


def _data_set(one: DataSet, tables: Mapping[Place, Mapping[str, Any]]) -> dict[str, Any]:
    """One ``[[datasets]]`` table."""
    shared = {**tables[Place.DATASET], "resolution": one.resolution, "batch_size": one.batch_size}
    return {**shared, "subsets": [_subset(use, tables[Place.SUBSET]) for use in one.folders]}


def _subset(use: FolderUse, main: Mapping[str, Any]) -> dict[str, Any]:
    if use.index == MAIN:
        found = dict(main)
    else:
        found = {
            FOLDER_OPTIONS[name].key: value
            for name, value in use.values.items()
            if value is not None and not (name == "is_reg" and not value)
        }
    # Only a folder with masks may have the key; and with it the trainer refuses transparency as a mask.
    found.pop("alpha_mask" if use.mask_dir else "conditioning_data_dir", None)
    return found


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
    given, ours = _flat(train), ours or {}
    found = _from_train(given, ours)
    found |= _from_dataset(dataset, found)
    found["prompts"] = [s for s in map(str.strip, prompts.splitlines()) if s and not s.startswith("#")]
    found |= ours
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
    if option.meta.place is Place.SCHEDULER_ARGS:
        return option.default
    if option.name in TRAINER_DEFAULTS:
        return TRAINER_DEFAULTS[option.name]
    if option.optional:
        return None
    if option.meta.place is Place.NETWORK_ARGS:
        return option.default
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


def _from_train(train: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    known = _keys(Place.TRAIN)
    passed = {
        *PLAN_KEYS,
        "network_module",
        "network_args",
        "v2",
        *extras.parse(ours.get("extra_options", ())),
    }
    family = str(ours.get("family") or trainer_values.family_of(train, known))
    found: dict[str, Any] = {"family": family, **_from_network(train, family, ours)}
    found["huggingface_upload"] = bool(train.get("huggingface_repo_id"))
    for key, value in train.items():
        if key == "text_encoder_lr":
            found |= trainer_values.read_text_encoder_rates(value, family)
        elif key == "log_with":
            found["log_with"] = "all" if value in ("all", "wandb") else None
        elif key in known:
            found[known[key].name] = _value(known[key], value)
        elif _of_dataset(key):
            found |= _fallback(key, value)
        elif key not in passed:
            raise _unknown(key, known)
    return found


def _unknown(key: str, known: Mapping[str, Option]) -> UnknownKeyError:
    """The error for a key of the main table that is no option; one that was left out says why."""
    if key in OMITTED:
        return UnknownKeyError(
            f"{key!r} is not a setting of the trainer known here.",
            why=OMITTED[key],
            remedy="Take it out.",
            field=key,
        )
    return unknown_key(key, [*known, "network_args", *PLAN_KEYS], "a setting of the trainer known here")


def _named(option: Option) -> list[Any]:
    return [choice for choice in option.choices.values() if choice is not None]


def _from_network(train: Mapping[str, Any], family: str, ours: Mapping[str, Any]) -> dict[str, Any]:
    """The kind of network and its arguments."""
    module = str(train.get("network_module", networks.module("lora", family)))
    arguments = trainer_values.split_arguments(train.get("network_args", []))
    kind = str(ours.get("network_type") or trainer_values.network_kind(module, arguments))
    left = trainer_values.without_fixed(kind, module, arguments)
    return {
        "network_type": kind,
        **trainer_values.read_arguments(left, _keys(Place.NETWORK_ARGS)),
    }


_ARGPARSE_NAMES = ("train_batch_size", "dataset_repeats")
"""Dataset options that the main table spells otherwise than the dataset table."""


def _of_dataset(key: str) -> bool:
    """Whether a key of the main table is a fallback for the dataset table."""
    return key in _ARGPARSE_NAMES or key in _keys(*_DATASET_PLACES)


def _fallback(key: str, value: Any) -> dict[str, Any]:
    """A setting of the pictures in the main table, which the trainer takes where the dataset file is silent."""
    if key == "train_batch_size":
        return {"train_batch_size": value}
    if key == "resolution":
        return {"resolution": _resolution(value)}
    option = _keys(*_DATASET_PLACES)["num_repeats" if key == "dataset_repeats" else key]
    return {option.name: _value(option, value)}


def _resolution(value: Any) -> Any:
    """One side in pixels, where the trainer's files have a number, a text or an equal pair."""
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list) and parts and len({str(part).strip() for part in parts}) == 1:
        parts = parts[0]
    try:
        return int(parts) if isinstance(value, str) and not isinstance(parts, list) else parts
    except ValueError:
        return value


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
            value = folder.get(name, "") if name in OWN else effective(folder, name)
            if name in OWN:
                if value:
                    out[name] = value
            elif name == "alpha_mask" and folder.get("conditioning_data_dir"):
                continue  # without a meaning there, and never written
            elif value != effective(whole, name):
                out[name] = value if value is not None else NEUTRAL.get(name, "")
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
    if option.key == "base_weights_multiplier" and isinstance(value, list):
        return value[0] if value else None
    if option.name == "resolution" and isinstance(value, list):
        return _resolution(value)
    if option.choices and isinstance(value, str):  # the trainer reads optimizer names in any case
        return next((c for c in _named(option) if str(c).lower() == value.lower()), value)
    return value
