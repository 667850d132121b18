"""Rules about ways to save memory."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

MOST_SWAPPED = {"sd3": 36, "flux": 35, "lumina": 24, "hunyuan_image": 37, "anima": 26}
"""Model family -> how many blocks can be swapped at most; the models assert that two of each kind stay.

SD 3.5 large has 38 blocks. FLUX.1 has 19 double and 38 single ones, HunyuanImage 20 and 40: half of the
number is taken from the double ones, and twice the other half from the single ones.
"""

OFFLOADS = ("flux", "lumina", "hunyuan_image", "anima")
"""Families whose model takes ``cpu_offload`` when gradient checkpointing is switched on."""


@rule
def kept_on_disk(at: Facts) -> Iterator[Problem]:
    for name, disk in (
        ("cache_latents", "cache_latents_to_disk"),
        ("cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk"),
    ):
        if at[disk] and not at[name]:
            yield note(
                f"{disk} {name}",
                f"{disk} switches on {name} too.",
                "What is kept on disk has to be prepared first.",
                "Switch it on, to make it plain.",
                **{name: True},
            )


@rule
def captions_prepared_for_large_models(at: Facts) -> Iterator[Problem]:
    """Their readers take 5 to 16 GB; prepared once, they leave the GPU's memory."""
    if at.family.flow and at["network_train_unet_only"] and not at.captions_cached:
        yield note(
            "cache_text_encoder_outputs",
            f"The text part of {at.family.title} stays in memory during the whole training.",
            "It is not trained, and it is very large.",
            "Prepare captions once, to free that memory.",
            cache_text_encoder_outputs=True,
        )


@rule
def swapped_blocks(at: Facts) -> Iterator[Problem]:
    most, given = MOST_SWAPPED.get(at["family"]), at.number("blocks_to_swap")
    if most is not None and given > most:
        yield error(
            "blocks_to_swap family",
            f"{given:g} blocks cannot be swapped.",
            f"{at.family.title} needs some in memory, so {most} is the most; the trainer stops beyond that.",
            f"Set it to {most}.",
            blocks_to_swap=most,
        )


@rule
def swapping_beside_offload(at: Facts) -> Iterator[Problem]:
    """Lumina and HunyuanImage do not assert it, but their guides say the same."""
    for name in at.on("cpu_offload_checkpointing", "unsloth_offload_checkpointing"):
        if at["blocks_to_swap"]:
            stops = at["family"] not in ("lumina", "hunyuan_image")
            tell = error if stops else warning
            yield tell(
                f"{name} blocks_to_swap",
                "Blocks cannot be swapped while checkpoints are moved to main memory.",
                "The trainer stops on this."
                if stops
                else "The trainer's guide says that they do not go together.",
                f"Switch off {name}.",
                **{name: False},
            )
    if at["cpu_offload_checkpointing"] and at["unsloth_offload_checkpointing"]:
        yield error(
            "unsloth_offload_checkpointing cpu_offload_checkpointing",
            "Two ways of moving checkpoints to main memory are on.",
            "Only one is possible; the trainer stops on this.",
            "Keep the second, which is the faster one.",
            cpu_offload_checkpointing=False,
        )


@rule
def offload_without_checkpoints(at: Facts) -> Iterator[Problem]:
    for name in at.on("cpu_offload_checkpointing", "unsloth_offload_checkpointing"):
        if not at["gradient_checkpointing"]:
            yield note(
                f"{name} gradient_checkpointing",
                f"{name} goes with gradient checkpointing, which is off.",
                "Without it, nothing is moved.",
                "Switch gradient checkpointing on.",
                gradient_checkpointing=True,
            )


@rule
def offload_that_fails(at: Facts) -> Iterator[Problem]:
    """The other models' ``enable_gradient_checkpointing`` takes no ``cpu_offload``: a TypeError."""
    on = at["cpu_offload_checkpointing"] and at["gradient_checkpointing"]
    if on and at["family"] not in OFFLOADS:
        yield error(
            "cpu_offload_checkpointing family",
            f"{at.family.title} cannot move checkpoints to main memory.",
            "The trainer has it for newer families only, and stops here.",
            "Switch it off.",
            cpu_offload_checkpointing=False,
        )


@rule
def memory_kinds(at: Facts) -> Iterator[Problem]:
    if at["lowram"] and at["highvram"]:
        yield warning(
            "highvram lowram",
            "Saving main memory and using much GPU memory are both switched on.",
            "They are meant for opposite machines.",
            "Keep one of them.",
            highvram=False,
        )


@rule
def text_part_on_cpu(at: Facts) -> Iterator[Problem]:
    if at["fp8_vl"] and at["text_encoder_cpu"]:
        yield warning(
            "fp8_vl text_encoder_cpu",
            "The text part is set to fp8 and to the CPU.",
            "A CPU does not compute in fp8, and gets very slow.",
            "Switch fp8 of the text part off.",
            fp8_vl=False,
        )
