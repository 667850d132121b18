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
            "One rank for each block of the picture part, with commas between them. A 0 leaves a "
            "block out. Leave it empty for the same rank everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        cost="Lower ranks make a smaller file, as each block counts by its own rank.",
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "It holds for linear layers and 1 × 1 convolutions of the U-Net; the text part keeps the "
            "common rank. The trainer stops if the count is not exact. In SDXL, the first and last "
            "block hold no layers."
        ),
        link=links.ADVANCED,
    )
    block_alphas = Text(
        None,
        allow_None=True,
        label="Alpha of each block",
        doc=(
            "One alpha for each block, with commas between them. It needs a rank of each block. Empty"
            " means the same alpha everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "Each block is scaled by its alpha ÷ its rank. It is read only if a rank or a rate of "
            "each block is given."
        ),
        link=links.ADVANCED,
    )
    conv_block_dims = Text(
        None,
        allow_None=True,
        label="Convolution rank of each block",
        doc=(
            "One convolution rank for each block, with commas between them. It needs a rank of each "
            "block. Empty means the same everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_CONV_BLOCKS,
        advanced=True,
        practice=False,
        cost="Each 3 × 3 convolution has nine times the weights in A: a low rank here saves most.",
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "It holds for 3 × 3 convolutions of the U-Net. It is read only if a rank or a rate of "
            "each block is given."
        ),
        link=links.ADVANCED,
    )
    conv_block_alphas = Text(
        None,
        allow_None=True,
        label="Convolution alpha of each block",
        doc=(
            "One convolution alpha for each block, with commas between them. It needs a convolution "
            "rank of each block. Empty means the same everywhere."
        ),
        more=_COUNTS,
        place=Place.NETWORK_ARGS,
        applies=_CONV_BLOCKS,
        advanced=True,
        practice=False,
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "Each block's convolutions are scaled by this ÷ their rank. If it is missing, the common "
            "convolution alpha counts."
        ),
        link=links.ADVANCED,
    )
    down_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates on the way down",
        doc=(
            "What the learning rate is multiplied by in each block on the way down. Give 12 numbers "
            "with commas, or 9 for SDXL. Empty means 1 everywhere."
        ),
        more=(
            "Instead of numbers, a form can be given: sine, cosine, linear, reverse_linear or zeros. "
            "A part such as +.25 behind it is added to each."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "Each block's rate is the picture part's rate times its number. Once one of the three "
            "lists is given, the others count as 1, and blocks at 0 are left out of the LoRA. Numbers"
            " go from the outer to the inner blocks."
        ),
        link=links.OLDER,
    )
    mid_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates in the middle",
        doc=(
            "What the learning rate is multiplied by in the middle block. Give one number, or 3 with "
            "commas for SDXL. Empty means 1."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "Each block's rate is the picture part's rate times its number. Once one of the three "
            "lists is given, the others count as 1, and blocks at 0 are left out of the LoRA."
        ),
        link=links.OLDER,
    )
    up_lr_weight = Text(
        None,
        allow_None=True,
        label="Rates on the way up",
        doc=(
            "What the learning rate is multiplied by in each block on the way up. Give 12 numbers "
            "with commas, or 9 for SDXL. Empty means 1 everywhere."
        ),
        more=(
            "Instead of numbers, a form can be given: sine, cosine, linear, reverse_linear or zeros. "
            "A part such as +.25 behind it is added to each."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        typical={
            "all blocks alike": "empty",
        },
        deep=(
            "Each block's rate is the picture part's rate times its number. Once one of the three "
            "lists is given, the others count as 1, and blocks at 0 are left out of the LoRA. Numbers"
            " go from the inner to the outer blocks."
        ),
        link=links.OLDER,
    )
    block_lr_zero_threshold = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Leave out blocks at or below",
        doc=(
            "Blocks whose rate is multiplied by this or less are left out of the LoRA. Raise it for a"
            " smaller file, and lower it to keep more blocks. Empty means 0."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BLOCKS,
        advanced=True,
        practice=False,
        cost="Each block that is left out makes the file smaller.",
        typical={
            "all blocks with a rate": "empty",
            "only strong blocks": "0.1",
        },
        deep=(
            "A number that is not above it counts as 0, and the rank of such a block becomes 0. "
            "Without rates of blocks it has no effect."
        ),
        link=links.OLDER,
    )
    train_double_block_indices = Text(
        None,
        allow_None=True,
        label="Double blocks",
        doc=(
            "Which of the 19 double blocks of FLUX.1 are trained, such as 0,1,4-7. The words all and "
            "none work too. Empty means all."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        cost="Fewer blocks make a smaller file; a step is hardly faster.",
        typical={
            "whole model": "empty",
            "single blocks only": "none",
        },
        deep=(
            "Blocks that are not named get rank 0. Layers that fit a rank by name are trained all the same."
        ),
        link=links.FLUX,
    )
    train_single_block_indices = Text(
        None,
        allow_None=True,
        label="Single blocks",
        doc=(
            "Which of the 38 single blocks of FLUX.1 are trained, such as 0,1,4-7. The words all and "
            "none work too. Empty means all."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        cost="Fewer blocks make a smaller file; a step is hardly faster.",
        typical={
            "whole model": "empty",
            "double blocks only": "none",
        },
        deep=(
            "Blocks that are not named get rank 0. Layers that fit a rank by name are trained all the same."
        ),
        link=links.FLUX,
    )
    train_block_indices = Text(
        None,
        allow_None=True,
        label="Blocks of SD 3",
        doc=(
            "Which blocks of SD 3 are trained, such as 0,1,4-7. The words all and none work too. "
            "Empty means all."
        ),
        more="Medium has 24 blocks, counted from 0 to 23, and large has 38.",
        place=Place.NETWORK_ARGS,
        applies=_SD3,
        advanced=True,
        practice=False,
        cost="Fewer blocks make a smaller file; a step is hardly faster.",
        typical={
            "whole model": "empty",
        },
        deep=(
            "Blocks that are not named get rank 0. The trainer does not know the count here: a number"
            " too high is passed over."
        ),
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
            "Trains only one kind of the model's blocks. The file gets smaller and the LoRA learns "
            "less. Leave it at All if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("flux", "lumina"), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="Fewer layers make a smaller file and need a little less memory.",
        typical={
            "FLUX.1": "All",
            "Lumina": "All",
        },
        deep=(
            "It picks classes of modules: DoubleStreamBlock or SingleStreamBlock for FLUX.1. Single "
            "blocks of FLUX.1 hold 38 of its 57 blocks."
        ),
        link=links.FLUX,
    )
    network_reg_dims = Text(
        None,
        allow_None=True,
        label="Rank by name",
        doc=(
            "Gives layers whose name fits a pattern another rank. Write pattern=rank, with commas "
            "between several. Leave it empty if unsure."
        ),
        more=(
            "A pattern is a regular expression, such as .*attn.*=8. For Anima it must fit the whole "
            "name, for FLUX.1 and HunyuanImage a part of it."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BY_NAME,
        advanced=True,
        practice=False,
        cost="Lower ranks make a smaller file.",
        typical={
            "all layers alike": "empty",
        },
        deep=(
            "The first pattern that fits wins. FLUX.1 and HunyuanImage compare with LoRA's name, such"
            " as lora_unet_double_blocks_0_img_attn_qkv, Anima with the model's, such as "
            "blocks.0.self_attn.q_proj. Commas cannot be part of a pattern."
        ),
        link=links.FLUX,
    )
    network_reg_lrs = Text(
        None,
        allow_None=True,
        label="Learning rate by name",
        doc=(
            "Gives layers whose name fits a pattern another learning rate. Write pattern=rate, with "
            "commas between several. Leave it empty if unsure."
        ),
        more=(
            "A pattern is a regular expression, such as .*mlp.*=5e-5. For Anima it must fit the whole"
            " name, for FLUX.1 and HunyuanImage a part of it."
        ),
        place=Place.NETWORK_ARGS,
        applies=_BY_NAME,
        advanced=True,
        practice=False,
        typical={
            "all layers alike": "empty",
            "Anima, adapter trained too": ".*llm_adapter.*=5e-5",
        },
        deep=(
            "The first pattern that fits wins, and its rate stands in place of the part's own. Each "
            "pattern becomes a group of its own in the optimizer, with LoRA+ on top."
        ),
        link=links.FLUX,
    )
    exclude_patterns = Text(
        None,
        allow_None=True,
        label="Leave out by name",
        doc=(
            "Leaves out layers whose name fits one of these patterns. Write a list such as "
            "['.*mlp.*']. Leave it empty if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="Fewer layers make a smaller file.",
        typical={
            "Anima": "empty",
        },
        deep=(
            "Patterns must fit the model's whole name of a layer. They are added to the built-in one,"
            " .*(_modulation|_norm|_embedder|final_layer).*, and a layer that is also taken in by "
            "name stays."
        ),
        link=links.ANIMA,
    )
    include_patterns = Text(
        None,
        allow_None=True,
        label="Take in by name",
        doc=(
            "Takes in layers that are usually left out, if their name fits one of these patterns. "
            "Write a list such as ['.*final_layer.*']. Leave it empty if unsure."
        ),
        place=Place.NETWORK_ARGS,
        applies={"family": ("anima",), "network_type": ("lora",)},
        advanced=True,
        practice=False,
        cost="More layers make a larger file.",
        typical={
            "Anima": "empty",
        },
        deep=(
            "A layer that fits is trained even if a pattern leaves it out. It cannot reach layers "
            "outside the blocks, the embedders and the final layer."
        ),
        link=links.ANIMA,
    )
    in_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Five ranks with commas for the layers before the blocks of FLUX.1: img, time, vector, "
            "guidance, txt. Empty leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_FLUX,
        advanced=True,
        practice=False,
        cost="Five small layers: the file grows a little.",
        typical={
            "FLUX.1": "empty",
            "entry layers too": "4,2,2,2,4",
        },
        deep=("The layers are img_in, time_in, vector_in, guidance_in and txt_in. A 0 leaves one out."),
        link=links.FLUX,
    )
    emb_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Six ranks with commas for layers around the blocks of SD 3: context, t, x, y, final mod,"
            " final linear. Empty leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_SD3,
        advanced=True,
        practice=False,
        cost="Six small layers: the file grows a little.",
        typical={
            "SD 3": "empty",
        },
        deep=(
            "The layers are context_embedder, t_embedder, x_embedder, y_embedder, and two of "
            "final_layer. A 0 leaves one out."
        ),
        link=links.SD3,
    )
    embedder_dims = Text(
        None,
        allow_None=True,
        label="Ranks of the entry layers",
        doc=(
            "Three ranks with commas for the layers before the blocks of Lumina: x, t, caption. Empty"
            " leaves them out, which is usual."
        ),
        place=Place.NETWORK_ARGS,
        applies=_LUMINA,
        advanced=True,
        practice=False,
        cost="Three small layers: the file grows a little.",
        typical={
            "Lumina": "empty",
            "entry layers too": "4,4,4",
        },
        deep="The layers are x_embedder, t_embedder and cap_embedder. A 0 leaves one out.",
        link=links.LUMINA,
    )


_PARTS: tuple[tuple[str, str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    ("img_attn_dim", "picture attention", "img_attn in double blocks", _FLUX, links.FLUX),
    ("txt_attn_dim", "text attention", "txt_attn in double blocks", _FLUX, links.FLUX),
    ("img_mlp_dim", "picture MLP", "img_mlp in double blocks", _FLUX, links.FLUX),
    ("txt_mlp_dim", "text MLP", "txt_mlp in double blocks", _FLUX, links.FLUX),
    ("img_mod_dim", "picture modulation", "img_mod in double blocks", _FLUX, links.FLUX),
    ("txt_mod_dim", "text modulation", "txt_mod in double blocks", _FLUX, links.FLUX),
    ("single_dim", "single blocks", "linear1 and linear2 in single blocks", _FLUX, links.FLUX),
    ("single_mod_dim", "single block modulation", "modulation in single blocks", _FLUX, links.FLUX),
    ("context_attn_dim", "text attention of SD 3", "context_block.attn", _SD3, links.SD3),
    ("context_mlp_dim", "text MLP of SD 3", "context_block.mlp", _SD3, links.SD3),
    ("context_mod_dim", "text modulation of SD 3", "context_block.adaLN_modulation", _SD3, links.SD3),
    ("x_attn_dim", "picture attention of SD 3", "x_block.attn", _SD3, links.SD3),
    ("x_mlp_dim", "picture MLP of SD 3", "x_block.mlp", _SD3, links.SD3),
    ("x_mod_dim", "picture modulation of SD 3", "x_block.adaLN_modulation", _SD3, links.SD3),
    ("attn_dim", "attention of Lumina", "attention, in refiners too", _LUMINA, links.LUMINA),
    (
        "mlp_dim",
        "MLP of Lumina",
        "the name mlp. As Lumina's are called feed_forward, it changes nothing in their blocks",
        _LUMINA,
        links.LUMINA,
    ),
    ("mod_dim", "modulation of Lumina", "adaLN_modulation, in refiners too", _LUMINA, links.LUMINA),
    (
        "refiner_dim",
        "refiners of Lumina",
        "both refiners that the ranks above have not set",
        _LUMINA,
        links.LUMINA,
    ),
)
"""The trainer's argument, what it is the rank of in plain and in the model's words, and where it has a meaning."""

for _name, _part, _layers, _where, _link in _PARTS:
    NetworkParts.param.add_parameter(
        _name,
        Integer(
            None,
            allow_None=True,
            bounds=(0, 1024),
            label=f"Rank: {_part}",
            doc=(
                f"Another rank for this part of the model: {_part}. Raise it to learn more there, and lower it "
                "for a smaller file. A 0 leaves the part out, and empty means the common rank."
            ),
            place=Place.NETWORK_ARGS,
            applies=_where,
            advanced=True,
            practice=False,
            cost="This part of the file grows in step with its rank.",
            typical={"all parts alike": "empty", "part left out": "0"},
            deep=(
                f"It counts for layers of {_layers}. Alpha stays the common one. "
                "For FLUX.1, a rank by name wins over it."
            ),
            link=_link,
        ),
    )
