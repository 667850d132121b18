"""Options of families that are trained by flow matching: SD 3, FLUX.1, Lumina, HunyuanImage, Anima."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Number
from lora_core.options.families import FLOW
from lora_core.options.groups import links

_SAMPLED = ("flux", "lumina", "hunyuan_image", "anima")
"""Families whose scripts can choose how noise levels are drawn."""


class Flow(Group):
    emoji, title = "🌊", "Flow models"
    purpose = "Which noise levels the newer models learn at, and how much each counts."

    timestep_sampling = Choice(
        None,
        objects={
            "The trainer's own": None,
            "Sigmoid (mostly the middle)": "sigmoid",
            "Shift (more of the rough shape)": "shift",
            "FLUX shift (by picture size)": "flux_shift",
            "Lumina shift (by picture size)": "nextdit_shift",
            "Even": "uniform",
            "By sigma": "sigma",
        },
        label="Noise levels",
        doc=(
            "How often each noise level comes up. High noise teaches shape and layout, low noise "
            "teaches detail. Take Shift for FLUX.1 and Sigmoid for Anima and Chroma."
        ),
        more=("Lumina shift exists for Lumina only. The trainer's own is sigma for FLUX.1 and HunyuanImage."),
        applies={"family": _SAMPLED},
        practice=False,
        typical={
            "FLUX.1": "shift with 3.1582, or flux_shift",
            "Chroma": "sigmoid",
            "Lumina": "nextdit_shift",
            "HunyuanImage": "sigma",
            "Anima": "sigmoid",
        },
        deep=(
            "sigmoid: t = sigmoid(scale · n) with n from a normal distribution. shift: t' = s·t / (1 "
            "+ (s − 1)·t). flux_shift does so with s = e^μ, μ from 0.5 at 256 picture patches to 1.15"
            " at 4096; nextdit_shift too, from an even t. sigma draws by the weighting, from levels "
            "moved by the shift."
        ),
        link=links.FLUX,
    )
    discrete_flow_shift = Number(
        None,
        allow_None=True,
        bounds=(0.01, 100.0),
        label="Shift",
        doc=(
            "How far the noise levels are moved towards strong noise. Raise it when shapes and layout"
            " are not learned. Lower it when detail is missing."
        ),
        more=(
            "It acts with the noise levels Shift and By sigma. Empty means 3 for FLUX.1, 6 Lumina, 5 "
            "HunyuanImage, 1 Anima."
        ),
        applies={"family": _SAMPLED},
        advanced=True,
        practice=False,
        typical={"FLUX.1": "3.1582", "Lumina": "6", "HunyuanImage": "5", "Anima": "1"},
        deep=(
            "t' = s·t / (1 + (s − 1)·t). With s = 1 nothing is moved; with s = 3 half of all levels "
            "lie above 0.75. For By sigma, the 1000 levels of the scheduler are moved so, which the "
            "trainer's guides do not say."
        ),
        link=links.FLUX,
    )
    sigmoid_scale = Number(
        None,
        allow_None=True,
        bounds=(0.01, 100.0),
        label="Sigmoid scale",
        doc=(
            "How wide the noise levels spread around the middle. Raise it to learn more of very weak "
            "and very strong noise, and lower it to stay in the middle. Empty means 1, which suits "
            "almost all."
        ),
        applies={"family": _SAMPLED},
        advanced=True,
        practice=False,
        typical={
            "FLUX.1": "empty",
            "Anima": "empty",
            "more of both ends": "1.5",
        },
        deep=(
            "t = sigmoid(scale · n), n from a normal distribution. It acts with sigmoid, shift and "
            "flux_shift; nextdit_shift does not use it."
        ),
        link=links.FLUX,
    )
    model_prediction_type = Choice(
        None,
        objects={
            "The trainer's own": None,
            "Raw (as it is)": "raw",
            "Additive": "additive",
            "Sigma scaled": "sigma_scaled",
        },
        label="Prediction",
        doc=(
            "How the model's answer is compared with the goal. Take Raw for FLUX.1 and Chroma. The "
            "other two are for experiments."
        ),
        more="The trainer's own is sigma_scaled for FLUX.1, and raw for Lumina and HunyuanImage.",
        applies={"family": ("flux", "lumina", "hunyuan_image")},
        advanced=True,
        practice=False,
        typical={
            "FLUX.1": "raw",
            "Chroma": "raw",
            "Lumina": "raw",
            "HunyuanImage": "raw",
        },
        deep=(
            "raw: the answer as it is. additive: answer + input. sigma_scaled: input − σ · answer. "
            "The goal is noise − picture in all three, which fits raw only. The weightings sigma_sqrt"
            " and cosmap act with sigma_scaled alone."
        ),
        link=links.FLUX,
    )
    guidance_scale = Number(
        None,
        allow_None=True,
        bounds=(0.0, 100.0),
        label="Built-in guidance",
        doc=(
            "FLUX.1 dev has a built-in strength of following the prompt. Lower it to 1 for training, "
            "which switches it off. Raise it only to try. Chroma needs 0. Empty means 3.5, which is "
            "rarely right."
        ),
        applies={"family": ("flux",)},
        advanced=True,
        practice=False,
        typical={"FLUX.1 dev": "1", "FLUX.1 schnell": "ignored", "Chroma": "0"},
        deep=(
            "The number goes into FLUX.1 dev as an input, like the noise level. It is no second pass "
            "as in other models, so it costs no time. Schnell has no such input."
        ),
        link=links.FLUX,
    )
    weighting_scheme = Choice(
        None,
        objects={
            "The trainer's own (even)": None,
            "Even": "uniform",
            "Sigma square root": "sigma_sqrt",
            "Logit normal": "logit_normal",
            "Mode": "mode",
            "Cosine map": "cosmap",
            "None": "none",
        },
        label="Weighting",
        doc=(
            "How much each noise level counts in the loss, the measure of mistakes. Logit normal "
            "prefers the middle, as SD 3 was made. Leave it even if unsure."
        ),
        applies={"family": FLOW},
        advanced=True,
        practice=False,
        typical={
            "SD 3": "uniform or logit_normal",
            "FLUX.1": "empty",
            "Anima": "empty",
        },
        deep=(
            "logit_normal and mode change how levels are drawn, for SD 3 or By sigma only. sigma_sqrt"
            " weighs the loss by 1/σ² and cosmap by 2 / (π(1 − 2σ + 2σ²)): for SD 3, Anima, and "
            "others with sigma_scaled."
        ),
        link=links.SD3,
    )
    logit_mean = Number(
        None,
        allow_None=True,
        bounds=(-10.0, 10.0),
        label="Logit mean",
        doc=(
            "Where the middle of the logit normal weighting lies. For SD 3, raise it for more strong "
            "noise, and lower it for weak noise. For others it is the reverse. Empty means 0."
        ),
        applies={"family": FLOW, "weighting_scheme": ("logit_normal",)},
        advanced=True,
        practice=False,
        typical={
            "SD 3": "empty",
        },
        deep=(
            "u = sigmoid(mean + spread · n). SD 3 takes u as the noise level; the others take the "
            "level at the place u of a list that begins with the strongest noise."
        ),
        link=links.SD3,
    )
    logit_std = Number(
        None,
        allow_None=True,
        bounds=(0.01, 10.0),
        label="Logit spread",
        doc=(
            "How wide the logit normal weighting is. Raise it to learn more at both ends. Lower it to"
            " stay near the middle. Empty means 1."
        ),
        applies={"family": FLOW, "weighting_scheme": ("logit_normal",)},
        advanced=True,
        practice=False,
        typical={
            "SD 3": "empty",
        },
        deep="u = sigmoid(mean + spread · n), with n from a normal distribution.",
        link=links.SD3,
    )
    mode_scale = Number(
        None,
        allow_None=True,
        bounds=(-2.0, 2.0),
        label="Mode scale",
        doc=(
            "How strongly the weighting Mode prefers the middle. Raise it for more of the middle, and"
            " lower it to be more even. Empty means 1.29."
        ),
        applies={"family": FLOW, "weighting_scheme": ("mode",)},
        advanced=True,
        practice=False,
        typical={
            "SD 3": "empty",
        },
        deep=(
            "u' = 1 − u − scale · (cos²(πu/2) − 1 + u), with u drawn evenly. With 0 all levels are "
            "alike; below 0 the ends are preferred."
        ),
        link=links.SD3,
    )
    training_shift = Number(
        None,
        allow_None=True,
        bounds=(0.01, 100.0),
        label="Training shift",
        doc=(
            "Moves the noise levels of SD 3 towards strong noise. Raise it above 1 when shapes are "
            "not learned. Lower it below 1 when detail is missing. Empty means 1, no shift."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        typical={
            "SD 3 and 3.5": "empty",
            "more of the shape": "3",
        },
        deep="t' = s·t / (1 + (s − 1)·t), after the weighting has drawn t.",
        link=links.SD3,
    )
    pos_emb_random_crop_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Place cropping",
        doc=(
            "The share of steps in which the map of places is cropped at random. Raise it for results"
            " that depend less on the place, and lower it for exact layout. It is only for SD 3.5 "
            "medium."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        typical={
            "SD 3.5 medium": "empty",
            "SD 3 and 3.5 large": "empty",
        },
        deep=(
            "With this chance, a random part of the model's position embedding is taken for a batch "
            "instead of its middle. Empty means 0."
        ),
        link=links.SD3,
    )
    enable_scaled_pos_embed = Boolean(
        False,
        label="Scale the map of places",
        doc=(
            "Fits the map of places to each resolution when several are trained together. It is only "
            "for SD 3.5 medium, and new. Leave it off for all others."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        cost=("A table of positions for each resolution stays in GPU memory: about 56 MB for 1024 pixels."),
        typical={
            "SD 3.5 medium, several resolutions": "on",
            "all others": "off",
        },
        deep=(
            "For each resolution of the data set, a position embedding of 1.5 times its latent size "
            "is made; each batch takes the one that fits its area."
        ),
        link=links.SD3,
    )
