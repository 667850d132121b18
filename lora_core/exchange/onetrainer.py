"""OneTrainer: a JSON file. It is another trainer, so most settings are translated one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lora_core.errors import StorageError
from lora_core.exchange import folders as picture_folders
from lora_core.exchange import onetrainer_words as words
from lora_core.exchange.collector import Collector
from lora_core.exchange.sd_scripts import beside
from lora_core.options import toml_io
from lora_core.options.families import suggestions


def looks_like_one(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object is such a file."""
    named = "training_method" in data or isinstance(data.get("optimizer"), dict)
    return named and any(key in data for key in ("model_type", "base_model_name", "learning_rate"))


def take(collector: Collector, data: Mapping[str, Any], base: Path | None = None) -> None:
    """Take its settings. What the file leaves out gets this program's values for the model family."""
    fields = {key: value for key, value in data.items() if not collector.hidden(key, value)}
    if str(fields.get("training_method", "LORA")) != "LORA":
        collector.drop("training_method", f"It is {fields['training_method']}. Here only LoRA is trained.")
    _take_family(collector, fields)
    done = {"training_method", "model_type"}
    for take_part in _PARTS:
        done |= take_part(collector, fields)
    further = _take_concepts(collector, fields, base)
    for field, value in fields.items():
        if field in done or field in words.ITS_OWN or value in (None, "", [], {}, False, 0, 0.0, "NONE"):
            continue
        collector.drop(field, "The trainer used here has nothing that is the same.")
    collector.notes.append("It is for another trainer: what it left out has this program's usual value.")
    picture_folders.take_further(collector, further)


def _take_family(collector: Collector, fields: Mapping[str, Any]) -> None:
    word = str(fields.get("model_type") or "STABLE_DIFFUSION_15")
    if word not in words.FAMILIES:
        collector.drop("model_type", f"The family {word} cannot be trained here. Choose a family yourself.")
        return
    family, variant = words.FAMILIES[word]
    collector.own("model_type", "family", family)
    names = {option.name for option in collector.options}
    if "model_variant" in names:
        collector.own("model_type", "model_variant", variant)
    for name, value in suggestions(family, variant).items():
        if name in names and name != "family":
            collector.options[name] = value


def _take_plain(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    for table in (words.PLAIN, words.UNLESS_ZERO):
        for field, key in table.items():
            if fields.get(field) is not None and (table is words.PLAIN or fields[field] not in (0, "")):
                collector.give(field, key, fields[field])
    for field, key in words.SWITCHES.items():
        if fields.get(field):
            collector.give(field, key, True)
    if fields.get("learning_rate") is not None:
        collector.give("learning_rate", "unet_lr", fields["learning_rate"])
    return {*words.PLAIN, *words.UNLESS_ZERO, *words.SWITCHES}


def _take_size(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    if "resolution" in fields:
        first, _, rest = str(fields["resolution"]).partition(",")
        note = f"Further sizes ({rest.strip()}) are left out." if rest else ""
        collector.give("resolution", "resolution", first.strip().lower().partition("x")[0], note)
    return {"resolution"}


def _take_kind(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    word = str(fields.get("peft_type") or "LORA")
    dora = word == "LORA" and fields.get("lora_decompose") is True
    if word in words.KINDS:
        collector.own(
            "lora_decompose" if dora else "peft_type", "network_type", "dora" if dora else words.KINDS[word]
        )
    else:
        collector.drop("peft_type", f"The kind {word} has no like here.")
    if word == "LOKR":
        collector.give("lokr_dim", "network_dim", fields.get("lokr_dim", 16))
        collector.argument(
            "network_args", "lokr_decompose_factor", "factor", fields.get("lokr_decompose_factor")
        )
    return {
        "peft_type",
        "lora_decompose",
        "lora_weight_dtype",
        *(f for f in fields if f.startswith(("lokr_", "oft_"))),
    }


def _take_optimizer(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    given = fields.get("optimizer")
    if isinstance(given, dict) and given.get("optimizer"):
        word = str(given["optimizer"])
        name = words.OPTIMIZERS.get(word)
        if name is None:
            collector.drop("optimizer", f"The optimizer {word} is not known here, so it is as it was.")
        elif collector.own("optimizer.optimizer", "optimizer_type", name):
            _take_arguments(collector, name, given)
    word = str(fields.get("learning_rate_scheduler") or "")
    if word in words.SCHEDULES:
        collector.give("learning_rate_scheduler", "lr_scheduler", words.SCHEDULES[word])
    elif word:
        collector.drop("learning_rate_scheduler", f"The schedule {word} has no like here.")
    warm = fields.get("learning_rate_warmup_steps")
    if warm is not None:
        collector.give(
            "learning_rate_warmup_steps", "lr_warmup_steps", warm if float(warm) < 1 else int(warm)
        )
    return {"optimizer", "learning_rate_scheduler", "learning_rate_warmup_steps"}


def _take_arguments(collector: Collector, name: str, given: Mapping[str, Any]) -> None:
    wanted = words.ARGUMENTS.get(name, words.COMMON).split()
    arguments = [f"{key}={given[key]}" for key in wanted if given.get(key) is not None]
    betas = [given[key] for key in ("beta1", "beta2") if given.get(key) is not None]
    if len(betas) == 2 and name != "Adafactor":
        arguments.append(f"betas=[{betas[0]},{betas[1]}]")
    if arguments:
        collector.own("optimizer", "optimizer_args", arguments)


def _take_parts(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    """Text encoders, picture part and VAE: which are trained, and how fast."""
    encoders = [
        fields[name] for name in ("text_encoder", "text_encoder_2") if isinstance(fields.get(name), dict)
    ]
    trained = [one for one in encoders if one.get("train", True)]
    if encoders:
        collector.give("text_encoder.train", "network_train_unet_only", not trained)
    rates = [one["learning_rate"] for one in trained if one.get("learning_rate") is not None]
    if rates or trained:
        collector.give(
            "text_encoder.learning_rate",
            "text_encoder_lr",
            rates[0] if rates else fields.get("learning_rate"),
        )
    for name in ("unet", "transformer"):
        part = fields.get(name)
        if isinstance(part, dict) and part.get("learning_rate") is not None:
            collector.give(f"{name}.learning_rate", "unet_lr", part["learning_rate"])
    if isinstance(fields.get("vae"), dict) and fields["vae"].get("model_name"):
        collector.give("vae.model_name", "vae", fields["vae"]["model_name"])
    if int(fields.get("text_encoder_layer_skip") or 0) > 0:
        collector.give("text_encoder_layer_skip", "clip_skip", int(fields["text_encoder_layer_skip"]) + 1)
    return {"text_encoder", "text_encoder_2", "unet", "transformer", "vae", "text_encoder_layer_skip"}


def _take_precision(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    if trained := words.DTYPES.get(str(fields.get("train_dtype"))):
        collector.give("train_dtype", "mixed_precision", trained)
    if saved := words.SAVED_AS.get(str(fields.get("output_dtype"))):
        collector.give("output_dtype", "save_precision", saved)
    checkpointing = fields.get("gradient_checkpointing")
    if checkpointing is not None:
        collector.give(
            "gradient_checkpointing", "gradient_checkpointing", str(checkpointing) not in ("OFF", "False")
        )
    attention = {"SDP": "sdpa", "XFORMERS": "xformers"}.get(str(fields.get("attention_mechanism")))
    if attention:
        collector.give("attention_mechanism", attention, True)
    return {
        "train_dtype",
        "fallback_train_dtype",
        "output_dtype",
        "gradient_checkpointing",
        "attention_mechanism",
    }


def _take_loss(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    weight = fields.get("loss_weight_fn")
    if weight == "MIN_SNR_GAMMA":
        collector.give("loss_weight_strength", "min_snr_gamma", fields.get("loss_weight_strength", 5.0))
    elif weight == "DEBIASED_ESTIMATION":
        collector.give("loss_weight_fn", "debiased_estimation_loss", True)
    if weight is not None and weight != "MIN_SNR_GAMMA":
        collector.give("loss_weight_fn", "min_snr_gamma", None)
    strengths = {
        "l2": fields.get("mse_strength"),
        "l1": fields.get("mae_strength"),
        "huber": fields.get("huber_strength"),
    }
    if any(strengths.values()):
        collector.give(
            "mse_strength", "loss_type", max(strengths, key=lambda one: float(strengths[one] or 0))
        )
    return {
        "loss_weight_fn",
        "loss_weight_strength",
        "mse_strength",
        "mae_strength",
        "huber_strength",
        "vb_loss_strength",
    }


def _take_timesteps(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    low, high = fields.get("min_noising_strength"), fields.get("max_noising_strength")
    if low:
        collector.give("min_noising_strength", "min_timestep", round(float(low) * 1000))
    if high is not None and float(high) < 1:
        collector.give("max_noising_strength", "max_timestep", round(float(high) * 1000))
    word = words.TIMESTEPS.get(str(fields.get("timestep_distribution")))
    if word and collector.family() == "sd3":
        collector.give("timestep_distribution", "weighting_scheme", word)
    elif word in ("uniform", "sigmoid") and collector.family() in ("flux", "anima"):
        collector.give("timestep_distribution", "timestep_sampling", word)
    elif word and word != "uniform":
        collector.drop("timestep_distribution", "The trainer used here has nothing that is the same.")
    return {"min_noising_strength", "max_noising_strength", "timestep_distribution"}


def _take_saving(collector: Collector, fields: Mapping[str, Any]) -> set[str]:
    destination = str(fields.get("output_model_destination") or "").replace("\\", "/")
    name = destination.rpartition("/")[2].rpartition(".")[0]
    if name:
        collector.give("output_model_destination", "output_name", name, "Only the file's name is kept.")
    for field, epochs, steps in (
        ("save_every", "save_every_n_epochs", "save_every_n_steps"),
        ("sample_after", "sample_every_n_epochs", "sample_every_n_steps"),
    ):
        unit = {"EPOCH": epochs, "STEP": steps}.get(str(fields.get(f"{field}_unit")))
        if unit and fields.get(field):
            collector.give(field, unit, fields[field])
    prompts = [str(one.get("prompt")) for one in fields.get("samples") or [] if one.get("prompt")]
    if prompts:
        collector.own("samples", "prompts", prompts)
    return {
        "output_model_destination",
        "output_model_format",
        "save_every",
        "save_every_unit",
        "sample_after",
        "sample_after_unit",
        "samples",
    }


_PARTS: tuple[Callable[[Collector, Mapping[str, Any]], set[str]], ...] = (
    _take_plain,
    _take_size,
    _take_kind,
    _take_optimizer,
    _take_parts,
    _take_precision,
    _take_loss,
    _take_timesteps,
    _take_saving,
)


def _take_concepts(
    collector: Collector, fields: Mapping[str, Any], base: Path | None
) -> list[picture_folders.Folder]:
    concepts = fields.get("concepts")
    if not concepts and fields.get("concept_file_name"):
        concepts = _read_list(str(fields["concept_file_name"]), base)
        if concepts is None:
            collector.drop(
                "concept_file_name", "There is no such file here. Choose the picture folder yourself."
            )
    found: list[picture_folders.Folder] = []
    for concept in concepts or []:
        if not isinstance(concept, dict):
            continue
        name = f"concept {concept.get('name') or len(found) + 1}"
        if concept.get("enabled") is False or concept.get("type") == "VALIDATION":
            collector.drop(name, "It is switched off there, or only for validation.")
        else:
            found.append(picture_folders.Folder(name, _concept(concept)))
    return picture_folders.take_folders(collector, found)


def _concept(concept: Mapping[str, Any]) -> dict[str, Any]:
    text, image = concept.get("text") or {}, concept.get("image") or {}
    own: dict[str, Any] = {"image_dir": str(concept.get("path") or ""), "caption_extension": ".txt"}
    if concept.get("balancing_strategy", "REPEATS") == "REPEATS":
        own["num_repeats"] = max(1, round(float(concept.get("balancing") or 1)))
    own["shuffle_caption"] = bool(text.get("enable_tag_shuffling"))
    own["keep_tokens"] = int(text.get("keep_tags_count") or 0)
    own["flip_aug"] = bool(image.get("enable_random_flip"))
    if text.get("tag_dropout_enable") and text.get("tag_dropout_mode") == "FULL":
        own["caption_dropout_rate"] = text.get("tag_dropout_probability") or 0.0
    elif text.get("tag_dropout_enable"):
        own["caption_tag_dropout_rate"] = text.get("tag_dropout_probability") or 0.0
    if concept.get("type") == "PRIOR_PREDICTION":
        own["is_reg"] = True
    return own


def _read_list(name: str, base: Path | None) -> list[Any] | None:
    path = beside(name, base)
    try:
        found = json.loads(toml_io.read_text(path)) if path else None
    except (StorageError, ValueError):
        return None
    return found if isinstance(found, list) else None
