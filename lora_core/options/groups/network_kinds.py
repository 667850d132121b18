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
            "Lets the second half of each LoRA pair learn faster by this factor. It can reach the same result in "
            "fewer steps. Typical: empty, or 4 to 16 with a lower learning rate."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        deep=_PAPER,
        link=links.ADVANCED,
        typical={"AdamW": "empty, or 4 to 16", "Prodigy": "empty"},
    )
    loraplus_unet_lr_ratio = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="LoRA+ ratio of the picture part",
        doc=(
            "The same factor for the picture part alone. It wins over the common one. "
            "Empty means the common one."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        deep=_PAPER,
        link=links.ADVANCED,
    )
    loraplus_text_encoder_lr_ratio = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1000.0),
        label="LoRA+ ratio of the text part",
        doc=(
            "The same factor for the text part alone. It wins over the common one. Empty means the common one."
        ),
        place=Place.NETWORK_ARGS,
        applies=_PLUS,
        advanced=True,
        practice=False,
        deep=_PAPER,
        link=links.ADVANCED,
    )
    dylora_unit = Integer(
        None,
        allow_None=True,
        bounds=(1, 1024),
        label="DyLoRA unit",
        doc=(
            "Ranks are trained in groups of this many. The rank must be a multiple of it. "
            "Empty means 1; a quarter of the rank is faster."
        ),
        place=Place.NETWORK_ARGS,
        key="unit",
        applies={"network_type": ("dylora",)},
        advanced=True,
        practice=False,
        deep="In each step one rank r is drawn; only the first r ranks act, and only the unit that ends at r learns.",
    )
    enable_all_linear = Boolean(
        False,
        label="OFT for all linear layers",
        doc=(
            "Turns all linear layers of the blocks, not only attention. The LoRA learns more and the file grows. "
            "Leave it off for a single subject."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("oft",)},
        advanced=True,
        practice=False,
    )
    enable_conv = Boolean(
        False,
        label="OFT for convolutions",
        doc=(
            "Turns the convolution layers too, which carry texture. The file grows. "
            "Leave it off for a single subject."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": DIFFUSION, "network_type": ("oft",)},
        advanced=True,
        practice=False,
    )
    split_qkv = Boolean(
        False,
        label="Split attention matrices",
        doc=(
            "Gives query, key and value each a LoRA of its own where the model has one matrix for all. "
            "It learns slightly more. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("sd3", "flux", "lumina", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    train_t5xxl = Boolean(
        False,
        label="Train T5 too",
        doc=(
            "Also makes a LoRA for the large text encoder. It takes very much memory. "
            "Prepared captions and picture part only must be off."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("sd3", "flux"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="T5 stays in GPU memory: about 10 GB more.",
        link=links.FLUX,
    )
    train_llm_adapter = Boolean(
        False,
        label="Train the adapter too",
        doc=(
            "Also makes a LoRA for the part of Anima between text encoder and picture part. Captions are then "
            "learned more strongly. Leave it off if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    ggpo_sigma = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="GGPO sigma",
        doc=(
            "Shakes the LoRA's weights a little while it learns, so that it copies less. Both GGPO values are "
            "needed. Typical: empty, or 0.03."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    ggpo_beta = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="GGPO beta",
        doc=(
            "How much that shaking grows where learning pulls strongly. Both GGPO values are needed. "
            "Typical: empty, or 0.01."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "hunyuan_image"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    base_weights = Texts(
        [],
        item_type=str,
        label="LoRAs merged in first",
        doc=(
            "LoRA files that are added to the base model before the training, one a line. The new LoRA learns "
            "only what they lack. Leave it empty if unsure."
        ),
        advanced=True,
        practice=False,
        link=links.ADVANCED,
        cost="They take time at the start, and no memory.",
    )
    base_weights_multiplier = Number(
        None,
        allow_None=True,
        bounds=(-10.0, 10.0),
        label="Strength of these LoRAs",
        doc=(
            "How strongly the LoRAs merged in first are added. One number holds for all of them. Empty means 1."
        ),
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
