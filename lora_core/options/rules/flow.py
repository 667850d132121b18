"""Rules about the noise levels of flow matching, from the families' ``*_train_util*.py`` in sd-scripts 0.10.1."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, note, rule, warning

SAMPLING = {"flux": "sigma", "hunyuan_image": "sigma", "lumina": "shift", "anima": "sigmoid"}
"""Model family -> how noise levels are drawn where the option is empty. SD 3 draws by its weighting alone."""

PREDICTION = {"flux": "sigma_scaled", "hunyuan_image": "raw", "lumina": "raw"}
"""Model family -> the prediction where the option is empty. The others weigh the loss in any case."""

DRAWN, WEIGHED = ("logit_normal", "mode"), ("sigma_sqrt", "cosmap")
"""Weightings that change which noise levels are drawn, and those that change the loss."""


@rule
def weighting_without_effect(at: Facts) -> Iterator[Problem]:
    given, family = at["weighting_scheme"], at["family"]
    if not at.family.flow:
        return
    sampling = at["timestep_sampling"] or SAMPLING.get(family, "sigma")
    prediction = at["model_prediction_type"] or PREDICTION.get(family, "sigma_scaled")
    if given in DRAWN and family in SAMPLING and sampling != "sigma":
        yield warning(
            "weighting_scheme timestep_sampling",
            f"The weighting {given} has no effect.",
            f"It acts only where noise levels are drawn by sigma; here they are drawn by {sampling}.",
            "Leave the weighting empty, or draw noise levels by sigma.",
            weighting_scheme=None,
        )
    elif given in WEIGHED and family in PREDICTION and prediction != "sigma_scaled":
        yield warning(
            "weighting_scheme model_prediction_type",
            f"The weighting {given} has no effect.",
            f"It acts only with the prediction sigma_scaled; here it is {prediction}.",
            "Leave the weighting empty.",
            weighting_scheme=None,
        )


@rule
def scale_without_effect(at: Facts) -> Iterator[Problem]:
    sampling = at["timestep_sampling"] or SAMPLING.get(at["family"], "sigma")
    if at["sigmoid_scale"] is not None and sampling not in ("sigmoid", "shift", "flux_shift"):
        yield note(
            "sigmoid_scale timestep_sampling",
            "The sigmoid scale has no effect.",
            f"Noise levels are drawn by {sampling}, which does not use it.",
            "Leave it empty.",
            sigmoid_scale=None,
        )
