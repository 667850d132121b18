"""Rules about learning rates, and which part of the model is trained."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.optimizer import finds_its_rate, several_rates
from lora_core.options.rules.registry import Facts, error, note, rule, warning

ANY_RATE = ("sgd", "adafactor", "adagrad", "lbfgs", "adadelta", "rprop")
"""Optimizers, or how their names begin, for which a learning rate near 1 can be right."""

RATES_WITHIN = (
    "loraplus_lr_ratio",
    "loraplus_unet_lr_ratio",
    "loraplus_text_encoder_lr_ratio",
    "down_lr_weight",
    "mid_lr_weight",
    "up_lr_weight",
    "network_reg_lrs",
)
"""Options that give the weights of one part different learning rates."""

T5 = {"flux": "text_encoder_lr_2", "sd3": "text_encoder_lr_3"}
"""Model family -> the rate of its T5, which learns on demand only."""


@rule
def parts(at: Facts) -> Iterator[Problem]:
    if at["network_train_unet_only"] and at["network_train_text_encoder_only"]:
        yield error(
            "network_train_text_encoder_only network_train_unet_only",
            "Only the picture part and only the text part are both switched on.",
            "Then nothing is left to train.",
            "Switch one of them off.",
            network_train_text_encoder_only=False,
        )
        return
    if not any(rates(at).values()):
        yield error(
            "unet_lr text_encoder_lr learning_rate",
            "All learning rates are 0.",
            "A learning rate of 0 leaves that part out, so nothing would be learned.",
            "Set the picture learning rate to 0.0005.",
            unet_lr=5e-4,
            network_train_text_encoder_only=False,
        )


def rates(at: Facts) -> dict[str, float]:
    """Option name -> learning rate in effect, for the parts that are trained."""
    found = {}
    for name, other in (
        ("unet_lr", "network_train_text_encoder_only"),
        ("text_encoder_lr", "network_train_unet_only"),
    ):
        if not at[other]:
            found[name if at[name] is not None else "learning_rate"] = at.number(
                name if at[name] is not None else "learning_rate"
            )
    if not at["network_train_unet_only"]:
        others = (name for name in ("text_encoder_lr_2", "text_encoder_lr_3") if at[name] is not None)
        found |= {name: at.number(name) for name in others if name != T5[at["family"]] or at["train_t5xxl"]}
    return found


@rule
def text_parts_that_cannot_learn(at: Facts) -> Iterator[Problem]:
    family, kind = at["family"], at["network_type"]
    if family == "hunyuan_image":
        who, why = at.family.title, "The trainer has no LoRA for the text parts of this family."
    elif kind == "oft":
        who, why = "OFT", "The trainer's OFT has layers in the picture part only."
    else:
        return
    if at["network_train_text_encoder_only"]:
        yield error(
            "network_train_text_encoder_only network_type family",
            f"{who} cannot train the text part only.",
            f"{why} Nothing would be left to train.",
            "Switch it off.",
            network_train_text_encoder_only=False,
            network_train_unet_only=True,
        )
    elif family == "hunyuan_image" and at.captions_cached and not at["network_train_unet_only"]:
        yield error(
            "network_train_unet_only cache_text_encoder_outputs family",
            f"{who} trains the picture part only.",
            "With prepared captions the trainer asks for the text part, and stops at its first step.",
            "Switch on Train the picture part only.",
            network_train_unet_only=True,
        )
    elif not at["network_train_unet_only"]:
        yield warning(
            "network_train_unet_only network_type family",
            f"{who} trains the picture part only.",
            why,
            "Switch on Train the picture part only, which also saves memory.",
            network_train_unet_only=True,
        )


@rule
def text_part_trained_from_cache(at: Facts) -> Iterator[Problem]:
    """Asserted for SDXL and Anima. The others take what is prepared for all parts that do not learn."""
    if not at.captions_cached or at["network_train_unet_only"]:
        return
    if at["family"] in ("sdxl", "anima"):
        yield error(
            "cache_text_encoder_outputs network_train_unet_only",
            "The text part cannot learn while its results are prepared once.",
            "The trainer stops on this.",
            "Train the picture part only, or do not prepare captions.",
            network_train_unet_only=True,
            network_train_text_encoder_only=False,
        )


@rule
def t5_trained(at: Facts) -> Iterator[Problem]:
    if not at["train_t5xxl"]:
        return
    if at.captions_cached:
        yield error(
            "train_t5xxl cache_text_encoder_outputs",
            "T5-XXL cannot learn while its results are prepared once.",
            "The trainer stops on this.",
            "Leave T5-XXL as it is, or do not prepare captions.",
            train_t5xxl=False,
        )
    elif at["network_train_unet_only"]:
        yield note(
            "train_t5xxl network_train_unet_only",
            "T5-XXL is not trained.",
            "Only the picture part is.",
            "Switch off one of the two.",
            train_t5xxl=False,
        )


@rule
def rate_of_an_untrained_part(at: Facts) -> Iterator[Problem]:
    for name, only in (
        ("text_encoder_lr", "network_train_unet_only"),
        ("unet_lr", "network_train_text_encoder_only"),
    ):
        option = at.options.option(name)
        given = at[name]
        if at[only] and given and given != option.default and option.optional:
            yield note(
                f"{name} {only}",
                f"{option.label} is not used.",
                "That part of the model is not trained.",
                "Leave it empty.",
                **{name: None},
            )


@rule
def rates_of_adaptive_optimizers(at: Facts) -> Iterator[Problem]:
    used = rates(at)
    if finds_its_rate(at["optimizer_type"]) and 0 < max(used.values(), default=0) <= 0.1:
        yield warning(
            " ".join([*used, "optimizer_type"]),
            f"The learning rate is too low for {at['optimizer_type']}.",
            "It finds the rate by itself, and takes yours as a factor or a limit.",
            "Set the learning rates to 1.",
            **dict.fromkeys(used, 1.0),
        )


@rule
def several_rates_at_once(at: Facts) -> Iterator[Problem]:
    """A part with a rate of 0 is left out by the trainer, so it does not count as another rate."""
    name = at["optimizer_type"]
    used = {option: rate for option, rate in rates(at).items() if rate}
    kind = several_rates(name)
    if len(set(used.values())) < 2 or kind == "each":
        return
    fields, remedy = " ".join([*used, "optimizer_type"]), "Set the learning rates to the same value."
    fix = dict.fromkeys(used, 1.0)
    if kind == "equal":
        what = f"{name} cannot have several learning rates."
        yield error(fields, what, "The trainer stops in its first steps.", remedy, **fix)
    else:
        what = f"{name} uses one learning rate only."
        yield warning(fields, what, "Of several rates, only the first takes effect.", remedy, **fix)


@rule
def rates_within_a_part(at: Facts) -> Iterator[Problem]:
    name, given = at["optimizer_type"], at.on(*RATES_WITHIN)
    kind = several_rates(name)
    if not given or kind == "each":
        return
    labels = " and ".join(at.options.option(option).label for option in given)
    fields, remedy = " ".join([*given, "optimizer_type"]), f"Leave empty: {labels}."
    fix = {option: at.off(option) for option in given}
    if kind == "equal":
        what = f"{name} cannot have several learning rates within a part."
        yield error(fields, what, "The trainer stops in its first steps.", remedy, **fix)
    else:
        what = f"Different learning rates within a part have no effect with {name}."
        yield warning(fields, what, "It uses one learning rate for all.", remedy, **fix)


@rule
def rates_of_common_optimizers(at: Facts) -> Iterator[Problem]:
    name = at["optimizer_type"]
    high = {option: rate for option, rate in rates(at).items() if rate > 0.01}
    takes_any = finds_its_rate(name) or name.rsplit(".", 1)[-1].lower().startswith(ANY_RATE)
    if high and not takes_any:
        yield warning(
            " ".join([*high, "optimizer_type"]),
            f"The learning rate {max(high.values()):g} is very high for {name}.",
            "The LoRA would most likely turn to noise.",
            "Set it to 0.0005 or less.",
            **dict.fromkeys(high, 5e-4),
        )


@rule
def text_rate_above_picture_rate(at: Facts) -> Iterator[Problem]:
    used = rates(at)
    text, picture = used.get("text_encoder_lr", 0.0), used.get("unet_lr", 0.0)
    if text > picture > 0 and not finds_its_rate(at["optimizer_type"]):
        yield note(
            "text_encoder_lr unet_lr",
            f"The text part learns faster ({text:g}) than the picture part ({picture:g}).",
            "The text part spoils more easily. A half to a fifth of the picture rate is usual.",
            f"Set it to {picture / 5:g}.",
            text_encoder_lr=float(f"{picture / 5:.3g}"),
        )
