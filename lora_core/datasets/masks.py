"""Whether the masks in a folder fit the pictures, as the trainer will pair them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from lora_core.datasets.scan import ENDINGS, Picture
from lora_core.errors import Level, Problem

_SHOWN = 3


def check(
    folder: str, pictures: Sequence[Picture], others: Sequence[Picture], *, fitted: bool
) -> Iterator[Problem]:
    """What is wrong with the masks of a folder of pictures. Only the beginning of each file is read.

    Args:
        folder: where the masks are.
        pictures: those that need a mask each.
        others: pictures of other folders that may have masks there, too.
        fitted: whether pictures are fitted to buckets; then the trainer demands masks of the same size.
    """
    place = Path(folder).expanduser()
    try:
        files = sorted(
            p for p in place.iterdir() if p.suffix.lower() in ENDINGS and not p.name.startswith(".")
        )
    except OSError as error:
        why = str(error.strerror or error)
        yield _problem(
            f"The mask folder {folder} cannot be read.", why, "Give the folder that the masks are in."
        )
        return
    masks: dict[str, Path] = {}
    for file in files:
        masks.setdefault(file.stem, file)  # of several, the trainer takes the first by name
    if missing := [p.path.name for p in pictures if p.path.stem not in masks]:
        why = f"The trainer stops when a picture has no mask of its name in {folder}."
        yield _problem(
            f"Pictures without a mask: {_names(missing)}.", why, "Add the masks, all white to learn all."
        )
    known = {picture.path.stem for picture in (*pictures, *others)}
    if surplus := [file.name for file in files if file.stem not in known]:
        why = f"The trainer stops when {folder} holds a mask that belongs to no picture."
        yield _problem(
            f"Masks without a picture: {_names(surplus)}.", why, "Move these files to another place."
        )
    yield from _sizes([(p, masks[p.path.stem]) for p in pictures if p.path.stem in masks], fitted)


def _sizes(pairs: Sequence[tuple[Picture, Path]], fitted: bool) -> Iterator[Problem]:
    other, broken = [], []
    for picture, mask in pairs:
        try:
            with Image.open(mask) as image:
                if image.size != (picture.width, picture.height):
                    other.append(mask.name)
        except Exception:  # noqa: BLE001 - broken files make decoders raise nearly anything
            broken.append(mask.name)
    if broken:
        why = "They are no pictures, or are broken."
        yield _problem(f"Masks that cannot be read: {_names(broken)}.", why, "Save them anew.")
    if other:
        why = "The trainer stops on that." if fitted else "They are stretched, and do not fit the pictures."
        what = f"Masks of another size than their pictures: {_names(other)}."
        remedy = "Give each mask the width and height of its picture."
        yield _problem(what, why, remedy, Level.ERROR if fitted else Level.WARNING)


def _problem(what: str, why: str, remedy: str, level: Level = Level.ERROR) -> Problem:
    return Problem(level, ("conditioning_data_dir",), what, why, remedy)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
