"""Options of the LoRA network itself."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place, Text
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links
from lora_core.options.networks import NETWORKS, SIZED

_CONV = ("locon", "loha", "lokr", "dora", "glora", "boft", "diag_oft")
_DROPOUT = ("lora", "locon", "lora_fa", "loha", "lokr", "dora", "glora", "boft", "diag_oft")


class Network(Group):
    emoji, title = "🕸️", "Network"
    purpose = "The size and kind of the LoRA itself."

    network_type = Choice(
        "lora",
        objects={kind.title: name for name, kind in NETWORKS.items()},
        label="Kind of LoRA",
        doc=(
            "LoRA is right for characters, things and most styles. LoCon also learns fine texture, "
            "which can help a style. LoCon files are larger."
        ),
        more="\n".join(f"{kind.title}: {kind.note}" for kind in NETWORKS.values()),
        place=Place.OURS,
        cost=(
            "Next to LoRA of one rank, LoHa and GLoRA files are twice as large, and LoKr files about "
            "a twentieth. Steps of DoRA and BOFT take longer."
        ),
        typical={
            "character": "LoRA",
            "style": "LoRA, LoCon or LoHa",
            "very small file": "LoKr or (IA)³",
            "FLUX.1 and newer": "LoRA",
        },
        deep=(
            "It sets the trainer's network_module and, for LyCORIS, algo. LoRA: ΔW = B·A. LoHa: "
            "(B₁·A₁) times (B₂·A₂), number by number. LoKr: C ⊗ (B·A). GLoRA: W·A + B. OFT: R·W, with"
            " R a turn."
        ),
        link=links.LYCORIS_KINDS,
    )
    network_dim = Integer(
        16,
        label="Rank (dim)",
        doc=(
            "How much the LoRA can learn. Raise it for a style or many details. Lower it for a simple"
            " subject, or when the LoRA copies its pictures. Typical: 8 to 32."
        ),
        bounds=(1, 1024),
        more=(
            "The file grows in step with it: rank 16 of an SDXL LoRA is about 110 MB at half "
            "precision. For OFT it is the number of blocks instead: there, a higher number makes a "
            "smaller file."
        ),
        applies={"network_type": SIZED},
        cost=(
            "Twice the rank makes a file twice as large. At rank 16 and half precision: about 19 MB "
            "for SD 1.5, 114 MB for SDXL, 153 MB for FLUX.1. GPU memory grows a little."
        ),
        typical={
            "SD 1.5 character": "16",
            "SDXL character": "8 to 32",
            "style": "16 to 64",
            "FLUX.1": "4 to 16",
            "Lumina and Anima": "8",
            "LoHa": "4 to 32",
            "BOFT and diagonal OFT": "4 to 8",
        },
        deep=(
            "Each weight W of m × n gets ΔW = alpha/rank · B·A, with A of rank × n and B of m × rank."
            " For BOFT and diagonal OFT the rank is the largest block size; OFT needs a number that "
            "divides every layer's width."
        ),
        link=links.NETWORK,
    )
    network_alpha = Number(
        8.0,
        bounds=(0.0, 1024.0),
        label="Alpha",
        doc=(
            "Scales how strongly the LoRA acts while it learns. Half of the rank is a safe choice, "
            "and the full rank with Prodigy. Raise it when little is learned. Lower it when training "
            "gets unsteady."
        ),
        more="For OFT it is the limit of the turn instead: 0.001 is usual there.",
        applies={"network_type": SIZED},
        typical={
            "AdamW": "half of the rank",
            "Prodigy": "the rank, or 1",
            "FLUX.1": "the rank, or half of it",
            "SD 3 and Anima": "1",
            "OFT": "0.001",
        },
        deep=(
            "The change is multiplied by alpha ÷ rank, and 0 counts as the rank. With Adam-like "
            "optimizers, half the alpha acts about like half the learning rate. BOFT and diagonal OFT"
            " do not use it, nor does a LoKr of whole matrices."
        ),
        link=links.NETWORK,
    )
    conv_dim = Integer(
        8,
        bounds=(1, 1024),
        label="Convolution rank",
        doc=(
            "The rank for the convolution layers. Raise it for styles with fine texture. Lower it for"
            " a smaller file. Typical: 8 to 16."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CONV, "family": DIFFUSION},
        advanced=True,
        cost="It adds to the file: rank 8 adds about 8 MB to an SDXL LoCon of rank 16.",
        typical={
            "LoCon, style": "8 to 16",
            "LoCon, character": "4 to 8",
            "LoHa and LoKr": "4 to 8",
        },
        deep=(
            "It holds for 3 × 3 kernels: A has rank × 9n numbers, B is 1 × 1. Kernels of 1 × 1 take "
            "the common rank. Without it, LyCORIS takes the common rank, and the trainer's LoRA has "
            "no convolutions."
        ),
        link=links.NETWORK,
    )
    conv_alpha = Number(
        4.0,
        bounds=(0.0, 1024.0),
        label="Convolution alpha",
        doc=(
            "The alpha for the convolution layers. Raise it to let them act more strongly, and lower "
            "it for less. Half of the convolution rank is a safe choice."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CONV, "family": DIFFUSION},
        advanced=True,
        typical={
            "LoCon": "half of the convolution rank",
            "LoHa": "1 to 4",
            "Prodigy": "the convolution rank",
        },
        deep=(
            "The change of a 3 × 3 convolution is multiplied by conv_alpha ÷ conv_dim; 0 counts as "
            "the rank. If only conv_dim is given, the trainer's LoRA takes 1, and LyCORIS the common "
            "alpha."
        ),
        link=links.NETWORK,
    )
    network_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Neuron dropout",
        doc=(
            "Switches off a random share of the LoRA in each step. Raise it when the LoRA copies its "
            "pictures, and lower it when it learns too little. Typical: empty, or 0.1 to 0.3."
        ),
        more="OFT, DyLoRA, (IA)³, LoHa and LoKr have no such dropout.",
        advanced=True,
        typical={
            "few pictures": "0.1 to 0.3",
            "many pictures": "empty",
            "LoHa and LoKr": "empty",
        },
        deep=(
            "Each value between the two halves of a pair is set to 0 by this chance, and the others "
            "are divided by 1 − p to make up. LyCORIS gets it as dropout; LoHa and LoKr only print "
            "that they lack it, and its DoRA does not apply it either."
        ),
        link=links.ADVANCED,
    )
    rank_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Rank dropout",
        doc=(
            "Switches off a random share of the ranks in each step. Raise it when the LoRA copies its"
            " pictures, and lower it when it learns too little. Typical: empty, or 0.1 to 0.3."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _DROPOUT},
        advanced=True,
        typical={
            "few pictures": "0.1 to 0.3",
            "many pictures": "empty",
        },
        deep=(
            "For each picture, ranks are left out by this chance, and the rest is multiplied by 1 / "
            "(1 − p). LyCORIS leaves out whole outputs of ΔW instead, without making up for it."
        ),
        link=links.ANIMA,
    )
    module_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Module dropout",
        doc=(
            "Switches off whole parts of the LoRA by chance in each step. It is the strongest of the "
            "three dropouts. Raise it when the others do not help, and lower it when too little is "
            "learned. Typical: empty, or 0.1."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _DROPOUT},
        advanced=True,
        typical={
            "few pictures": "0.1",
            "many pictures": "empty",
        },
        deep=(
            "For each layer and step, one draw below p leaves that layer's change out. Nothing makes "
            "up for it."
        ),
        link=links.ANIMA,
    )
    scale_weight_norms = Number(
        None,
        allow_None=True,
        bounds=(0.0, 100.0),
        label="Weight limit",
        doc=(
            "Keeps the LoRA's weights below this size. It helps when several LoRAs are to be used "
            "together. Lower it when the LoRA is too strong, and raise it when it stays weak. "
            "Typical: empty, or 1."
        ),
        more="OFT and DyLoRA have no such limit.",
        advanced=True,
        practice=False,
        cost="A little time in every step, as each pair is multiplied out.",
        typical={
            "to be mixed with other LoRAs": "1",
            "used alone": "empty",
        },
        deep=(
            "After each step, where ‖alpha/rank · B·A‖ is above the limit, A and B are both "
            "multiplied by √(limit ÷ norm). The mean and the highest norm are logged."
        ),
        link=links.ADVANCED,
    )
    network_weights = Text(
        None,
        allow_None=True,
        label="Continue from a LoRA",
        doc=(
            "An earlier LoRA file whose weights are the start of this training. Its rank and alpha "
            "must be the same. Leave it empty to begin afresh."
        ),
        path="file",
        advanced=True,
        cost="None while training. Reading the file takes a moment at the start.",
        deep=(
            "Only weights are loaded; steps, optimizer and learning rate begin anew, unlike with a "
            "saved state. The training scales by the alpha set here, but the new file keeps the old "
            "file's alpha: hence they must agree."
        ),
        link=links.ADVANCED,
    )
    dim_from_weights = Boolean(
        False,
        label="Take the rank from that LoRA",
        doc=(
            "Reads rank and alpha from the LoRA file above. Use it when you do not know them. It "
            "needs such a file."
        ),
        advanced=True,
        practice=False,
        typical={
            "continuing a LoRA of unknown rank": "on",
            "new LoRA": "off",
        },
        deep=(
            "The network is built from the file: each layer gets the rank and alpha that it has "
            "there, and layers that are not in it are not trained. Dropouts and LoRA+ are then not "
            "applied."
        ),
        link=links.ADVANCED,
    )
