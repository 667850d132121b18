"""Rules about pictures and their sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lora_core.errors import Problem
from lora_core.options.folders import MAIN, data_sets, uses
from lora_core.options.rules.registry import Facts, error, rule, warning

BUCKET_STEPS = {"sdxl": 32, "sd3": 32, "anima": 16}
"""Model family -> what bucket steps must be a multiple of, in pixels; the trainer asserts it. Others: 64."""

PIXELS = {"sd15": 64, "sd2": 64, "sdxl": 32, "hunyuan_image": 32}
"""Model family -> what a side must be a multiple of without buckets, in pixels: VAE and patches. Others: 16."""

LOWEST = {
    "sd2": 512,
    "sdxl": 768,
    "sd3": 512,
    "flux": 512,
    "lumina": 768,
    "hunyuan_image": 1024,
    "anima": 512,
}
"""Model family -> the size in pixels below which its pictures fall apart."""

HIGHEST = {"sd15": 1024, "sd2": 1024}
"""Model family -> the size in pixels above which it doubles its subjects."""

LARGEST_SIDE = 8192
"""Pixels; the upper bound of the option ``max_bucket_reso``."""


@rule
def bucket_step(at: Facts) -> Iterator[Problem]:
    least = BUCKET_STEPS.get(at["family"], 64)
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
    step = at["bucket_reso_steps"]
    if at["min_bucket_reso"] > at["max_bucket_reso"]:
        low, high = at["min_bucket_reso"], at["max_bucket_reso"]
        yield error(
            "min_bucket_reso max_bucket_reso",
            f"The smallest side ({low} px) is larger than the largest ({high} px).",
            "No bucket fits between them.",
            "Swap the two values.",
            min_bucket_reso=high,
            max_bucket_reso=low,
        )
    elif at["min_bucket_reso"] < step and not at["bucket_no_upscale"]:
        yield error(
            "min_bucket_reso bucket_reso_steps",
            f"The smallest side ({at['min_bucket_reso']} px) is less than the bucket step ({step} px).",
            "The trainer rounds it down to 0 and stops.",
            f"Set the smallest side to {step}.",
            min_bucket_reso=step,
        )
    else:
        yield from _sides_for_sizes(at)


def _sides_for_sizes(at: Facts) -> Iterator[Problem]:
    """Every data set's size has to lie between the smallest and the largest side."""
    step = at["bucket_reso_steps"]
    smallest = at["min_bucket_reso"] // step * step
    largest = -(-at["max_bucket_reso"] // step) * step
    sizes = [one.resolution for one in data_sets(at.options)]
    low, high = min(sizes), max(sizes)
    if smallest > low:
        where = "resolution" if low == at["resolution"] else "more_folders"
        yield error(
            f"min_bucket_reso {where}",
            f"The smallest side ({smallest} px) is larger than the resolution ({low} px).",
            "The trainer stops on this.",
            f"Set the smallest side to {low}, or raise the resolution.",
            min_bucket_reso=low,
        )
    if largest < high:
        where = "resolution" if high == at["resolution"] else "more_folders"
        yield error(
            f"max_bucket_reso {where}",
            f"The largest side ({largest} px) is less than the resolution ({high} px).",
            "The trainer stops on this.",
            f"Set the largest side to {min(LARGEST_SIDE, high * 2)}, or lower the resolution.",
            max_bucket_reso=min(LARGEST_SIDE, high * 2),
        )


@rule
def resolution_step(at: Facts) -> Iterator[Problem]:
    size = at["resolution"]
    unit = at["bucket_reso_steps"] if at["enable_bucket"] else PIXELS.get(at["family"], 16)
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
    name, size, family = at["family"], at["resolution"], at.family
    good = family.resolution
    if size < LOWEST.get(name, 0):
        yield warning(
            "resolution family",
            f"A resolution of {size} px is low for {family.title}.",
            f"{family.title} was made at {good} px, and falls apart at small sizes.",
            f"Set the resolution to {good}, and the largest side to {good * 2}.",
            resolution=good,
            max_bucket_reso=good * 2,
        )
    elif size > HIGHEST.get(name, size):
        yield warning(
            "resolution family",
            f"A resolution of {size} px is high for {family.title}.",
            f"{family.title} was made at {good} px. At large sizes it doubles its subjects.",
            f"Set the resolution to {good}.",
            resolution=good,
            min_bucket_reso=min(at["min_bucket_reso"], good),
        )


@rule
def changing_pictures_cannot_be_cached(at: Facts) -> Iterator[Problem]:
    cached = at.on("cache_latents", "cache_latents_to_disk")
    if not cached:
        return
    both = ("color_aug", "random_crop")
    fix: dict[str, Any] = dict.fromkeys(at.on(*both), False)
    changing = list(fix)
    folders = at["more_folders"]
    if any(folder.get(name) for folder in folders for name in both):
        kept = [{k: v for k, v in folder.items() if not (k in both and v)} for folder in folders]
        changing += [name for name in both if any(folder.get(name) for folder in folders)]
        fix["more_folders"] = kept
    if fix:
        yield error(
            " ".join([*fix, *cached]),
            "Pictures cannot be prepared once and changed each time.",
            f"{' and '.join(dict.fromkeys(changing))} cannot go with cached latents; "
            "the trainer stops on this.",
            "Switch the preparing off, or leave the pictures as they are.",
            **fix,
        )


@rule
def pictures_of_one_size(at: Facts) -> Iterator[Problem]:
    """Without buckets and prepared pictures the trainer neither enlarges nor crops: it asserts the size."""
    if at["enable_bucket"] or at["random_crop"] or at.on("cache_latents", "cache_latents_to_disk"):
        return
    size = at["resolution"]
    yield warning(
        "enable_bucket resolution",
        f"Every picture must be exactly {size} × {size} px.",
        "Without buckets and prepared pictures, the trainer stops at the first picture of another size.",
        "Switch the picture shapes on, so that pictures are fitted.",
        enable_bucket=True,
    )


@rule
def masks(at: Facts) -> Iterator[Problem]:
    kinds = ("alpha_mask", "conditioning_data_dir")
    if at["masked_loss"] and not any(use.values.get(kind) for use in uses(at.options) for kind in kinds):
        yield warning(
            "masked_loss alpha_mask conditioning_data_dir",
            "There are no masks.",
            "Masked loss is on, but no folder has a mask folder or takes its masks from transparency. "
            "It would do nothing.",
            "Give a mask folder, switch on the masks from transparency, or switch this off.",
            alpha_mask=True,
        )


@rule
def fewer_pictures_than_batch(at: Facts) -> Iterator[Problem]:
    batch = max(one.batch_size for one in data_sets(at.options))
    if at.uses and at.uses < batch:
        yield warning(
            "train_batch_size num_repeats",
            f"The batch size ({batch}) is larger than all pictures with repeats ({at.uses}).",
            "A batch is never full, so each epoch is one small step.",
            f"Set the batch size to {at.uses}, or raise the repeats.",
            train_batch_size=max(1, at.uses),
        )


@rule
def sizes_of_folders(at: Facts) -> Iterator[Problem]:
    """Sizes of further folders: the same limits as the main one's without buckets."""
    if at["enable_bucket"]:
        return
    unit = PIXELS.get(at["family"], 16)
    for one in data_sets(at.options):
        if one.folders[0].index != MAIN and one.resolution % unit:
            fixed = [
                {**folder, "resolution": max(64, round(folder["resolution"] / unit) * unit)}
                if folder.get("resolution")
                else folder
                for folder in at["more_folders"]
            ]
            yield error(
                "more_folders family",
                f"A folder's resolution cannot be {one.resolution} px.",
                f"Without buckets, this model family needs a multiple of {unit}.",
                "Set it to the nearest multiple.",
                more_folders=fixed,
            )
            return
