"""Options of the networks that come from LyCORIS (lycoris-lora 3.4.0)."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links
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
            "Which layers of the model LyCORIS trains. Fewer layers make smaller files and are "
            "faster. Attention and MLP suits a character."
        ),
        more=(
            "Families without convolutions have no convolution blocks, and FLUX.1 has no attention "
            "layers alone."
        ),
        place=Place.NETWORK_ARGS,
        key="preset",
        applies={"network_type": _CHOSEN},
        advanced=True,
        practice=False,
        cost="Fewer layers make a smaller file, and steps are a little faster.",
        typical={
            "character": "Attention and MLP",
            "style": "Everything",
            "FLUX.1 and newer": "Everything, or Attention and MLP",
            "text part not trained": "Picture part only",
        },
        deep=(
            "It sets which classes of modules are looked through, and whether convolutions count. "
            "Everything is full, which also has the first and last convolution. The learning rate of "
            "a part that is left out has no effect."
        ),
        link=links.LYCORIS_PRESET,
    )
    lokr_factor = Integer(
        None,
        allow_None=True,
        bounds=(-1, 1024),
        label="LoKr factor",
        doc=(
            "How each layer is divided. Lower it to 4 or 8 for a larger file that learns more. Raise "
            "it for a smaller file. Empty means as even as can be, the smallest file."
        ),
        place=Place.NETWORK_ARGS,
        key="factor",
        applies={"network_type": ("lokr",)},
        practice=False,
        cost=(
            "Half the factor makes about twice the file. For SDXL with rank 16: about 31 MB at 4, 16 "
            "MB at 8, 6 MB when empty."
        ),
        typical={
            "small file": "empty",
            "more detail": "4 to 8",
            "like a LoRA": "8, with full matrix",
        },
        deep=(
            "ΔW = C ⊗ (A·B): C has the size factor × factor, A·B the rest. -1 chooses the factor "
            "nearest to √size. If a layer's width cannot be divided by it, the next smaller divisor "
            "is taken."
        ),
        link=links.LYCORIS_ARGS,
    )
    decompose_both = Boolean(
        False,
        label="LoKr: low rank on both sides",
        doc=(
            "Makes both parts of LoKr of low rank. The file gets smaller still. Leave it off unless "
            "the factor is large."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
        cost="The file gets a little smaller, as the first part is the small one.",
        typical={
            "factor below 2 × rank": "off, it has no effect",
            "large factor, small file": "on",
        },
        deep=(
            "It acts only where the rank is below half of the first part's longer side, and not with "
            "full matrix. The first part is then A·B too."
        ),
        link=links.LYCORIS_ARGS,
    )
    full_matrix = Boolean(
        False,
        label="LoKr: full matrix",
        doc=(
            "Uses whole matrices instead of low rank ones. The rank then has no effect, only the "
            "factor has. Files get larger and learn more."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
        cost=(
            "The second part gets (outputs × inputs) ÷ factor² numbers. With factor 8, that is a 64th"
            " of the layer."
        ),
        typical={
            "like full training": "on, with factor 8 or less",
            "small file": "off",
        },
        deep=(
            "A rank of at least half of the second part's longer side has the same effect. Alpha is "
            "then not used: the scale is 1."
        ),
        link=links.LYCORIS_ARGS,
    )
    unbalanced_factorization = Boolean(
        False,
        label="LoKr: uneven division",
        doc=(
            "Divides input and output of each layer in opposite ways. It is for experiments. Leave it"
            " off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("lokr",)},
        advanced=True,
        practice=False,
        cost="The second part changes its shape: the file grows or shrinks with it.",
        typical={
            "all": "off",
        },
        deep=(
            "Outputs are divided the other way round: the first part gets the larger number on the "
            "output side and the smaller on the input side."
        ),
        link=links.LYCORIS_ARGS,
    )
    lycoris_dora = Boolean(
        False,
        label="Strength and direction apart",
        doc=(
            "Adds the idea of DoRA to this kind: strength and direction are learned apart. It can "
            "learn better. Each step takes longer."
        ),
        place=Place.NETWORK_ARGS,
        key="dora_wd",
        applies={"network_type": ("loha", "lokr")},
        advanced=True,
        practice=False,
        cost=(
            "Each layer's weights are put together and measured in every step: slower, and more "
            "memory. The file gets one more number for each output."
        ),
        typical={
            "character": "off",
            "close to full training": "on",
        },
        deep=(
            "W' = m · (W + ΔW) / ‖W + ΔW‖, where m begins as the norm of W and is learned. Bypass "
            "mode leaves it out without a word."
        ),
        link=links.LYCORIS_ARGS,
    )
    wd_on_output = Boolean(
        True,
        label="DoRA on the output side",
        doc=(
            "On which side of a layer DoRA measures strength. The output side is as in the paper. "
            "Leave it on."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("dora", "loha", "lokr")},
        advanced=True,
        practice=False,
        cost="None to speak of: one number for each output, or for each input.",
        typical={
            "all": "on",
        },
        deep=(
            "W' = m · (W + ΔW) / ‖W + ΔW‖, with the norm over each output row; off: over each input column."
        ),
        link=links.LYCORIS_ARGS,
    )
    constraint = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="Limit of the turn",
        doc=(
            "Keeps each turn of BOFT and diagonal OFT below this. Lower it to stay closer to the base"
            " model, and raise it to learn more. Empty means no limit."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("boft", "diag_oft")},
        advanced=True,
        practice=False,
        typical={
            "free learning": "empty",
            "close to the base model": "0.0001 to 0.01",
        },
        deep=(
            "With Q the skew matrix of a layer's turn, R = (I + Q)(I − Q)⁻¹. If ‖Q‖ is above "
            "constraint × outputs, Q is scaled down to it. The number is stored as the file's alpha."
        ),
        link=links.LYCORIS_ARGS,
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
        cost="One more number for each output of a layer.",
        typical={
            "close to the base model": "off",
            "style": "on",
        },
        deep="After the turn, each output is multiplied by a learned number that begins at 1.",
        link=links.LYCORIS_ARGS,
    )
    use_tucker = Boolean(
        False,
        label="Smaller convolutions (Tucker)",
        doc=(
            "Splits each convolution into three smaller steps. The file gets smaller. Leave it off "
            "unless the file is too large."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": DIFFUSION, "network_type": ("loha", "lokr", "dora")},
        advanced=True,
        practice=False,
        cost=(
            "Files get smaller: a 3 × 3 convolution needs rank × inputs + 9 · rank² numbers instead "
            "of 9 · rank × inputs."
        ),
        typical={
            "convolution rank up to 8": "off",
            "larger convolution rank": "on",
        },
        deep=(
            "A (rank × inputs), a core of rank × rank × 3 × 3, and B (outputs × rank). It acts on "
            "kernels above 1 × 1 only. LyCORIS 3.4.0 takes the option for GLoRA, but does nothing "
            "with it."
        ),
        link=links.LYCORIS_ARGS,
    )
    use_scalar = Boolean(
        False,
        label="Learn the strength too",
        doc=(
            "Adds one number to each layer that is learned as its strength. All halves then start at "
            "random values. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "dora", "glora")},
        advanced=True,
        practice=False,
        cost="One more number for each layer while training. The file does not grow.",
        typical={
            "all": "off",
        },
        deep=(
            "ΔW is multiplied by a learned number that begins at 0. Without it, one of the matrices "
            "begins at 0 instead. It is multiplied into the weights when the file is saved."
        ),
        link=links.LYCORIS_ARGS,
    )
    train_norm = Boolean(
        False,
        label="Train norm layers",
        doc=(
            "Also trains the layers that even out brightness and contrast inside the model. It can "
            "help a style. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CHOSEN},
        advanced=True,
        practice=False,
        cost="Almost none: two numbers for each channel of such a layer.",
        typical={
            "character": "off",
            "style": "off",
        },
        deep=(
            "Weight and bias of LayerNorm and GroupNorm get a learned addition, stored as w_norm and "
            "b_norm. The RMS norms of FLUX.1 and newer families are not trained."
        ),
        link=links.LYCORIS_ARGS,
    )
    bypass_mode = Boolean(
        False,
        label="Bypass",
        doc=(
            "Reckons the change beside each layer instead of changing its weights. It is needed for "
            "base models in 8-bit numbers. Else leave it off."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "glora", "boft", "diag_oft")},
        advanced=True,
        practice=False,
        cost="More passes through each layer; some kinds get slower, and DoRA is lost.",
        typical={
            "base model in 8-bit layers of bitsandbytes": "on",
            "all others": "off",
        },
        deep=(
            "Y = W·X + ΔW·X instead of Y = (W + ΔW)·X. It is on by itself for quantised layers. DoRA "
            "has no effect with it."
        ),
        link=links.LYCORIS_ARGS,
    )
    rs_lora = Boolean(
        False,
        label="Rank-stable scaling",
        doc=(
            "Divides alpha by the root of the rank, so that high ranks act as strongly as low ones. "
            "Use it with ranks of 64 or more. Lower alpha then."
        ),
        more="With GLoRA, other programs show the file weaker than it was trained.",
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("loha", "lokr", "dora", "glora")},
        advanced=True,
        practice=False,
        cost="None.",
        typical={
            "rank up to 32": "off",
            "rank 64 and more": "on, with alpha 1 to √rank",
        },
        deep=(
            "The scale is alpha / √rank instead of alpha / rank. The file notes alpha · √rank, so "
            "that others, who divide by rank, get the same; for GLoRA, LyCORIS 3.4.0 notes the plain "
            "alpha."
        ),
        link=links.LYCORIS_ARGS,
    )
