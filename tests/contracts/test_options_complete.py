"""Every option of the trainer is declared here, or left out with a reason. Upstream cannot drift unnoticed."""

from __future__ import annotations

import json

import pytest

from lora_core.engines import manifest
from lora_core.engines.planning import SCRIPTS
from lora_core.options import Option, Place, TrainingOptions, trainer_toml
from lora_core.options.extras import SET_BY_THE_PLAN
from lora_core.options.families import FAMILIES, suggestions
from lora_core.options.groups.folder import FOLDER_OPTIONS
from lora_core.options.omitted import OMITTED

OPTIONS = list(TrainingOptions())
DATASET_PLACES = (Place.GENERAL, Place.DATASET, Place.SUBSET)
TRAINERS = {key for script in manifest.scripts() for key in manifest.options(script)}
DATASET = {
    key
    for level in ("general", "datasets", "subsets", "mask_subsets", "metadata_subsets")
    for key in manifest.dataset_keys(level)
}
IN_TRAIN = {o.key for o in OPTIONS if o.meta.place is Place.TRAIN}
IN_DATASET = {o.key for o in (*OPTIONS, *FOLDER_OPTIONS.values()) if o.meta.place in DATASET_PLACES}
DECLARED = IN_TRAIN | IN_DATASET


def test_every_option_of_the_trainer_is_declared_or_left_out_with_a_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert TRAINERS - DECLARED - OMITTED.keys() == set()
    assert DATASET - IN_DATASET - OMITTED.keys() == set()
    keys = TRAINERS | DATASET
    with capsys.disabled():
        print(
            f"\n{len(keys)} keys of the trainer: {len(keys & DECLARED)} declared, "
            f"{len(keys & OMITTED.keys())} omitted with a reason"
        )
    assert len(TRAINERS) == 253


def test_nothing_is_both_and_nothing_is_invented() -> None:
    assert not DECLARED & OMITTED.keys()
    assert not OMITTED.keys() - TRAINERS - DATASET
    assert not DECLARED - TRAINERS - DATASET
    assert not SET_BY_THE_PLAN & (DECLARED - {"output_name"})


def test_each_reason_is_a_sentence() -> None:
    for name, reason in OMITTED.items():
        assert reason.endswith("."), name
        assert len(reason.split()) >= 4, name


def test_the_manifest_names_what_the_trainer_has() -> None:
    """The shipped file is the one that the trainer's own parsers were asked for."""
    data = json.loads(manifest.MANIFEST_FILE.read_text("utf-8"))
    assert set(data["options"]) == TRAINERS
    assert set(data["scripts"]) == set(SCRIPTS.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_what_applies_in_a_family_is_known_to_its_script(family: str) -> None:
    known = manifest.options(SCRIPTS[family])
    for option in OPTIONS:
        if option.meta.place is Place.TRAIN and family in option.meta.applies.get("family", tuple(FAMILIES)):
            assert option.key in known, option.name


@pytest.mark.parametrize("family", FAMILIES)
def test_what_only_some_scripts_have_is_offered_where_it_is(family: str) -> None:
    """A script's own options are not forgotten for one of the families that have it."""
    for option in OPTIONS:
        if option.meta.place is not Place.TRAIN or "family" not in option.meta.applies:
            continue
        having = {one for one in FAMILIES if option.key in manifest.options(SCRIPTS[one])}
        if len(having) < len(FAMILIES):
            assert having == set(option.meta.applies["family"]), option.name


VARIANTS = [(family, variant) for family, one in FAMILIES.items() for variant in one.variants]


@pytest.mark.parametrize(("family", "variant"), VARIANTS)
def test_settings_of_every_variant_pass_the_manifest(family: str, variant: str) -> None:
    """What belongs to a family and its variant are options that exist, with values that the trainer takes."""
    options = TrainingOptions(image_dir="/pictures", **suggestions(family, variant))
    files = trainer_toml.to_trainer(options)
    manifest.check_train_table(files.train, SCRIPTS[family])
    manifest.check_dataset_table(files.dataset)
    for name, value in suggestions(family, variant).items():
        if (
            options.applies(name)
            and TrainingOptions.option(name).meta.place is Place.TRAIN
            and value is not None
        ):
            assert files.train[options.option(name).key] == value


def test_every_variant_can_be_chosen() -> None:
    choices = set(TrainingOptions.option("model_variant").choices.values())
    assert {variant for _, variant in VARIANTS} == choices - {None}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_explanations_link_only_to_pages_that_exist(option: Option) -> None:
    if option.meta.link:
        assert option.meta.link.startswith("https://")
        assert " " not in option.meta.link
