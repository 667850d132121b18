"""Rules about further picture folders and regularization."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.folders import MAIN, data_sets, uses
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def the_same_folder_twice(at: Facts) -> Iterator[Problem]:
    """sd-scripts passes over a second subset of the same folder in one data set, with a line in its log."""
    second: list[int] = []
    for one in data_sets(at.options):
        known: set[str] = set()
        for use in one.folders:
            place = os.path.abspath(os.path.expanduser(use.image_dir)) if use.image_dir else ""
            if place in known:
                second.append(use.index)
            elif place:
                known.add(place)
    if second:
        folders = at["more_folders"]
        named = folders[second[0] - 1]["image_dir"]
        yield error(
            "more_folders image_dir",
            f"The folder {named} is given twice.",
            "At one training size, the trainer uses a folder once and passes over the second silently.",
            "Take the second out, raise the repeats of the first, or give the second another resolution.",
            more_folders=[f for number, f in enumerate(folders, 1) if number not in second],
        )


@rule
def only_regularization(at: Facts) -> Iterator[Problem]:
    """Regularization pictures are used as often as the data set's own: beside none, none is used."""
    alone = [
        use.index
        for one in data_sets(at.options)
        if all(use.is_reg for use in one.folders)
        for use in one.folders
    ]
    if alone:
        folders = at["more_folders"]
        if at["conditioning_data_dir"]:
            yield error(
                "more_folders conditioning_data_dir",
                f"The regularization pictures in {folders[alone[0] - 1]['image_dir']} would not be used.",
                "They go along with pictures that have no mask folder, and the main folder has one.",
                "Take the regularization pictures out, or the mask folder of the main folder.",
                more_folders=[one for number, one in enumerate(folders, 1) if number not in alone],
            )
            return
        own = ("resolution", "batch_size")
        joined = [
            {key: value for key, value in folder.items() if not (number in alone and key in own)}
            for number, folder in enumerate(folders, 1)
        ]
        yield error(
            "more_folders",
            f"The regularization pictures in {folders[alone[0] - 1]['image_dir']} would not be used.",
            "They go along with your own pictures of the same resolution and batch size, and there are none.",
            "Leave their resolution and batch size empty, so that they join the main folder.",
            more_folders=joined,
        )


@rule
def weight_of_regularization(at: Facts) -> Iterator[Problem]:
    has_any = any(use.is_reg for use in uses(at.options))
    weight = at["prior_loss_weight"]
    if has_any and weight == 0:
        yield warning(
            "prior_loss_weight more_folders",
            "Regularization pictures count for nothing.",
            "Their weight is 0. They only take time.",
            "Set the weight to 1, or take that folder out.",
            prior_loss_weight=1.0,
        )
    elif not has_any and weight not in (None, 1):
        yield note(
            "prior_loss_weight",
            "The weight of regularization pictures has no effect.",
            "There are no such pictures.",
            "Leave it at 1.",
            prior_loss_weight=1.0,
        )


@rule
def captions_of_folders(at: Facts) -> Iterator[Problem]:
    for use in uses(at.options):
        ending = use.values.get("caption_extension") or ".txt"
        if use.index == MAIN or (ending.startswith(".") and len(ending) > 1):
            continue
        folders = [dict(folder) for folder in at["more_folders"]]
        if folders[use.index - 1].pop("caption_extension", None) is None:
            continue  # taken from the main folder, and told there
        yield error(
            "more_folders caption_extension",
            f"The caption file ending of {use.image_dir} cannot be {ending!r}.",
            "An ending begins with a dot; with a wrong one all captions are ignored.",
            "Leave it empty to use that of the main folder.",
            more_folders=folders,
        )
        return
