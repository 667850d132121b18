"""Every option that goes to the trainer is one that the trainer has, of a type that it takes."""

from __future__ import annotations

from typing import Any

import pytest

from lora_core.engines import manifest
from lora_core.engines.planning import SCRIPTS
from lora_core.engines.sd_scripts.installation import COMMIT
from lora_core.options import TrainingOptions, trainer_toml
from lora_core.options.declare import Option, Place

OPTIONS = list(TrainingOptions())
KINDS = {
    "boolean": {"bool"},
    "integer": {"int", "float", "int_or_float"},
    "number": {"float", "int_or_float"},
    "text": {"str", "Path"},
    "texts": {"str"},
    "file": {"str", "Path"},
    "folder": {"str", "Path"},
    "choice": {"str", "int", "float"},
}


def families(option: Option) -> list[str]:
    return list(option.meta.applies.get("family", tuple(SCRIPTS)))


def test_manifest_is_of_the_pinned_commit() -> None:
    assert manifest.commit() == COMMIT


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.meta.place is Place.TRAIN], ids=lambda o: o.name)
def test_train_option_is_the_trainers(option: Option) -> None:
    for family in families(option):
        known = manifest.options(SCRIPTS[family])
        assert option.key in known
        assert known[option.key].type in KINDS[option.kind]
        if known[option.key].choices and option.choices:
            assert {*known[option.key].choices, None} & set(option.choices.values())


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.meta.place is Place.TRAIN], ids=lambda o: o.name)
def test_each_choice_is_known_to_one_of_the_scripts(option: Option) -> None:
    """Which of them a family has is checked when a plan is made: `manifest.check_train_table`."""
    known = [manifest.options(SCRIPTS[family])[option.key].choices for family in families(option)]
    if all(known) and option.choices:
        assert set(option.choices.values()) <= {None, *(one for choices in known for one in choices)}


LEVELS = {Place.GENERAL: "general", Place.DATASET: "datasets", Place.SUBSET: "subsets"}


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.meta.place in LEVELS], ids=lambda o: o.name)
def test_dataset_option_is_the_trainers(option: Option) -> None:
    level = "mask_subsets" if option.key == "conditioning_data_dir" else LEVELS[option.meta.place]
    assert option.key in manifest.dataset_keys(level)


@pytest.mark.parametrize("family", SCRIPTS)
def test_defaults_pass_the_manifest(family: str) -> None:
    files: Any = trainer_toml.to_trainer(TrainingOptions(family=family, image_dir="/pictures"))
    manifest.check_train_table(files.train, SCRIPTS[family])
    manifest.check_dataset_table(files.dataset)
