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
            "LoRA is right for characters, things and most styles. LoCon also learns fine texture, which can "
            "help a style. LoCon files are larger."
        ),
        more=" ".join(f"{kind.title}: {kind.note}" for kind in NETWORKS.values()),
        place=Place.OURS,
        cost="LoCon files are larger, LoKr files much smaller. Steps of DoRA and BOFT take longer.",
        typical={
            "character": "LoRA",
            "style": "LoRA, LoCon or LoHa",
            "very small file": "LoKr or (IA)³",
        },
        link=links.ADVANCED,
    )
    network_dim = Integer(
        16,
        label="Rank (dim)",
        doc=(
            "How much the LoRA can learn. Raise it for a style or many details. Lower it for a simple "
            "subject, or when the LoRA copies its pictures. Typical: 8 to 32."
        ),
        more="The file grows in step with it: rank 16 of an SDXL LoRA is about 110 MB at half precision.",
        bounds=(1, 1024),
        applies={"network_type": SIZED},
        cost="File size grows with it. GPU memory grows a little.",
        typical={
            "SD 1.5 character": "16",
            "SDXL character": "8 to 32",
            "style": "32 to 64",
            "FLUX.1": "4 to 16",
        },
        deep="Each weight W of m × n gets ΔW = alpha/rank · B·A, with A of rank × n and B of m × rank.",
        link=links.NETWORK,
    )
    network_alpha = Number(
        8.0,
        bounds=(0.0, 1024.0),
        label="Alpha",
        doc=(
            "Scales how strongly the LoRA acts while it learns. Half of the rank is a safe choice. "
            "Use the full rank with Prodigy. A lower alpha needs a higher learning rate."
        ),
        more="For OFT it is the limit of the turn instead: 0.001 is usual there.",
        applies={"network_type": SIZED},
        typical={
            "AdamW": "half of the rank",
            "Prodigy": "the rank, or 1",
            "FLUX.1": "the rank, or half of it",
        },
        deep=(
            "The change is multiplied by alpha ÷ rank. Half the alpha acts about like half the learning rate."
        ),
        link=links.NETWORK,
    )
    conv_dim = Integer(
        8,
        bounds=(1, 1024),
        label="Convolution rank",
        doc=("The rank for the convolution layers. Raise it for styles with fine texture. Typical: 8 to 16."),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CONV, "family": DIFFUSION},
        advanced=True,
        cost="It adds to the file size, as each convolution has nine times the weights.",
        typical={"LoCon, style": "8 to 16", "LoHa and LoKr": "4 to 8"},
        link=links.NETWORK,
    )
    conv_alpha = Number(
        4.0,
        bounds=(0.0, 1024.0),
        label="Convolution alpha",
        doc=(
            "The alpha for the convolution layers. Half of the convolution rank is a safe choice. "
            "Typical: 4 to 16."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _CONV, "family": DIFFUSION},
        advanced=True,
        typical={"LoCon": "half of the convolution rank", "LoHa": "1 to 4"},
        link=links.NETWORK,
    )
    network_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Neuron dropout",
        doc=(
            "Switches off a random share of the LoRA in each step. It can keep the LoRA from copying its "
            "pictures. Typical: empty, or 0.1 to 0.3."
        ),
        advanced=True,
        typical={"few pictures": "0.1 to 0.3", "else": "empty"},
        deep="Each value between the two halves of a pair is set to 0 by this chance.",
        link=links.ADVANCED,
    )
    rank_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Rank dropout",
        doc=(
            "Switches off a random share of the ranks in each step. It is another guard against copying. "
            "Typical: empty, or 0.1 to 0.3."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _DROPOUT},
        advanced=True,
        typical={"few pictures": "0.1 to 0.3", "else": "empty"},
        link=links.ADVANCED,
    )
    module_dropout = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Module dropout",
        doc=(
            "Switches off whole parts of the LoRA by chance in each step. It is the strongest of the three "
            "dropouts. Typical: empty, or 0.1."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": _DROPOUT},
        advanced=True,
        typical={"few pictures": "0.1", "else": "empty"},
        link=links.ADVANCED,
    )
    scale_weight_norms = Number(
        None,
        allow_None=True,
        bounds=(0.0, 100.0),
        label="Weight limit",
        doc=(
            "Keeps the LoRA's weights below this size. It helps when several LoRAs are to be used together. "
            "Typical: empty, or 1."
        ),
        advanced=True,
        practice=False,
        cost="A little time in every step.",
        typical={"to be mixed with other LoRAs": "1", "else": "empty"},
        deep="After each step, a pair whose norm of B·A is above the limit is scaled down to it.",
        link=links.ADVANCED,
    )
    network_weights = Text(
        None,
        allow_None=True,
        label="Continue from a LoRA",
        doc=(
            "An earlier LoRA file whose weights are the start of this training. Its rank must be the same. "
            "Leave it empty to begin afresh."
        ),
        advanced=True,
        path="file",
        link=links.ADVANCED,
    )
    dim_from_weights = Boolean(
        False,
        label="Take the rank from that LoRA",
        doc=(
            "Reads rank and alpha from the LoRA file above. Use it when you do not know them. "
            "It needs such a file."
        ),
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
