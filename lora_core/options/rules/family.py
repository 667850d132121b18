"""Rules about what only some model families have."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def variant_of_family(at: Facts) -> Iterator[Problem]:
    given = at["model_variant"]
    if given and given not in at.family.variants:
        yield warning(
            "model_variant family",
            f"{at.family.title} has no variant {given}.",
            "The variant belongs to another family.",
            "Leave it empty.",
            model_variant=None,
        )


@rule
def clip_skip_of_sd2(at: Facts) -> Iterator[Problem]:
    if at["family"] == "sd2" and at["clip_skip"]:
        yield warning(
            "clip_skip family",
            "Clip skip is not meant for Stable Diffusion 2.",
            "Its text reader leaves out one layer already.",
            "Leave it empty.",
            clip_skip=None,
        )


@rule
def chroma(at: Facts) -> Iterator[Problem]:
    """From the trainer's assert and ``docs/flux_train_network.md``."""
    if at["model_type"] != "chroma":
        return
    if not at["apply_t5_attn_mask"]:
        yield error(
            "apply_t5_attn_mask model_type",
            "Chroma needs the attention mask of T5.",
            "The trainer stops without it.",
            "Switch it on.",
            apply_t5_attn_mask=True,
        )
    if at["network_train_unet_only"] or at["train_t5xxl"]:
        return
    what, why = (
        "Chroma has no text part that is trained.",
        "It reads captions with T5 alone, which stays as it is.",
    )
    remedy = "Train the picture part only."
    fix = {"network_train_unet_only": True, "network_train_text_encoder_only": False}
    if at["network_train_text_encoder_only"]:
        why += " Nothing would be left to train."
        yield error(
            "network_train_unet_only network_train_text_encoder_only model_type", what, why, remedy, **fix
        )
    elif at.captions_cached:
        why += " With prepared captions the trainer asks for the missing part, and stops at its first step."
        yield error("network_train_unet_only cache_text_encoder_outputs model_type", what, why, remedy, **fix)
    else:
        yield note("network_train_unet_only model_type", what, why, remedy, **fix)


@rule
def guidance(at: Facts) -> Iterator[Problem]:
    """The trainer's default of 3.5 is for painting; its guide gives 1.0 for FLUX.1 dev and 0.0 for Chroma."""
    if at["family"] != "flux":
        return
    good = 0.0 if at["model_type"] == "chroma" else 1.0
    given = 3.5 if at["guidance_scale"] is None else at["guidance_scale"]
    if given != good:
        yield warning(
            "guidance_scale model_type",
            f"The guidance during training is {given:g}.",
            f"This model is trained with {good:g}. With another value the LoRA fits its painting less well.",
            f"Set it to {good:g}.",
            guidance_scale=good,
        )


@rule
def sampling_of_lumina(at: Facts) -> Iterator[Problem]:
    """Only Lumina's script has this choice."""
    if at["timestep_sampling"] == "nextdit_shift" and at["family"] != "lumina":
        yield error(
            "timestep_sampling family",
            f"{at.family.title} cannot draw noise levels by nextdit_shift.",
            "The trainer has it for Lumina only.",
            "Leave it empty.",
            timestep_sampling=None,
        )


GONE = ("aot_ts_nvfuser", "nvprims_nvfuser", "ofi", "fx2trt", "tensort")
"""Compilers that the trainer lists, and that its PyTorch or launcher does not know; `tensort` is misspelt there."""


@rule
def compilers(at: Facts) -> Iterator[Problem]:
    if at["dynamo_backend"] in GONE and at["torch_compile"]:
        yield error(
            "dynamo_backend torch_compile",
            f"The compiler {at['dynamo_backend']} is not there.",
            "PyTorch 2 does not have it under this name, and the trainer stops.",
            "Take inductor.",
            dynamo_backend="inductor",
        )


@rule
def several_gpus(at: Facts) -> Iterator[Problem]:
    single = at["num_processes"] == 1
    if at.gpu is False and not single:
        yield error(
            "num_processes",
            f"{at['num_processes']} GPUs are to be used, and the trainer finds none.",
            "The launcher takes either several GPUs or the CPU, and stops.",
            "Set it to 1.",
            num_processes=1,
        )
    given = at.on("ddp_timeout", "ddp_gradient_as_bucket_view", "ddp_static_graph") if single else []
    if given:
        yield note(
            " ".join([*given, "num_processes"]),
            f"{', '.join(given)} has no effect.",
            "It is for several GPUs, and one is used.",
            "Leave it as it was.",
            **{name: at.off(name) for name in given},
        )
