"""Checks of the pictures and captions against the options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lora_core.datasets import masks
from lora_core.datasets.buckets import Buckets
from lora_core.datasets.scan import DatasetScan
from lora_core.errors import InputError, Level, Problem
from lora_core.options import TrainingOptions, paths
from lora_core.options.folders import MAIN, FolderUse, uses

_SHOWN = 3
MOST_ENLARGED = 2.0
"""Times a picture's sides may grow without a word; beyond that blur is plain to see. Our choice."""


def check(
    options: TrainingOptions, found: DatasetScan | None, more: Sequence[DatasetScan | None] = ()
) -> list[Problem]:
    """What is wrong with the pictures.

    Args:
        options: the options that go with them.
        found: what the main folder holds; None if it is not there.
        more: the same for the further folders, in their order.
    """
    problems: list[Problem] = []
    if found is None:
        problems.append(_missing(options["image_dir"]))
    else:
        problems += [
            *_pictures(options["image_dir"], found),
            *_captions(options, found),
            *_fit(options, found),
            *_small(options, found),
        ]
    for use, other in zip(uses(options)[1:], more, strict=False):
        # the form counts folders as people do, the main one being the first
        problems += [
            replace(one, fields=("more_folders",), what=f"Folder {use.index + 1}: {one.what}")
            for one in _further(options, use, other)
        ]
    return problems + list(_masks(options, (found, *more)))


def _masks(options: TrainingOptions, scans: Sequence[DatasetScan | None]) -> Iterator[Problem]:
    """What is wrong with the masks of all folders that have some."""
    pictures = {use.index: one.pictures for use, one in zip(uses(options), scans, strict=False) if one}
    for use in uses(options):
        if not use.mask_dir or use.index not in pictures:
            continue
        shared = [o.index for o in uses(options) if o.mask_dir == use.mask_dir and o.index in pictures]
        others = [picture for index in shared for picture in pictures[index]]
        for one in masks.check(
            use.mask_dir, pictures[use.index], others, fitted=bool(options["enable_bucket"])
        ):
            yield one if use.index == MAIN else replace(one, fields=("more_folders",))


def _further(options: TrainingOptions, use: FolderUse, found: DatasetScan | None) -> list[Problem]:
    """What is wrong with the pictures of one further folder."""
    if found is None:
        return [_missing(use.image_dir)]
    size = options["more_folders"][use.index - 1].get("resolution")
    problems = [*_pictures(use.image_dir, found), *_fit(options, found, size), *_small(options, found, size)]
    word = options["trigger_word"].strip().lower()
    if use.is_reg and word and any(word in (p.caption or "").lower() for p in found.pictures):
        problems.append(
            Problem(
                Level.WARNING,
                ("more_folders",),
                f"Regularization captions in {use.image_dir} have the trigger word.",
                "These pictures show what is not your subject. With the word they would unlearn it.",
                "Take the trigger word out of these captions.",
            )
        )
    return problems


def _missing(chosen: str) -> Problem:
    what = f"The folder {chosen} is not there." if chosen else "No folder with pictures is chosen."
    if paths.of_another_system(chosen):
        why = "It is a path of a Windows machine, and this is none."
        return Problem(
            Level.ERROR, ("image_dir",), what, why, "Give the place of the pictures on this machine."
        )
    if chosen and Path(chosen).expanduser().exists():
        what = f"{chosen} is not a folder."
    return Problem(
        Level.ERROR,
        ("image_dir",),
        what,
        "The training learns from the pictures in this folder.",
        "Give the path of a folder with pictures.",
    )


def _pictures(folder: str, found: DatasetScan) -> Iterator[Problem]:
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
            f"There are no pictures in {folder}.",
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


def _fit(options: TrainingOptions, found: DatasetScan, resolution: int | None = None) -> Iterator[Problem]:
    """Whether every picture fits a bucket."""
    rule = Buckets.of_options(options, resolution)
    for picture in found.pictures:
        try:
            rule.size_for(picture.width, picture.height)
        except InputError as error:
            yield Problem(
                Level.ERROR, (error.field,), f"{picture.path.name}: {error.what}", error.why, error.remedy
            )
            return


def _small(options: TrainingOptions, found: DatasetScan, resolution: int | None = None) -> Iterator[Problem]:
    """Pictures that are blown up so much that their blur is learned."""
    rule = Buckets.of_options(options, resolution)
    if rule.no_upscale:
        return
    small = []
    for picture in found.pictures:
        try:
            wide, high = rule.size_for(picture.width, picture.height)
        except InputError:  # said by _fit
            continue
        if max(wide / picture.width, high / picture.height) > MOST_ENLARGED:
            small.append(picture.path)
    if small:
        yield Problem(
            Level.WARNING,
            ("image_dir", "bucket_no_upscale"),
            f"Pictures that are enlarged more than {MOST_ENLARGED:g} times: {_names(small)}.",
            "Enlarged pictures are blurred, and the LoRA learns the blur too.",
            "Take larger ones, leave them out, or choose a lower resolution.",
        )


def _names(found: Sequence[Path]) -> str:
    shown = ", ".join(path.name for path in found[:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more"
