"""Options of noise and loss."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number
from lora_core.options.families import DIFFUSION, FAMILIES
from lora_core.options.groups import links

_INPUT = tuple(name for name in FAMILIES if name != "sd3")
"""Families whose training adds the input noise: SD 3 has a way of its own to add noise, without it."""


class Noise(Group):
    emoji, title = "🌫️", "Noise and loss"
    purpose = "How mistakes are measured. The given values suit almost everyone."

    min_snr_gamma = Number(
        5.0,
        allow_None=True,
        bounds=(0.0, 20.0),
        label="Min-SNR gamma",
        doc=(
            "Balances easy and hard steps, so that learning is steadier. Lower it to act more "
            "strongly, and raise it to act less. Typical: 5 for SD 1.5, 8 for SDXL. Empty switches it"
            " off."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        typical={"SD 1.5": "5", "SDXL": "5 to 8", "v-prediction": "5, or empty"},
        deep=(
            "The loss at each noise level is weighed by min(SNR, gamma) / SNR; for v-prediction by "
            "min(SNR, gamma) / (SNR + 1). So levels of weak noise, with an SNR above gamma, count "
            "less. 0 switches it off."
        ),
        link=links.ADVANCED,
    )
    noise_offset = Number(
        None,
        allow_None=True,
        bounds=(-1.0, 1.0),
        label="Noise offset",
        doc=(
            "Helps to learn very dark and very bright pictures. Raise it when results lack contrast. "
            "Lower it when they get harsh. Typical: empty, or 0.03 to 0.1."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        typical={"SD 1.5": "0.03 to 0.1", "SDXL": "0.0357, or empty", "v-prediction": "empty"},
        deep=(
            "One random number for each picture and latent channel, times this, is added to the "
            "noise. Pyramid noise, if set, is added after it."
        ),
        link=links.ADVANCED,
    )
    adaptive_noise_scale = Number(
        None,
        allow_None=True,
        bounds=(-1.0, 1.0),
        label="Adaptive noise scale",
        doc=(
            "Changes the noise offset with the brightness of each picture. It needs a noise offset. "
            "Raise it to follow brightness more, and lower it for less. Typical: empty, or a tenth of"
            " the noise offset."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={
            "noise offset 0.05": "empty, or 0.005",
            "SDXL": "empty",
        },
        deep=(
            "Offset + scale × |mean| for each channel of the picture in latent form, and never below "
            "0. A negative scale lowers the offset instead."
        ),
        link=links.ADVANCED,
    )
    multires_noise_iterations = Integer(
        None,
        allow_None=True,
        bounds=(1, 32),
        label="Pyramid noise layers",
        doc=(
            "Adds noise of several sizes, for richer contrast. Raise it for larger patches of noise, "
            "and lower it for a gentler effect. Use it instead of the noise offset. Typical: empty, "
            "or 6 to 10."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={
            "SD 1.5": "6 to 10",
            "SDXL": "6",
            "v-prediction": "empty",
        },
        deep=(
            "Layer i is random noise at 1/rⁱ of the size, r drawn from 2 to 4, enlarged and added "
            "with the weight discountⁱ. It ends early at a size of 1, and the sum is divided by its "
            "spread."
        ),
        link=links.ADVANCED,
    )
    multires_noise_discount = Number(
        0.3,
        bounds=(0.0, 1.0),
        label="Pyramid noise discount",
        doc=(
            "How much weaker each further layer of pyramid noise is. Raise it for a stronger effect, "
            "and lower it for a gentler one. Without pyramid noise it has no effect. Typical: 0.3."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"with 6 layers": "0.3", "with 10 layers": "0.1 to 0.3"},
        deep=(
            "Layer i is added with the weight discountⁱ, beginning with i = 0: the first layer, at "
            "full size, always counts whole."
        ),
        link=links.ADVANCED,
    )
    ip_noise_gamma = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Input noise",
        doc=(
            "Disturbs the training pictures a little, which can make results more robust. Raise it "
            "when the LoRA copies, and lower it when results get blurry. Typical: empty, or 0.05 to "
            "0.1."
        ),
        more="SD 3 does not use it.",
        applies={"family": _INPUT},
        advanced=True,
        practice=False,
        typical={
            "SDXL": "empty, or 0.05",
            "all others": "empty, or 0.1",
        },
        deep=(
            "Further random noise, times gamma, is added to the noise of the input, while the goal "
            "stays the plain noise."
        ),
        link=links.ADVANCED,
    )
    zero_terminal_snr = Boolean(
        False,
        label="Zero terminal SNR",
        doc=(
            "Lets the model learn fully black and fully white pictures. It is right for v-prediction "
            "models only. Leave it off for all others."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"v-prediction": "on", "all others": "off"},
        deep=(
            "The roots of ᾱ are moved and stretched so that the last is 0: the highest noise level is"
            " then pure noise, with an SNR of 0. A model that predicts noise would learn nothing "
            "there, and Min-SNR divides by that 0."
        ),
        link=links.ZERO_SNR,
    )
    scale_v_pred_loss_like_noise_pred = Boolean(
        False,
        label="Scale the v-prediction loss",
        doc=(
            "Weighs the steps of a v-prediction model like those of a common one. Switch it on for "
            "v-prediction models. It has no meaning for others."
        ),
        applies={"family": DIFFUSION, "v_parameterization": (True,)},
        advanced=True,
        practice=False,
        typical={"v-prediction": "on"},
        deep=(
            "The loss is multiplied by SNR / (SNR + 1), with the SNR at most 1000. It comes after "
            "Min-SNR gamma. The trainer stops if the model is not set to v-prediction."
        ),
        link=links.ADVANCED,
    )
    debiased_estimation_loss = Boolean(
        False,
        label="Debiased estimation",
        doc=(
            "Another way of balancing easy and hard steps. Use it instead of Min-SNR gamma, not with "
            "it. Leave it off if unsure."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={
            "with Min-SNR gamma": "off",
            "instead of it": "on",
        },
        deep=(
            "The loss is weighed by 1 / √SNR, for v-prediction by 1 / (SNR + 1), with the SNR at most"
            " 1000. It is the last of the weights."
        ),
        link=links.ADVANCED,
    )
    loss_type = Choice(
        "l2",
        objects={"L2 (squared)": "l2", "L1 (plain)": "l1", "Huber": "huber", "Smooth L1": "smooth_l1"},
        label="Loss",
        doc=(
            "How the distance between picture and goal is measured. L2 is the common way. Huber is "
            "less disturbed by a few bad pictures."
        ),
        advanced=True,
        typical={"clean pictures": "L2", "pictures of mixed quality": "Huber"},
        deep=(
            "L2: x². L1: |x|. Huber: 2c·(√(x² + c²) − c). Smooth L1: 2·(√(x² + c²) − c), the same "
            "without the factor c. x is the difference of one number, and the mean is taken over each"
            " picture."
        ),
        link=links.ADVANCED,
    )
    huber_c = Number(
        0.1,
        bounds=(0.0, 10.0),
        label="Huber strength",
        doc=(
            "The distance from which Huber treats a mistake as an outlier. Lower it to ignore more, "
            "and raise it to be more like L2. Typical: 0.1."
        ),
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        typical={"all": "0.1"},
        deep=(
            "Huber: 2c·(√(x² + c²) − c). It is like L2 for small x, and like L1 for large x. How c "
            "grows from this value towards 1 at low noise is what the schedule says; only the "
            "constant one keeps it."
        ),
        link=links.ADVANCED,
    )
    huber_schedule = Choice(
        "snr",
        objects={"By noise level": "snr", "Exponential": "exponential", "Constant": "constant"},
        label="Huber schedule",
        doc=(
            "How the Huber strength changes with the noise. By noise level is the common way for SD "
            "and SDXL. Newer families need one of the other two."
        ),
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        typical={
            "SD and SDXL": "snr",
            "SD 3, FLUX.1 and newer": "exponential or constant",
        },
        deep=(
            "snr: (1 − c) / (1 + σ)² + c, with σ = √((1 − ᾱ) / ᾱ). exponential: c^(t/1000). constant:"
            " c. The trainer stops on snr for flow models."
        ),
        link=links.ADVANCED,
    )
    prior_loss_weight = Number(
        1.0,
        bounds=(0.0, 100.0),
        label="Weight of regularization pictures",
        doc=(
            "How much regularization pictures count beside your own. Raise it when the model forgets "
            "what it knew. Lower it for a stronger subject. Without such pictures it has no effect. "
            "Typical: 1."
        ),
        advanced=True,
        typical={
            "balanced": "1",
            "stronger subject": "0.5",
        },
        deep=(
            "The loss of each regularization picture is multiplied by it, after the mean over its "
            "numbers and before the SNR weights."
        ),
        link=links.OLDER,
    )
    min_timestep = Integer(
        None,
        allow_None=True,
        bounds=(0, 999),
        label="Lowest noise level",
        doc=(
            "Leaves out noise levels below this one, where fine detail is learned. Raise it to learn "
            "shape only, and lower it for detail too. Empty means 0, the whole range."
        ),
        more="Of the newer families, only SD 3 uses it.",
        advanced=True,
        typical={
            "character": "empty",
            "style by its detail": "empty",
            "layout only": "300 to 500",
        },
        deep=(
            "Levels are drawn evenly from min to max − 1. SD 3 maps its own draw onto min to max, and"
            " the other flow models do not look at it."
        ),
        link=links.SDXL_OLDER,
    )
    max_timestep = Integer(
        None,
        allow_None=True,
        bounds=(1, 1000),
        label="Highest noise level",
        doc=(
            "Leaves out noise levels from this one up, where the rough shape is learned. Lower it to "
            "learn detail only, and raise it for shape too. Empty means 1000, the whole range."
        ),
        more="Of the newer families, only SD 3 uses it.",
        advanced=True,
        typical={
            "character": "empty",
            "layout": "empty",
            "style by its detail": "empty, or 500 to 700",
        },
        deep=(
            "Levels are drawn evenly from min to max − 1. SD 3 maps its own draw onto min to max, and"
            " the other flow models do not look at it."
        ),
        link=links.SDXL_OLDER,
    )
    noise_offset_random_strength = Boolean(
        False,
        label="Vary the noise offset",
        doc=(
            "Takes a random noise offset from 0 to the given one in each step. The effect is gentler."
            " It needs a noise offset."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={
            "noise offset up to 0.05": "off",
            "higher noise offset": "on",
        },
        deep=(
            "One number from 0 to 1 is drawn for the whole batch and multiplied with the noise "
            "offset. On average, the offset is half as strong."
        ),
        link=links.ADVANCED,
    )
    ip_noise_gamma_random_strength = Boolean(
        False,
        label="Vary the input noise",
        doc=(
            "Takes a random input noise from 0 to the given one in each step. The effect is gentler. "
            "It needs an input noise."
        ),
        applies={"family": _INPUT},
        advanced=True,
        practice=False,
        typical={
            "input noise up to 0.05": "off",
            "higher input noise": "on",
        },
        deep=(
            "One number from 0 to 1 is drawn for the whole batch and multiplied with the input noise."
            " On average, it is half as strong."
        ),
        link=links.ADVANCED,
    )
    v_pred_like_loss = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="V-prediction share in the loss",
        doc=(
            "Adds a loss like that of v-prediction for models that predict noise. Raise it to stress "
            "strong noise, which changes contrast, and lower it for less. Typical: empty."
        ),
        applies={"family": DIFFUSION, "v_parameterization": (False,)},
        advanced=True,
        practice=False,
        typical={
            "SD 1.5 and SDXL": "empty",
        },
        deep=(
            "loss + value · loss · (SNR + 1) / SNR, with the SNR at most 1000. The trainer stops if "
            "the model is set to v-prediction."
        ),
        link=links.ADVANCED,
    )
    huber_scale = Number(
        None,
        allow_None=True,
        bounds=(0.01, 100.0),
        label="Huber scale",
        doc=(
            "Multiplies the Huber strength. Raise it to be more like L2, and lower it to ignore more "
            "outliers. With the schedule by noise level it has no effect. Empty means 1."
        ),
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        typical={
            "SD and SDXL": "empty",
            "SD 3, FLUX.1 and newer": "empty",
        },
        deep=(
            "It multiplies the strength of the schedules exponential and constant; the trainer leaves"
            " it out for snr."
        ),
        link=links.ADVANCED,
    )
