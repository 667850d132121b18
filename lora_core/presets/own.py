"""The user's own presets: save, rename, delete, share, take in.

Every function takes the folder where they lie (`Workspace.presets`). Nothing is ever lost: what is deleted
or replaced goes to a bin beside the presets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from pathlib import Path

import tomli_w

from lora_core import atomic
from lora_core.errors import InputError, Problem, StorageError
from lora_core.options import TrainingOptions, toml_io
from lora_core.options.rules.output import RESERVED
from lora_core.presets.catalogue import Preset, describe, find, list_presets, presets_dir
from lora_core.presets.layers import apply, is_personal

BIN = "bin"
"""Folder below the presets that keeps what was deleted or replaced."""

_PATH_LIKE = re.compile(r"[/\\~]|(?i:token|secret|password|api_key)")
"""What an argument must not have in a file for others: a path, or the name of a secret."""


def save(
    folder: Path,
    title: str,
    options: TrainingOptions,
    *,
    description: str = "",
    goal: str = "",
    replace: bool = False,
) -> Preset:
    """Keep options as an own preset. What is personal is left out.

    Args:
        folder: where own presets lie; made if needed.
        title: its name for people; the file's name is made of it.
        options: what to keep.
        description: what it is for.
        goal: what kind of LoRA it is for; empty for any.
        replace: whether it may take the place of an own preset of the same name, which goes to the bin.

    Raises:
        InputError: the title cannot be used, or there is a preset of that name.
        StorageError: the file cannot be written.
    """
    path = _free_path(folder, title, replace=replace)
    if path.exists():
        _to_bin(path)
    about = {"title": title.strip(), "description": description, "goal": goal}
    return _write(path, options, {**about, "source": "Your own."})


def rename(folder: Path, name: str, title: str) -> Preset:
    """Give an own preset another title, and its file the name that goes with it.

    Raises:
        UnknownKeyError: there is no such own preset.
        InputError: the title cannot be used, or there is a preset of that name.
        StorageError: the file cannot be written.
    """
    preset = find(name, folder)
    path = preset.path if _name_of(title) == name else _free_path(folder, title, replace=False)
    document = toml_io.parse(toml_io.read_text(preset.path))
    document["preset"]["title"] = title.strip()
    _store(path, tomli_w.dumps(document))
    if path != preset.path:
        preset.path.unlink()
    return describe(path, own=True)


def delete(folder: Path, name: str) -> Path:
    """Put an own preset into the bin. Returns the file there, for `put_back`.

    Raises:
        UnknownKeyError: there is no such own preset.
        StorageError: the file cannot be moved.
    """
    return _to_bin(find(name, folder).path)


def put_back(folder: Path, binned: Path) -> Preset:
    """Take a preset out of the bin again.

    Raises:
        InputError: there is a preset of that name by now.
        StorageError: the file cannot be moved.
    """
    path = folder / f"{binned.name.rsplit('.', 2)[0]}.toml"
    if path.exists():
        raise _taken(path.stem, path.stem)
    _move(binned, path)
    return describe(path, own=True)


def export(preset: Preset) -> str:
    """A preset as text to give to others: whole, without anything personal, paths or secrets."""
    if preset.modifier:
        return _few_lines(toml_io.read_text(preset.path), preset.title)
    options = apply(preset, TrainingOptions())
    about = {"title": preset.title, "description": preset.description, "goal": preset.goal}
    return _text(_without_paths(options), {**about, "source": preset.source})


def take_in(folder: Path, path: Path) -> tuple[Preset, list[Problem]]:
    """Take in a preset's file, from someone else or another machine, as an own preset.

    What cannot be used of it is left out and told. A preset of the same name stays: the new one gets a
    number.

    Returns:
        The preset, and what was left out and why.

    Raises:
        InputError: it is not TOML, or its title cannot be used.
        StorageError: it cannot be read, or the own preset cannot be written.
    """
    text = toml_io.read_text(path)
    options, left_out = toml_io.loads_leniently(text)
    table = toml_io.read_header(text).get("preset")
    given = table if isinstance(table, dict) else {}
    about = {key: str(given.get(key, "")) for key in ("title", "description", "goal", "source")}
    title = about["title"].strip() or path.stem
    names = {preset.stem for preset in folder.glob("*.toml")} | {known.name for known in list_presets()}
    number = 1
    while _name_of(title if number == 1 else f"{title} {number}") in names:
        number += 1
    about["title"] = title if number == 1 else f"{title} {number}"
    target = _free_path(folder, about["title"], replace=False)
    if given.get("modifier") is not True:
        return _write(target, options, about), left_out
    _store(target, _few_lines(text, about["title"], [problem.fields[0] for problem in left_out]))
    return describe(target, own=True), left_out


def _text(options: TrainingOptions, about: dict[str, str]) -> str:
    header = {key: value for key, value in about.items() if value}
    personal = {option.name for option in options if is_personal(option)}
    return toml_io.dumps(
        options, header={"preset": {**header, "family": options["family"]}}, leave_out=personal
    )


def _few_lines(text: str, title: str, without: Collection[str] = ()) -> str:
    """A modifier's own text under a title, without what is personal or named in ``without``."""
    document = toml_io.parse(text)
    document["preset"]["title"] = title
    personal = {option.name for option in TrainingOptions() if is_personal(option)}
    for name, table in document.items():
        if isinstance(table, dict) and name != "preset":
            for entry in {*personal, *without, "extra_options"} & table.keys():
                del table[entry]
    return tomli_w.dumps(document)


def _without_paths(options: TrainingOptions) -> TrainingOptions:
    """Without lines that name a path or a secret, where a person writes settings of the trainer by hand."""
    kept = options.copy()
    kept["extra_options"] = [line for line in kept["extra_options"] if not _PATH_LIKE.search(line)]
    return kept


def _write(path: Path, options: TrainingOptions, about: dict[str, str]) -> Preset:
    _store(path, _text(options, about))
    return describe(path, own=True)


def _store(path: Path, text: str) -> None:
    try:
        atomic.write_text(path, text)
    except OSError as error:
        raise StorageError(
            f"The preset {path.stem} cannot be written.",
            why=str(error.strerror or error),
            remedy=f"Check that {path.parent} can be written to.",
            field="preset",
            value=str(path),
        ) from error


def _to_bin(path: Path) -> Path:
    target = path.parent / BIN / f"{path.stem}.{time.time_ns()}.toml"
    _move(path, target)
    return target


def _move(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise StorageError(
            f"The preset {path.stem} cannot be moved.",
            why=str(error.strerror or error),
            remedy=f"Check that {target.parent} can be written to.",
            field="preset",
            value=str(path),
        ) from error


def _name_of(title: str) -> str:
    """A file name made of a title: letters and digits of any script, joined by hyphens."""
    return "-".join(re.findall(r"[^\W_]+", title.lower()))[:60].strip("-")


def _free_path(folder: Path, title: str, *, replace: bool) -> Path:
    name = _name_of(title)
    if not name or name in RESERVED:
        raise InputError(
            f"A preset cannot be called {title!r}.",
            why="Its name becomes a file name." if name else "The name has no letter and no digit.",
            remedy="Give it another name.",
            field="title",
            value=title,
        )
    path = folder / f"{name}.toml"
    shipped = name in {preset.name for preset in list_presets(presets_dir())}
    if shipped or (path.exists() and not replace):
        raise _taken(title, name)
    return path


def _taken(title: str, name: str) -> InputError:
    return InputError(
        f"There is a preset {name!r} already.",
        why="Two presets cannot have one name.",
        remedy="Give it another name.",
        field="title",
        value=title,
    )
