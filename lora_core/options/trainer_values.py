"""How single values differ between our options and the trainer's tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lora_core.errors import InputError
from lora_core.options import networks
from lora_core.options.container import TrainingOptions, unknown_key
from lora_core.options.declare import Option, Place
from lora_core.options.families import FAMILIES

TRAINER_DEFAULTS: Mapping[str, Any] = {
    "caption_extension": ".caption",
    "num_repeats": 1,
    "keep_tokens": 0,
    "caption_dropout_rate": 0.0,
    "caption_tag_dropout_rate": 0.0,
    "min_bucket_reso": 256,
    "max_bucket_reso": 1024,
    "bucket_reso_steps": 64,
    "train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "max_data_loader_n_workers": 8,
    "learning_rate": 2e-6,
    "lr_scheduler": "constant",
    "lr_scheduler_num_cycles": 1,
    "lr_scheduler_power": 1.0,
    "lr_warmup_steps": 0,
    "lr_decay_steps": 0,
    "max_grad_norm": 1.0,
    "network_dim": 4,
    "network_alpha": 1.0,
    "conv_alpha": 1.0,
    "optimizer_type": "AdamW",
    "mixed_precision": "no",
    "vae_batch_size": 1,
    "sample_sampler": "ddim",
    "output_name": "last",
    "save_model_as": "safetensors",
    "multires_noise_discount": 0.3,
    "loss_type": "l2",
    "huber_c": 0.1,
    "huber_schedule": "snr",
    "prior_loss_weight": 1.0,
    "model_type": "flux",
    "dynamo_backend": "inductor",
    "conditioning_data_dir": "",
    "zero_stage": 2,
    "offload_optimizer_nvme_path": "",
    "offload_param_nvme_path": "",
    "huggingface_repo_id": "",
    "huggingface_repo_type": "model",
    "huggingface_repo_visibility": "private",
    "huggingface_path_in_repo": "",
}
"""What the trainer takes where a key is absent, for options that cannot be None.

From the parsers of sd-scripts 0.10.1; ``network_dim``, ``conv_alpha`` and ``output_name`` from its code,
as is what an absent key of an upload means.
"""

NEUTRAL: Mapping[str, Any] = {
    "caption_separator": ",",
    "caption_dropout_every_n_epochs": 0,
    "token_warmup_min": 1,
    "token_warmup_step": 0,
    "resize_interpolation": "area",
}
"""Settings of a folder that mean the same as an absent key. Of texts it is the empty text."""

_RATES = ("text_encoder_lr", "text_encoder_lr_2", "text_encoder_lr_3")
_ENCODERS_WITH_RATES = {"sd3": 3, "flux": 2}
"""Family -> text encoders that the trainer gives a learning rate each. Elsewhere it uses only the first."""


def text_encoder_rates(options: TrainingOptions) -> list[float] | None:
    """The trainer's list of learning rates where text encoders differ, else None.

    An empty rate is that of the encoder before it, and the first one's is the general learning rate.
    """
    given = [options[name] for name in _RATES if name == _RATES[0] or options.applies(name)]
    if all(rate is None for rate in given[1:]):
        return None
    rates: list[float] = []
    for rate in given:
        rates.append(rate if rate is not None else (rates or [options["learning_rate"]])[-1])
    return rates


def read_text_encoder_rates(value: Any, family: str) -> dict[str, Any]:
    """The trainer's ``text_encoder_lr`` as options.

    Raises:
        InputError: it has more numbers than the family's training uses.
    """
    rates = list(value) if isinstance(value, list) else [value]
    if len(set(rates)) <= 1:
        return {"text_encoder_lr": rates[0] if rates else None}
    if len(rates) > _ENCODERS_WITH_RATES.get(family, 1):
        raise InputError(
            f"text_encoder_lr cannot be {value!r}.",
            why=f"For {FAMILIES[family].title} the trainer uses only the first number.",
            remedy="Keep one number.",
            field="text_encoder_lr",
            value=value,
        )
    found = dict(zip(_RATES, rates, strict=False))
    if len(rates) == 3 and rates[2] == rates[1]:
        del found["text_encoder_lr_3"]
    return found


def network_arguments(options: TrainingOptions, chosen: Mapping[str, Any]) -> list[str]:
    """The trainer's ``network_args``: what makes the kind of network, then what was chosen.

    A switch at its default is left out: some modules take any text for true, even ``False``.

    Args:
        options: all of them.
        chosen: argument name -> value, of the options that have a meaning.
    """
    defaults = {option.key: option.default for option in options if option.meta.place is Place.NETWORK_ARGS}
    fixed = networks.NETWORKS[options["network_type"]].fixed
    told = {k: v for k, v in chosen.items() if not (isinstance(v, bool) and v is defaults[k])}
    return [f"{key}={value}" for key, value in {**told, **fixed}.items()]


def split_arguments(arguments: Any) -> dict[str, str]:
    """The trainer's ``network_args`` as name -> text.

    Raises:
        InputError: an item is not of the form ``name=value``.
    """
    found = {}
    for argument in arguments if isinstance(arguments, list) else [arguments]:
        key, equals, text = str(argument).partition("=")
        if not equals:
            raise InputError(
                f"network_args has the item {argument!r}.",
                why="Each item must be of the form name=value.",
                remedy="Write it as name=value, or take it out.",
                field="network_args",
                value=argument,
            )
        found[key] = text
    return found


def read_arguments(arguments: Mapping[str, str], known: Mapping[str, Option]) -> dict[str, Any]:
    """Network arguments as options by name.

    Raises:
        UnknownKeyError: an argument is not known.
        InputError: a value is not a number where one is needed.
    """
    found: dict[str, Any] = {}
    for key, text in arguments.items():
        if key not in known:
            raise unknown_key(key, known, "a network argument known here")
        found[known[key].name] = _read_argument(known[key], text)
    return found


def _read_argument(option: Option, text: str) -> Any:
    if option.kind == "boolean":
        return text.strip().lower() != "false"
    if option.kind not in ("integer", "number"):
        return text
    try:
        return int(text) if option.kind == "integer" else float(text)
    except ValueError:
        raise InputError(
            f"{option.label} ({option.key}) cannot be {text!r}.",
            why="It must be a number.",
            remedy="Write a number after the equals sign.",
            field=option.name,
            value=text,
        ) from None


def network_kind(module: str, arguments: Mapping[str, str]) -> str:
    """The kind of network that the trainer's files name.

    Raises:
        InputError: it is none of ours.
    """
    kind = networks.kind_of(module, arguments)
    if not kind:
        named = f"{module} with algo={arguments['algo']}" if "algo" in arguments else module
        raise InputError(
            f"network_module cannot be {named!r}.",
            why="This kind of network is not supported here.",
            remedy=f"Use one of: {', '.join(networks.NETWORKS)}.",
            field="network_module",
            value=module,
        )
    return kind


def without_fixed(kind: str, module: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """Network arguments without those that only say which kind it is."""
    fixed = {"algo", *networks.NETWORKS[kind].fixed} if module in networks.LYCORIS_MODULES else ()
    return {key: text for key, text in arguments.items() if key not in fixed}


def family_of(train: Mapping[str, Any], known: Mapping[str, Option]) -> str:
    """The model family that a main table is for, told from its keys.

    Args:
        train: the trainer's main table.
        known: key -> option, of the main table.
    """
    if train.get("v2"):
        return "sd2"
    module = train.get("network_module")
    for name, family in FAMILIES.items():
        own = (family.network_module, networks.NETWORKS["oft"].modules.get(name))
        if module and module in own and module != FAMILIES["sd15"].network_module:
            return name
    left = set(FAMILIES)
    for key in train:
        having = set(known[key].meta.applies.get("family", ())) if key in known else set()
        if having and "sd15" not in having and left & having:
            left &= having
    return next(name for name in FAMILIES if name in left)
