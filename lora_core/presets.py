"""Ready-made option sets.

A preset is a file of our own TOML (see `lora_core.options.toml_io`) with a table ``[preset]`` that has a
``title`` and a ``description``. What it does not name stays at its default.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import TrainingOptions, toml_io
from lora_core.options.container import unknown_key

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE.parent / "presets", _HERE / "_presets")
"""In a checkout beside the package, in an installed wheel inside it."""


@dataclass(frozen=True)
class Preset:
    """A ready-made option set.

    Attributes:
        name: the file's name without ending.
        title: what it is for, in a few words.
        description: what to expect of it, in a sentence or two.
        path: the file.
    """

    name: str
    title: str
    description: str
    path: Path


def presets_dir() -> Path:
    """The folder of the presets that ship with the project."""
    return next((place for place in _PLACES if (place / "practice.toml").is_file()), _PLACES[0])


def list_presets(folder: Path | None = None) -> list[Preset]:
    """All presets, by name.

    Args:
        folder: where to look; by default the presets that ship with the project.

    Raises:
        InputError: a preset has no proper ``[preset]`` table.
    """
    return [_describe(path) for path in sorted((folder or presets_dir()).glob("*.toml"))]


def load_preset(name: str, folder: Path | None = None) -> TrainingOptions:
    """The options of a preset.

    Raises:
        UnknownKeyError: there is no such preset, or it has a setting that does not exist.
        InputError: a value in it cannot be used.
    """
    folder = folder or presets_dir()
    known = {path.stem: path for path in folder.glob("*.toml")}
    if name not in known:
        raise _unknown(name, sorted(known))
    return toml_io.load(known[name])


def _unknown(name: str, known: list[str]) -> UnknownKeyError:
    near = unknown_key(name, known)
    return UnknownKeyError(
        f"There is no preset {name!r}.",
        why=f"Presets are: {', '.join(known)}." if known else "There are no presets.",
        remedy=near.remedy if known and near.remedy.startswith("Did") else "Choose one of them.",
        field="preset",
        value=name,
    )


def _describe(path: Path) -> Preset:
    table = toml_io.read_header(toml_io.read_text(path)).get("preset")
    title = table.get("title") if isinstance(table, dict) else None
    description = table.get("description", "") if isinstance(table, dict) else None
    if not isinstance(title, str) or not isinstance(description, str):
        raise InputError(
            f"{path.name} is not a preset.",
            why="It has no table [preset] with a title and a description.",
            remedy="Add them, or move the file out of the folder.",
            field="preset",
            value=str(path),
        )
    return Preset(path.stem, title, description, path)
