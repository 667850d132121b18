"""Options of the networks that come from LyCORIS (lycoris-lora 3.4.0)."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place
from lora_core.options.families import DIFFUSION
from lora_core.options.networks import LYCORIS_KINDS

_CHOSEN = tuple(kind for kind in LYCORIS_KINDS if kind != "ia3")
"""Kinds for which the layers can be chosen."""


class Lycoris(Group):
    emoji, title = "🧬", "Settings of LyCORIS networks"
    purpose = "How LoHa, LoKr, DoRA and their relatives are built."

    lycoris_preset = Choice(
        None,
        objects={
            "Everything": None,
            "All linear layers": "full-lin",
            "Attention and MLP": "attn-mlp",
            "Attention only": "attn-only",
            "Picture part only": "unet-only",
            "Transformer blocks of the picture part": "unet-transformer-only",
            "Convolution blocks of the picture part": "unet-convblock-only",
        },
        label="Layers",
        doc=(
            "Which layers of the model LyCORIS trains. Fewer layers make smaller files and are faster. "
            "Attention and MLP suits a character."
        ),
        more="Families without convolutions have no convolution blocks, and FLUX.1 has no attention layers alone.",
        place=Place.NETWORK_ARGS,
        key="preset",
        applies={"network_type": _CHOSEN},
        advanced=True,
        practice=False,
    )
    lokr_factor = Integer(
        None,
        allow_None=True,
        bounds=(-1, 1024),
        label="LoKr factor",
        doc=(
            "How each layer is divided. A small factor such as 4 to 8 makes larger files that learn more. "
            "Empty means as even as can be, the smallest file."
        ),
        place=Place.NETWORK_ARGS,
        key="factor",
        applies={"network_type": ("lokr",)},
        practice=False,
        deep="ΔW = C ⊗ (A·B): C has the size factor × factor, A·B the rest. -1 chooses the factor nearest to √dim.",
        cost="A smaller factor makes a larger file.",
        typical={"small file": "empty", "more detail": "4 to 8"},
    )
    decompose_both = Boolean(
        False,
        label="LoKr: low rank on both sides",
        doc=(
            "Makes both parts of LoKr of low rank. The file gets smaller still. "
            "Leave it off unless the factor is large."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
    )
    full_matrix = Boolean(
        False,
        label="LoKr: full matrix",
        doc=(
            "Uses whole matrices instead of low rank ones. The rank then has no effect, only the factor has. "
            "Files get larger and learn more."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
        cost="The file grows.",
    )
    unbalanced_factorization = Boolean(
        False,
        label="LoKr: uneven division",
        doc=(
            "Divides input and output of each layer in opposite ways. It is for experiments. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
    )
    lycoris_dora = Boolean(
        False,
        label="Strength and direction apart",
        doc=(
            "Adds the idea of DoRA to this kind: strength and direction are learned apart. It can learn better. "
            "Each step takes longer."
        ),
        place=Place.NETWORK_ARGS,
        key="dora_wd",
        applies={"network_type": ("loha", "lokr")},
        advanced=True,
        practice=False,
        cost="Steps take longer and need more memory.",
    )
    wd_on_output = Boolean(
        True,
        label="DoRA on the output side",
        doc=(
            "On which side of a layer DoRA measures strength. The output side is as in the paper. Leave it on."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("dora", "loha", "lokr")},
        advanced=True,
        practice=False,
        deep="W' = m · (W + ΔW) / ‖W + ΔW‖, with the norm over each output row; off: over each input column.",
    )
    constraint = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="Limit of the turn",
        doc=(
            "Keeps each turn of BOFT and diagonal OFT below this. Lower values stay closer to the base model. "
            "Empty means no limit."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("boft", "diag_oft")},
        advanced=True,
        practice=False,
    )
    rescaled = Boolean(
        False,
        label="Turn and stretch",
        doc=(
            "Lets BOFT and diagonal OFT also stretch each output, not only turn it. It learns more. "
            "Leave it off to stay closer to the base model."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("boft", "diag_oft")},
        advanced=True,
        practice=False,
    )
    use_tucker = Boolean(
        False,
        label="Smaller convolutions (Tucker)",
        doc=(
            "Splits each convolution into three smaller steps. The file gets smaller. "
            "Leave it off unless the file is too large."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": DIFFUSION, "network_type": ("loha", "lokr", "dora", "glora")},
        advanced=True,
        practice=False,
    )
    use_scalar = Boolean(
        False,
        label="Learn the strength too",
        doc=(
            "Adds one number to each layer that is learned as its strength. All halves then start at random "
            "values. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "dora", "glora")},
        advanced=True,
        practice=False,
    )
    train_norm = Boolean(
        False,
        label="Train norm layers",
        doc=(
            "Also trains the layers that even out brightness and contrast inside the model. It can help a style. "
            "Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CHOSEN},
        advanced=True,
        practice=False,
        cost="Almost none.",
    )
    bypass_mode = Boolean(
        False,
        label="Bypass",
        doc=(
            "Reckons the change beside each layer instead of changing its weights. It is needed for base models in "
            "8-bit numbers. Else leave it off."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "glora", "boft", "diag_oft")},
        advanced=True,
        practice=False,
    )
    rs_lora = Boolean(
        False,
        label="Rank-stable scaling",
        doc=(
            "Divides alpha by the root of the rank, so that high ranks act as strongly as low ones. "
            "Use it with ranks of 64 or more. Lower alpha then."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "dora", "glora")},
        advanced=True,
        practice=False,
        deep="The scale is alpha / √rank instead of alpha / rank.",
    )
