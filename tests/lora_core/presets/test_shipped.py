"""Every shipped preset is loaded, checked and planned."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from lora_core.engines import planning
from lora_core.engines.sd_scripts.device import detect
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.engines.sd_scripts.installation import Installation
from lora_core.errors import Level
from lora_core.options import TrainingOptions, families
from lora_core.options.rules import check
from lora_core.presets import Preset, apply, find, is_personal, list_presets, load_preset
from lora_core.presets.catalogue import GOALS
from lora_core.presets.layers import named_values

ALL = list_presets()
DEVICE = detect()
SETS = [preset for preset in ALL if not preset.modifier]
MODIFIERS = [preset for preset in ALL if preset.modifier]
each = pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.name)


def filled(options: TrainingOptions, folder: Path) -> TrainingOptions:
    """What a person gives before a training can start."""
    family = families.family(options["family"])
    given = {name: str(folder / f"{name}.safetensors") for name in family.parts}
    given["pretrained_model_name_or_path"] = str(folder / "model.safetensors")
    word = options["trigger_word"] or "ohwxcat"
    options.update({**given, "image_dir": str(folder), "trigger_word": word, "prompts": [f"{word}, sitting"]})
    return options


def troubles(options: TrainingOptions) -> list[str]:
    found = check(options, total_steps=1500)
    return [str(problem) for problem in found if problem.level is not Level.NOTE]


def sound(options: TrainingOptions, folder: Path) -> None:
    """No rule complains, and the real trainer's engine makes a plan of it."""
    filled(options, folder)
    assert troubles(options) == []
    engine = SdScriptsEngine(Installation(folder / "sd-scripts", folder / "python"), folder, DEVICE)
    plan = engine.plan(options, folder / "run", total_steps=1500)
    assert str(folder / "sd-scripts" / f"{families.family(options['family']).script}.py") in plan.argv
    assert f"network_dim = {options['network_dim']}" in plan.files[planning.TRAIN_FILE]
    assert str(options["resolution"]) in plan.files[planning.DATASET_FILE]


def base_of(family: str) -> Preset:
    return next(p for p in SETS if p.family == family and p.name != "practice")


@each
def test_it_says_what_it_is_for(preset: Preset) -> None:
    assert preset.title
    assert preset.description.endswith(".")
    assert preset.source.endswith(".")
    assert "!" not in preset.title + preset.description + preset.source
    assert preset.goal in ("", *GOALS)
    assert all(family in families.FAMILIES for family in preset.families)
    if preset.modifier:
        assert preset.slot in ("memory", "optimizer", "pictures", "model")
        assert not preset.family
    else:
        assert preset.family in families.FAMILIES
        assert preset.needs


@pytest.mark.parametrize("preset", SETS, ids=lambda preset: preset.name)
def test_a_set_is_sound_with_every_variant(preset: Preset, tmp_path: Path) -> None:
    for variant in families.family(preset.family).variants:
        options = apply(preset, TrainingOptions(), variant)
        assert (options["family"], options["model_variant"]) == (preset.family, variant)
        sound(options, tmp_path)


@pytest.mark.parametrize("preset", MODIFIERS, ids=lambda preset: preset.name)
def test_a_modifier_is_sound_on_each_of_its_families(preset: Preset, tmp_path: Path) -> None:
    for family in preset.families or families.FAMILIES:
        sound(apply(preset, apply(base_of(family), TrainingOptions())), tmp_path)


@pytest.mark.parametrize("name", ["sd15-style", "sdxl-style", "flux-style"])
@pytest.mark.parametrize("amount", ["small-set", "large-set"])
def test_modifiers_of_different_slots_go_together(name: str, amount: str, tmp_path: Path) -> None:
    start = load_preset(name)
    fitting = [p for p in MODIFIERS if p.slot in ("memory", "optimizer") and p.fits(start["family"])]
    memory = [p for p in fitting if p.slot == "memory"]
    for one, other in itertools.product(memory, [p for p in fitting if p.slot == "optimizer"]):
        sound(apply(other, apply(one, apply(find(amount), start))), tmp_path)


def test_modifiers_of_one_slot_and_family_name_the_same_options() -> None:
    """So the one that is chosen last holds, whichever was chosen before."""
    for slot, family in itertools.product(("memory", "pictures"), families.FAMILIES):
        names = {
            p.name: set(named_values(p))
            for p in MODIFIERS
            if p.slot == slot and p.fits(family) and (p.families or slot == "pictures")
        }
        assert len({frozenset(found) for found in names.values()}) <= 1, names


@each
def test_it_names_nothing_personal_and_nothing_of_a_variant(preset: Preset) -> None:
    if preset.name == "practice" or preset.slot == "model":
        return
    named = set(named_values(preset))
    assert not {o.name for o in TrainingOptions() if o.name in named and is_personal(o)}
    of_variants = {
        name
        for family in ([preset.family] if preset.family else preset.families or families.FAMILIES)
        for variant in families.family(family).variants.values()
        for name in variant.settings
    }
    assert not (named & of_variants) - {"resolution"}


def test_the_asked_for_presets_are_there() -> None:
    for family in ("sd15", "sdxl", "flux"):
        assert {p.goal for p in SETS if p.family == family and p.goal} == set(GOALS)
        memory = [p.vram_gb for p in MODIFIERS if p.slot == "memory" and family in p.families and p.vram_gb]
        assert min(memory) <= 8
        assert max(memory) >= 24
        optimizers = {
            apply(p, load_preset(f"{family}-style"))["optimizer_type"]
            for p in MODIFIERS
            if p.slot == "optimizer" and p.fits(family)
        }
        assert optimizers == {"Prodigy", "AdamW8bit"}
    assert {p.family for p in SETS} == set(families.FAMILIES)
    assert {"small-set", "large-set"} <= {p.name for p in MODIFIERS}


def test_v_prediction_stays_with_a_set_and_goes_with_its_model() -> None:
    options = load_preset("sdxl-character")
    assert not options["v_parameterization"]
    options = apply(find("v-prediction-sdxl"), options)
    options = apply(find("sdxl-style"), options)
    together = ("v_parameterization", "zero_terminal_snr", "scale_v_pred_loss_like_noise_pred")
    assert all(options[name] for name in together)
    options = apply(find("sdxl-style"), options, "pony")
    assert not any(options[name] for name in together)


def test_prodigy_makes_alpha_the_rank() -> None:
    for name in ("sdxl-style", "sd15-character", "sd3-start"):
        options = apply(find("prodigy"), load_preset(name))
        assert options["network_alpha"] == options["network_dim"]
        assert options["unet_lr"] == 1.0
    style = apply(find("prodigy"), load_preset("sdxl-style"))
    assert style["conv_alpha"] == style["conv_dim"] == 16


def test_practice_fits_the_practice_model() -> None:
    from lora_core.engines.practice.pictures import TRIGGER

    options = load_preset("practice")
    assert options["trigger_word"] == TRIGGER
    assert options["resolution"] == 64
    assert options["mixed_precision"] == "no"
    assert options["prompts"]
    assert [problem for problem in check(options) if problem.level is not Level.NOTE] == []
