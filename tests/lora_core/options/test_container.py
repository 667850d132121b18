from __future__ import annotations

import pytest

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import GROUPS, TrainingOptions


def test_groups_are_those_of_the_form():
    keys = [group.key() for group in GROUPS]
    assert keys == [
        "base_model",
        "parts",
        "dataset",
        "captions",
        "steps",
        "learning",
        "network",
        "network_kinds",
        "lycoris",
        "network_parts",
        "optimizer",
        "precision",
        "memory",
        "flow",
        "noise",
        "previews",
        "saving",
        "resuming",
        "notes",
        "validation",
        "logging",
        "compute",
        "deep_speed",
        "upload",
    ]
    assert all(group.emoji and group.title and group.purpose for group in GROUPS)


def test_update_is_all_or_nothing():
    options = TrainingOptions(seed=7)
    before = options.values()
    with pytest.raises(InputError):
        options.update({"seed": 8, "network_dim": 0, "unet_lr": 1.0})
    with pytest.raises(UnknownKeyError):
        options.update({"seed": 8, "netwrk_dim": 4})
    assert options.values() == before


def test_watchers_never_see_a_half_applied_change():
    options = TrainingOptions()
    seen = []

    def look(*events):
        seen.append((options["seed"], options["network_dim"], options["unet_lr"]))

    options.steps.param.watch(look, "seed")
    options.network.param.watch(look, "network_dim")
    options.update({"seed": 1, "network_dim": 2, "unet_lr": 3.0})
    assert seen
    assert set(seen) == {(1, 2, 3.0)}
    with pytest.raises(InputError):
        options.update({"seed": 5, "network_dim": 0})
    assert set(seen) == {(1, 2, 3.0)}


def test_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownKeyError) as caught:
        TrainingOptions(netwrk_dim=4)
    assert "network_dim" in caught.value.remedy
    with pytest.raises(UnknownKeyError) as caught:
        TrainingOptions()["qqqqqqq"]
    assert caught.value.remedy


def test_changed_copy_and_equality():
    options = TrainingOptions(seed=0, save_every_n_epochs=None)
    assert options.changed() == {"seed": 0, "save_every_n_epochs": None}
    copy = options.copy()
    assert copy == options
    copy["seed"] = 1
    assert copy != options
    assert options["seed"] == 0


def test_applies_is_read_from_the_table():
    options = TrainingOptions()
    assert not options.applies("conv_dim")
    options["network_type"] = "locon"
    assert options.applies("conv_dim")
    assert options.applies("seed")
    with pytest.raises(AttributeError):
        options.no_such_group  # noqa: B018
