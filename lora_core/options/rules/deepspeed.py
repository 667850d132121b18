"""Rules about DeepSpeed, from ``library/deepspeed_utils.py`` and ``train_network.py`` of sd-scripts 0.10.1."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def optimizer_on_a_disk(at: Facts) -> Iterator[Problem]:
    if at["offload_optimizer_device"] == "nvme" and at["zero_stage"] != 3:
        yield error(
            "offload_optimizer_device zero_stage",
            "The optimizer's memory can lie on a disk only in stage 3.",
            "DeepSpeed moves it to main memory in stage 2, and to a disk in stage 3.",
            "Take main memory.",
            offload_optimizer_device="cpu",
        )


@rule
def disk_without_folder(at: Facts) -> Iterator[Problem]:
    for what in ("optimizer", "param"):
        device, path = f"offload_{what}_device", f"offload_{what}_nvme_path"
        if at["zero_stage"] == 3 and at[device] == "nvme" and not at[path]:
            yield error(
                f"{path} {device}",
                "The folder on the NVMe disk is not named.",
                "DeepSpeed has to know where to put its files.",
                "Give a folder on a fast disk, or take main memory.",
                **{device: "cpu"},
            )


@rule
def sixteen_bits_in_deepspeed(at: Facts) -> Iterator[Problem]:
    """Its setup writes into DeepSpeed's ``fp16`` settings, which are there for that precision only."""
    if at["fp16_master_weights_and_gradients"] and at["mixed_precision"] != "fp16":
        yield error(
            "fp16_master_weights_and_gradients mixed_precision",
            "Weights and gradients in fp16 need the precision fp16.",
            "With another precision the trainer stops.",
            "Switch it off, or choose fp16.",
            fp16_master_weights_and_gradients=False,
        )


@rule
def weights_shared_out(at: Facts) -> Iterator[Problem]:
    """The trainer saves ``network.state_dict()`` without gathering the parts that ZeRO-3 splits."""
    if at["deepspeed"] and at["zero_stage"] == 3:
        yield warning(
            "zero_stage deepspeed",
            "In stage 3 the LoRA file may be saved without its content.",
            "The LoRA is split over the GPUs too, and the trainer does not collect it before it saves.",
            "Take stage 2.",
            zero_stage=2,
        )


@rule
def blocks_swapped_in_deepspeed(at: Facts) -> Iterator[Problem]:
    """The trainer prepares swapped blocks in a step that it passes over with DeepSpeed."""
    if at["deepspeed"] and at["blocks_to_swap"]:
        yield error(
            "blocks_to_swap deepspeed",
            "Swapping blocks does not go with DeepSpeed.",
            "The whole model is moved to the GPU, so the swapping has nothing to do or fails.",
            "Use one of the two.",
            blocks_to_swap=None,
        )


@rule
def one_gpu_with_deepspeed(at: Facts) -> Iterator[Problem]:
    if at["deepspeed"] and at["num_processes"] == 1 and not at["offload_optimizer_device"]:
        yield note(
            "deepspeed num_processes",
            "With one GPU there is nothing to share out.",
            "DeepSpeed splits memory between GPUs.",
            "Switch it off, or set the number of GPUs.",
            deepspeed=False,
        )
