"""Rules about the kind and size of the network."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.networks import NETWORKS
from lora_core.options.rules.registry import Facts, error, note, rule, warning

DROPOUTS = ("network_dropout", "rank_dropout", "module_dropout")

WITHOUT_LIMIT = ("oft", "dylora", "glora", "ia3", "full")
"""Kinds that have nothing to limit weights with: the trainer or LyCORIS passes over it."""

TURNING = ("oft", "boft", "diag_oft")
"""Kinds that turn weights: they take no alpha in LoRA's sense."""

WITHOUT_DROPOUT = ("oft", "dylora", "dora", "boft", "ia3", "full")
"""Kinds whose layers do not use the general dropout."""

BOFT_RANKS = {"sd15": 10, "sd2": 10, "sdxl": 10, "flux": 42, "lumina": 30, "hunyuan_image": 98}
"""Model family -> the lowest rank with which BOFT can divide all layers that it finds; measured on the models.

LyCORIS needs an even number up to the rank that goes into the width by a power of 2. SD 3's widths differ by file.
"""

OFT_WIDTHS = {"sd15": 320, "sd2": 320, "sdxl": 640, "flux": 3072}
"""Model family -> what an OFT's rank must divide: the narrowest layer it turns."""


@rule
def kind_for_family(at: Facts) -> Iterator[Problem]:
    kind = NETWORKS[at["network_type"]]
    if at["family"] not in kind.families:
        yield error(
            "network_type family",
            f"{kind.title} cannot be trained for {at.family.title}.",
            "The trainer has no such network for this family, or it would find no layers there.",
            "Take LoRA.",
            network_type="lora",
        )


@rule
def alpha(at: Facts) -> Iterator[Problem]:
    if at["network_type"] in TURNING or not NETWORKS[at["network_type"]].sized:
        return
    pairs = [("network_alpha", "network_dim"), ("conv_alpha", "conv_dim")]
    for name, rank in pairs:
        if not at.options.applies(name):
            continue
        if at[name] > at[rank]:
            yield warning(
                f"{name} {rank}",
                f"The alpha ({at[name]:g}) is above the rank ({at[rank]}).",
                "The LoRA then acts more strongly than its weights, and training gets unsteady.",
                "Set alpha to the rank or to half of it.",
                **{name: float(at[rank])},
            )
        elif at[name] == 0:
            yield note(
                name,
                "An alpha of 0 counts as the full rank.",
                "That is how the trainer reads it.",
                f"Write {at[rank]} to make it plain.",
                **{name: float(at[rank])},
            )


@rule
def limit_of_oft(at: Facts) -> Iterator[Problem]:
    """The trainer's OFT takes alpha times the layer's width as the limit of its turn, and warns from 1 on."""
    if at["network_type"] != "oft":
        return
    given = at["network_alpha"]
    if given == 0:
        yield error(
            "network_alpha network_type",
            "An alpha of 0 lets an OFT turn nothing.",
            "It is the limit of the turn here, so nothing would be learned.",
            "Set it to 0.001.",
            network_alpha=1e-3,
        )
    elif given >= 1:
        yield warning(
            "network_alpha network_type",
            f"An alpha of {given:g} is far too high for OFT.",
            "It is the limit of the turn here, not the strength of a LoRA.",
            "Set it to 0.001.",
            network_alpha=1e-3,
        )


@rule
def blocks_of_oft(at: Facts) -> Iterator[Problem]:
    width = OFT_WIDTHS.get(at["family"])
    if at["network_type"] != "oft" or width is None:
        return
    if at["family"] == "sdxl" and at["enable_conv"]:
        width = 320
    rank = at["network_dim"]
    if width % rank:
        fitting = max(number for number in range(1, min(rank, width) + 1) if width % number == 0)
        yield error(
            "network_dim network_type family",
            f"An OFT cannot have {rank} blocks here.",
            f"The number has to divide the layers' width of {width}; the trainer stops otherwise.",
            f"Set the rank to {fitting}.",
            network_dim=fitting,
        )


@rule
def convolutions_without_locon(at: Facts) -> Iterator[Problem]:
    """A rank for convolutions beside plain LoRA is most likely meant for LoCon."""
    if at["network_type"] != "lora" or at.family.flow:
        return
    declared = at.options.option
    changed = [name for name in ("conv_dim", "conv_alpha") if at.options[name] != declared(name).default]
    if changed:
        yield note(
            " ".join(["network_type", *changed]),
            "The convolution rank and alpha are not used.",
            "A plain LoRA has no convolutions.",
            "Choose LoCon to use them.",
            network_type="locon",
        )


@rule
def rank_from_weights(at: Facts) -> Iterator[Problem]:
    if at["dim_from_weights"] and not at["network_weights"]:
        yield error(
            "dim_from_weights network_weights",
            "There is no LoRA to take the rank from.",
            "No file is set under Continue from a LoRA.",
            "Give that file, or switch this off.",
            dim_from_weights=False,
        )


@rule
def dropouts(at: Facts) -> Iterator[Problem]:
    all_of_it = [name for name in DROPOUTS if at.number(name) >= 1]
    if all_of_it:
        yield error(
            " ".join(all_of_it),
            "A dropout of 1 leaves nothing to learn.",
            "The share of 1 is always switched off, and the trainer divides by the rest, which is 0.",
            "Set it to 0.1, or leave it empty.",
            **dict.fromkeys(all_of_it, 0.1),
        )
    elif at["network_dropout"] and at["network_type"] in WITHOUT_DROPOUT:
        yield note(
            "network_dropout network_type",
            f"{NETWORKS[at['network_type']].title} has no dropout.",
            "The trainer passes over it.",
            "Leave it empty.",
            network_dropout=None,
        )
    elif at["rank_dropout"] and at["network_type"] == "boft":
        yield note(
            "rank_dropout network_type",
            "BOFT has no rank dropout.",
            "LyCORIS passes over it.",
            "Leave it empty, or use module dropout.",
            rank_dropout=None,
        )


@rule
def weight_limit(at: Facts) -> Iterator[Problem]:
    if at["scale_weight_norms"] and at["network_type"] in WITHOUT_LIMIT:
        yield note(
            "scale_weight_norms network_type",
            f"{NETWORKS[at['network_type']].title} knows no weight limit.",
            "The trainer passes over it.",
            "Leave it empty.",
            scale_weight_norms=None,
        )


@rule
def unit_of_dylora(at: Facts) -> Iterator[Problem]:
    unit, rank = at["dylora_unit"], at["network_dim"]
    if unit and rank % unit:
        fitting = max(number for number in range(1, unit + 1) if rank % number == 0)
        yield error(
            "dylora_unit network_dim",
            f"The unit ({unit}) does not divide the rank ({rank}).",
            "A DyLoRA learns its ranks in units of the same size; the trainer stops on this.",
            f"Set the unit to {fitting}.",
            dylora_unit=fitting,
        )


@rule
def factor_of_lokr(at: Facts) -> Iterator[Problem]:
    """LyCORIS takes -1 for "choose"; 0 divides by zero, and 1 leaves the second matrix at full size."""
    given = at["lokr_factor"]
    if given == 0:
        yield error(
            "lokr_factor",
            "The factor of a LoKr cannot be 0.",
            "The layers are divided by it.",
            "Set it to -1, so that the best one is chosen.",
            lokr_factor=-1,
        )
    elif given == 1 and at["full_matrix"]:
        yield warning(
            "lokr_factor full_matrix",
            "A factor of 1 with full matrices makes no LoKr.",
            "The file gets as large as the model's part.",
            "Set the factor to 8.",
            lokr_factor=8,
        )


@rule
def bypass_without_dora(at: Facts) -> Iterator[Problem]:
    """LyCORIS leaves weight decomposition out of the bypass way, without a word."""
    if at["bypass_mode"] and at["lycoris_dora"]:
        yield error(
            "bypass_mode lycoris_dora",
            "DoRA does not work in bypass mode.",
            "Bypass mode leaves it out without a word, so a plain network would be trained.",
            "Switch the bypass mode off.",
            bypass_mode=False,
        )


@rule
def bases_merged(at: Facts) -> Iterator[Problem]:
    if at["base_weights_multiplier"] is not None and not at["base_weights"]:
        yield note(
            "base_weights_multiplier base_weights",
            "There are no LoRA files to merge.",
            "Their strength is set, but no file.",
            "Leave the strength empty.",
            base_weights_multiplier=None,
        )


@rule
def rank_of_boft(at: Facts) -> Iterator[Problem]:
    """Only the set of layers that is checked for all: fewer layers may do with less, at the cost of a search."""
    least = BOFT_RANKS.get(at["family"])
    if at["network_type"] != "boft" or not least or at["lycoris_preset"]:
        return
    sizes = [name for name in ("network_dim", "conv_dim") if at.options.applies(name)]
    low = [name for name in sizes if at[name] < least]
    if low:
        yield error(
            " ".join([*low, "network_type", "family"]),
            f"The rank ({min(at[name] for name in low)}) is too low for BOFT.",
            f"It sets how layers are divided, and this model's need at least {least}; the trainer stops below.",
            f"Set the rank to {least}, that of convolutions too.",
            **dict.fromkeys(low, least),
        )


PICTURE_PRESETS = ("unet-only", "unet-transformer-only", "unet-convblock-only")
"""Sets of layers of LyCORIS that have none of the text part."""


@rule
def layers_of_lycoris(at: Facts) -> Iterator[Problem]:
    """Which layers a set names stands in ``lycoris/config.py``; the families' classes were looked up."""
    given, family = at["lycoris_preset"], at["family"]
    missing = (given == "unet-convblock-only" and at.family.flow) or (
        given == "attn-only" and family in ("sd3", "lumina", "hunyuan_image")
    )
    if missing and not at["network_train_text_encoder_only"]:
        yield error(
            "lycoris_preset family",
            f"{at.family.title} has no layers of the set {given} in its picture part.",
            "The picture part would not be trained.",
            "Take Attention and MLP.",
            lycoris_preset="attn-mlp",
        )
    elif given in PICTURE_PRESETS and at["network_train_text_encoder_only"]:
        yield error(
            "lycoris_preset network_train_text_encoder_only",
            f"The set {given} has no layers of the text part.",
            "Only the text part is to be trained, so nothing would be left.",
            "Take everything.",
            lycoris_preset=None,
        )
    elif given in PICTURE_PRESETS and not at["network_train_unet_only"]:
        yield note(
            "lycoris_preset network_train_unet_only",
            f"The set {given} has no layers of the text part.",
            "The text part is not trained, though it is switched on.",
            "Train the picture part only, which also saves memory.",
            network_train_unet_only=True,
        )


@rule
def alpha_of_a_continued_lora(at: Facts) -> Iterator[Problem]:
    """The file's alpha is loaded and saved again, but the strength is reckoned from the option before that."""
    kinds = ("lora", "locon", "dylora", "lora_fa")
    if at["network_weights"] and not at["dim_from_weights"] and at["network_type"] in kinds:
        yield note(
            "network_alpha network_dim network_weights",
            "Rank and alpha must be those of the LoRA that is continued.",
            "Another rank stops the trainer. With another alpha it learns at one strength and saves another.",
            "Take both from the file.",
            dim_from_weights=True,
        )
