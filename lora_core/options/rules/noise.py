"""Rules about noise, loss and v-prediction."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

V_PREDICTION = ("scale_v_pred_loss_like_noise_pred", "zero_terminal_snr")
"""What belongs to a v-prediction model beside ``v_parameterization``."""


@rule
def v_prediction(at: Facts) -> Iterator[Problem]:
    """The three settings of a v-prediction model belong together."""
    if at["v_parameterization"]:
        missing = [name for name in V_PREDICTION if not at[name]]
        if missing:
            yield warning(
                " ".join(["v_parameterization", *missing]),
                "A v-prediction model usually needs three settings together.",
                f"Not switched on: {', '.join(missing)}.",
                "Switch on all three, unless the model's page says otherwise.",
                **dict.fromkeys(missing, True),
            )
    elif at["zero_terminal_snr"]:
        yield warning(
            "zero_terminal_snr v_parameterization",
            "Zero terminal SNR is on, but the model is not set as a v-prediction model.",
            "With a common model the result is spoiled.",
            "Switch it off, or mark the base model as a v-prediction model.",
            zero_terminal_snr=False,
        )


@rule
def noise_kinds(at: Facts) -> Iterator[Problem]:
    if at["noise_offset"] and at["multires_noise_iterations"]:
        yield warning(
            "noise_offset multires_noise_iterations",
            "Noise offset and pyramid noise are both set.",
            "Both widen the contrast, and together they do too much.",
            "Keep one of them.",
            noise_offset=None,
        )
    if at["adaptive_noise_scale"] is not None and at["noise_offset"] is None:
        yield error(
            "adaptive_noise_scale noise_offset",
            "The adaptive noise scale has no noise offset to change.",
            "The trainer stops on this.",
            "Set a noise offset, or leave the scale empty.",
            adaptive_noise_scale=None,
        )


@rule
def random_strengths(at: Facts) -> Iterator[Problem]:
    for name, of in (
        ("noise_offset_random_strength", "noise_offset"),
        ("ip_noise_gamma_random_strength", "ip_noise_gamma"),
    ):
        if at[name] and not at[of]:
            yield note(
                f"{name} {of}",
                f"{name} has no effect.",
                f"It varies {of}, which is not set.",
                "Switch it off.",
                **{name: False},
            )


@rule
def balance(at: Facts) -> Iterator[Problem]:
    if at["debiased_estimation_loss"] and at["min_snr_gamma"]:
        yield warning(
            "debiased_estimation_loss min_snr_gamma",
            "Debiased estimation and Min-SNR gamma are both on.",
            "Both balance easy and hard steps, and together they do it twice.",
            "Keep one of them.",
            min_snr_gamma=None,
        )


@rule
def noise_levels(at: Facts) -> Iterator[Problem]:
    low = 0 if at["min_timestep"] is None else at["min_timestep"]
    high = 1000 if at["max_timestep"] is None else at["max_timestep"]
    if low >= high:
        yield error(
            "min_timestep max_timestep",
            f"The lowest noise level ({low}) is not below the highest ({high}).",
            "No noise level is left to train.",
            "Leave both empty for the whole range.",
            min_timestep=None,
            max_timestep=None,
        )


@rule
def noise_levels_of_flow_models(at: Facts) -> Iterator[Problem]:
    """Only SD 3 among them reads these two (``sd3_train_utils``)."""
    given = [name for name in ("min_timestep", "max_timestep") if at[name] is not None]
    if given and at.family.flow and at["family"] != "sd3":
        yield note(
            " ".join([*given, "family"]),
            f"{at.family.title} does not use {' and '.join(given)}.",
            "Its noise levels are drawn over the whole range.",
            "Leave them empty.",
            **dict.fromkeys(given),
        )


@rule
def huber(at: Facts) -> Iterator[Problem]:
    if at["loss_type"] not in ("huber", "smooth_l1"):
        return
    if at.number("huber_c") <= 0:
        yield error(
            "huber_c loss_type",
            "The Huber strength is 0.",
            "The trainer divides by it or takes its logarithm, and stops or learns nothing.",
            "Set it to 0.1.",
            huber_c=0.1,
        )
    if at["huber_schedule"] == "snr" and at.family.flow:
        yield error(
            "huber_schedule family loss_type",
            f"The Huber schedule by noise level does not work with {at.family.title}.",
            "This family has no such noise levels; the trainer stops on this.",
            "Take the exponential schedule.",
            huber_schedule="exponential",
        )
