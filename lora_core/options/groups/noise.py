"""Options of noise and loss."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number
from lora_core.options.families import DIFFUSION, FAMILIES
from lora_core.options.groups import links

_LEVELS = tuple(name for name in FAMILIES if name in (*DIFFUSION, "sd3"))
_INPUT = tuple(name for name in FAMILIES if name not in ("sd3", "anima", "hunyuan_image"))


class Noise(Group):
    emoji, title = "🌫️", "Noise and loss"
    purpose = "How mistakes are measured. The given values suit almost everyone."

    min_snr_gamma = Number(
        5.0,
        allow_None=True,
        bounds=(0.0, 20.0),
        label="Min-SNR gamma",
        doc=(
            "Balances easy and hard steps, so that learning is steadier. A lower value acts more strongly. "
            "Typical: 5 for SD 1.5, 8 for SDXL. Empty switches it off."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        typical={"SD 1.5": "5", "SDXL": "5 to 8", "v-prediction": "5, or empty"},
        deep=(
            "The loss at each noise level is weighed by min(SNR, gamma) / SNR; for v-prediction by "
            "min(SNR, gamma) / (SNR + 1)."
        ),
        link=links.ADVANCED,
    )
    noise_offset = Number(
        None,
        allow_None=True,
        bounds=(-1.0, 1.0),
        label="Noise offset",
        doc=(
            "Helps to learn very dark and very bright pictures. Too much makes pictures harsh. "
            "Typical: empty, or 0.03 to 0.1."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        typical={"SD 1.5": "0.03 to 0.1", "SDXL": "0.0357, or empty", "v-prediction": "empty"},
        deep="One random number for each picture and colour channel, times this, is added to the noise.",
        link=links.ADVANCED,
    )
    adaptive_noise_scale = Number(
        None,
        allow_None=True,
        bounds=(-1.0, 1.0),
        label="Adaptive noise scale",
        doc=(
            "Changes the noise offset with the brightness of each picture. It needs a noise offset. "
            "Typical: empty, or a tenth of the noise offset."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        deep="offset + scale × the size of the mean of each channel of the picture in latent form.",
        link=links.ADVANCED,
    )
    multires_noise_iterations = Integer(
        None,
        allow_None=True,
        bounds=(1, 32),
        label="Pyramid noise layers",
        doc=(
            "Adds noise of several sizes, for richer contrast. Use it instead of the noise offset, not with it. "
            "Typical: empty, or 6 to 10."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"SD 1.5": "6 to 10", "SDXL": "6 to 8"},
        link=links.ADVANCED,
    )
    multires_noise_discount = Number(
        0.3,
        bounds=(0.0, 1.0),
        label="Pyramid noise discount",
        doc=(
            "How much weaker each further layer of pyramid noise is. Without pyramid noise it has no effect. "
            "Typical: 0.3."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"with 6 layers": "0.3", "with 10 layers": "0.1 to 0.3"},
        deep="Layer i is added with the weight discount^i.",
        link=links.ADVANCED,
    )
    ip_noise_gamma = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Input noise",
        doc=(
            "Disturbs the training pictures a little, which can make results more robust. "
            "Too much makes them blurry. Typical: empty, or 0.05 to 0.1."
        ),
        advanced=True,
        practice=False,
        typical={"all": "empty, or 0.05 to 0.1"},
        link=links.ADVANCED,
    )
    zero_terminal_snr = Boolean(
        False,
        label="Zero terminal SNR",
        doc=(
            "Lets the model learn fully black and fully white pictures. It is right for v-prediction models only. "
            "Leave it off for all others."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"v-prediction": "on", "all others": "off"},
        deep="The noise schedule is scaled so that the last level is pure noise.",
        link=links.ADVANCED,
    )
    scale_v_pred_loss_like_noise_pred = Boolean(
        False,
        label="Scale the v-prediction loss",
        doc=(
            "Weighs the steps of a v-prediction model like those of a common one. "
            "Switch it on for v-prediction models. It has no meaning for others."
        ),
        applies={"family": DIFFUSION, "v_parameterization": (True,)},
        advanced=True,
        practice=False,
        typical={"v-prediction": "on"},
        deep="The loss is multiplied by SNR / (SNR + 1).",
        link=links.ADVANCED,
    )
    debiased_estimation_loss = Boolean(
        False,
        label="Debiased estimation",
        doc=(
            "Another way of balancing easy and hard steps. Use it instead of Min-SNR gamma, not with it. "
            "Leave it off if unsure."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        deep="The loss is weighed by 1 / √SNR.",
        link=links.ADVANCED,
    )
    loss_type = Choice(
        "l2",
        objects={"L2 (squared)": "l2", "L1 (plain)": "l1", "Huber": "huber", "Smooth L1": "smooth_l1"},
        label="Loss",
        doc=(
            "How the distance between picture and goal is measured. L2 is the common way. "
            "Huber is less disturbed by a few bad pictures."
        ),
        advanced=True,
        typical={"clean pictures": "L2", "pictures of mixed quality": "Huber"},
        link=links.ADVANCED,
    )
    huber_c = Number(
        0.1,
        bounds=(0.0, 10.0),
        label="Huber strength",
        doc=(
            "The distance from which Huber treats a mistake as an outlier. Lower values ignore more. "
            "Typical: 0.1."
        ),
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        typical={"all": "0.1"},
        deep="Huber: 2c·(√(x² + c²) − c). It is like L2 for small x, and like L1 for large x.",
        link=links.ADVANCED,
    )
    huber_schedule = Choice(
        "snr",
        objects={"By noise level": "snr", "Exponential": "exponential", "Constant": "constant"},
        label="Huber schedule",
        doc="How the Huber strength changes with the noise. By noise level is the common way. Typical: snr.",
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        typical={"SD and SDXL": "snr", "flow models": "constant or exponential"},
        link=links.ADVANCED,
    )
    prior_loss_weight = Number(
        1.0,
        bounds=(0.0, 100.0),
        label="Weight of regularization pictures",
        doc=(
            "How much regularization pictures count beside your own. Without such pictures it has no effect. "
            "Typical: 1."
        ),
        advanced=True,
        typical={"with regularization pictures": "1, or 0.5 for a stronger subject"},
        link=links.ADVANCED,
    )
    min_timestep = Integer(
        None,
        allow_None=True,
        bounds=(0, 999),
        label="Lowest noise level",
        doc=(
            "Leaves out noise levels below this one, where fine detail is learned. "
            "Empty means 0, the whole range. Leave it empty if unsure."
        ),
        advanced=True,
        typical={"all": "empty"},
        link=links.ADVANCED,
    )
    max_timestep = Integer(
        None,
        allow_None=True,
        bounds=(1, 1000),
        label="Highest noise level",
        doc=(
            "Leaves out noise levels from this one up, where the rough shape is learned. "
            "Empty means 1000, the whole range. Leave it empty if unsure."
        ),
        advanced=True,
        typical={"all": "empty"},
        link=links.ADVANCED,
    )
    noise_offset_random_strength = Boolean(
        False,
        label="Vary the noise offset",
        doc=(
            "Takes a random noise offset from 0 to the given one in each step. The effect is gentler. "
            "It needs a noise offset."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    ip_noise_gamma_random_strength = Boolean(
        False,
        label="Vary the input noise",
        doc=(
            "Takes a random input noise from 0 to the given one in each step. The effect is gentler. "
            "It needs an input noise."
        ),
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    v_pred_like_loss = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="V-prediction share in the loss",
        doc=(
            "Adds a loss like that of v-prediction for models that predict noise. It changes contrast. "
            "Typical: empty, and never for v-prediction models."
        ),
        applies={"family": DIFFUSION, "v_parameterization": (False,)},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    huber_scale = Number(
        None,
        allow_None=True,
        bounds=(0.01, 100.0),
        label="Huber scale",
        doc=(
            "Multiplies the Huber strength. Raise it for models whose pictures have larger values, such as SDXL. "
            "Empty means 1."
        ),
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
