"""From presets to options: what comes first, what wins, and what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lora_core.errors import InputError
from lora_core.options import TrainingOptions, families, toml_io
from lora_core.options.declare import Option
from lora_core.presets.catalogue import Preset, find, presets_dir

PERSONAL = frozenset(
    {
        "image_dir",
        "more_folders",
        "trigger_word",
        "caption_extension",
        "caption_prefix",
        "caption_suffix",
        "class_tokens",
        "prompts",
        "pretrained_model_name_or_path",
        "output_name",
        "base_weights",
        "base_weights_multiplier",
        "training_comment",
        "wandb_run_name",
    }
)
"""Options that belong to a person's pictures, machine or accounts, besides all paths and LoRA titles."""

DEEPEST = 5
"""Presets that a preset may extend in a row; more would be a circle."""


def is_personal(option: Option) -> bool:
    """Whether an option belongs to the person and not to a way of training."""
    return bool(option.meta.path) or option.name in PERSONAL or option.name.startswith("metadata_")


def model_values(family: str, variant: str = "") -> dict[str, Any]:
    """What belongs to a model family and one of its variants, the variant's own name included.

    Raises:
        InputError: there is no such family or variant.
    """
    known = families.family(family).variants
    values = families.suggestions(family, variant)
    return {**values, "model_variant": variant or next(iter(known))}


def load_preset(name: str, folder: Path | None = None) -> TrainingOptions:
    """The options of a preset, everything personal at its default unless the preset names it.

    Args:
        name: the preset's name.
        folder: where it lies; by default with the presets that ship with the project.

    Raises:
        UnknownKeyError: there is no such preset, or it has a setting that does not exist.
        InputError: a value in it cannot be used.
    """
    return apply(find(name, folder or presets_dir()), TrainingOptions())


def apply(preset: Preset, current: TrainingOptions, variant: str = "") -> TrainingOptions:
    """Present options with a preset applied. ``current`` is not changed.

    A set keeps the present model variant if that is one of the set's family.

    Args:
        preset: a set or a modifier.
        current: the present options.
        variant: the model variant to use with a set; by default the set's own, else the present one.

    Raises:
        UnknownKeyError: the preset has a setting that does not exist.
        InputError: a value in it cannot be used, or a modifier is not for this model family.
    """
    if not preset.fits(current["family"]):
        raise _unfit(preset, current["family"])
    chain = named_values(preset)
    if preset.modifier:
        options = current.copy()
    else:
        family = str(chain.get("family") or preset.family or current["family"])
        own = {o.name: current[o.name] for o in current if is_personal(o)}
        chosen = (
            variant or str(chain.get("model_variant") or preset.variant) or present_variant(current, family)
        )
        options = TrainingOptions(**{**own, **model_values(family, chosen)})
    options.update(chain)
    if preset.alpha_of_rank is not None:
        for alpha, rank in (("network_alpha", "network_dim"), ("conv_alpha", "conv_dim")):
            if options.applies(alpha):
                options[alpha] = float(options[rank] * preset.alpha_of_rank)
    return options


def named_values(preset: Preset) -> dict[str, Any]:
    """Only what a preset names, and what the presets name that it extends.

    Raises:
        UnknownKeyError: it extends a preset, or has a setting, that does not exist.
        InputError: presets extend each other in a circle.
    """
    return _named(preset, ())


def _named(preset: Preset, above: Sequence[str]) -> dict[str, Any]:
    if len(above) >= DEEPEST:
        raise InputError(
            f"The preset {above[0]} extends too many others.",
            why=f"In a row: {', '.join(above)}.",
            remedy="Take the entry extends out of one of them.",
            field="preset",
        )
    values: dict[str, Any] = {}
    for name in preset.extends:
        first = find(name, preset.path.parent, presets_dir())
        values |= _named(first, [*above, preset.name])
    return values | toml_io.values_of(toml_io.read_text(preset.path))


def present_variant(current: TrainingOptions, family: str = "") -> str:
    """The present model variant if it is one of the family (by default the present one), else its first."""
    family = family or current["family"]
    known = list(families.family(family).variants)
    same = current["family"] == family and current["model_variant"] in known
    return str(current["model_variant"]) if same else known[0]


def _unfit(preset: Preset, family: str) -> InputError:
    made_for = ", ".join(families.family(name).title for name in preset.families)
    return InputError(
        f"“{preset.title}” is not for {families.family(family).title}.",
        why=f"It is made for: {made_for}.",
        remedy="Choose another preset, or change the model family first.",
        field="preset",
        value=preset.name,
    )
