"""Further picture folders: each has its own settings, and takes the rest from the main folder."""

from __future__ import annotations

from typing import Any

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options.declare import Boolean, Group, Integer, Option, Place, Text
from lora_core.options.groups import links
from lora_core.options.groups.captions import Captions
from lora_core.options.groups.dataset import Dataset


class Folder(Group):
    """One more folder of pictures. What is None is as in the main folder."""

    emoji, title = "🗂️", "One more folder"
    purpose = "More pictures, with settings of their own."

    image_dir = Text(
        "",
        label="Picture folder",
        doc=(
            "The folder that holds these pictures and their captions. It may not be the same as another "
            "one in the same data set."
        ),
        place=Place.SUBSET,
        path="folder",
        link=links.DATASET,
        deep=(
            "It becomes a [[datasets.subsets]]. A folder that is given twice in one data set counts only "
            "once."
        ),
    )
    is_reg = Boolean(
        False,
        label="Regularization pictures",
        doc=(
            "These pictures show what the model knows already, such as other people. They keep the LoRA from "
            "changing more than your subject. Give them captions without the trigger word."
        ),
        more=(
            "In each epoch as many of them are used as of your own pictures: with fewer they are repeated, "
            "with more some are left out. So an epoch takes twice as long."
        ),
        place=Place.SUBSET,
        typical={
            "Most LoRAs": "off",
            "Folder of other people or things": "on",
        },
        cost="An epoch takes twice as long with them.",
        link=links.DATASET,
        deep=(
            "The loss of these pictures is multiplied by prior_loss_weight. They are repeated until they "
            "are as many as your pictures times repeats."
        ),
    )
    num_repeats = Integer(
        1,
        bounds=(1, 10000),
        label="Repeats",
        doc=(
            "How often each of these pictures is used in one epoch. Raise it for pictures that matter "
            "more. Lower it if they crowd out the others. Typical: 1 to 10."
        ),
        place=Place.SUBSET,
        typical={
            "Few but important pictures": "2 to 10",
            "Many pictures": "1",
        },
        cost="Twice the repeats make this folder's part of an epoch twice as long.",
        link=links.DATASET,
        deep="The share of a folder = its pictures × repeats ÷ the same of all folders.",
    )
    conditioning_data_dir = Text(
        "",
        label="Mask folder",
        doc=(
            "A folder with one mask for each of these pictures, of the same name and size. White is learned, "
            "and black is ignored. Empty means without masks."
        ),
        place=Place.SUBSET,
        path="folder",
        advanced=True,
        practice=False,
        deep=(
            "As in the main folder: a mask belongs to the picture whose name without the ending is the same. "
            "The main folder's masks are never taken for these pictures."
        ),
    )
    resolution = Integer(
        None,
        allow_None=True,
        bounds=(64, 4096),
        label="Resolution",
        unit="px",
        doc=(
            "The training size of these pictures, if it differs from the main folder's. Raise it for "
            "detail, and lower it to save memory. Empty means the same."
        ),
        place=Place.DATASET,
        advanced=True,
        more=("The same folder at a second size lets the LoRA learn detail and whole together."),
        typical={
            "Most LoRAs": "empty",
            "SD 1.5": "512 or 768",
            "SDXL and newer": "768 or 1024",
        },
        cost=("Memory and time grow with the area: 1024 takes about four times as much as 512."),
        link=links.DATASET,
        deep=(
            "The folder becomes a [[datasets]] of its own, so its pictures are never in one batch with "
            "others."
        ),
    )
    batch_size = Integer(
        None,
        allow_None=True,
        bounds=(1, 1024),
        label="Batch size",
        doc=(
            "Pictures of this folder that are shown at once, if it differs. Lower it for a folder of a "
            "higher resolution. Raise it for one of a lower resolution. Empty means the same."
        ),
        place=Place.DATASET,
        advanced=True,
        typical={
            "Most LoRAs": "empty",
            "Twice the resolution": "a quarter of the main one",
        },
        cost=("GPU memory grows with each picture in the batch. The folder that needs most decides."),
        link=links.DATASET,
        deep="The folder becomes a [[datasets]] of its own, with batches of this size.",
    )


def _as_main(option: Option) -> Any:
    """A main folder's option again, where None means: as the main folder."""
    parameter = option.parameter
    settings: dict[str, Any] = {"label": option.label, "doc": option.doc, "allow_None": True}
    if option.bounds:
        settings["bounds"] = option.bounds
    if option.choices:
        settings.pop("allow_None")
        settings["objects"] = {"As the main folder": None, **option.choices}
    return type(parameter)(None, **settings, **{**vars(option.meta), "advanced": True})


for _option in (*Dataset.options(), *Captions.options()):
    if _option.meta.place is Place.SUBSET and not hasattr(Folder, _option.name):
        Folder.param.add_parameter(_option.name, _as_main(_option))

FOLDER_OPTIONS: dict[str, Option] = {option.name: option for option in Folder.options()}
"""What can be set for one more folder, by name."""


OWN = frozenset(["conditioning_data_dir"])
"""Options that a further folder never takes from the main one: masks belong to their pictures."""


def settled(given: Any) -> dict[str, Any]:
    """One more folder's values, checked. What is at its default is left out, but never the folder itself.

    Raises:
        TypeError: it is not a table of values.
        UnknownKeyError: a name is not an option of a folder.
        InputError: a value cannot be used.
    """
    if not isinstance(given, dict):
        raise TypeError("Each folder must be a table of settings.")
    folder = Folder()
    for name, value in given.items():
        if name not in FOLDER_OPTIONS:
            raise UnknownKeyError(
                f"{name!r} is not a setting of a picture folder.",
                why="A misspelt setting would silently do nothing.",
                remedy=f"Settings of a folder are: {', '.join(FOLDER_OPTIONS)}.",
                field="more_folders",
                value=value,
            )
        try:
            setattr(folder, name, value)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{FOLDER_OPTIONS[name].label} ({name}) of a picture folder cannot be {value!r}.",
                why=str(error),
                remedy="Correct it, or leave it out.",
                field="more_folders",
                value=value,
            ) from error
    values = {name: getattr(folder, name) for name in FOLDER_OPTIONS}
    changed = {name: value for name, value in values.items() if value != FOLDER_OPTIONS[name].default}
    return {"image_dir": folder.image_dir, **changed}
