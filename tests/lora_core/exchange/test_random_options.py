"""Random option sets go out and come back; what another form cannot hold is named."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from lora_core.engines import manifest
from lora_core.errors import InputError
from lora_core.exchange import Outcome, not_held, read, to_kohya_ss, to_trainer_files, to_workbench
from lora_core.options import TrainingOptions, networks
from lora_core.options.declare import Option, Place
from lora_core.options.families import FAMILIES, suggestions
from lora_core.options.trainer_toml import to_trainer
from lora_core.options.trainer_values import TRAINER_DEFAULTS

TEXTS = ("", "cat", "a cat, big", 'with "quotes"', "a=b")
OF_KIND = ("family", "network_type", "extra_options", "more_folders", "model_variant")
ALWAYS_HELD = ("family", "network_type", "network_dim", "learning_rate", "resolution", "train_batch_size")


def value(rng: random.Random, option: Option) -> Any:
    """A value that an option takes, its default among them."""
    if rng.random() < 0.5:
        return option.default
    if option.choices:
        return rng.choice(list(option.choices.values()))
    if option.kind == "boolean":
        return rng.random() < 0.5
    if option.kind in ("integer", "number"):
        low, high = option.bounds or (0, 10)
        low, high = 0 if low is None else low, 1000 if high is None else high
        if option.kind == "integer":
            return rng.randint(low, min(high, low + 50))
        return round(rng.uniform(low, min(high, low + 1)), 6)
    if option.kind == "texts":
        return {"optimizer_args": ["weight_decay=0.1"], "prompts": ["a cat", "a dog --w 512"]}.get(
            option.name, []
        )
    return rng.choice(TEXTS)


def options(rng: random.Random) -> TrainingOptions:
    """A random set of settings of a random family and kind of LoRA."""
    family = rng.choice(list(FAMILIES))
    found = TrainingOptions()
    found.update(suggestions(family))
    found["network_type"] = rng.choice(networks.kinds(family))
    for option in found:
        if option.name in OF_KIND or option.meta.place is Place.SCHEDULER_ARGS:
            continue
        given = value(rng, option)
        try:
            found[option.name] = given
        except InputError:  # an odd one: an exclusive bound, a text of a certain form
            continue
    return found


@pytest.mark.parametrize("seed", range(25))
def test_our_own_toml_comes_back_exactly(seed: int) -> None:
    before = options(random.Random(seed))
    found = read(to_workbench(before, with_paths=True))
    assert found.options.values() == before.values()
    assert not found.of(Outcome.DROPPED)
    assert not found.of(Outcome.UNKNOWN)


@pytest.mark.parametrize("seed", range(30))
def test_what_kohya_ss_cannot_hold_is_named(tmp_path: Path, seed: int) -> None:
    before = options(random.Random(seed))
    if networks.module(before["network_type"], before["family"]) == "networks.oft":
        before["network_type"] = "lora"  # its page has no such kind
    dataset = to_trainer_files(before, with_paths=True, total_steps=100)["dataset.toml"]
    text = to_kohya_ss(before, with_paths=True, dataset_config="dataset.toml", total_steps=100)
    (tmp_path / "gui.json").write_text(text, "utf-8")
    (tmp_path / "dataset.toml").write_text(dataset, "utf-8")
    named = not_held(before, text, dataset)
    after = read(tmp_path / "gui.json").options
    train, other = to_trainer(before).train, to_trainer(after).train
    labels = {option.key: option.label for option in before if option.meta.place is Place.TRAIN}
    known = manifest.options(FAMILIES[before["family"]].script)

    def effect(table: dict[str, Any], key: str) -> Any:
        default = TRAINER_DEFAULTS.get(key, known[key].default)
        return table.get(key, default) or default or None

    for key, label in labels.items():
        if key in known and effect(train, key) != effect(other, key):
            rates = [before.option(f"text_encoder_lr_{number}").label for number in (2, 3)]
            either = {label, *(rates if key == "text_encoder_lr" else [])}
            assert either & set(named), (key, train.get(key), other.get(key))
    assert len(named) < 15
    for option in before:  # the usual settings come through
        if option.name in ALWAYS_HELD and before.applies(option.name):
            assert after[option.name] == before[option.name]


def test_a_usual_set_loses_nothing_to_kohya_ss() -> None:
    before = TrainingOptions(image_dir="/pictures", num_repeats=4)
    dataset = to_trainer_files(before, with_paths=True)["dataset.toml"]
    assert not_held(before, to_kohya_ss(before, with_paths=True), dataset) == []
    without = not_held(before, to_kohya_ss(before, with_paths=True))
    assert without == [before.option("num_repeats").label]
