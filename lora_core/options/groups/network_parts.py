"""Options that give single parts of a network their own rank or learning rate."""

from __future__ import annotations

from collections.abc import Mapping

from lora_core.options.declare import Choice, Group, Integer, Number, Place, Text
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links

_BLOCKS = {"family": DIFFUSION, "network_type": ("lora", "locon", "lora_fa")}
_CONV_BLOCKS = {"family": DIFFUSION, "network_type": ("locon",)}
_FLUX = {"family": ("flux",), "network_type": ("lora",)}
_SD3 = {"family": ("sd3",), "network_type": ("lora",)}
_LUMINA = {"family": ("lumina",), "network_type": ("lora",)}
_BY_NAME = {"family": ("flux", "hunyuan_image", "anima"), "network_type": ("lora",)}
_COUNTS = "There are 25 blocks in SD 1.5 and SD 2, and 23 in SDXL, from the way down to the way up."


class NetworkParts(Group):
    emoji, title = "🪜", "Ranks and rates of single parts"
    purpose = "For those who want some parts of the model to learn more than others."

    block_dims = Text(
        None,
        allow_None=True,
        label="Rank of each block",
        doc=(
            "One rank for each block of the picture part, with commas between them. A 0 leaves a block out. "
            "Leave it empty for the same rank everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
        cost="Lower ranks make a smaller file.",
    )
    block_alphas = Text(
        None,
        allow_None=True,
        label="Alpha of each block",
        doc=(
            "One alpha for each block, with commas between them. It needs a rank of each block. "
            "Empty means the same alpha everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    conv_block_dims = Text(
        None,
        allow_None=True,
        label="Convolution rank of each block",
        doc=(
            "One convolution rank for each block, with commas between them. It needs a rank of each block. "
            "Empty means the same everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_CONV_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    conv_block_alphas = Text(
        None,
        allow_None=True,
        label="Convolution alpha of each block",
        doc=(
            "One convolution alpha for each block, with commas between them. It needs a convolution rank of "
            "each block. Empty means the same everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_CONV_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    down_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates on the way down",
        doc=(
            "What the learning rate is multiplied by in each block on the way down. Give 12 numbers with commas, "
            "or 9 for SDXL. Empty means 1 everywhere."
        ),
        more="Instead of numbers, a form can be given: sine, cosine, linear, reverse_linear or zeros.",
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    mid_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates in the middle",
        doc=(
            "What the learning rate is multiplied by in the middle block. Give one number, or 3 with commas for "
            "SDXL. Empty means 1."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    up_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates on the way up",
        doc=(
            "What the learning rate is multiplied by in each block on the way up. Give 12 numbers with commas, "
            "or 9 for SDXL. Empty means 1 everywhere."
        ),
        more="Instead of numbers, a form can be given: sine, cosine, linear, reverse_linear or zeros.",
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    block_lr_zero_threshold = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Leave out blocks at or below",
        doc=(
            "Blocks whose rate is multiplied by this or less are left out of the LoRA. The file gets smaller. "
            "Empty means 0."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    train_double_block_indices = Text(
        None,
        allow_None=True,
        label="Double blocks",
        doc=(
            "Which of the 19 double blocks of FLUX.1 are trained, such as 0,1,4-7. The words all and none work "
            "too. Empty means all."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    train_single_block_indices = Text(
        None,
        allow_None=True,
        label="Single blocks",
        doc=(
            "Which of the 38 single blocks of FLUX.1 are trained, such as 0,1,4-7. The words all and none work "
            "too. Empty means all."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    train_block_indices = Text(
        None,
        allow_None=True,
        label="Blocks of SD 3",
        doc=(
            "Which blocks of SD 3 are trained, such as 0,1,4-7. The words all and none work too. Empty means all."
        ),
        place=Place.NETWORK_ARGS,
        applies=_SD3,
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    train_blocks = Choice(
        None,
        objects={
            "All": None,
            "Double blocks (FLUX.1)": "double",
            "Single blocks (FLUX.1)": "single",
            "Main blocks (Lumina)": "transformer",
            "Refiners (Lumina)": "refiners",
            "Noise refiner (Lumina)": "noise_refiner",
            "Context refiner (Lumina)": "context_refiner",
        },
        label="Kinds of blocks",
        doc=(
            "Trains only one kind of the model's blocks. The file gets smaller and the LoRA learns less. "
            "Leave it at All if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "lumina"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    network_reg_dims = Text(
        None,
        allow_None=True,
        label="Rank by name",
        doc=(
            "Gives layers whose name fits a pattern another rank. Write pattern=rank, with commas between several. "
            "Leave it empty if unsure."
        ),
        more="A pattern is a regular expression that must fit the whole name, such as .*attn.*=8.",
        place=Place.NETWORK_ARGS,
        applies=_BY_NAME,
        advanced=True,
        practice=False,
        link=links.HUNYUAN,
    )
    network_reg_lrs = Text(
        None,
        allow_None=True,
        label="Learning rate by name",
        doc=(
            "Gives layers whose name fits a pattern another learning rate. Write pattern=rate, with commas "
            "between several. Leave it empty if unsure."
        ),
        more="A pattern is a regular expression that must fit the whole name, such as .*mlp.*=5e-5.",
        place=Place.NETWORK_ARGS,
        applies=_BY_NAME,
        advanced=True,
        practice=False,
        link=links.HUNYUAN,
    )
    exclude_patterns = Text(
        None,
        allow_None=True,
        label="Leave out by name",
        doc=(
            "Leaves out layers whose name fits one of these patterns. Write a list such as ['.*mlp.*']. "
            "Leave it empty if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    include_patterns = Text(
        None,
        allow_None=True,
        label="Take in by name",
        doc=(
            "Takes in layers that are usually left out, if their name fits one of these patterns. Write a list "
            "such as ['.*final_layer.*']. Leave it empty if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    in_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Five ranks with commas for the layers before the blocks of FLUX.1: img, time, vector, guidance, txt. "
            "Empty leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    emb_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Six ranks with commas for layers around the blocks of SD 3: context, t, x, y, final mod, final "
            "linear. Empty leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_SD3,
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    embedder_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Three ranks with commas for the layers before the blocks of Lumina: x, t, caption. "
            "Empty leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_LUMINA,
        advanced=True,
        practice=False,
        link=links.LUMINA,
    )


_PARTS: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    ("img_attn_dim", "picture attention", _FLUX, links.FLUX),
    ("txt_attn_dim", "text attention", _FLUX, links.FLUX),
    ("img_mlp_dim", "picture MLP", _FLUX, links.FLUX),
    ("txt_mlp_dim", "text MLP", _FLUX, links.FLUX),
    ("img_mod_dim", "picture modulation", _FLUX, links.FLUX),
    ("txt_mod_dim", "text modulation", _FLUX, links.FLUX),
    ("single_dim", "single blocks", _FLUX, links.FLUX),
    ("single_mod_dim", "single block modulation", _FLUX, links.FLUX),
    ("context_attn_dim", "text attention of SD 3", _SD3, links.SD3),
    ("context_mlp_dim", "text MLP of SD 3", _SD3, links.SD3),
    ("context_mod_dim", "text modulation of SD 3", _SD3, links.SD3),
    ("x_attn_dim", "picture attention of SD 3", _SD3, links.SD3),
    ("x_mlp_dim", "picture MLP of SD 3", _SD3, links.SD3),
    ("x_mod_dim", "picture modulation of SD 3", _SD3, links.SD3),
    ("attn_dim", "attention of Lumina", _LUMINA, links.LUMINA),
    ("mlp_dim", "MLP of Lumina", _LUMINA, links.LUMINA),
    ("mod_dim", "modulation of Lumina", _LUMINA, links.LUMINA),
    ("refiner_dim", "refiners of Lumina", _LUMINA, links.LUMINA),
)
"""The trainer's argument, what it is the rank of, and where it has a meaning."""

for _name, _part, _where, _link in _PARTS:
    NetworkParts.param.add_parameter(
        _name,
        Integer(
            None,
            allow_None=True,
            bounds=(0, 1024),
            label=f"Rank: {_part}",
            doc=(
                f"Another rank for this part of the model: {_part}. Use 0 to leave the part out. "
                "Empty means the common rank."
            ),
            place=Place.NETWORK_ARGS,
            applies=_where,
            advanced=True,
            practice=False,
            link=_link,
        ),
    )
