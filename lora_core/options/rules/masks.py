"""Rules about folders of masks. The trainer loads them as it loads the pictures of a ControlNet training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from lora_core.errors import Problem
from lora_core.options.folders import MAIN, FolderUse, data_sets, uses
from lora_core.options.rules.registry import Facts, error, note, rule

_NO_COUNT = "With a mask folder the trainer does not count on there"

_REFUSED: dict[str, tuple[Any, str, str]] = {
    "random_crop": (
        False,
        "The trainer stops on random crop beside a mask folder.",
        "Switch random crop off.",
    ),
    "caption_dropout_every_n_epochs": (
        0,
        f"{_NO_COUNT}: it takes every epoch for the one without captions.",
        "Leave it empty, or use caption dropout.",
    ),
    "token_warmup_step": (
        0,
        f"{_NO_COUNT}: the words would never become more.",
        "Set it to 0.",
    ),
    "class_tokens": (
        None,
        "The trainer refuses such words beside a mask folder, and stops.",
        "Write them into the caption files.",
    ),
}
"""Option -> its value that does nothing, why it does not go with masks, and what to do (``ControlNetDataset``)."""


def _masked(at: Facts) -> list[FolderUse]:
    return [use for use in uses(at.options) if use.mask_dir]


def _changed(at: Facts, chosen: list[int], **values: Any) -> list[dict[str, Any]]:
    """The further folders, some with other values. ``chosen``: their places from 1."""
    return [
        {**folder, **values} if number in chosen else dict(folder)
        for number, folder in enumerate(at["more_folders"], 1)
    ]


@rule
def masks_need_masked_loss(at: Facts) -> Iterator[Problem]:
    if _masked(at) and not at["masked_loss"]:
        yield error(
            "masked_loss conditioning_data_dir",
            "There is a mask folder, but masked loss is off.",
            "The trainer takes mask folders only with masked loss, and stops.",
            "Switch masked loss on, or leave the mask folder empty.",
            masked_loss=True,
        )


@rule
def what_masks_do_not_go_with(at: Facts) -> Iterator[Problem]:
    for name, (off, why, remedy) in _REFUSED.items():
        found = [use.index for use in _masked(at) if use.values.get(name)]
        if not found:
            continue
        fix: dict[str, Any] = {}
        if MAIN in found:
            fix[name] = False if off is False else None
        if others := [index for index in found if index != MAIN]:
            fix["more_folders"] = _changed(at, others, **{name: off})
        label = at.options.option(name).label
        yield error(f"{name} conditioning_data_dir", f"{label} does not go with masks.", why, remedy, **fix)


@rule
def masks_of_held_back_pictures(at: Facts) -> Iterator[Problem]:
    """The trainer pairs only the pictures that it trains on, and refuses the masks that are left."""
    if _masked(at) and at["validation_split"]:
        yield error(
            "validation_split conditioning_data_dir",
            "No pictures can be held back for validation beside a mask folder.",
            "The trainer takes the masks of these pictures for surplus ones, and stops.",
            "Switch validation off.",
            validation_split=at.off("validation_split"),
        )


@rule
def regularization_with_masks(at: Facts) -> Iterator[Problem]:
    found = [use.index for use in _masked(at) if use.is_reg]
    if found:
        yield error(
            "more_folders conditioning_data_dir",
            "Regularization pictures cannot have masks.",
            "The trainer refuses it and stops.",
            "Leave the mask folder of these pictures empty.",
            more_folders=_changed(at, found, conditioning_data_dir=""),
        )


@rule
def pictures_as_their_own_masks(at: Facts) -> Iterator[Problem]:
    same = [use.index for use in _masked(at) if _place(use.image_dir) == _place(use.mask_dir)]
    if same:
        fix: dict[str, Any] = {"conditioning_data_dir": ""} if MAIN in same else {}
        if others := [index for index in same if index != MAIN]:
            fix["more_folders"] = _changed(at, others, conditioning_data_dir="")
        yield error(
            "conditioning_data_dir image_dir",
            "The mask folder is the picture folder.",
            "Each picture would be its own mask.",
            "Keep masks in a folder of their own.",
            **fix,
        )


@rule
def masks_of_several_data_sets(at: Facts) -> Iterator[Problem]:
    """A data set refuses masks that belong to none of its own pictures."""
    seen: dict[str, set[frozenset[str]]] = {}
    for one in data_sets(at.options):
        for folder in {use.mask_dir for use in one.folders if use.mask_dir}:
            pictures = frozenset(_place(use.image_dir) for use in one.folders if use.mask_dir == folder)
            seen.setdefault(folder, set()).add(pictures)
    if shared := [folder for folder, kinds in seen.items() if len(kinds) > 1]:
        yield error(
            "more_folders conditioning_data_dir",
            f"The mask folder {shared[0]} serves pictures of different training sizes.",
            "For each size, the trainer stops at masks that belong to no picture of that size.",
            "Give each picture folder a mask folder of its own.",
        )


@rule
def two_kinds_of_masks(at: Facts) -> Iterator[Problem]:
    if at["alpha_mask"] and any(use.values.get("alpha_mask") for use in _masked(at)):
        yield note(
            "alpha_mask conditioning_data_dir",
            "Transparency is not used where there is a mask folder.",
            "The trainer takes only one kind of mask for a folder.",
            "Leave it if other folders use transparency; else switch it off.",
        )


def _place(folder: str) -> str:
    return os.path.abspath(os.path.expanduser(folder)) if folder else ""
