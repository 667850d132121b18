"""Options of DeepSpeed, which shares the work and the memory of a training out over several GPUs."""

from __future__ import annotations

from typing import Any

from lora_core.options.declare import Boolean, Choice, Group, Text

LINK = "https://huggingface.co/docs/accelerate/usage_guides/deepspeed"
_ON: dict[str, tuple[Any, ...]] = {"deepspeed": (True,)}
_STAGE_3: dict[str, tuple[Any, ...]] = {**_ON, "zero_stage": (3,)}


class DeepSpeed(Group):
    emoji, title = "🚚", "DeepSpeed"
    purpose = "For several GPUs on Linux: shares the memory of a training out over them."

    deepspeed = Boolean(
        False,
        label="Use DeepSpeed",
        doc=(
            "Shares the memory of a training out over several GPUs. A LoRA rarely needs it, as it is small. "
            "Leave it off if unsure."
        ),
        more=(
            "The package deepspeed must be installed in the trainer's environment. It is made for NVIDIA GPUs "
            "under Linux. The trainer then loads pictures with one worker only."
        ),
        advanced=True,
        practice=False,
        link=LINK,
        cost="Less memory for each GPU, and more traffic between them.",
        typical={"one GPU": "off", "several GPUs": "off, or on for very large models"},
        deep=(
            "accelerate's DeepSpeedPlugin is set up from these settings. The trained parts are wrapped into one "
            "module, as DeepSpeed takes only one."
        ),
    )
    zero_stage = Choice(
        2,
        objects={
            "0 - nothing": 0,
            "1 - the optimizer's memory": 1,
            "2 - also the gradients": 2,
            "3 - also the weights": 3,
        },
        label="What is shared out",
        doc=(
            "How much is split between the GPUs. A higher stage saves more memory and is slower. Typical: 2."
        ),
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        cost="Each stage saves memory and takes time for sending.",
        typical={"LoRA": "2"},
        deep="The name in DeepSpeed is ZeRO. Stage 0 is the usual training on several GPUs.",
    )
    offload_optimizer_device = Choice(
        None,
        objects={"The GPU": None, "Main memory": "cpu", "An NVMe disk": "nvme"},
        label="Optimizer's memory lies in",
        doc=(
            "Moves the optimizer's memory off the GPU, which then has more room. It takes time in every step. "
            "Typical: the GPU."
        ),
        more="DeepSpeed first builds a part of itself for it, and needs a C++ compiler and CUDA for that.",
        applies={**_ON, "zero_stage": (2, 3)},
        advanced=True,
        practice=False,
        link=LINK,
        cost="Slower steps; for a LoRA it saves little.",
        typical={"LoRA": "the GPU"},
        deep=(
            "DeepSpeed's offload_optimizer.device. The trainer first loads CPUAdamBuilder, for the disk too."
        ),
    )
    offload_optimizer_nvme_path = Text(
        "",
        label="Folder for the optimizer's memory",
        doc="A folder on a fast NVMe disk that holds the optimizer's memory. It needs free room there.",
        path="folder",
        applies={**_STAGE_3, "offload_optimizer_device": ("nvme",)},
        advanced=True,
        practice=False,
        link=LINK,
        deep=("Handed on as offload_optimizer.nvme_path. It is read only when the device is nvme."),
    )
    offload_param_device = Choice(
        None,
        objects={"The GPU": None, "Main memory": "cpu", "An NVMe disk": "nvme"},
        label="Weights lie in",
        doc=(
            "Moves the weights of the model off the GPU while they are not needed. It saves much memory and is "
            "slow. Typical: the GPU."
        ),
        applies=_STAGE_3,
        advanced=True,
        practice=False,
        link=LINK,
        cost="Much slower steps.",
        typical={"LoRA": "the GPU"},
        deep=("DeepSpeed's offload_param.device. It belongs to stage 3, where the weights are shared out."),
    )
    offload_param_nvme_path = Text(
        "",
        label="Folder for the weights",
        doc="A folder on a fast NVMe disk that holds the weights. It needs free room there.",
        path="folder",
        applies={**_STAGE_3, "offload_param_device": ("nvme",)},
        advanced=True,
        practice=False,
        link=LINK,
        deep=("Handed on as offload_param.nvme_path. It is read only when the device is nvme."),
    )
    zero3_init_flag = Boolean(
        False,
        label="Share out while loading",
        doc=(
            "Splits the weights between the GPUs as soon as they are made. It is for models that fit no single "
            "GPU. Leave it off if unsure."
        ),
        applies=_STAGE_3,
        advanced=True,
        practice=False,
        link=LINK,
        deep=("Models are made within deepspeed.zero.Init, so that no GPU ever holds all of the weights."),
    )
    zero3_save_16bit_model = Boolean(
        False,
        label="DeepSpeed gathers weights to save",
        doc=(
            "Tells DeepSpeed to collect the weights in 16 bits when it saves a model itself. The trainer writes "
            "the LoRA file in its own way. Leave it off if unsure."
        ),
        applies=_STAGE_3,
        advanced=True,
        practice=False,
        link=LINK,
        deep=("DeepSpeed's stage3_gather_16bit_weights_on_model_save."),
    )
    fp16_master_weights_and_gradients = Boolean(
        False,
        label="Keep weights and gradients in fp16",
        doc=(
            "Keeps what is trained in 16 bits, which halves its memory and is less exact. It works only with the "
            "precision fp16. Leave it off if unsure."
        ),
        applies={**_ON, "zero_stage": (2,), "offload_optimizer_device": ("cpu",)},
        advanced=True,
        practice=False,
        link=LINK,
        deep=(
            "DeepSpeed's fp16.fp16_master_weights_and_grads. The trainer sets it only for stage 2 with the "
            "optimizer in main memory."
        ),
    )
