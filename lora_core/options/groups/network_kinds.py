"""Options that only some kinds of networks have."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Group, Integer, Number, Place, Texts
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links

_PLUS = {"network_type": ("lora", "locon", "dylora", "dora")}
"""Kinds whose module knows LoRA+. LyCORIS looks for matrices named ``lora_up``, which of its kinds DoRA has."""
_PAPER = (
    "LoRA+: the second matrix B gets the rate ratio · lr, the first matrix A keeps lr. The paper advises 16."
)


class NetworkKinds(Group):
    emoji, title = "🎛️", "Settings of this kind of network"
    purpose = "What only the chosen kind of network has."

    loraplus_lr_ratio = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="LoRA+ ratio",
        doc=(
            "Lets the second half of each LoRA pair learn faster by this factor. Raise it to reach "
            "the result in fewer steps, and lower it when training gets unsteady. Typical: empty, or "
            "4 to 16."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        cost="None in memory or file size.",
        typical={
            "AdamW": "empty, or 4 to 16",
            "Prodigy": "empty",
        },
        deep=_PAPER,
        link=links.ADVANCED,
    )
    loraplus_unet_lr_ratio = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="LoRA+ ratio of the picture part",
        doc=(
            "The same factor for the picture part alone. It wins over the common one. Raise it for "
            "faster learning, and lower it when training gets unsteady. Empty means the common one."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        typical={
            "AdamW": "empty, or 4 to 16",
            "Prodigy": "empty",
        },
        deep=_PAPER,
        link=links.ADVANCED,
    )
    loraplus_text_encoder_lr_ratio = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="LoRA+ ratio of the text part",
        doc=(
            "The same factor for the text part alone. It wins over the common one. Lower it when "
            "words lose their meaning, and raise it for faster learning. Empty means the common one."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        typical={
            "AdamW": "empty, or 1 to 4",
            "picture part only": "empty",
            "Prodigy": "empty",
        },
        deep=_PAPER,
        link=links.ADVANCED,
    )
    dylora_unit = Integer(
        None,
        allow_None=True,
        bounds=(1, 1024),
        label="DyLoRA unit",
        doc=(
            "Ranks are trained in groups of this many. The rank must be a multiple of it. Raise it to"
            " need fewer steps, and lower it to choose the rank more finely later. Empty means 1."
        ),
        place=Place.NETWORK_ARGS,
        key="unit",
        applies={"network_type": ("dylora",)},
        advanced=True,
        practice=False,
        cost="Small units need more steps, as only one unit learns in each step.",
        typical={
            "rank 16": "4",
            "rank 32 and more": "4 to 8",
        },
        deep=(
            "In each step every layer draws one unit: the ranks up to it act, and only its own learn."
            " The change is multiplied by alpha/rank · √(rank ÷ ranks that act)."
        ),
        link=links.OLDER,
    )
    enable_all_linear = Boolean(
        False,
        label="OFT for all linear layers",
        doc=(
            "Turns all linear layers of the blocks, not only attention. The LoRA learns more and the "
            "file grows. Leave it off for a single subject."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("oft",)},
        advanced=True,
        practice=False,
        cost=(
            "The file grows: for SDXL with 16 blocks, from about 100 MB to about 940 MB. Steps take longer."
        ),
        typical={
            "character": "off",
            "style": "on, if the file may be large",
        },
        deep=(
            "Off, the turns are made for modules of attention only: CrossAttention, or SelfAttention "
            "of FLUX.1. On, for every linear layer of the transformer blocks. Any text after the "
            "equals sign counts as on, so it is left out when off."
        ),
        link=links.OFT,
    )
    enable_conv = Boolean(
        False,
        label="OFT for convolutions",
        doc=(
            "Turns the convolution layers too, which carry texture. The file grows. Leave it off for "
            "a single subject."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": DIFFUSION, "network_type": ("oft",)},
        advanced=True,
        practice=False,
        cost="The file grows, as the convolution layers get blocks of their own.",
        typical={
            "character": "off",
            "style with fine texture": "on",
        },
        deep=(
            "It adds the layers of ResnetBlock2D, Downsample2D and Upsample2D. Their outputs, 320 and"
            " up, must be a multiple of the number of blocks."
        ),
        link=links.OFT,
    )
    split_qkv = Boolean(
        False,
        label="Split attention matrices",
        doc=(
            "Gives query, key and value each a LoRA of its own where the model has one matrix for "
            "all. It learns slightly more. Leave it off if unsure."
        ),
        more="The trainer has it for FLUX.1 and Lumina too, but stops on it there.",
        place=Place.NETWORK_ARGS,
        applies={"family": ("sd3", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="The split layers have up to 3 or 4 times the numbers in matrix A. The file grows.",
        typical={
            "SD 3": "off",
            "HunyuanImage": "off",
        },
        deep=(
            "Each part gets its own A and B of the common rank. On saving, the parts are put together"
            " into one pair of three or four times the rank, mostly zeros, so that other programs can"
            " read it."
        ),
        link=links.FLUX,
    )
    train_t5xxl = Boolean(
        False,
        label="Train T5 too",
        doc=(
            "Also makes a LoRA for the large text encoder. It takes very much memory. Prepared "
            "captions and picture part only must be off."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("sd3", "flux"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="T5 stays in GPU memory: about 10 GB more.",
        typical={
            "SD 3 and FLUX.1": "off",
        },
        deep=(
            "LoRA is put on T5's attention and feed-forward layers as lora_te3. Its learning rate is "
            "the last one for text parts. Outputs of T5 are then not prepared but worked out in each "
            "step."
        ),
        link=links.FLUX,
    )
    train_llm_adapter = Boolean(
        False,
        label="Train the adapter too",
        doc=(
            "Also makes a LoRA for the part of Anima between text encoder and picture part. Captions "
            "are then learned more strongly. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="The file grows by the adapter's layers.",
        typical={
            "Anima": "off",
        },
        deep=(
            "Blocks of the kind LLMAdapterTransformerBlock get LoRA too, as part of the picture part."
            " The trainer's guide found a lower rate steadier there, such as .*llm_adapter.*=5e-5 by "
            "name."
        ),
        link=links.ANIMA,
    )
    ggpo_sigma = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="GGPO sigma",
        doc=(
            "Shakes the LoRA's weights a little while it learns, so that it copies less. Both GGPO "
            "values are needed. Raise it when the LoRA copies, and lower it when results blur. "
            "Typical: empty, or 0.03."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost=(
            "A random matrix as large as each layer is made in every step. Steps take longer and need"
            " more memory."
        ),
        typical={
            "FLUX.1": "empty, or 0.03",
            "HunyuanImage": "empty",
        },
        deep=(
            "Random noise times (σ · weight norm + β · ‖gradient‖²) / √outputs is added to each "
            "layer's weights on the way forward. Norms are estimated from at most 1000 rows. It is "
            "not used in layers split by query, key and value."
        ),
        link=links.FLUX,
    )
    ggpo_beta = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="GGPO beta",
        doc=(
            "How much that shaking grows where learning pulls strongly. Both GGPO values are needed. "
            "Raise it to shake more there, and lower it when training gets unsteady. Typical: empty, "
            "or 0.01."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        typical={
            "FLUX.1": "empty, or 0.01",
            "HunyuanImage": "empty",
        },
        deep=(
            "It is β in (σ · weight norm + β · ‖gradient‖²) / √outputs, by which the noise is "
            "multiplied. With sigma alone, nothing is added."
        ),
        link=links.FLUX,
    )
    base_weights = Texts(
        [],
        item_type=str,
        label="LoRAs merged in first",
        doc=(
            "LoRA files that are added to the base model before the training, one a line. The new "
            "LoRA learns only what they lack. Leave it empty if unsure."
        ),
        advanced=True,
        practice=False,
        cost="They take time at the start, and no memory.",
        deep=(
            "Each file is read with the module of this training and added into the weights of base "
            "model and text parts. The new file does not hold them: to paint, load both."
        ),
        link=links.ADVANCED,
    )
    base_weights_multiplier = Number(
        None,
        allow_None=True,
        bounds=(-10.0, 10.0),
        label="Strength of these LoRAs",
        doc=(
            "How strongly the LoRAs merged in first are added. One number holds for all of them. "
            "Raise it for more of them, and lower it for less. Empty means 1."
        ),
        advanced=True,
        practice=False,
        typical={
            "full effect": "1",
            "half effect": "0.5",
            "to take a LoRA's effect out": "-1",
        },
        deep=(
            "W + multiplier · alpha/rank · B·A, once before the training. The trainer takes one "
            "number for each file; this one is repeated."
        ),
        link=links.ADVANCED,
    )
