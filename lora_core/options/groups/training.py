"""Options of the length of a training, its learning rates and its optimizer."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place, StepsOrShare, Texts


class Steps(Group):
    emoji, title = "👣", "Steps"
    purpose = "How long the training goes on."

    train_batch_size = Integer(
        2,
        bounds=(1, 256),
        label="Batch size",
        unit="pictures",
        doc=(
            "How many pictures are learned from at once. A larger batch is smoother and faster, and takes more "
            "GPU memory. Typical: 2 for SD 1.5, up to 4 for SDXL."
        ),
        place=Place.DATASET,
        key="batch_size",
    )
    max_train_epochs = Integer(
        10,
        allow_None=True,
        bounds=(1, 100000),
        label="Epochs",
        doc=(
            "How often the whole set of pictures is gone through. More epochs learn more, until the LoRA "
            "copies its pictures. Typical: 10, or as many as give about 2000 steps."
        ),
        more="When both are set, epochs win over steps: that is how the trainer reckons.",
    )
    max_train_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Steps",
        doc=(
            "Ends the training after so many steps. It counts only when Epochs is empty. "
            "Leave it empty to count in epochs."
        ),
        advanced=True,
    )
    gradient_accumulation_steps = Integer(
        1,
        bounds=(1, 1024),
        label="Gradient accumulation",
        unit="batches",
        doc=(
            "Gathers so many batches before each learning step. It acts like a larger batch without more "
            "memory, but takes longer. Typical: 1."
        ),
        advanced=True,
    )
    seed = Integer(
        42,
        allow_None=True,
        bounds=(0, 4294967295),
        label="Seed",
        doc=(
            "The start of all chance. With the same seed and settings, a training can be repeated. "
            "Leave it empty for a new one each time."
        ),
        advanced=True,
    )
    max_data_loader_n_workers = Integer(
        2,
        bounds=(0, 64),
        label="Loading processes",
        doc=(
            "How many helper processes load pictures. Raise it if the GPU waits for pictures. Lower it when "
            "main memory is short. Typical: 0 to 8."
        ),
        advanced=True,
        practice=False,
    )
    persistent_data_loader_workers = Boolean(
        True,
        label="Keep loading processes",
        doc=(
            "Keeps the helper processes alive between epochs. That saves the pause before each epoch, and "
            "takes some main memory."
        ),
        advanced=True,
        practice=False,
    )


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
    )
    text_encoder_lr = Number(
        1e-4,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Text learning rate (text encoder)",
        doc=(
            "How fast the text part learns. It ties the trigger word to the pictures. "
            "Typical: a half to a fifth of the picture learning rate, 0 for a style on SDXL."
        ),
        as_list=True,
    )
    learning_rate = Number(
        5e-4,
        bounds=(0.0, 10.0),
        label="General learning rate",
        doc=(
            "Used where one of the two rates above is empty. Set it to the same value as the picture learning "
            "rate. Typical: 5e-4, and 1 with Prodigy."
        ),
        advanced=True,
    )
    lr_scheduler = Choice(
        "cosine_with_restarts",
        objects={
            "Cosine with restarts": "cosine_with_restarts",
            "Cosine": "cosine",
            "Linear": "linear",
            "Polynomial": "polynomial",
            "Constant": "constant",
            "Constant with warm-up": "constant_with_warmup",
        },
        label="Schedule",
        doc=(
            "How the learning rate changes over time. Cosine falls smoothly, and restarts raise it again a few "
            "times. Take Constant for a first try, or with Prodigy."
        ),
        advanced=True,
    )
    lr_scheduler_num_cycles = Integer(
        3,
        bounds=(1, 1000),
        label="Restarts",
        doc=(
            "How many times the learning rate goes down in a row. More cycles give more points at which the "
            "LoRA settles. Typical: 3."
        ),
        applies={"lr_scheduler": ("cosine_with_restarts",)},
        advanced=True,
    )
    lr_scheduler_power = Number(
        1.0,
        bounds=(0.0, 10.0),
        label="Polynomial power",
        doc=(
            "The bend of the polynomial schedule. A value of 1 is a straight line, and higher values fall "
            "faster at first. Typical: 1 to 2."
        ),
        applies={"lr_scheduler": ("polynomial",)},
        advanced=True,
    )
    lr_warmup_steps = StepsOrShare(
        0.05,
        bounds=(0, 1_000_000),
        label="Warm-up",
        doc=(
            "Begins gently and reaches the full learning rate after this. A value below 1 is a share of all "
            "steps, such as 0.05 for 5 %. From 1 on it is a number of steps."
        ),
        advanced=True,
    )
    network_train_unet_only = Boolean(
        False,
        label="Train the picture part only",
        doc=(
            "Leaves the text part as it is. It saves memory and is often better for SDXL styles. "
            "The trigger word then holds less well."
        ),
        advanced=True,
    )
    network_train_text_encoder_only = Boolean(
        False,
        label="Train the text part only",
        doc=(
            "Leaves the picture part as it is. It is meant for experiments. The LoRA learns far less this way."
        ),
        advanced=True,
    )
    max_grad_norm = Number(
        1.0,
        bounds=(0.0, 1000.0),
        label="Gradient limit",
        doc=(
            "Caps how strongly a single step may pull. It protects against sudden jumps. "
            "Typical: 1, and 0 switches it off."
        ),
        advanced=True,
    )


class Optimizer(Group):
    emoji, title = "⚙️", "Optimizer"
    purpose = "The method that turns mistakes into better weights."

    optimizer_type = Choice(
        "AdamW",
        objects={
            "AdamW": "AdamW",
            "AdamW 8-bit (NVIDIA)": "AdamW8bit",
            "Paged AdamW 8-bit (NVIDIA)": "PagedAdamW8bit",
            "Prodigy (finds its own rate)": "Prodigy",
            "D-Adapt Adam (finds its own rate)": "DAdaptAdam",
            "D-Adapt Lion (finds its own rate)": "DAdaptLion",
            "Adafactor": "Adafactor",
            "Lion": "Lion",
            "Lion 8-bit (NVIDIA)": "Lion8bit",
            "CAME": "pytorch_optimizer.CAME",
            "AdamW Schedule-Free": "AdamWScheduleFree",
            "SGD Nesterov": "SGDNesterov",
        },
        label="Optimizer",
        doc=(
            "AdamW works for nearly everything. The 8-bit kinds save memory on NVIDIA GPUs. "
            "Prodigy finds the learning rate by itself: set both rates to 1 then."
        ),
        more="The practice engine knows AdamW, Adafactor, Prodigy and SGD Nesterov.",
    )
    optimizer_args = Texts(
        [],
        item_type=str,
        label="Optimizer arguments",
        doc=(
            "Extra settings of the optimizer, each written as name=value. For AdamW 8-bit: weight_decay=0.1 and "
            "betas=[0.9,0.99]. Leave it empty if unsure."
        ),
        more=(
            "For Prodigy: decouple=True, weight_decay=0.01, betas=[0.9,0.999], d_coef=2, "
            "use_bias_correction=True, safeguard_warmup=True. For Adafactor: scale_parameter=False, "
            "relative_step=False, warmup_init=False. For CAME: weight_decay=0.04."
        ),
        advanced=True,
    )
