"""Which presets there are, and what each says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, Level, Problem, UnknownKeyError, WorkbenchError
from lora_core.options import toml_io
from lora_core.options.container import unknown_key

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE.parent / "presets", _PACKAGE / "_presets")
"""In a checkout beside the package, in an installed wheel inside it."""

GOALS = ("character", "style", "concept", "clothing")
"""What a LoRA can be for."""


@dataclass(frozen=True)
class Preset:
    """A ready-made option set, or a modifier.

    Attributes:
        name: the file's name without ending.
        title: what it is for, in a few words.
        description: what to expect of it, in a sentence or two.
        path: the file.
        source: where its numbers come from.
        goal: one of `GOALS`; empty if it is for any.
        family: the model family of a set; empty for a modifier.
        variant: the variant of the family that a set is made for; empty for any.
        needs: what it takes, such as GPU memory, in words.
        tags: words to find it by.
        modifier: whether it changes only what it names.
        slot: what a modifier is about: ``memory``, ``optimizer``, ``pictures`` or ``model``.
        families: the families that a modifier is meant for.
        vram_gb: the GPU memory in GB that it is made for; None if it does not matter.
        alpha_of_rank: alpha as a share of the rank, set after all else; None to leave it alone.
        extends: presets whose values come first.
        own: whether it is one of the user's.
    """

    name: str
    title: str
    description: str
    path: Path
    source: str = ""
    goal: str = ""
    family: str = ""
    variant: str = ""
    needs: str = ""
    tags: tuple[str, ...] = ()
    modifier: bool = False
    slot: str = ""
    families: tuple[str, ...] = ()
    vram_gb: float | None = None
    alpha_of_rank: float | None = None
    extends: tuple[str, ...] = ()
    own: bool = False

    def fits(self, family: str) -> bool:
        """Whether it can be used with a model family. A set brings its own."""
        return not self.modifier or not self.families or family in self.families


def presets_dir() -> Path:
    """The folder of the presets that ship with the project."""
    return next((place for place in _PLACES if (place / "practice.toml").is_file()), _PLACES[0])


def list_presets(folder: Path | None = None) -> list[Preset]:
    """All presets of a folder, by name.

    Args:
        folder: where to look; by default the presets that ship with the project.

    Raises:
        InputError: a preset has no proper ``[preset]`` table.
        StorageError: a file cannot be read.
    """
    place = folder or presets_dir()
    return [describe(path, own=folder is not None) for path in sorted(place.glob("*.toml"))]


def list_with_own(folder: Path) -> tuple[list[Preset], list[Problem]]:
    """The shipped presets, then the user's own by title; one that cannot be read harms no other.

    Args:
        folder: where the user's own presets lie; it need not exist.

    Returns:
        The presets, and a warning for each file that cannot be used.
    """
    found, problems = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(describe(path, own=True))
        except WorkbenchError as error:
            why = f"{error.what} {error.why}".strip()
            problems.append(Problem(Level.WARNING, ("preset",), why, "", error.remedy))
    return [*list_presets(), *sorted(found, key=lambda preset: preset.title.lower())], problems


def find(name: str, *folders: Path) -> Preset:
    """A preset by name.

    Args:
        name: the file's name without ending.
        folders: where to look, in this order; by default the presets that ship with the project.

    Raises:
        UnknownKeyError: there is none of that name; the remedy names the nearest.
        InputError: it has no proper ``[preset]`` table.
    """
    places = folders or (presets_dir(),)
    known: dict[str, Path] = {}
    for folder in places:
        for path in sorted(folder.glob("*.toml")):
            known.setdefault(path.stem, path)
    if name not in known:
        raise _unknown(name, sorted(known))
    return describe(known[name], own=known[name].parent != presets_dir())


def describe(path: Path, *, own: bool = False) -> Preset:
    """What a preset's file says of itself.

    Raises:
        InputError: it has no ``[preset]`` table with a title, or an entry of it cannot be used.
        StorageError: the file cannot be read.
    """
    try:
        stat = path.stat()
    except OSError:
        return _read(path, own, (0, 0))  # reading it says what is wrong
    return _read(path, own, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=512)
def _read(path: Path, own: bool, stamp: tuple[int, int]) -> Preset:
    """What a file says of itself; read once as long as its ``stamp`` stays."""
    header = toml_io.read_header(toml_io.read_text(path))
    table = header.get("preset")
    if not isinstance(table, dict) or not isinstance(table.get("title"), str):
        raise InputError(
            f"{path.name} is not a preset.",
            why="It has no table [preset] with a title and a description.",
            remedy="Add them, or move the file out of the folder.",
            field="preset",
            value=str(path),
        )
    return Preset(name=path.stem, path=path, own=own, **{"description": "", **_entries(path, table)})


_KINDS: Mapping[str, tuple[type, ...]] = {
    "modifier": (bool,),
    "tags": (list,),
    "families": (list,),
    "extends": (list,),
    "vram_gb": (int, float),
    "alpha_of_rank": (int, float),
    **dict.fromkeys(("title", "description", "source", "goal", "family", "variant", "needs", "slot"), (str,)),
}


def _entries(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``[preset]``, each of its kind."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name not in _KINDS:
            raise unknown_key(name, _KINDS, f"an entry of [preset] ({path.name})")
        wrong = not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and bool not in _KINDS[name])
        if wrong or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
            raise InputError(
                f"{name} in [preset] of {path.name} cannot be {value!r}.",
                why=f"It is a {_words(_KINDS[name])}.",
                remedy="Correct it, or take it out.",
                field=name,
                value=value,
            )
        found[name] = tuple(value) if isinstance(value, list) else value
    return found


def _words(kinds: tuple[type, ...]) -> str:
    return {bool: "switch", list: "list of texts", int: "number", str: "text"}[kinds[0]]


def _unknown(name: str, known: Sequence[str]) -> UnknownKeyError:
    near = unknown_key(name, known)
    return UnknownKeyError(
        f"There is no preset {name!r}.",
        why=f"Presets are: {', '.join(known)}." if known else "There are no presets.",
        remedy=near.remedy if known and near.remedy.startswith("Did") else "Choose one of them.",
        field="preset",
        value=name,
    )
