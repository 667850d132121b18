"""The kohya_ss GUI: a JSON file with a value for every field of its page.

Its fields have mostly the trainer's names. Many use 0 or an empty text for "not set", some belong to one
model family and carry its name in front, and the kind of LoRA is a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lora_core.exchange import sd_scripts
from lora_core.exchange.collector import Collector
from lora_core.exchange.command_line import flags
from lora_core.exchange.values import Unfit, boolean
from lora_core.exchange.words import split
from lora_core.options.families import FAMILIES

CHECKBOXES: Mapping[str, str] = {
    "flux1_checkbox": "flux",
    "sd3_checkbox": "sd3",
    "hunyuan_image_checkbox": "hunyuan_image",
    "anima_checkbox": "anima",
    "lumina_checkbox": "lumina",
    "sdxl": "sdxl",
    "sdxl_checkbox": "sdxl",
    "v2": "sd2",
}
"""Field -> the model family that it chooses."""
PREFIXES: Mapping[str, tuple[str, ...]] = {
    "sdxl": ("sdxl_",),
    "flux": ("flux1_",),
    "sd3": ("sd3_",),
    "hunyuan_image": ("hunyuan_image_", "hunyuan_"),
    "anima": ("anima_",),
    "lumina": ("lumina_",),
}
"""Family -> what stands in front of its fields."""
MODULES: Mapping[str, tuple[str, str]] = {
    "Standard": ("", ""),
    "Kohya LoCon": ("networks.lora", ""),
    "Kohya DyLoRA": ("networks.dylora", ""),
    "Kohya LoHa": ("networks.loha", ""),
    "Kohya LoKr": ("networks.lokr", ""),
    "LoRA-FA": ("networks.lora_fa", ""),
    "Flux1": ("networks.lora_flux", ""),
    "Flux1 OFT": ("networks.oft_flux", ""),
    "HunyuanImage-2.1": ("networks.lora_hunyuan_image", ""),
    "Anima": ("networks.lora_anima", ""),
    "Lumina": ("networks.lora_lumina", ""),
    "LoCon": ("lycoris.kohya", "locon"),
    "LyCORIS/LoCon": ("lycoris.kohya", "locon"),
    "LyCORIS/LoHa": ("lycoris.kohya", "loha"),
    "LyCORIS/LoKr": ("lycoris.kohya", "lokr"),
    "LyCORIS/DyLoRA": ("networks.dylora", ""),
    "LyCORIS/GLoRA": ("lycoris.kohya", "glora"),
    "LyCORIS/BOFT": ("lycoris.kohya", "boft"),
    "LyCORIS/Diag-OFT": ("lycoris.kohya", "diag-oft"),
    "LyCORIS/iA3": ("lycoris.kohya", "ia3"),
    "LyCORIS/Native Fine-Tuning": ("lycoris.kohya", "full"),
}
"""Its label for a kind of LoRA -> the trainer's module and LyCORIS's method."""
_CONV = ("conv_dim", "conv_alpha")
_DROPOUTS = ("rank_dropout", "module_dropout")
_PLUS = ("loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio")
_BLOCKS = tuple(
    "down_lr_weight mid_lr_weight up_lr_weight block_lr_zero_threshold block_dims block_alphas "
    "conv_block_dims conv_block_alphas".split()
)
_FLUX = tuple(
    "img_attn_dim img_mlp_dim img_mod_dim single_dim txt_attn_dim txt_mlp_dim txt_mod_dim single_mod_dim in_dims "
    "train_double_block_indices train_single_block_indices split_qkv train_t5xxl train_blocks "
    "train_lora_ggpo ggpo_sigma ggpo_beta".split()
)
_LYCORIS = tuple(
    "LyCORIS_preset factor bypass_mode dora_wd use_cp use_tucker use_scalar rank_dropout_scale constrain rescaled "
    "train_norm decompose_both train_on_input".split()
)
NETWORK_FIELDS = frozenset(
    (*_CONV, *_DROPOUTS, *_PLUS, *_BLOCKS, *_FLUX, *_LYCORIS, "unit", "enable_all_linear")
)
"""Fields that become arguments of the network."""
ZERO_IS_NOTHING = frozenset(
    "adaptive_noise_scale clip_skip ip_noise_gamma max_timestep max_train_epochs max_train_steps min_snr_gamma "
    "min_timestep multires_noise_iterations noise_offset sample_every_n_epochs sample_every_n_steps "
    "save_every_n_epochs save_every_n_steps save_last_n_epochs save_last_n_epochs_state save_last_n_steps "
    "save_last_n_steps_state seed vae_batch_size v_pred_like_loss unet_lr network_dropout scale_weight_norms "
    "main_process_port blocks_to_swap single_blocks_to_swap double_blocks_to_swap".split()
)
"""Fields where 0 means that nothing is set."""
_PAGE_ONLY = frozenset(
    "model_list save_as_bool use_wandb create_caption create_buckets noise_offset_type dynamo_backend full_path "
    "lr_warmup epoch LoRA_type additional_parameters".split()
)
"""Fields that are read together with others, or are about its page alone."""
_RENAMED = {
    "max_resolution": "resolution",
    "optimizer": "optimizer_type",
    "lora_network_weights": "network_weights",
}
ARGUMENT_NAMES = {"LyCORIS_preset": "preset", "constrain": "constraint"}


def looks_like_one(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object is such a file."""
    known = ("LoRA_type", "max_resolution", "train_data_dir", "optimizer", "lr_warmup", "epoch", "model_list")
    return "LoRA_type" in data or sum(key in data for key in known) >= 3


def take(
    collector: Collector,
    data: Mapping[str, Any],
    base: Path | None = None,
    dataset: Mapping[str, Any] | None = None,
) -> None:
    """Take its settings. ``dataset`` is the table of its dataset TOML, where that is at hand."""
    words = "additional_parameters"  # its words are looked at one by one
    fields = {key: value for key, value in data.items() if key == words or not collector.hidden(key, value)}
    if "LoRA_type" not in fields:
        collector.notes.append("The file names no kind of LoRA. It may be for another kind of training.")
    family = next((name for box, name in CHECKBOXES.items() if _on(fields.get(box))), "sd15")
    extra = flags(collector, split(str(fields.get(words) or "")), "")
    train = _trainer_keys(collector, fields, family)
    _network(collector, fields, train, family)
    _length(collector, fields, train)
    _rates(collector, fields, train)
    _noise(collector, fields, train)
    train |= extra
    collector.names |= {key: f"{words}: {key}" for key in extra}
    script = FAMILIES[family].script
    sd_scripts.take(collector, train, dataset, script=script, base=base)


def _on(value: Any) -> bool:
    try:
        return boolean(value)
    except Unfit:
        return False


def _trainer_keys(collector: Collector, fields: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The fields that have the trainer's names, or nearly so."""
    own = PREFIXES.get(family, ())
    others = [prefix for name, found in PREFIXES.items() if name != family for prefix in found]
    train: dict[str, Any] = {}
    for field, value in fields.items():
        if field in CHECKBOXES or field in NETWORK_FIELDS or field in _PAGE_ONLY:
            continue
        prefix = next((one for one in own if field.startswith(one)), "")
        if not prefix and any(field.startswith(one) for one in others):
            continue  # a field of a family that is not chosen
        if value in (0, "0") and value is not False and field in ZERO_IS_NOTHING:
            continue
        if value in ("", None):
            continue
        key = _RENAMED.get(field, field.removeprefix(prefix))
        collector.names[key] = field
        train[key] = value
    if family == "sd2":
        train["v2"] = True
    _attention(train)
    return train


def _attention(train: dict[str, Any]) -> None:
    """One field chooses between xformers and sdpa."""
    given = train.pop("xformers", None)
    word = str(given).lower()
    if word in ("true", "xformers"):
        train["xformers"] = True
    elif word == "sdpa":
        train["sdpa"] = True


_AS_USUAL = (("factor", -1), ("train_blocks", "all"), ("train_on_input", True))
"""Fields at the value that they have without being touched."""


def _network(collector: Collector, fields: Mapping[str, Any], train: dict[str, Any], family: str) -> None:
    label = str(fields.get("LoRA_type") or "Standard")
    if label not in MODULES:
        collector.drop("LoRA_type", f"The kind of LoRA {label!r} is not known here.")
        return
    module, method = MODULES[label]
    collector.names["network_module"] = "LoRA_type"
    arguments = {"algo": method} if method else {}
    for field in _fields_of(label):
        value = fields.get(field)
        if value in (None, "", 0, "0", "0.0", False, "None") or (field, value) in _AS_USUAL:
            continue
        name = ARGUMENT_NAMES.get(field, field)
        collector.names[f"network_args.{name}"] = field
        arguments[name] = value
    _unused(collector, fields, label)
    train["network_module"] = module or FAMILIES[family].network_module
    train["network_args"] = arguments


def _unused(collector: Collector, fields: Mapping[str, Any], label: str) -> None:
    """What was filled in for another kind of LoRA: that page keeps it, and leaves it out of the training."""
    nothing = (None, "", 0, "0", "0.0", False, "None")
    for field in (*_BLOCKS, *_PLUS, *_CONV):
        value = fields.get(field)
        untouched = value in nothing or (field in _CONV and value in (1, "1"))
        if field not in _fields_of(label) and not untouched:
            collector.drop(field, f"It has no effect with {label}.")


def _fields_of(label: str) -> tuple[str, ...]:
    """The fields that have an effect with a kind of LoRA."""
    if label == "Standard":
        return (*_BLOCKS, *_PLUS, *_DROPOUTS)
    if label == "Kohya LoCon":
        return (*_CONV, *_BLOCKS, *_PLUS, *_DROPOUTS)
    if label.endswith("DyLoRA"):
        return (*_CONV, *_BLOCKS, *_DROPOUTS, "unit")
    if label.startswith(("LyCORIS", "LoCon", "Kohya Lo")):
        return (*_CONV, *_DROPOUTS, *_LYCORIS)
    if label == "Flux1":
        return (*_FLUX, *_PLUS, *_DROPOUTS)
    return (*_DROPOUTS, "enable_all_linear") if "OFT" in label else _DROPOUTS


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _length(collector: Collector, fields: Mapping[str, Any], train: dict[str, Any]) -> None:
    """Epochs: its page reckons steps from them where no number of steps is set."""
    if (
        "max_train_epochs" not in train
        and "max_train_steps" not in train
        and _number(fields.get("epoch")) > 0
    ):
        train["max_train_epochs"] = int(_number(fields.get("epoch")))
        collector.names["max_train_epochs"] = "epoch"
    share = _number(fields.get("lr_warmup"))
    if _number(fields.get("lr_warmup_steps")) <= 0:
        train.pop("lr_warmup_steps", None)
        if share > 0:
            train["lr_warmup_steps"] = round(share / 100, 8)
            collector.names["lr_warmup_steps"] = "lr_warmup"


def _rates(collector: Collector, fields: Mapping[str, Any], train: dict[str, Any]) -> None:
    """A learning rate of 0 means that this part is not trained."""
    text, picture = _number(fields.get("text_encoder_lr")), _number(fields.get("unet_lr"))
    if "text_encoder_lr" in fields and "unet_lr" in fields:
        for key, field, rate, other in (
            ("network_train_unet_only", "text_encoder_lr", text, picture),
            ("network_train_text_encoder_only", "unet_lr", picture, text),
        ):
            if rate == 0 and other != 0:
                train[key] = True
                collector.names[key] = field
    if _number(fields.get("stop_text_encoder_training")) < 0:
        train["network_train_unet_only"] = True
    if not _number(fields.get("stop_text_encoder_training")):
        train.pop("stop_text_encoder_training", None)


def _noise(collector: Collector, fields: Mapping[str, Any], train: dict[str, Any]) -> None:
    """Of the two kinds of noise only the chosen one has an effect."""
    multires = fields.get("noise_offset_type") == "Multires"
    idle = ("noise_offset", "adaptive_noise_scale", "noise_offset_random_strength")
    for key in idle if multires else ("multires_noise_iterations", "multires_noise_discount"):
        if train.pop(key, None) and key != "multires_noise_discount":
            collector.drop(key, "The other kind of noise is chosen there, so it has no effect.")
