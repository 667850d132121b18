"""Options of the length of a training and of its optimizer; learning rates stand in `learning`."""

from __future__ import annotations

from lora_core.options.declare import (
    Boolean,
    Choice,
    Group,
    Integer,
    Place,
    Texts,
)
from lora_core.options.groups import links
from lora_core.options.groups.learning import Learning
from lora_core.options.optimizer_table import OPTIMIZERS

__all__ = ["Learning", "Optimizer", "Steps"]


class Steps(Group):
    emoji, title = "👣", "Steps"
    purpose = "How long the training goes on."

    train_batch_size = Integer(
        2,
        bounds=(1, 256),
        label="Batch size",
        unit="pictures",
        doc=(
            "How many pictures are learned from at once. Raise it for smoother and faster learning. Lower "
            "it when GPU memory is short. Typical: 2 for SD 1.5, up to 4 for SDXL."
        ),
        place=Place.DATASET,
        key="batch_size",
        cost="GPU memory grows with each picture in the batch. Twice the batch makes half the steps.",
        typical={"SD 1.5": "2", "SDXL": "4", "FLUX.1 and other large models": "1", "Little GPU memory": "1"},
        deep=(
            "The gradient of a step is the mean over the batch. Pictures of a batch come from one bucket, so "
            "each bucket is cut into batches by itself and its last batch may be smaller."
        ),
        link=links.NETWORK,
    )
    max_train_epochs = Integer(
        10,
        allow_None=True,
        bounds=(1, 100000),
        label="Epochs",
        doc=(
            "How often the whole set of pictures is gone through. More epochs learn more, until the LoRA "
            "copies its pictures. Typical: 10, with 500 to 2000 steps in all."
        ),
        more="When both are set, epochs win over steps: that is how the trainer reckons.",
        cost="Time grows in step with it.",
        typical={"Most LoRAs": "10", "20 pictures or fewer": "10 to 20", "Over 100 pictures": "5 to 10"},
        deep=(
            "Steps = epochs × batches of an epoch ÷ accumulation, rounded up for each epoch. "
            "A batch is counted for each bucket by itself."
        ),
        link=links.NETWORK,
    )
    max_train_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Steps",
        doc=(
            "Ends the training after so many steps. Raise it to learn more, and lower it if the LoRA "
            "copies its pictures. It counts only when Epochs is empty."
        ),
        advanced=True,
        cost="Time grows in step with it.",
        typical={"SD 1.5": "1500 to 3000", "SDXL": "1000 to 3000", "FLUX.1": "1000 to 2000"},
        link=links.NETWORK,
        deep=(
            "Epochs = steps ÷ steps of an epoch, rounded up; the last epoch may be cut short. The "
            "trainer's own default is 1600."
        ),
    )
    gradient_accumulation_steps = Integer(
        1,
        bounds=(1, 1024),
        label="Gradient accumulation",
        unit="batches",
        doc=(
            "Gathers so many batches before each learning step. Raise it to act like a larger batch "
            "without more memory. Lower it for more steps. Typical: 1."
        ),
        advanced=True,
        cost=(
            "A step takes as many times longer, but an epoch has as many times fewer: its time stays "
            "about the same."
        ),
        typical={"Most LoRAs": "1", "Little GPU memory, steadier learning wanted": "2 to 4"},
        deep=(
            "Pictures in a step = batch size × accumulation. The learning rate acts once for all of them, "
            "so with 4 batches gathered the LoRA makes a quarter of the steps."
        ),
        link=links.ADVANCED,
    )
    seed = Integer(
        42,
        allow_None=True,
        bounds=(0, 4294967295),
        label="Seed",
        doc=(
            "The start of all chance. With the same seed and settings, a training can be repeated. The "
            "value itself is no better higher or lower. Leave it empty for a new one each time."
        ),
        advanced=True,
        typical={"All": "any number; keep it when comparing settings"},
        deep="It sets the order of pictures, the noise, the timesteps and the first weights of the LoRA.",
        link=links.ADVANCED,
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
        cost="Each process takes main memory.",
        typical={"Latents prepared beforehand": "0 to 2", "Pictures read anew each time": "4 to 8"},
        link=links.ADVANCED,
        deep=(
            "With 0 the training process loads the pictures itself. Each helper holds its own copy of the "
            "list of pictures. The trainer never uses more than there are CPU cores."
        ),
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
        cost="Some main memory between epochs.",
        typical={"Most LoRAs": "on"},
        link=links.ADVANCED,
        deep=(
            "It is the persistent_workers switch of torch's DataLoader. With 0 loading processes it has "
            "no effect."
        ),
    )


class Optimizer(Group):
    emoji, title = "⚙️", "Optimizer"
    purpose = "The method that turns mistakes into better weights."

    optimizer_type = Choice(
        "AdamW",
        objects={one.title: one.name for one in OPTIMIZERS.values()},
        label="Optimizer",
        doc=(
            "AdamW works for nearly everything. The 8-bit kinds save memory on NVIDIA GPUs. "
            "Prodigy finds the learning rate by itself: set both rates to 1 then."
        ),
        more="The practice engine knows AdamW, Adafactor, Prodigy and SGD Nesterov.",
        cost=(
            "AdamW keeps two numbers for each weight of the LoRA, the 8-bit kinds a quarter of that. "
            "Lion keeps one, and Adafactor and CAME nearly none."
        ),
        typical={
            "NVIDIA GPU": "AdamW8bit",
            "No idea of a learning rate": "Prodigy",
            "Large model, little memory": "Adafactor",
            "No GPU": "AdamW",
        },
        deep="Names with a dot are Python classes that the trainer loads, such as pytorch_optimizer.CAME.",
        link=links.ADVANCED,
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
        deep="Values are read as Python writes them: 0.1, True, [0.9,0.99], or a text in quotes.",
        link=links.ADVANCED,
        typical={
            "AdamW 8-bit": "weight_decay=0.1, betas=[0.9,0.99]",
            "Most others": "empty",
        },
    )
