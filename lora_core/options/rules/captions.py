"""Rules about captions: trigger word, shuffling, dropout, and captions that are prepared once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lora_core.errors import Problem
from lora_core.options.folders import uses
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def trigger_kept_in_front(at: Facts) -> Iterator[Problem]:
    if at["shuffle_caption"] and at["keep_tokens"] > 0 and not at["trigger_word"].strip():
        yield note(
            "trigger_word keep_tokens",
            "There is no trigger word.",
            f"Parts of each caption kept in front: {at['keep_tokens']}. That is where such a word would stand.",
            "Give a trigger word, or set the parts kept in front to 0.",
            keep_tokens=0,
        )


@rule
def trigger_is_shuffled(at: Facts) -> Iterator[Problem]:
    kept = at["keep_tokens"] > 0 or at["keep_tokens_separator"]
    if at["trigger_word"].strip() and at["shuffle_caption"] and not kept:
        yield warning(
            "keep_tokens trigger_word",
            "The trigger word does not stay in front.",
            "Captions are shuffled, and no part is kept at the start.",
            "Set the parts kept in front to 1.",
            keep_tokens=1,
        )


@rule
def caption_ending(at: Facts) -> Iterator[Problem]:
    ending = at["caption_extension"]
    if not ending.startswith(".") or len(ending) < 2:
        yield error(
            "caption_extension",
            f"The caption file ending cannot be {ending!r}.",
            "An ending begins with a dot; with a wrong one all captions are ignored.",
            "Write .txt, or what your caption files end in.",
            caption_extension=".txt",
        )


@rule
def separators(at: Facts) -> Iterator[Problem]:
    cut = at.on("shuffle_caption", "caption_tag_dropout_rate", "token_warmup_step")
    if at["caption_separator"] == "" and cut:
        yield error(
            f"caption_separator {' '.join(cut)}",
            "The caption separator is empty.",
            "Captions are cut into parts at the separator. The trainer stops when there is none.",
            "Set it to a comma.",
            caption_separator=",",
        )
    elif at["secondary_separator"] and at["secondary_separator"] == at["caption_separator"]:
        yield note(
            "secondary_separator caption_separator",
            "Both separators are the same.",
            "The second one joins parts that stay together, so it has to differ from the first.",
            "Leave the second one empty.",
            secondary_separator=at.off("secondary_separator"),
        )


@rule
def nothing_left_to_read(at: Facts) -> Iterator[Problem]:
    for name, what in (
        ("caption_dropout_rate", "Every caption is left out."),
        ("caption_tag_dropout_rate", "Every part of the captions is left out."),
    ):
        if at.number(name) >= 1:
            yield warning(
                name,
                what,
                "A share of 1 means always. The LoRA then learns pictures without words.",
                "Set it to 0.1 or less.",
                **{name: 0.1},
            )
    if at["caption_dropout_every_n_epochs"] == 1:
        yield warning(
            "caption_dropout_every_n_epochs",
            "Every epoch is without captions.",
            "1 means each epoch. The LoRA then learns pictures without words.",
            "Leave it empty, or set it to 10.",
            caption_dropout_every_n_epochs=None,
        )


@rule
def slow_captions(at: Facts) -> Iterator[Problem]:
    given = at.number("token_warmup_step")
    if at.steps is not None and given >= max(1, at.steps):
        yield warning(
            "token_warmup_step max_train_steps",
            f"Captions reach their full length after {given:g} steps, and the training has {at.steps}.",
            "The last parts of long captions are never read.",
            "Set it to a share, such as 0.2.",
            token_warmup_step=0.2,
        )


CHANGING = ("shuffle_caption", "caption_dropout_rate", "caption_tag_dropout_rate", "token_warmup_step")
"""What makes a caption differ from one use to the next; with prepared captions the trainer stops on these."""


@rule
def cached_captions(at: Facts) -> Iterator[Problem]:
    """Asserted by the trainer for all but Lumina, which would silently train on one fixed form of each."""
    if not at.captions_cached:
        return
    names = [name for name in CHANGING if at["family"] != "anima" or name != "caption_dropout_rate"]
    changing = at.on(*names)
    fix: dict[str, Any] = {name: at.off(name) for name in changing}
    folders = _without(at, names)
    if folders is not None:
        fix["more_folders"] = folders
    if fix:
        result = (
            "Each would be learned in one form only." if at["family"] == "lumina" else "The trainer stops."
        )
        yield error(
            " ".join(["cache_text_encoder_outputs", *fix]),
            "Captions cannot be prepared once and changed each time.",
            f"{', '.join(_changing(at, names))} cannot go with prepared captions. {result}",
            "Switch shuffling and dropout of captions off, or do not prepare captions.",
            **fix,
        )


def _changing(at: Facts, names: list[str]) -> list[str]:
    return [name for name in names if any(use.values.get(name) for use in uses(at.options))]


def _without(at: Facts, names: list[str]) -> list[dict[str, Any]] | None:
    """The further folders without settings of their own that change captions; None if none has any."""
    folders = at["more_folders"]
    if not any(folder.get(name) for folder in folders for name in names):
        return None
    return [
        {key: value for key, value in folder.items() if not (key in names and value)} for folder in folders
    ]


@rule
def cached_captions_are_read_as_they_are(at: Facts) -> Iterator[Problem]:
    """``info.caption`` is encoded when captions are prepared, before `process_caption` of the trainer."""
    names = at.on(
        "caption_prefix", "caption_suffix", "enable_wildcard", "keep_tokens_separator", "secondary_separator"
    )
    if at.captions_cached and names:
        yield warning(
            " ".join([*names, "cache_text_encoder_outputs"]),
            f"{', '.join(names)} would have no effect.",
            "Captions that are prepared once are read just as they stand in their files.",
            "Write it into the caption files, or do not prepare captions.",
            **{name: at.off(name) for name in names},
        )


@rule
def cached_captions_without_dropout(at: Facts) -> Iterator[Problem]:
    if at.captions_cached and at["caption_dropout_every_n_epochs"]:
        yield warning(
            "caption_dropout_every_n_epochs cache_text_encoder_outputs",
            "Epochs without captions would have no effect.",
            "Captions that are prepared once are used in every epoch.",
            "Leave this off, or do not prepare captions.",
            caption_dropout_every_n_epochs=at.off("caption_dropout_every_n_epochs"),
        )


@rule
def start_of_slow_captions(at: Facts) -> Iterator[Problem]:
    if (at["token_warmup_min"] or 1) > 1 and not at["token_warmup_step"]:
        yield note(
            "token_warmup_min token_warmup_step",
            "The number of parts to begin with has no effect.",
            "Captions have their full length from the first step.",
            "Leave it empty, or set the steps until full length to 0.2.",
            token_warmup_min=None,
        )


@rule
def strength_while_training(at: Facts) -> Iterator[Problem]:
    """The pinned trainer puts it into each batch as ``network_multipliers``, which nothing reads."""
    if at["network_multiplier"] not in (None, 1.0):
        yield warning(
            "network_multiplier",
            "The strength of the LoRA while training has no effect.",
            "This version of the trainer takes the value and does not use it; the LoRA acts with strength 1.",
            "Leave it empty.",
            network_multiplier=None,
        )
