"""Options of the LoRA network itself."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place, Text


class Network(Group):
    emoji, title = "🕸️", "Network"
    purpose = "The size and kind of the LoRA itself."

    network_type = Choice(
        "lora",
        objects={"LoRA": "lora", "LoCon (LoRA with convolutions)": "locon"},
        label="Kind of LoRA",
        doc=(
            "LoRA is right for characters, things and most styles. LoCon also learns fine texture, which can "
            "help a style. LoCon files are larger."
        ),
        place=Place.OURS,
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
    )
    network_alpha = Number(
        8.0,
        bounds=(0.0, 1024.0),
        label="Alpha",
        doc=(
            "Scales how strongly the LoRA acts while it learns. Half of the rank is a safe choice. "
            "Use the full rank with Prodigy. A lower alpha needs a higher learning rate."
        ),
    )
    conv_dim = Integer(
        8,
        bounds=(1, 1024),
        label="Convolution rank",
        doc=(
            "The rank for the convolution layers of a LoCon. Raise it for styles with fine texture. "
            "Typical: 8 to 16."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("locon",)},
        advanced=True,
    )
    conv_alpha = Number(
        4.0,
        bounds=(0.0, 1024.0),
        label="Convolution alpha",
        doc=(
            "The alpha for the convolution layers of a LoCon. Half of the convolution rank is a safe choice. "
            "Typical: 4 to 16."
        ),
        place=Place.NETWORK_ARGS,
        applies={"network_type": ("locon",)},
        advanced=True,
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
        advanced=True,
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
        advanced=True,
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
    )
