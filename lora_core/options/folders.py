"""Which picture folders make up a training, and with which settings.

The trainer groups folders into data sets: those of one training size and batch size. Folders with masks of
their own form data sets apart, as the trainer refuses to mix the two kinds. Everything that needs to know
(the trainer's files, the step count, the checks) asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lora_core.options.container import TrainingOptions
from lora_core.options.declare import Place
from lora_core.options.groups.folder import FOLDER_OPTIONS

MAIN = 0
"""Index of the main folder; further folders follow in their order."""

_OF_FOLDER = tuple(option for option in FOLDER_OPTIONS.values() if option.meta.place is Place.SUBSET)


@dataclass(frozen=True)
class FolderUse:
    """One folder as it is trained on.

    Attributes:
        index: 0 for the main folder, else the place among the further ones, from 1.
        values: every setting of a folder by the option's name, with what it takes from the main folder.
    """

    index: int
    values: Mapping[str, Any]

    @property
    def image_dir(self) -> str:
        return str(self.values["image_dir"])

    @property
    def repeats(self) -> int:
        return int(self.values["num_repeats"])

    @property
    def mask_dir(self) -> str:
        """The folder with its masks, empty if there is none."""
        return str(self.values["conditioning_data_dir"])

    @property
    def is_reg(self) -> bool:
        """Whether its pictures are for regularization."""
        return bool(self.values["is_reg"])


@dataclass(frozen=True)
class DataSet:
    """Folders that share a training size and a batch size, and all have mask folders or none has.

    Attributes:
        resolution: side of the square that sets the area, in pixels.
        batch_size: pictures a batch.
        folders: in their order.
    """

    resolution: int
    batch_size: int
    folders: tuple[FolderUse, ...]


def uses(options: TrainingOptions) -> list[FolderUse]:
    """All folders, the main one first."""
    names = [option.name for option in _OF_FOLDER]
    main = {name: options[name] for name in names if name != "is_reg"} | {"is_reg": False}
    found = [FolderUse(MAIN, main)]
    for index, own in enumerate(options["more_folders"], start=1):
        values = {}
        for name in names:
            value = own.get(name, FOLDER_OPTIONS[name].default)
            values[name] = main[name] if value is None else value
        found.append(FolderUse(index, values))
    return found


def data_sets(options: TrainingOptions) -> list[DataSet]:
    """The data sets, the main folder's first."""
    groups: dict[tuple[int, int, bool], list[FolderUse]] = {}
    for use in uses(options):
        own = {} if use.index == MAIN else options["more_folders"][use.index - 1]
        size = own.get("resolution") or options["resolution"]
        batch = own.get("batch_size") or options["train_batch_size"]
        groups.setdefault((size, batch, bool(use.mask_dir)), []).append(use)
    return [DataSet(size, batch, tuple(folders)) for (size, batch, _), folders in groups.items()]
