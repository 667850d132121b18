"""The guided start: three answers lead to a complete proposal, with its reasons.

>>> proposal = propose("character", "sdxl", "illustrious", pictures=25, vram_gb=12)
>>> proposal.presets
('sdxl-character', 'vram-12gb-sdxl')
>>> print(proposal.reasons[0])

The values come from a preset of the goal and family, then from modifiers for the memory and the number of
pictures. Only the length is reckoned here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lora_core.errors import InputError
from lora_core.options import TrainingOptions, families
from lora_core.presets import Preset, apply, find, is_personal, list_presets
from lora_core.presets.catalogue import GOALS

GOAL_TITLES = {
    "character": "A character or person",
    "style": "A style",
    "concept": "A concept, pose or object",
    "clothing": "Clothing",
}
"""Goal -> its name for people."""

EPOCHS = 10
"""Usual number of epochs; HollowStrawberry's advice, so that there are ten copies to choose from."""
USES = {
    "sd15": {"character": 300, "style": 350, "concept": 300, "clothing": 300},
    "sdxl": {"character": 200, "style": 300, "concept": 250, "clothing": 200},
    "flow": {"character": 150, "style": 200, "concept": 200, "clothing": 150},
}
"""Uses of pictures in an epoch. SD 1.5: HollowStrawberry's 200 to 400. SDXL: his 100, raised so that ten
epochs at batch 4 are 500 steps or more: our choice. Flow: 1500 to 2000 steps at batch 1, as in
ostris/ai-toolkit's example for FLUX.1, which names 500 to 4000 as a good range."""
LEAST_SEEN = 5
"""How often each picture of a large set is seen at least, as far as `MOST_STEPS` allow; our choice."""
MOST_STEPS = 3600
"""Steps above which a proposal does not go: ai-toolkit's 4000, less a reserve for part-full batches."""
FEW, MANY = 20, 100
"""Up to ``FEW`` pictures count as few, above ``MANY`` as many; HollowStrawberry's limits."""

_RANK = {
    "character": "is enough for one character. A larger one would copy the pictures",
    "style": "leaves room for a style, which shows in every part of a picture",
    "concept": "leaves room for what your pictures have in common",
    "clothing": "is enough for an outfit. A larger one would learn the wearer too",
}


@dataclass(frozen=True)
class Proposal:
    """A complete set of options for a goal.

    Attributes:
        title: what it is for, in a few words.
        values: every option that is not personal, by name.
        presets: names of the presets that were laid on top of each other, in this order.
        steps: optimizer steps that the training will take, without part-full batches.
        reasons: a plain sentence or two for each decision.
    """

    title: str
    values: dict[str, Any]
    presets: tuple[str, ...]
    steps: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Length:
    """How long to train.

    Attributes:
        repeats: uses of each picture in an epoch.
        epochs: number of epochs; None where the length is given in steps.
        steps: optimizer steps in all.
    """

    repeats: int
    epochs: int | None
    steps: int


def propose(
    goal: str, family: str, variant: str = "", pictures: int = FEW, vram_gb: float | None = None
) -> Proposal:
    """A complete proposal. Pure, apart from reading the shipped presets.

    Args:
        goal: one of `GOALS`.
        family: the model family.
        variant: a variant of it; by default the first.
        pictures: how many pictures there are.
        vram_gb: memory of the GPU in GB, if known.

    Raises:
        InputError: there is no such goal, family or variant, or there are no pictures.
    """
    _check(goal, pictures)
    known = families.family(family)
    base = _base(goal, family)
    options = apply(base, TrainingOptions(), variant or next(iter(known.variants)))
    memory = _memory(base, family, vram_gb)
    amount = _amount(pictures)
    for layer in (memory, amount):
        if layer is not None:
            options = apply(layer, options)
    length = length_for(_uses(family)[goal], pictures, options["train_batch_size"])
    options.update(_length_values(length))
    used = (base, *(layer for layer in (memory, amount) if layer is not None))
    return Proposal(
        title=f"{GOAL_TITLES[goal]}, {known.title}",
        values={o.name: options[o.name] for o in options if not is_personal(o)},
        presets=tuple(preset.name for preset in used),
        steps=length.steps,
        reasons=(
            *_about_model(family, variant, options),
            *_about_goal(goal, base, options),
            *_about_pictures(pictures, amount, length, options),
            *_about_memory(memory, base, vram_gb),
        ),
    )


def _check(goal: str, pictures: int) -> None:
    if goal not in GOALS:
        raise InputError(
            f"{goal!r} is not a goal.",
            remedy=f"Choose one of: {', '.join(GOALS)}.",
            field="goal",
            value=goal,
        )
    if pictures < 1:
        raise InputError(
            "There are no pictures to learn from.",
            why=f"The number of pictures is {pictures}.",
            remedy="Give the number of your pictures, at least 1.",
            field="pictures",
            value=pictures,
        )


def _base(goal: str, family: str) -> Preset:
    """The preset of the goal and family, else the family's own for any goal."""
    sets = [p for p in list_presets() if not p.modifier and p.family == family and p.name != "practice"]
    for wanted in (goal, ""):
        for preset in sets:
            if preset.goal == wanted:
                return preset
    raise InputError(f"There is no preset for {families.family(family).title}.", field="family", value=family)


def _memory(base: Preset, family: str, vram_gb: float | None) -> Preset | None:
    """The modifier for the largest memory that the GPU has; None if the set itself suits it best."""
    if vram_gb is None:
        return None
    known = [p for p in list_presets() if p.slot == "memory" and p.fits(family) and p.vram_gb is not None]
    if not known:
        return None
    known.sort(key=lambda preset: preset.vram_gb or 0)
    fitting = [p for p in known if (p.vram_gb or 0) <= vram_gb]
    own = base.vram_gb or 0
    if own <= vram_gb and (not fitting or (fitting[-1].vram_gb or 0) < own):
        return None
    return fitting[-1] if fitting else known[0]


def _amount(pictures: int) -> Preset | None:
    if pictures <= FEW:
        return find("small-set")
    return find("large-set") if pictures > MANY else None


def _uses(family: str) -> dict[str, int]:
    if family in families.FLOW:
        return USES["flow"]
    return USES.get(family, USES["sd15"])


def length_for(uses: int, pictures: int, batch: int) -> Length:
    """Repeats and epochs that come near the wanted number of uses, without going past `MOST_STEPS`.

    Args:
        uses: wanted uses of pictures in an epoch.
        pictures: how many pictures there are.
        batch: pictures a batch.
    """
    most = MOST_STEPS * batch
    wanted = min(max(uses * EPOCHS, pictures * LEAST_SEEN), most)
    if pictures > most:
        return Length(1, None, wanted // batch)
    repeats, epochs = max(1, round(wanted / (pictures * EPOCHS))), EPOCHS
    while repeats > 1 and pictures * repeats * EPOCHS > most:
        repeats -= 1
    if pictures * EPOCHS > wanted:
        epochs = max(1, round(wanted / pictures))
        while epochs > 1 and pictures * epochs > most:
            epochs -= 1
    return Length(repeats, epochs, -(-pictures * repeats // batch) * epochs)


def _length_values(length: Length) -> dict[str, Any]:
    values: dict[str, Any] = {"num_repeats": length.repeats, "max_train_epochs": length.epochs}
    if length.epochs is None:
        every = max(1, length.steps // EPOCHS)
        values |= {
            "max_train_steps": length.steps,
            "save_every_n_epochs": None,
            "save_last_n_epochs": None,
            "sample_every_n_epochs": None,
            "save_every_n_steps": every,
            "sample_every_n_steps": every,
        }
    return values


def _about_model(family: str, variant: str, options: TrainingOptions) -> Iterator[str]:
    known = families.family(family)
    yield f"{known.title} is made for pictures of {options['resolution']} px, so that is the resolution."
    chosen = known.variants[variant or next(iter(known.variants))]
    if chosen.note:
        yield chosen.note


def _about_goal(goal: str, base: Preset, options: TrainingOptions) -> Iterator[str]:
    if base.goal:
        yield f"The values are those of the preset “{base.title}”. They come from: {base.source}"
    else:
        yield (
            "For this model family there are no tried values for each goal. The values are those of the "
            f"preset “{base.title}”. They come from: {base.source}"
        )
    if base.goal:
        yield f"A rank of {options['network_dim']} {_RANK[goal]}."
    if options["network_type"] == "locon":
        yield "A LoCon also learns fine texture, which a style needs."
    if options["network_train_unet_only"] or options["text_encoder_lr"] == 0:
        yield "Only the picture part is trained. The text part stays as it is."
    else:
        yield (
            f"The text part learns at {_rate(options['text_encoder_lr'])}, slower than the picture part at "
            f"{_rate(options['unet_lr'])}. That ties the trigger word to the pictures."
        )


def _about_pictures(
    pictures: int, amount: Preset | None, length: Length, options: TrainingOptions
) -> Iterator[str]:
    batch = options["train_batch_size"]
    if length.epochs is None:
        yield (
            f"With {pictures} pictures, one epoch would already be very long. So the length is set in "
            f"steps: {length.steps}. A copy is kept every {options['save_every_n_steps']} steps."
        )
    else:
        yield (
            f"{_many(pictures, 'picture')} × {_many(length.repeats, 'repeat')} ÷ batch {batch} × "
            f"{_many(length.epochs, 'epoch')} are about {_many(length.steps, 'step')}. A copy is kept "
            "after each epoch, so you can choose the best."
        )
    if amount is not None and pictures <= FEW:
        yield "With few pictures, each is mirrored too. Switch that off if left and right differ."
    if amount is not None and pictures > MANY:
        yield "With many pictures, each is used once an epoch."


def _about_memory(memory: Preset | None, base: Preset, vram_gb: float | None) -> Iterator[str]:
    if vram_gb is None:
        yield f"The memory of your GPU is not known. These values need: {base.needs}"
    elif memory is None:
        yield f"These values suit your GPU's {vram_gb:g} GB."
    elif (memory.vram_gb or 0) > vram_gb:
        yield (
            f"Your GPU has {vram_gb:g} GB. The smallest tried settings need more: {memory.needs} "
            "The training may not fit."
        )
    else:
        yield f"For your GPU's {vram_gb:g} GB, “{memory.title}” is added. {memory.description}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _rate(value: float) -> str:
    """A learning rate as the form shows it: 6e-5, not 6e-05."""
    return f"{value:g}".replace("e-0", "e-")
