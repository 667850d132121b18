"""Options of the learning rates and of the schedule that changes them over time."""

from __future__ import annotations

from lora_core.options.declare import (
    Boolean,
    Choice,
    Group,
    Integer,
    Number,
    Place,
    StepsOrShare,
    Text,
    Texts,
)
from lora_core.options.groups import links

_RESTARTING = ("cosine_warm_restarts", "rex_warm_restarts")


class Learning(Group):
    emoji, title = "🎓", "Learning"
    purpose = "How strongly each step changes the LoRA."

    unet_lr = Number(
        5e-4,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Picture learning rate (U-Net)",
        doc=(
            "How fast the picture part learns. Lower it if pictures look burnt or broken. Raise it if the LoRA "
            "has little effect. Typical: 5e-4 for SD 1.5, 3e-4 for SDXL, and 1 with Prodigy."
        ),
        typical={
            "SD 1.5": "5e-4",
            "SDXL": "3e-4",
            "SDXL, pictures turn black": "1e-4",
            "FLUX.1": "1e-4",
            "Prodigy and D-Adapt": "1",
        },
        deep=(
            "Each step moves a weight by about rate × schedule × direction. The scale of the LoRA, alpha ÷ dim, "
            "comes on top of it."
        ),
        link=links.NETWORK,
    )
    text_encoder_lr = Number(
        1e-4,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Text learning rate (text encoder)",
        doc=(
            "How fast the text part learns. It ties the trigger word to the pictures. Raise it if the "
            "trigger has little effect. Lower it if other words change their meaning. Typical: a half to "
            "a fifth of the picture learning rate."
        ),
        as_list=True,
        typical={
            "SD 1.5": "1e-4",
            "SDXL": "6e-5",
            "SDXL, style": "0",
            "SDXL, pictures turn black": "1e-5",
            "FLUX.1 and other large models": "not used, as the picture part is trained only",
            "Prodigy and D-Adapt": "1",
        },
        deep=(
            "SDXL has two text encoders; the trainer gives both this one rate. SD 3 and FLUX.1 can have a rate "
            "for each."
        ),
        link=links.NETWORK,
        cost=("With 0 the text encoder is still computed. To save its memory, train the picture part only."),
    )
    learning_rate = Number(
        5e-4,
        bounds=(0.0, 10.0),
        label="General learning rate",
        doc=(
            "Used where one of the two rates above is empty. Raise it if the LoRA learns too little, and "
            "lower it if pictures break. Typical: 5e-4, and 1 with Prodigy."
        ),
        advanced=True,
        typical={
            "SD 1.5": "5e-4",
            "SDXL": "3e-4",
            "FLUX.1 and other large models": "1e-4",
            "Prodigy and D-Adapt": "1",
        },
        deep="The polynomial schedule also measures its end by this rate.",
        link=links.NETWORK,
    )
    lr_scheduler = Choice(
        "cosine_with_restarts",
        objects={
            "Cosine with restarts": "cosine_with_restarts",
            "Cosine": "cosine",
            "Linear": "linear",
            "Constant": "constant",
            "Constant with warm-up": "constant_with_warmup",
            "Cosine with warm restarts": "cosine_warm_restarts",
            "REX with warm restarts": "rex_warm_restarts",
            "Cosine with a smallest rate": "cosine_with_min_lr",
            "Warm-up, constant, fall": "warmup_stable_decay",
            "Polynomial": "polynomial",
            "Inverse square root": "inverse_sqrt",
            "Steps of your own": "piecewise_constant",
            "Adafactor's own": "adafactor",
        },
        label="Schedule",
        doc=(
            "How the learning rate changes over time. Cosine falls smoothly, and restarts raise it again a few "
            "times. Take Constant for a first try, or with Prodigy."
        ),
        more=(
            "Warm restarts have a warm-up in each cycle, a smallest rate, and lower tops from cycle to cycle. "
            "REX stays high for long and falls late. Schedule-free optimizers pass over the schedule. "
            "Adafactor's own works only while Adafactor makes up its own rate."
        ),
        advanced=True,
        typical={
            "Most LoRAs": "cosine_with_restarts with 3 restarts",
            "Prodigy and D-Adapt": "constant or cosine",
            "Adafactor with your own rate": "constant_with_warmup",
            "Style on SDXL": "rex_warm_restarts or cosine",
        },
        deep=(
            "Cosine: rate × (1 + cos(π·p)) ÷ 2, where p runs from 0 to 1. "
            "REX: rate × (1 − p) ÷ ((1 − d) + d·(1 − p))."
        ),
        link=links.ADVANCED,
    )
    lr_scheduler_num_cycles = Integer(
        3,
        bounds=(1, 1000),
        label="Restarts",
        doc=(
            "How many times the learning rate goes down in a row. Raise it for more points at which the "
            "LoRA settles. Lower it for short trainings. Typical: 3."
        ),
        applies={"lr_scheduler": ("cosine_with_restarts", *_RESTARTING)},
        advanced=True,
        typical={"Most LoRAs": "3", "Short trainings, under 500 steps": "1"},
        link=links.ADVANCED,
        deep=(
            "Cosine with restarts: rate × (1 + cos(π·f)) ÷ 2, where f is the fraction of cycles × p. "
            "Without warm restarts there is one warm-up only, at the start."
        ),
    )
    lr_scheduler_power = Number(
        1.0,
        bounds=(0.0, 10.0),
        label="Polynomial power",
        doc=(
            "The bend of the polynomial schedule. A value of 1 is a straight line. Raise it to fall "
            "faster at first, and lower it below 1 to fall late. Typical: 1 to 2."
        ),
        applies={"lr_scheduler": ("polynomial",)},
        advanced=True,
        deep=(
            "1e-7 + (rate − 1e-7) × (1 − p) ^ power, where p runs from 0 to 1 after the warm-up. Here "
            "rate is the general learning rate, and each part's own rate is scaled alike."
        ),
        link=links.ADVANCED,
        typical={
            "Straight line": "1",
            "Fast fall at first": "2",
        },
    )
    lr_warmup_steps = StepsOrShare(
        0.05,
        bounds=(0, 1_000_000),
        label="Warm-up",
        doc=(
            "Begins gently and reaches the full learning rate after this. Raise it if the loss jumps at "
            "the start, and lower it for short trainings. Below 1 it is a share of all steps, else a "
            "number of steps."
        ),
        more=(
            "Constant, Steps of your own and Adafactor's own have no warm-up: set it to 0 there. "
            "Schedules with warm restarts share it out among their cycles."
        ),
        advanced=True,
        typical={"Most LoRAs": "0.05", "Prodigy and D-Adapt": "0", "Constant": "0"},
        link=links.ADVANCED,
        deep=(
            "During it: rate × step ÷ warm-up steps. The trainer stops with an error if a schedule "
            "without a warm-up is given one."
        ),
    )
    lr_decay_steps = StepsOrShare(
        0,
        bounds=(0, 1_000_000),
        label="Fall at the end",
        doc=(
            "Over how many steps the rate falls at the end. Raise it to end more gently, and lower it to "
            "learn at full rate for longer. Below 1 it is a share of all steps. Typical: 0.1 to 0.2."
        ),
        applies={"lr_scheduler": ("warmup_stable_decay",)},
        advanced=True,
        practice=False,
        deep="rate × (1 + cos(π·p)) ÷ 2 over these steps; before them the rate stays at its height.",
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "0.1 to 0.2",
        },
    )
    lr_scheduler_min_lr_ratio = Number(
        0.1,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Smallest rate, as a share",
        doc=(
            "The rate does not fall below this share of its height. Raise it to keep learning until the "
            "end, and lower it to settle. Typical: 0.1."
        ),
        applies={"lr_scheduler": ("cosine_with_min_lr", "warmup_stable_decay")},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "0.1",
            "Fall to nothing": "0",
        },
        deep="factor = cosine × (1 − share) + share.",
    )
    lr_scheduler_timescale = Integer(
        None,
        allow_None=True,
        bounds=(1, 1_000_000),
        label="Time scale",
        unit="steps",
        doc=(
            "How slowly the inverse square root falls: after three times as many steps the rate is "
            "halved. Raise it to fall more slowly. Empty means the length of the warm-up."
        ),
        applies={"lr_scheduler": ("inverse_sqrt",)},
        advanced=True,
        practice=False,
        deep="rate ÷ √((step + scale − warm-up) ÷ scale). Without a warm-up, the scale is 10,000.",
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "empty",
            "Slow fall": "a quarter of all steps",
        },
    )
    restart_min_lr = Number(
        1e-6,
        bounds=(0.0, 10.0),
        label="Smallest rate",
        doc=(
            "Each cycle falls to this rate, and its warm-up begins there. Raise it to keep learning at "
            "the end of a cycle, and lower it to settle. It is a rate, not a share."
        ),
        place=Place.SCHEDULER_ARGS,
        key="min_lr",
        applies={"lr_scheduler": _RESTARTING},
        advanced=True,
        typical={"AdamW": "1e-6", "REX as in HollowStrawberry's trainer": "1e-9"},
        deep="A part whose own rate is not above this one falls to 0.",
    )
    restart_gamma = Number(
        0.9,
        bounds=(0.01, 10.0),
        label="Height from cycle to cycle",
        doc=(
            "Each cycle begins with this part of the height before. Lower it to end more gently, and "
            "raise it to learn more late. Typical: 0.9, and 1 keeps the height."
        ),
        place=Place.SCHEDULER_ARGS,
        key="gamma",
        applies={"lr_scheduler": _RESTARTING},
        advanced=True,
        deep="The top of cycle c is rate × gamma ^ c, for picture and text part by itself.",
        typical={
            "Most LoRAs": "0.9",
            "All cycles alike": "1",
        },
    )
    restart_multiplier = Number(
        1.0,
        bounds=(0.01, 100.0),
        label="Length from cycle to cycle",
        doc=(
            "Each cycle is this many times as long as the one before. With 1 all are alike. Raise it to "
            "make the last ones long, and lower it to make them short."
        ),
        place=Place.SCHEDULER_ARGS,
        key="cycle_multiplier",
        applies={"lr_scheduler": _RESTARTING},
        advanced=True,
        typical={
            "Most LoRAs": "1",
            "Long last cycle": "1.5 to 2",
        },
        deep="next = (length − warm-up) × multiplier + warm-up.",
    )
    restart_first_steps = StepsOrShare(
        None,
        allow_None=True,
        bounds=(0, 10_000_000),
        label="First cycle",
        doc=(
            "Length of the first cycle in steps, or as a share below 1. Raise it for fewer and longer "
            "cycles. Leave it empty: then the number of restarts fills the whole training."
        ),
        place=Place.SCHEDULER_ARGS,
        key="first_cycle_max_steps",
        applies={"lr_scheduler": _RESTARTING},
        advanced=True,
        typical={
            "Most LoRAs": "empty",
            "Three cycles": "0.33",
        },
        deep=(
            "Empty makes it the shortest length with which the cycles fill all steps. It includes the "
            "warm-up of the cycle."
        ),
    )
    restart_rex_d = Number(
        0.9,
        bounds=(0.0, 0.999),
        label="Bend of REX",
        doc=(
            "How long the rate stays high before it falls. Raise it to stay high for longer. With 0 it is "
            "a straight line. Typical: 0.9."
        ),
        place=Place.SCHEDULER_ARGS,
        key="d",
        applies={"lr_scheduler": ("rex_warm_restarts",)},
        advanced=True,
        deep="rate × (1 − p) ÷ ((1 − d) + d·(1 − p)), where p runs from 0 to 1 in each cycle.",
        link="https://arxiv.org/abs/2107.04197",
        typical={
            "REX as in HollowStrawberry's trainer": "0.9",
            "Straight line": "0",
        },
    )
    lr_scheduler_type = Text(
        None,
        allow_None=True,
        label="Schedule class of your own",
        doc=(
            "A schedule from a Python package, written as package.Class. It takes the place of the schedule "
            "above. Set the warm-up to 0 then."
        ),
        advanced=True,
        practice=False,
        more="The package must be installed in the trainer's environment. A name without a dot is one of torch's.",
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "empty",
        },
        deep=(
            "The class is called with the optimizer and the schedule arguments only. It learns nothing of "
            "the number of steps, so give that as an argument."
        ),
    )
    lr_scheduler_args = Texts(
        [],
        item_type=str,
        label="Schedule arguments",
        doc=(
            "Extra settings of the schedule, each written as name=value. Leave it empty for most schedules."
        ),
        more=(
            'Steps of your own needs one: step_rules="1:500,0.1" keeps the full rate for 500 steps, and a tenth '
            "of it after that. Put texts in quotes."
        ),
        advanced=True,
        link=links.ADVANCED,
        typical={
            "Steps of your own": "step_rules, such as 1:500,0.1",
            "Other schedules": "empty",
        },
        deep=("Values are read as Python writes them. An unknown name stops the training with an error."),
    )
    network_train_unet_only = Boolean(
        False,
        label="Train the picture part only",
        doc=(
            "Leaves the text part as it is. It saves memory and is often better for SDXL styles. "
            "The trigger word then holds less well."
        ),
        advanced=True,
        cost="Saves the memory and time of the text encoder, and makes the file smaller.",
        typical={"SDXL, style": "on", "SDXL, character": "off", "FLUX.1 and other large models": "on"},
        link=links.NETWORK,
        deep=(
            "The text encoders get no LoRA layers and no gradient. Only then can text encoder outputs be "
            "cached for SDXL."
        ),
    )
    network_train_text_encoder_only = Boolean(
        False,
        label="Train the text part only",
        doc=(
            "Leaves the picture part as it is. It is meant for experiments. The LoRA learns far less this way."
        ),
        advanced=True,
        cost="Makes the file much smaller.",
        typical={"Most LoRAs": "off"},
        link=links.NETWORK,
        deep=(
            "The U-Net gets no LoRA layers, but gradients must still run through it. So it saves hardly "
            "any time."
        ),
    )
    max_grad_norm = Number(
        1.0,
        bounds=(0.0, 1000.0),
        label="Gradient limit",
        doc=(
            "Caps how strongly a single step may pull. Lower it if the loss makes sudden jumps, and raise "
            "it if learning is slow. Typical: 1, and 0 switches it off."
        ),
        advanced=True,
        typical={"Most LoRAs": "1", "Prodigy Plus, StableAdamW, Adafactor": "0"},
        deep=(
            "If the length of all gradients together (the root of the sum of squares) is above the limit, "
            "all are multiplied by limit ÷ length."
        ),
        link=links.ADVANCED,
    )
