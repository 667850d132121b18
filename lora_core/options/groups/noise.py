"""Options of noise and loss."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number


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
        advanced=True,
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
        advanced=True,
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
        advanced=True,
        practice=False,
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
        advanced=True,
        practice=False,
    )
    multires_noise_discount = Number(
        0.3,
        bounds=(0.0, 1.0),
        label="Pyramid noise discount",
        doc=(
            "How much weaker each further layer of pyramid noise is. Without pyramid noise it has no effect. "
            "Typical: 0.3."
        ),
        advanced=True,
        practice=False,
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
    )
    zero_terminal_snr = Boolean(
        False,
        label="Zero terminal SNR",
        doc=(
            "Lets the model learn fully black and fully white pictures. It is right for v-prediction models only. "
            "Leave it off for all others."
        ),
        advanced=True,
        practice=False,
    )
    scale_v_pred_loss_like_noise_pred = Boolean(
        False,
        label="Scale the v-prediction loss",
        doc=(
            "Weighs the steps of a v-prediction model like those of a common one. "
            "Switch it on for v-prediction models. It has no meaning for others."
        ),
        applies={"v_parameterization": (True,)},
        advanced=True,
        practice=False,
    )
    debiased_estimation_loss = Boolean(
        False,
        label="Debiased estimation",
        doc=(
            "Another way of balancing easy and hard steps. Use it instead of Min-SNR gamma, not with it. "
            "Leave it off if unsure."
        ),
        advanced=True,
        practice=False,
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
    )
    huber_schedule = Choice(
        "snr",
        objects={"By noise level": "snr", "Exponential": "exponential", "Constant": "constant"},
        label="Huber schedule",
        doc="How the Huber strength changes with the noise. By noise level is the common way. Typical: snr.",
        applies={"loss_type": ("huber", "smooth_l1")},
        advanced=True,
        practice=False,
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
    )
