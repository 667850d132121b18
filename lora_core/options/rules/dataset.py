"""Rules about pictures, captions and buckets."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

BUCKET_STEPS = {"sd15": 64, "sdxl": 32}
"""Model family -> what bucket steps must be a multiple of, in pixels; the trainer asserts it."""


@rule
def trigger_kept_in_front(at: Facts) -> Iterator[Problem]:
    if at["shuffle_caption"] and at["keep_tokens"] > 0 and not at["trigger_word"].strip():
        yield note(
            "trigger_word keep_tokens",
            "There is no trigger word.",
            f"Yet {at['keep_tokens']} part(s) of each caption are kept in front, where such a word would stand.",
            "Give a trigger word, or set the parts kept in front to 0.",
            keep_tokens=0,
        )


@rule
def trigger_is_shuffled(at: Facts) -> Iterator[Problem]:
    if at["trigger_word"].strip() and at["shuffle_caption"] and at["keep_tokens"] == 0:
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
def bucket_step(at: Facts) -> Iterator[Problem]:
    least = BUCKET_STEPS[at["family"]]
    step = at["bucket_reso_steps"]
    if at["enable_bucket"] and step % least:
        yield error(
            "bucket_reso_steps family",
            f"The bucket step cannot be {step} px.",
            f"For this model family the trainer takes multiples of {least} only.",
            f"Set it to {max(least, step - step % least)}.",
            bucket_reso_steps=max(least, step - step % least),
        )


@rule
def bucket_sides(at: Facts) -> Iterator[Problem]:
    """The trainer rounds the smallest side down and the largest up to bucket steps, then compares."""
    if not at["enable_bucket"]:
        return
    step, size = at["bucket_reso_steps"], at["resolution"]
    smallest = at["min_bucket_reso"] // step * step
    largest = -(-at["max_bucket_reso"] // step) * step
    if at["min_bucket_reso"] > at["max_bucket_reso"]:
        yield error(
            "min_bucket_reso max_bucket_reso",
            f"The smallest side ({at['min_bucket_reso']} px) is larger than the largest ({at['max_bucket_reso']} px).",
            "No bucket fits between them.",
            "Swap the two values.",
            min_bucket_reso=at["max_bucket_reso"],
            max_bucket_reso=at["min_bucket_reso"],
        )
    elif smallest == 0 and not at["bucket_no_upscale"]:
        yield error(
            "min_bucket_reso bucket_reso_steps",
            f"The smallest side ({at['min_bucket_reso']} px) is less than the bucket step ({step} px).",
            "The trainer rounds it down to 0 and stops.",
            f"Set the smallest side to {step}.",
            min_bucket_reso=step,
        )
    elif smallest > size:
        yield error(
            "min_bucket_reso resolution",
            f"The smallest side ({smallest} px) is larger than the resolution ({size} px).",
            "The trainer stops on this.",
            f"Set the smallest side to {size}, or raise the resolution.",
            min_bucket_reso=size,
        )
    elif largest < size:
        yield error(
            "max_bucket_reso resolution",
            f"The largest side ({largest} px) is less than the resolution ({size} px).",
            "The trainer stops on this.",
            f"Set the largest side to {size * 2}, or lower the resolution.",
            max_bucket_reso=min(8192, size * 2),
        )


@rule
def resolution_step(at: Facts) -> Iterator[Problem]:
    size = at["resolution"]
    unit = at["bucket_reso_steps"] if at["enable_bucket"] else BUCKET_STEPS[at["family"]]
    if size % unit == 0:
        return
    nearest = max(64, min(4096, round(size / unit) * unit))
    if at["enable_bucket"]:
        yield warning(
            "resolution bucket_reso_steps",
            f"The resolution ({size} px) is not a multiple of the bucket step ({unit} px).",
            "Buckets become smaller than you asked for.",
            f"Set the resolution to {nearest}.",
            resolution=nearest,
        )
    else:
        yield error(
            "resolution family",
            f"The resolution cannot be {size} px.",
            f"Without buckets, this model family needs a multiple of {unit}.",
            f"Set the resolution to {nearest}.",
            resolution=nearest,
        )


@rule
def resolution_for_family(at: Facts) -> Iterator[Problem]:
    if at["family"] == "sdxl" and at["resolution"] < 768:
        yield warning(
            "resolution family",
            f"A resolution of {at['resolution']} px is low for SDXL.",
            "SDXL was made at 1024 px, and falls apart at small sizes.",
            "Set the resolution to 1024, and the largest side to 2048.",
            resolution=1024,
            max_bucket_reso=2048,
        )


@rule
def changing_pictures_cannot_be_cached(at: Facts) -> Iterator[Problem]:
    changing = [name for name in ("color_aug", "random_crop") if at[name]]
    cached = [name for name in ("cache_latents", "cache_latents_to_disk") if at[name]]
    if changing and cached:
        yield error(
            " ".join([*changing, *cached]),
            "Pictures cannot be prepared once and changed each time.",
            f"{' and '.join(changing)} cannot go with cached latents; the trainer stops on this.",
            "Switch the preparing off, or leave the pictures as they are.",
            **dict.fromkeys(changing, False),
        )


@rule
def cached_captions(at: Facts) -> Iterator[Problem]:
    if at["family"] != "sdxl" or not at["cache_text_encoder_outputs"]:
        return
    changing = {
        name: type(at[name])(0)
        for name in ("shuffle_caption", "caption_dropout_rate", "caption_tag_dropout_rate")
        if at[name]
    }
    if changing:
        yield error(
            " ".join(["cache_text_encoder_outputs", *changing]),
            "Captions cannot be prepared once and changed each time.",
            f"{', '.join(changing)} cannot go with prepared captions; the trainer stops on this.",
            "Switch shuffling and dropout of captions off, or do not prepare captions.",
            **changing,
        )
    if not at["network_train_unet_only"]:
        yield error(
            "cache_text_encoder_outputs network_train_unet_only",
            "The text part cannot learn while its results are prepared once.",
            "The trainer stops on this.",
            "Train the picture part only, or do not prepare captions.",
            network_train_unet_only=True,
        )
