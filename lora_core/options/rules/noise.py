"""Rules about noise, loss and v-prediction."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, rule, warning


@rule
def v_prediction(at: Facts) -> Iterator[Problem]:
    """The three settings of a v-prediction model belong together."""
    pair = ("scale_v_pred_loss_like_noise_pred", "zero_terminal_snr")
    if at["v_parameterization"]:
        missing = [name for name in pair if not at[name]]
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
