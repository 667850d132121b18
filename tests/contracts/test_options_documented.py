"""Every option is explained, bounded and known to the trainer."""

from __future__ import annotations

import re

import pytest

from lora_core.options import Option, Place, TrainingOptions
from lora_core.options.families import FAMILIES
from lora_core.options.trainer_toml import TRAINER_DEFAULTS, to_trainer

OPTIONS = list(TrainingOptions())
each = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)


@each
def test_it_is_explained(option: Option):
    assert option.label
    assert option.label != option.name
    sentences = [part for part in re.split(r"(?<=[.?])\s+", option.doc) if part]
    assert len(sentences) >= 2, option.doc
    assert option.doc.endswith(".")
    assert "!" not in option.doc + option.meta.more
    assert all(len(sentence.split()) <= 25 for sentence in sentences)


@each
def test_its_values_are_limited(option: Option):
    if option.kind in ("integer", "number"):
        low, high = option.bounds
        assert low is not None
        assert high is not None
        assert option.default is None or low <= option.default <= high
    elif option.kind == "choice":
        assert len(option.choices) >= 2
        assert option.default in option.choices.values()
    else:
        assert option.kind in ("boolean", "text", "texts", "folders", "file", "folder")


@each
def test_conditions_name_options_and_values_that_exist(option: Option):
    for name, allowed in option.meta.applies.items():
        other = TrainingOptions.option(name)
        assert other.kind in ("choice", "boolean")
        values = (True, False) if other.kind == "boolean" else tuple(other.choices.values())
        assert set(allowed) <= set(values)


def test_names_and_keys_are_unique():
    names = [option.name for option in OPTIONS]
    assert len(set(names)) == len(names)
    keys = [(option.meta.place, option.key) for option in OPTIONS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_form_begins_short(family: str):
    options = TrainingOptions(family=family)
    shown = [o.name for o in options if not o.meta.advanced and options.applies(o.name)]
    assert 15 <= len(shown) <= 24, shown


@pytest.fixture(scope="module")
def manifest():
    return pytest.importorskip("lora_core.engines.manifest")


def test_every_key_is_the_trainers(manifest):
    levels = {Place.DATASET: "datasets", Place.SUBSET: "subsets", Place.GENERAL: "general"}
    for option in OPTIONS:
        if option.meta.place is Place.TRAIN:
            for family in option.meta.applies.get("family", FAMILIES):
                assert option.key in manifest.options(FAMILIES[family].script), (option.name, family)
        elif option.meta.place in levels:
            level = "mask_subsets" if option.key == "conditioning_data_dir" else levels[option.meta.place]
            assert option.key in manifest.dataset_keys(level), option.name


def test_defaults_of_absent_keys_are_the_trainers(manifest):
    """Each value that stands for an absent key is the one in the trainer's parser."""
    by_code = {"network_dim", "conv_alpha", "output_name", "optimizer_type"}  # None or "" in the parser
    by_code |= {"conditioning_data_dir", "offload_optimizer_nvme_path", "offload_param_nvme_path"}
    by_code |= {f"huggingface_{name}" for name in ("repo_id", "repo_type", "repo_visibility", "path_in_repo")}
    names = {"num_repeats": "dataset_repeats"}
    for name, value in TRAINER_DEFAULTS.items():
        families = TrainingOptions.option(name).meta.applies.get("family", FAMILIES)
        for family in families if name not in by_code else ():
            known = manifest.options(FAMILIES[family].script)
            assert known[names.get(name, name)].default == value, (name, family)


def test_options_without_a_default_for_absence_are_complete():
    for option in OPTIONS:
        ours = option.meta.place in (Place.OURS, Place.SCHEDULER_ARGS)
        if option.optional or option.kind in ("boolean", "texts") or ours:
            assert option.name not in TRAINER_DEFAULTS
        elif option.name not in ("image_dir", "pretrained_model_name_or_path", "resolution", "conv_dim"):
            assert option.name in TRAINER_DEFAULTS, option.name


@pytest.mark.parametrize(("family", "script"), [("sd15", "train_network"), ("sdxl", "sdxl_train_network")])
@pytest.mark.parametrize("kind", ["lora", "locon"])
def test_written_tables_pass_the_manifest(manifest, family, script, kind):
    options = TrainingOptions(family=family, network_type=kind, v_parameterization=True, loss_type="huber")
    for option in options:  # give the empty ones a value too
        if options[option.name] is None:
            low = option.bounds[0] if option.bounds else "x"
            options[option.name] = next(iter(filter(None, option.choices.values())), low)
    files = to_trainer(options)
    manifest.check_train_table(files.train, script)
    manifest.check_dataset_table(files.dataset)


def test_practice_flag_tells_what_the_practice_engine_obeys():
    """The form says beside a field that practice leaves it out: that must be true."""
    config = pytest.importorskip("lora_core.engines.practice.config")
    wrong = [
        option.name
        for option in OPTIONS
        if option.meta.place in (Place.TRAIN, Place.DATASET, Place.SUBSET, Place.GENERAL)
        and option.meta.practice != (option.key in config.OBEYED - config.NO_MATTER)
    ]
    assert wrong == []
