"""Checks of the base model's file against the options."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lora_core.errors import Level, Problem
from lora_core.models.inspect import Kind, ModelInfo
from lora_core.models.looking import (
    BASE,
    HUB_NAME,
    PICKLED,
    error,
    family_title,
    looked_at,
    moved,
    pickled,
    said,
)
from lora_core.options import TrainingOptions, paths
from lora_core.options.families import DIFFUSION, FAMILIES, suggestions

FOLDERS = (*DIFFUSION, "flux")
"""Families whose script reads a folder in diffusers layout."""

V_PREDICTION = ("v_parameterization", "zero_terminal_snr", "scale_v_pred_loss_like_noise_pred")


def check(options: TrainingOptions, needed: bool) -> Iterator[Problem]:
    """What is wrong with the base model. ``needed``: whether one must be given."""
    given = options[BASE].strip()
    family = options["family"]
    if not given:
        if needed:
            yield error(
                BASE,
                "No base model is chosen.",
                "A LoRA is trained on top of a finished model.",
                "Give the path of a .safetensors file.",
            )
        return
    path = Path(given).expanduser()
    if not path.exists():
        yield _absent(given, family)
    elif path.is_file() and path.suffix.lower() in PICKLED:
        yield from pickled(BASE, path) if family in DIFFUSION else [_safetensors_needed(path, family)]
    elif path.is_file() and path.suffix.lower() != ".safetensors":
        yield error(
            BASE,
            f"{path.name} is not a model file.",
            "Base models are .safetensors or .ckpt files.",
            "Choose another file.",
        )
    else:
        yield from looked_at(BASE, path, lambda info: _judge(options, path, info))


def _safetensors_needed(path: Path, family: str) -> Problem:
    return error(
        BASE,
        f"{path.name} cannot be read for {family_title(family)}.",
        "The trainer reads .safetensors files only for this family.",
        "Use the same model as a .safetensors file.",
    )


def _absent(given: str, family: str) -> Problem:
    a_name = HUB_NAME.fullmatch(given) and not given.lower().endswith((".safetensors", *PICKLED))
    if a_name and family in DIFFUSION:
        return Problem(
            Level.NOTE,
            (BASE,),
            f"There is no file {given}, so the trainer will download the model of that name from Hugging Face.",
            "This takes several GB, and an internet connection.",
            "Give the path of a file if you have the model already.",
        )
    why = "There is no file or folder of this name."
    if paths.of_another_system(given):
        why = "It is a path of a Windows machine, and this is none."
    if a_name:
        why = f"The trainer does not download models of the family {family_title(family)}."
    return error(
        BASE,
        f"The base model {given} is not there.",
        why,
        "Check the path. It begins with / on Linux, and with a drive letter on Windows.",
    )


def _judge(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    family = options["family"]
    if info.kind is not Kind.CHECKPOINT:
        fix = moved(options, BASE, info)
        yield error(
            BASE,
            f"{path.name} is not a base model: it is {said(info, options)}.",
            "The training starts from a whole model.",
            "Choose the model file itself, which has several GB.",
            fix,
        )
    elif info.family not in FAMILIES:
        yield error(
            BASE,
            f"{path.name} is a {info.family} model.",
            "The trainer makes no LoRAs for this family.",
            f"Choose a model of one of these: {', '.join(one.title for one in FAMILIES.values())}.",
        )
    elif info.family != family:
        yield _other_family(path, info, family)
    else:
        yield from _unfit(options, path, info)
        yield from _prediction(options, path, info)
        yield from _chroma(options, path, info)
        yield from _numbers(options, path, info)


def _other_family(path: Path, info: ModelInfo, family: str) -> Problem:
    is_now, should = family_title(info.family), family_title(family)
    return Problem(
        Level.ERROR,
        ("family", BASE),
        f"{path.name} is a model of the family {is_now}, and {should} is chosen.",
        "The trainer cannot load a model of another family.",
        f"Choose {is_now} as the family with all that belongs to it, or another base model.",
        of_family(info),
    )


def of_family(info: ModelInfo) -> dict[str, Any]:
    """Option values that belong to a model's family and variant, as far as its file tells them."""
    variants = FAMILIES[info.family].variants
    variant = info.variant if info.variant in variants else ""
    if not variant and info.v_prediction is not None:
        told = (
            name
            for name, known in variants.items()
            if bool(known.settings.get("v_parameterization")) == info.v_prediction
        )
        variant = next(told, "")
    return {**suggestions(info.family, variant), "model_variant": variant or next(iter(variants))}


def _unfit(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    """A model of the right family that the trainer still cannot load."""
    title = family_title(info.family)
    missing = [what for what in info.missing if not (what == "VAE" and options["vae"])]
    if missing:
        remedy = "Choose the whole model."
        if missing == ["VAE"]:
            remedy += " Or give a VAE file of its own."
        yield error(BASE, f"{path.name} is not complete.", f"It lacks: {', '.join(missing)}.", remedy)
    if info.variant == "inpainting":
        yield error(
            BASE,
            f"{path.name} is a model for inpainting.",
            "It takes a picture and a mask too, and the trainer cannot give it these.",
            "Choose the common model that it descends from.",
        )
    if info.variant == "distilled":
        yield error(
            BASE,
            f"{path.name} is a distilled model or a refiner.",
            f"The trainer reads the full {title} model only.",
            "Choose the full model.",
        )
    if not info.layout:
        yield error(
            BASE,
            f"{path.name} names its parts in a way that the trainer does not read.",
            "The names would have to begin with model.diffusion_model.",
            f"Choose the file that {title}'s makers give out.",
        )
    if info.folder and info.family not in FOLDERS:
        yield error(
            BASE,
            f"{path} is a folder.",
            f"The trainer reads {title} models from a single file only.",
            "Choose a .safetensors file.",
        )


def _prediction(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    """V-prediction the wrong way round ends in a LoRA of noise, without any error of the trainer."""
    if info.family not in DIFFUSION:
        return
    switched = options["v_parameterization"]
    if info.v_prediction and not switched:
        yield Problem(
            Level.ERROR,
            ("v_parameterization", BASE),
            f"{path.name} is a v-prediction model, and it is not set as one.",
            "The trainer would not notice, and the LoRA would turn out as noise.",
            "Switch on V-prediction, and what belongs to it.",
            _belonging(options, True),
        )
    elif switched and info.v_prediction is False:
        yield Problem(
            Level.ERROR,
            ("v_parameterization", BASE),
            f"{path.name} is not a v-prediction model, and it is set as one.",
            "The trainer would not notice, and the LoRA would turn out as noise.",
            "Switch off V-prediction, and what belongs to it.",
            _belonging(options, False),
        )
    elif info.v_prediction is None and not info.folder:
        yield from _told_by_name(options, path)


def _told_by_name(options: TrainingOptions, path: Path) -> Iterator[Problem]:
    switched = options["v_parameterization"]
    words = path.stem.lower().replace("_", "-")
    named = any(word in words for word in ("vpred", "v-pred"))
    if named and not switched:
        yield Problem(
            Level.WARNING,
            ("v_parameterization", BASE),
            f"{path.name} seems to be a v-prediction model by its name, and it is not set as one.",
            "The file itself does not tell. If it is one, the LoRA would turn out as noise.",
            "Look at the model's page. If it is one, switch on V-prediction.",
            _belonging(options, True),
        )
    elif switched and not named and options["family"] != "sd2":
        yield Problem(
            Level.NOTE,
            ("v_parameterization", BASE),
            f"{path.name} does not tell whether it is a v-prediction model.",
            "It is set as one. If it is none, the LoRA would turn out as noise.",
            "Look at the model's page.",
        )


def _belonging(options: TrainingOptions, on: bool) -> dict[str, Any]:
    """The settings of v-prediction, taken from a variant of the family where it has one."""
    family = options["family"]
    for name, variant in FAMILIES[family].variants.items():
        if variant.settings.get("v_parameterization") is on:
            known = suggestions(family, name)
            chosen = FAMILIES[family].variants.get(options["model_variant"] or "")
            fits = chosen is not None and chosen.settings.get("v_parameterization") is on
            return {key: known[key] for key in V_PREDICTION} | ({} if fits else {"model_variant": name})
    return dict.fromkeys(V_PREDICTION, on)


def _chroma(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    if info.family != "flux":
        return
    is_chroma = info.variant == "chroma"
    if is_chroma != (options["model_type"] == "chroma"):
        variant = info.variant or "dev"
        settings = FAMILIES["flux"].variants[variant].settings
        guidance = {} if is_chroma else {"guidance_scale": FAMILIES["flux"].settings["guidance_scale"]}
        yield Problem(
            Level.ERROR,
            ("model_type", BASE),
            f"{path.name} is {'Chroma' if is_chroma else 'FLUX.1, not Chroma'}.",
            "Both are built differently; the trainer stops on the wrong one.",
            f"Choose {'Chroma' if is_chroma else 'FLUX.1'} and what belongs to it.",
            {**guidance, **settings, "model_variant": variant},
        )


def _numbers(options: TrainingOptions, path: Path, info: ModelInfo) -> Iterator[Problem]:
    if info.quantized:
        yield error(
            BASE,
            f"{path.name} cannot be trained on.",
            info.quantized,
            "Choose the model in bf16, fp16 or plain fp8.",
        )
    elif info.dtype == "F8_E5M2" and options["fp8_base"] and options.applies("fp8_base"):
        yield Problem(
            Level.ERROR,
            ("fp8_base", BASE),
            f"{path.name} holds fp8 numbers of a kind that cannot be trained on as they are.",
            "The trainer takes the kind e4m3fn only, and this is e5m2.",
            "Switch off the base model in fp8, or choose the model in bf16.",
            {"fp8_base": False, "fp8_base_unet": False},
        )
    elif info.dtype.startswith("F8"):
        yield Problem(
            Level.NOTE,
            (BASE,),
            f"{path.name} holds fp8 numbers.",
            "They have lost some detail, and the LoRA learns on top of that.",
            "Use the model in bf16 or fp16, if you have it.",
        )
