"""Rules about precision and memory."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, rule, warning


@rule
def everything_in_half(at: Facts) -> Iterator[Problem]:
    if at["full_fp16"] and at["full_bf16"]:
        yield error(
            "full_bf16 full_fp16",
            "Everything in fp16 and everything in bf16 are both switched on.",
            "Only one of them is possible.",
            "Switch one of them off.",
            **{"full_fp16" if at["mixed_precision"] == "bf16" else "full_bf16": False},
        )
        return
    for name, kind in (("full_fp16", "fp16"), ("full_bf16", "bf16")):
        if at[name] and at["mixed_precision"] != kind:
            yield error(
                f"{name} mixed_precision",
                f"Everything in {kind} needs the precision {kind}, and it is {at['mixed_precision']!r}.",
                "The trainer stops on this.",
                f"Set the precision to {kind}, or switch this off.",
                mixed_precision=kind,
            )


@rule
def eight_bit_base(at: Facts) -> Iterator[Problem]:
    if at["fp8_base"] and at["mixed_precision"] == "no":
        yield error(
            "fp8_base mixed_precision",
            "A base model in fp8 needs the precision fp16 or bf16.",
            "The trainer stops on this.",
            "Set the precision to bf16, or switch this off.",
            mixed_precision="bf16",
        )


@rule
def half_vae(at: Facts) -> Iterator[Problem]:
    if at["family"] == "sdxl" and at["mixed_precision"] == "fp16" and not at["no_half_vae"]:
        yield warning(
            "no_half_vae mixed_precision",
            "SDXL's VAE fails in fp16.",
            "It gives black pictures, or the training stops with NaN.",
            "Switch on the VAE in full precision.",
            no_half_vae=True,
        )


@rule
def attention(at: Facts) -> Iterator[Problem]:
    if at["xformers"] and at["sdpa"]:
        yield warning(
            "sdpa xformers",
            "SDPA and xformers are both switched on.",
            "The trainer then takes xformers, and stops if that package is missing.",
            "Switch one of them off.",
            xformers=False,
        )
