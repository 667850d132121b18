"""Checks of the pictures and captions against the options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lora_core.datasets.buckets import Buckets
from lora_core.datasets.scan import DatasetScan
from lora_core.errors import InputError, Level, Problem
from lora_core.options import TrainingOptions

_SHOWN = 3


def check(options: TrainingOptions, found: DatasetScan | None) -> list[Problem]:
    """What is wrong with the pictures.

    Args:
        options: the options that go with them.
        found: what the folder holds; None if the folder is not there.
    """
    if found is None:
        return [_missing(options["image_dir"])]
    return [*_pictures(options, found), *_captions(options, found), *_fit(options, found)]


def _missing(chosen: str) -> Problem:
    what = f"The folder {chosen} is not there." if chosen else "No folder with pictures is chosen."
    if chosen and Path(chosen).expanduser().exists():
        what = f"{chosen} is not a folder."
    return Problem(
        Level.ERROR,
        ("image_dir",),
        what,
        "The training learns from the pictures in this folder.",
        "Give the path of a folder with pictures.",
    )


def _pictures(options: TrainingOptions, found: DatasetScan) -> Iterator[Problem]:
    if found.unreadable:
        yield Problem(
            Level.ERROR,
            ("image_dir",),
            f"Files that cannot be used: {_names([path for path, _ in found.unreadable])}.",
            f"{found.unreadable[0][0].name}: {found.unreadable[0][1]}",
            "Repair them, or move them out of the folder.",
        )
    if not found.pictures and not found.unreadable:
        yield Problem(
            Level.ERROR,
            ("image_dir",),
            f"There are no pictures in {options['image_dir']}.",
            "The trainer reads .png, .jpg, .jpeg, .webp and .bmp files that lie directly in this folder.",
            "Put the pictures into it, or choose the folder they are in.",
        )
    if found.left_out:
        yield Problem(
            Level.WARNING,
            ("image_dir",),
            f"Pictures that are passed over: {_names(found.left_out)}.",
            "The trainer does not read files of this kind.",
            "Save them as PNG or JPEG to train on them.",
        )


def _captions(options: TrainingOptions, found: DatasetScan) -> Iterator[Problem]:
    bare = [picture.path for picture in found.pictures if not picture.caption]
    if bare:
        every = len(bare) == len(found.pictures)
        yield Problem(
            Level.WARNING,
            ("image_dir", "caption_extension"),
            "No picture has a caption." if every else f"Pictures without a caption: {_names(bare)}.",
            "They are learned without words, so the trigger word does not call them up.",
            f"Put a {options['caption_extension']} file with its caption beside each picture.",
        )
    word = options["trigger_word"].strip().lower()
    without = [p.path for p in found.pictures if p.caption and word not in p.caption.lower()]
    if word and without:
        yield Problem(
            Level.WARNING,
            ("trigger_word",),
            f"Captions without the trigger word {options['trigger_word'].strip()!r}: {_names(without)}.",
            "The trigger word is learned only from captions that have it.",
            "Put it at the start of each caption.",
        )


def _fit(options: TrainingOptions, found: DatasetScan) -> Iterator[Problem]:
    """Whether every picture fits a bucket."""
    rule = Buckets.of_options(options)
    for picture in found.pictures:
        try:
            rule.size_for(picture.width, picture.height)
        except InputError as error:
            yield Problem(
                Level.ERROR, (error.field,), f"{picture.path.name}: {error.what}", error.why, error.remedy
            )
            return


def _names(paths: Sequence[Path]) -> str:
    shown = ", ".join(path.name for path in paths[:_SHOWN])
    return shown if len(paths) <= _SHOWN else f"{shown} and {len(paths) - _SHOWN} more"
