"""Rules about ranks and rates that single parts of a network have of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

BLOCKS = {"sd15": 25, "sd2": 25, "sdxl": 23}
"""Model family -> blocks of its U-Net as ``networks/lora.py`` counts them; it asserts their number."""

ENTRIES = {"in_dims": 5, "emb_dims": 6, "embedder_dims": 3}
"""Option -> how many ranks it takes (``lora_flux.py``, ``lora_sd3.py``, ``lora_lumina.py``)."""

RANGES = {"train_double_block_indices": 19, "train_single_block_indices": 38, "train_block_indices": 38}
"""Option -> number of blocks. SD 3.5 large has 38; the smaller ones 24, which only the file tells."""

KINDS_OF_BLOCKS = {
    "flux": ("single", "double"),
    "lumina": ("transformer", "refiners", "noise_refiner", "context_refiner"),
}
FORMS = ("cosine", "sine", "linear", "reverse_linear", "zeros")


@rule
def ranks_of_blocks(at: Facts) -> Iterator[Problem]:
    wanted = BLOCKS.get(at["family"], 0)
    names = ("block_dims", "block_alphas", "conv_block_dims", "conv_block_alphas")
    counts = dict.fromkeys(names, wanted) | ENTRIES
    for name, count in counts.items():
        given = at[name]
        if not given:
            continue
        whole = name not in ("block_alphas", "conv_block_alphas")
        numbers = _numbers(given, whole=whole)
        if numbers is None or len(numbers) != count:
            found = "no list of numbers" if numbers is None else f"{len(numbers)} numbers"
            yield error(
                f"{name} family",
                f"{at.options.option(name).label}: {count} numbers are needed, and there are {found}."
                if numbers is not None
                else f"{at.options.option(name).label}: {given!r} is {found}.",
                f"{at.family.title} has so many of them; the trainer stops on this.",
                f"Write {count} numbers with commas between them, or leave it empty.",
                **{name: None},
            )


def _numbers(text: str, *, whole: bool) -> list[float] | None:
    """Numbers apart by commas, as the trainer reads them; None if one is none."""
    try:
        return [int(part) if whole else float(part) for part in text.split(",")]
    except ValueError:
        return None


@rule
def lists_that_go_together(at: Facts) -> Iterator[Problem]:
    for name, base in (
        ("block_alphas", "block_dims"),
        ("conv_block_dims", "block_dims"),
        ("conv_block_alphas", "conv_block_dims"),
    ):
        if at[name] and not at[base]:
            yield note(
                f"{name} {base}",
                f"{at.options.option(name).label} is not used.",
                f"It goes with {at.options.option(base).label}, which is empty.",
                "Leave it empty, or fill in both.",
                **{name: None},
            )


@rule
def rates_of_blocks(at: Facts) -> Iterator[Problem]:
    large = at["family"] == "sdxl"
    side, middle = (9, 3) if large else (12, 1)
    for name, count in (("down_lr_weight", side), ("mid_lr_weight", middle), ("up_lr_weight", side)):
        given = at[name]
        if not given or (name != "mid_lr_weight" and given.split("+")[0].strip() in FORMS):
            continue
        numbers = _numbers(",".join(part or "0" for part in given.split(",")), whole=False)
        label = at.options.option(name).label
        if numbers is None or ("," not in given and name != "mid_lr_weight"):
            yield error(
                f"{name} family",
                f"{label}: {given!r} cannot be read.",
                "It must be numbers with commas between them, or the name of a form.",
                "Correct it, or leave it empty.",
                **{name: None},
            )
        elif (
            len(numbers) > count
            and name != "mid_lr_weight"
            and not (at["down_lr_weight"] and at["up_lr_weight"])
        ):
            yield error(
                f"{name} family",
                f"{label}: {count} numbers are needed, and there are {len(numbers)}.",
                "The trainer cuts both lists, down and up, and stops where the other one is empty.",
                f"Write {count} numbers, or leave it empty.",
                **{name: None},
            )
        elif len(numbers) != count:
            yield warning(
                f"{name} family",
                f"{label}: {count} numbers are needed, and there are {len(numbers)}.",
                "The trainer passes over those too many, and takes 1 for those that are missing.",
                f"Write {count} numbers, or leave it empty.",
                **{name: None},
            )


@rule
def ranges_of_blocks(at: Facts) -> Iterator[Problem]:
    for name, count in RANGES.items():
        given = at[name]
        if given and given not in ("all", "none") and not _range_fits(given, count):
            yield error(
                f"{name} family",
                f"{at.options.option(name).label}: {given!r} does not fit.",
                f"Blocks are numbered from 0 to {count - 1}; the trainer stops on others.",
                "Write it like 0,1,4-7, or leave it empty for all.",
                **{name: None},
            )


def _range_fits(text: str, count: int) -> bool:
    try:
        for part in text.split(","):
            ends = [int(end) for end in part.split("-")] if "-" in part else [int(part)]
            if len(ends) > 2 or ends != sorted(ends) or not all(0 <= end < count for end in ends):
                return False
    except ValueError:
        return False
    return True


@rule
def kinds_of_blocks(at: Facts) -> Iterator[Problem]:
    given, family = at["train_blocks"], at["family"]
    if given and given not in KINDS_OF_BLOCKS.get(family, ()):
        yield error(
            "train_blocks family",
            f"{at.family.title} has no blocks of the kind {given}.",
            "The trainer stops on this.",
            "Take All.",
            train_blocks=None,
        )


@rule
def patterns(at: Facts) -> Iterator[Problem]:
    """``pattern=number`` pairs are passed over when wrong; lists of patterns are read as Python."""
    for name in ("network_reg_dims", "network_reg_lrs"):
        given = at[name]
        if given and not all(_pair_fits(pair) for pair in given.split(",")):
            yield error(
                name,
                f"{at.options.option(name).label}: {given!r} cannot be read.",
                "Each part is a pattern, an equals sign and a number. The trainer passes over others.",
                "Write it like .*attn.*=8, or leave it empty.",
                **{name: None},
            )
    for name in ("exclude_patterns", "include_patterns"):
        given = at[name]
        if given and not _patterns_fit(given):
            yield error(
                name,
                f"{at.options.option(name).label}: {given!r} cannot be read.",
                "It must be a list of patterns in quotes; the trainer stops on others.",
                "Write it like ['.*mlp.*'], or leave it empty.",
                **{name: None},
            )


def _pair_fits(pair: str) -> bool:
    pattern, _, number = pair.partition("=")
    try:
        re.compile(pattern)
        return bool(pattern.strip()) and float(number) >= 0
    except (ValueError, re.error):
        return False


def _patterns_fit(text: str) -> bool:
    try:
        found = ast.literal_eval(text)
        for pattern in found if isinstance(found, list) else [found]:
            re.compile(pattern)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, re.error):
        return False
    return True


@rule
def mlp_of_lumina(at: Facts) -> Iterator[Problem]:
    """``lora_lumina.py`` looks for ``mlp`` in names; the layers are called ``feed_forward``."""
    if at["mlp_dim"] is not None:
        yield warning(
            "mlp_dim",
            "The rank for the MLP has no effect.",
            "The trainer looks for layers with mlp in their names, and Lumina's have another name.",
            "Leave it empty.",
            mlp_dim=None,
        )
