"""Picture folders of a foreign file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lora_core.errors import InputError
from lora_core.exchange.collector import Collector, shown
from lora_core.exchange.report import Entry, Outcome
from lora_core.exchange.values import Unfit, settle
from lora_core.options.declare import Option, Place
from lora_core.options.groups.folder import FOLDER_OPTIONS, OWN
from lora_core.options.trainer_values import NEUTRAL

_REPEATED = re.compile(r"(\d+)_(.*)")


@dataclass(frozen=True)
class Folder:
    """One folder as a file describes it, with the trainer's keys.

    Attributes:
        source: what to call it in the report.
        own: its own settings; ``image_dir`` among them.
        shared: settings of the data set that it belongs to.
        note: what else to say about its path, in a sentence.
    """

    source: str
    own: Mapping[str, Any]
    shared: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def from_dataset_toml(table: Mapping[str, Any]) -> list[Folder]:
    """The folders of a dataset TOML; the nearer table wins."""
    general = _table(table.get("general"))
    found = []
    for at, one in enumerate(_tables(table.get("datasets")), start=1):
        shared = {**general, **{key: value for key, value in one.items() if key != "subsets"}}
        for number, subset in enumerate(_tables(one.get("subsets")) or [{}], start=1):
            found.append(Folder(f"datasets {at}, subsets {number}", subset, shared))
    return found or ([Folder("general", {}, general)] if general else [])


def from_parent(source: str, path: str, *, is_reg: bool, base: Path | None) -> list[Folder]:
    """The folders inside one whose folders are called ``N_name``: N is how often each picture is used.

    Args:
        source: the setting's name in the file.
        path: the outer folder.
        is_reg: whether they hold pictures for regularization.
        base: the folder that a relative path starts from.
    """
    extra = {"is_reg": True} if is_reg else {}
    outer = Path(path).expanduser()
    if base is not None and not outer.is_absolute():
        outer = base / outer
    found = []
    for inner in _inner(outer):
        count = _REPEATED.fullmatch(inner.name)
        if count:
            own = {"image_dir": str(inner), "num_repeats": int(count[1]), **extra}
            found.append(Folder(source, own, note=f"It lies in {path}."))
    if found:
        return found
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    count = _REPEATED.fullmatch(name)
    repeats = {"num_repeats": int(count[1])} if count and int(count[1]) else {}
    note = (
        "The trainer looks for folders such as 10_name inside it. None was found, so it counts as the folder."
    )
    return [Folder(source, {"image_dir": path, **repeats, **extra}, note=note)]


def _inner(outer: Path) -> list[Path]:
    try:
        return sorted(one for one in outer.iterdir() if one.is_dir())
    except OSError:
        return []


def take_folders(collector: Collector, folders: list[Folder]) -> list[Folder]:
    """Take the main folder: the first that is not for regularization. Returns the further ones.

    Where all are for regularization, the main one stays empty, and has the settings of their data set.
    """
    if not folders:
        return []
    at = next((at for at, one in enumerate(folders) if not one.own.get("is_reg")), -1)
    main = folders[at] if at >= 0 else Folder(folders[0].source, {}, folders[0].shared)
    outer = _outer(collector)
    for key, value in {**main.shared, **main.own}.items():
        if key != "is_reg":
            source = f"{main.source}: {key}" if main.source != key else key
            collector.give(source, key, value, main.note if key == "image_dir" else "")
    further = (folder for place, folder in enumerate(folders) if place != at)
    return [replace(folder, shared={**outer, **folder.shared}) for folder in further]


def _outer(collector: Collector) -> dict[str, Any]:
    """What holds for every folder that does not say otherwise: the settings of pictures that are given so far."""
    given = {name: collector.options[name] for name in collector.given}
    found = {option.key: given[option.name] for option in _of_pictures(collector) if option.name in given}
    if "train_batch_size" in given:
        found["batch_size"] = given["train_batch_size"]
    return {key: value for key, value in found.items() if key not in _ALONE}


def _of_pictures(collector: Collector) -> list[Option]:
    return [o for o in collector.options if o.meta.place in (Place.GENERAL, Place.DATASET, Place.SUBSET)]


_ONLY_AREA = (
    "The folder leaves the method of resizing to the trainer. Beside a folder that names one it is area, "
    "which differs for pictures that are enlarged."
)
_ALONE = ("image_dir", "is_reg", *OWN)
"""Settings that a folder never has from another one."""


def _in_main(name: str) -> str:
    """What the main folder's option is called."""
    return "train_batch_size" if name == "batch_size" else name


def take_further(collector: Collector, folders: list[Folder]) -> None:
    """Take further folders, each with what differs from the main one. Call it once that is complete."""
    kept: list[dict[str, Any]] = []
    for folder in folders:
        values = _further(collector, folder)
        try:
            collector.options["more_folders"] = [*kept, values]
        except InputError as error:
            collector.drop(folder.source, error.why or error.what)
            continue
        kept.append(values)
        collector.given.add("more_folders")
        text = f"It became a further picture folder. Its path: {shown(values.get('image_dir'))}."
        collector.entries.append(Entry(Outcome.TRANSLATED, folder.source, "more_folders", values, text))


def _further(collector: Collector, folder: Folder) -> dict[str, Any]:
    by_key: dict[str, Option] = {option.key: option for option in FOLDER_OPTIONS.values()}
    values: dict[str, Any] = {"num_repeats": 1}
    for key, value in {**folder.shared, **folder.own}.items():
        source = f"{folder.source}: {key}"
        option = by_key.get(key)
        if collector.hidden(source, value):
            continue
        if option is None:
            _not_of_folder(collector, source, key, value, own=key in folder.own)
            continue
        try:
            settled = settle(option, value)
        except Unfit as error:
            collector.drop(source, str(error))
            continue
        _set(collector, values, option, settled)
    silent = _silent(collector, {**folder.shared, **folder.own})
    if "resize_interpolation" in silent:
        collector.drop(f"{folder.source}: resize_interpolation", _ONLY_AREA)
    for option in _of_pictures(collector):
        alone = option.name in collector.given and option.key not in {*by_key, *folder.shared, *folder.own}
        if alone and collector.options.applies(option.name):
            spare = collector.of_trainer(option)
            _not_of_folder(collector, f"{folder.source}: {option.key}", option.key, spare, own=False)
    return values | silent


def _set(collector: Collector, values: dict[str, Any], option: Option, settled: Any) -> None:
    """Write a setting down where it differs from the main folder's."""
    name = _in_main(option.name)
    known = any(one.name == name for one in collector.options)
    if not known or option.name in ("num_repeats", *_ALONE) or settled != collector.options[name]:
        values[option.name] = NEUTRAL.get(name, "") if settled is None else settled


def _silent(collector: Collector, given: Mapping[str, Any]) -> dict[str, Any]:
    """What only the main folder names: here it is the trainer's default, not the main folder's value."""
    values: dict[str, Any] = {}
    for name, option in FOLDER_OPTIONS.items():
        if option.key in given or name in ("num_repeats", "resolution", *_ALONE):
            continue
        if _in_main(name) in collector.given:
            main = collector.options.option(_in_main(name))
            _set(collector, values, option, collector.of_trainer(main))
    return values


def _not_of_folder(collector: Collector, source: str, key: str, value: Any, *, own: bool) -> None:
    option = next((option for option in collector.options if option.key == key), None)
    if option is None:
        if own:
            collector.unknown(source)
    elif collector.options[option.name] != value:
        collector.drop(source, "It holds for all folders here, and the first folder's value is kept.")


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
