"""Rules about precision and attention."""

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
def half_of_flow_models(at: Facts) -> Iterator[Problem]:
    """sd-scripts' guides give bf16 for all of them, and its HunyuanImage script warns of fp16."""
    if at.family.flow and at["mixed_precision"] == "fp16":
        fix = {"full_fp16": False} if at["full_fp16"] else {}
        yield warning(
            "mixed_precision family",
            f"{at.family.title} is made for bf16.",
            "In fp16 its values can grow too large, and the loss turns into NaN.",
            "Set the precision to bf16.",
            mixed_precision="bf16",
            **fix,
        )


@rule
def eight_bit_base(at: Facts) -> Iterator[Problem]:
    eight = at.on("fp8_base", "fp8_base_unet")
    if eight and at["mixed_precision"] == "no":
        yield error(
            " ".join([*eight, "mixed_precision"]),
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
    if at["mem_eff_attn"] and (others := at.on("xformers", "sdpa")):
        yield warning(
            " ".join(["mem_eff_attn", *others]),
            f"The slow saving attention is on beside {' and '.join(others)}.",
            "The trainer then takes the slow one.",
            "Switch it off.",
            mem_eff_attn=False,
        )
    if at["xformers"] and at["sdpa"]:
        yield warning(
            "sdpa xformers",
            "SDPA and xformers are both switched on.",
            "The trainer then takes xformers, and stops if that package is missing.",
            "Switch one of them off.",
            xformers=False,
        )


@rule
def no_attention(at: Facts) -> Iterator[Problem]:
    """The newer families take SDPA by themselves."""
    if not at.family.flow and not at.on("xformers", "sdpa", "mem_eff_attn"):
        yield warning(
            "sdpa",
            "No fast attention is switched on.",
            "The plain way is slower and takes much more memory.",
            "Switch on SDPA, which comes with PyTorch.",
            sdpa=True,
        )


@rule
def xformers_without_gpu(at: Facts) -> Iterator[Problem]:
    if at["xformers"] and at.gpu is False:
        yield error(
            "xformers sdpa",
            "xformers needs an NVIDIA GPU, and the trainer finds none.",
            "The training would stop in its first step.",
            "Take SDPA, which runs everywhere.",
            xformers=False,
            sdpa=True,
        )


@rule
def attention_modes(at: Facts) -> Iterator[Problem]:
    """From the trainer's help of ``--attn_mode``; SageAttention has no gradients."""
    mode = at["attn_mode"]
    if at["use_sage_attn"]:
        yield error(
            "use_sage_attn family",
            "SageAttention cannot be used to train.",
            "It is made for painting only, and passes nothing back to learn from.",
            "Leave it off.",
            use_sage_attn=False,
        )
    split_needed = mode == "xformers" or (mode is None and at["xformers"])
    if split_needed and at["family"] in ("hunyuan_image", "anima") and not at["split_attn"]:
        yield error(
            "split_attn attn_mode xformers",
            "xformers needs split attention here.",
            "It cannot work on several captions of different length at once.",
            "Switch on split attention.",
            split_attn=True,
        )
    if mode and (others := at.on("xformers", "mem_eff_attn")):
        yield warning(
            " ".join(["attn_mode", *others]),
            f"{', '.join(others)} would not be used.",
            f"The attention mode {mode} goes before.",
            "Switch it off.",
            **dict.fromkeys(others, False),
        )
