"""Picture folders of a foreign file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lora_core.errors import InputError
from lora_core.exchange.collector import Collector, shown
from lora_core.exchange.report import Entry, Outcome
from lora_core.exchange.values import Unfit, settle
from lora_core.options.declare import Option
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
    for key, value in {**main.shared, **main.own}.items():
        if key != "is_reg":
            source = f"{main.source}: {key}" if main.source != key else key
            collector.give(source, key, value, main.note if key == "image_dir" else "")
    return [folder for place, folder in enumerate(folders) if place != at]


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
    names = {option.name for option in collector.options}
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
        name = "train_batch_size" if option.name == "batch_size" else option.name
        free = option.name in ("image_dir", "is_reg", "num_repeats", *OWN) or name not in names
        if free or settled != collector.options[name]:
            values[option.name] = NEUTRAL.get(name, "") if settled is None else settled
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
