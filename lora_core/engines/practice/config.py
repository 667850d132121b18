"""The practice trainer's settings, read from the same TOML files that sd-scripts reads.

A key that is absent has the trainer's default (the declarations in sd-scripts' ``train_util.py``).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import toml

from lora_core.engines.practice import base_model
from lora_core.errors import InputError, StorageError

OPTIMIZERS = ("AdamW", "Adafactor", "SGDNesterov", "Prodigy")
"""Optimizers by the trainer's names; upper or lower case does not matter."""

RESTARTING = ("cosine_warm_restarts", "rex_warm_restarts")
"""Schedules of ours; they take ``lr_scheduler_args``."""
SCHEDULERS = (
    "constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial", *RESTARTING,
)  # fmt: skip

LOSSES = ("l2", "l1", "smooth_l1")

SIDE = 64
"""Side of the training pictures if none is given, in pixels: what the base model was trained at."""

MIN_RESOLUTION, MAX_RESOLUTION = 64, 128
"""Smallest and largest side of a training picture, in pixels. Below 64 the UNet's last level is empty."""

NO_MATTER = frozenset(
    "cache_latents cache_latents_to_disk sdpa xformers mem_eff_attn lowram highvram no_half_vae mixed_precision "
    "gradient_checkpointing max_data_loader_n_workers persistent_data_loader_workers vae_batch_size "
    "skip_cache_check log_with logging_dir console_log_level console_log_simple full_fp16 full_bf16 fp8_base "
    "fp8_base_unet max_token_length tokenizer_cache_dir dataset_config sample_prompts".split()
)
"""Settings that only change speed, memory or messages of the real trainer: nothing to obey here."""


@dataclass(frozen=True)
class Subset:
    """One folder of pictures and how its captions are used. Names and defaults are sd-scripts'."""

    image_dir: str
    num_repeats: int = 1
    caption_extension: str = ".caption"
    class_tokens: str | None = None
    shuffle_caption: bool = False
    caption_separator: str = ","
    keep_tokens: int = 0
    keep_tokens_separator: str = ""
    caption_prefix: str | None = None
    caption_suffix: str | None = None
    caption_dropout_rate: float = 0.0
    caption_dropout_every_n_epochs: int = 0
    caption_tag_dropout_rate: float = 0.0
    flip_aug: bool = False
    is_reg: bool = False

    @property
    def label(self) -> str:
        """The folder's own name, without the way to it."""
        return Path(self.image_dir).name


@dataclass(frozen=True)
class DatasetSettings:
    """Folders that share a size and a batch size."""

    subsets: tuple[Subset, ...]
    resolution: int = SIDE
    batch_size: int = 1
    enable_bucket: bool = False
    bucket_no_upscale: bool = False
    min_bucket_reso: int = 256
    max_bucket_reso: int = 1024
    bucket_reso_steps: int = 64


@dataclass(frozen=True)
class Settings:
    """Everything the practice trainer obeys. Names and defaults are sd-scripts'."""

    output_dir: str
    logging_dir: str | None = None
    log_prefix: str | None = None
    output_name: str = "last"
    pretrained_model_name_or_path: str = ""
    dataset_config: str = ""
    sample_prompts: str | None = None
    seed: int | None = None
    max_train_steps: int = 1600
    max_train_epochs: int | None = None
    gradient_accumulation_steps: int = 1
    learning_rate: float = 2e-6
    unet_lr: float | None = None
    text_encoder_lr: float | None = None
    lr_scheduler: str = "constant"
    lr_warmup_steps: float = 0
    lr_scheduler_num_cycles: int = 1
    lr_scheduler_power: float = 1.0
    lr_scheduler_args: tuple[str, ...] = ()
    optimizer_type: str = "AdamW"
    optimizer_args: tuple[str, ...] = ()
    max_grad_norm: float = 1.0
    network_module: str = "networks.lora"
    network_dim: int = 4
    network_alpha: float = 1.0
    network_dropout: float | None = None
    network_args: tuple[str, ...] = ()
    network_weights: str | None = None
    network_train_unet_only: bool = False
    network_train_text_encoder_only: bool = False
    min_snr_gamma: float | None = None
    prior_loss_weight: float = 1.0
    noise_offset: float | None = None
    min_timestep: int | None = None
    max_timestep: int | None = None
    loss_type: str = "l2"
    clip_skip: int | None = None
    save_precision: str | None = None
    save_every_n_epochs: int | None = None
    save_every_n_steps: int | None = None
    save_last_n_epochs: int | None = None
    save_last_n_steps: int | None = None
    save_last_n_epochs_state: int | None = None
    save_last_n_steps_state: int | None = None
    save_state: bool = False
    save_state_on_train_end: bool = False
    resume: str | None = None
    sample_every_n_steps: int | None = None
    sample_every_n_epochs: int | None = None
    sample_at_first: bool = False
    sample_sampler: str = "ddim"
    training_comment: str | None = None
    no_metadata: bool = False
    metadata_title: str | None = None
    metadata_author: str | None = None
    metadata_description: str | None = None
    metadata_license: str | None = None
    metadata_tags: str | None = None
    datasets: tuple[DatasetSettings, ...] = ()
    mixed_precision: str = "no"
    ignored: tuple[str, ...] = field(default=())
    """Keys that were given and that this trainer does not know."""

    @property
    def base_folder(self) -> Path:
        """The base model's folder: as set, else the one that ships with the project."""
        return Path(self.pretrained_model_name_or_path or base_model.BASE_DIR)

    @property
    def unet_rate(self) -> float:
        """The UNet's learning rate: its own, else the common one."""
        return self.learning_rate if self.unet_lr is None else self.unet_lr

    @property
    def text_rate(self) -> float:
        """The text encoder's learning rate: its own, else the common one."""
        return self.learning_rate if self.text_encoder_lr is None else self.text_encoder_lr

    @property
    def trains_unet(self) -> bool:
        return not self.network_train_text_encoder_only and self.unet_rate != 0

    @property
    def trains_text(self) -> bool:
        return not self.network_train_unet_only and self.text_rate != 0

    @property
    def network_options(self) -> dict[str, str]:
        """``network_args`` as name -> value."""
        return pairs(self.network_args, "network_args")


_SUBSET_KEYS = frozenset(f.name for f in fields(Subset))
_DATASET_KEYS = frozenset(f.name for f in fields(DatasetSettings)) - {"subsets", "resolution"}
_OWN = frozenset({"datasets", "ignored"})
TRAIN_KEYS = frozenset(f.name for f in fields(Settings)) - _OWN
"""Keys of the main table that this trainer obeys."""
OBEYED = TRAIN_KEYS | _SUBSET_KEYS | _DATASET_KEYS | {"resolution", "train_batch_size"}
"""All keys that this trainer obeys, wherever they stand."""


def pairs(items: tuple[str, ...], field_name: str) -> dict[str, str]:
    """``("a=1", "b=2")`` as a dict.

    Raises:
        InputError: an item is not of the form ``name=value``.
    """
    out = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise InputError(
                f"{field_name} has the item {item!r}.",
                why="Each item must be of the form name=value.",
                remedy="Write it as name=value, or take it out.",
                field=field_name,
                value=item,
            )
        out[name.strip()] = value.strip()
    return out


def read(path: Path) -> Settings:
    """Read a training's settings.

    Args:
        path: the main TOML; it names the dataset TOML.

    Raises:
        StorageError: a file cannot be read.
        InputError: a file is not TOML, or a value is not usable.
    """
    train = _read_toml(path, "config_file")
    if not train.get("output_dir"):
        raise InputError(
            f"{path.name} has no output_dir.", remedy="Set output_dir to a folder.", field="output_dir"
        )
    known = {key: _typed(key, value) for key, value in train.items() if key in TRAIN_KEYS}
    # A file may set a key to an empty text, which for a text that is optional means: not set.
    known = {
        key: value
        for key, value in known.items()
        if not (value == "" and key != "pretrained_model_name_or_path")
    }
    datasets, more = _datasets(known.get("dataset_config"), train)
    ignored = {key for key in train if key not in OBEYED and key not in NO_MATTER} | more
    if train.get("lr_scheduler") in RESTARTING:
        ignored.discard("lr_scheduler_type")  # the class of that schedule, for the real trainer
    settings = Settings(**known, datasets=datasets, ignored=tuple(sorted(ignored)))
    _check(settings)
    return settings


def _read_toml(path: Path, field_name: str) -> dict[str, Any]:
    try:
        return toml.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StorageError(
            f"The settings file {path} cannot be read.",
            why=str(error.strerror or error),
            remedy="See that the file is there.",
            field=field_name,
            value=str(path),
        ) from error
    except (
        toml.TomlDecodeError,
        UnicodeDecodeError,
        IndexError,
    ) as error:  # toml raises IndexError for some slips
        raise InputError(
            f"The settings file {path} is not TOML.",
            why=str(error),
            remedy="Correct that line.",
            field=field_name,
        ) from error


_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,),
    "tuple[str, ...]": (list, tuple),
}  # fmt: skip


def _typed(key: str, value: Any, owner: type = Settings) -> Any:
    """A value of the type that the field wants; the real trainer does not check this, we do."""
    declared = next(str(f.type) for f in fields(owner) if f.name == key)
    kind = declared.removesuffix(" | None")
    if kind == "float" and isinstance(value, list) and len(value) == 1:
        value = value[0]  # the trainer takes text_encoder_lr as a list, one per encoder
    wanted = _KINDS[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise InputError(
            f"{key} cannot be {value!r}.",
            why=f"It must be of type {kind}.",
            remedy="Correct it in the settings.",
            field=key,
            value=value,
        )
    return tuple(value) if isinstance(value, list) else value


def _datasets(path: str | None, train: dict[str, Any]) -> tuple[tuple[DatasetSettings, ...], set[str]]:
    """Datasets, and the keys in them that are not obeyed. An inner table wins over an outer one."""
    if not path:
        raise InputError(
            "No dataset was given.", remedy="Choose a folder with pictures.", field="dataset_config"
        )
    table = _read_toml(Path(path), "dataset_config")
    ignored: set[str] = set()
    general = table.get("general", {})
    out = []
    for one in table.get("datasets", []):
        shared = {**train, **general, **{k: v for k, v in one.items() if k != "subsets"}}
        subsets = tuple(_subset({**shared, **subset}) for subset in one.get("subsets", []))
        for level in (general, one, *one.get("subsets", [])):
            ignored |= set(level) - OBEYED - NO_MATTER - {"subsets"}
        resolution = _resolution(shared.get("resolution"))
        values = {
            k: _typed(k, shared[k], DatasetSettings) for k in _DATASET_KEYS if shared.get(k) is not None
        }
        values.setdefault("batch_size", train.get("train_batch_size", 1))
        out.append(DatasetSettings(subsets=subsets, resolution=resolution, **values))
    return tuple(out), ignored


def _subset(values: dict[str, Any]) -> Subset:
    folder = values.get("image_dir")
    if not folder:
        raise InputError(
            "A subset has no image_dir.", remedy="Choose a folder with pictures.", field="image_dir"
        )
    given = {k: _typed(k, values[k], Subset) for k in _SUBSET_KEYS if values.get(k) is not None}
    return Subset(**given)


def _resolution(value: Any) -> int:
    """``64``, ``"64"`` or ``[64, 64]`` as the side of a square in pixels."""
    if value is None:
        return SIDE
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    try:
        sides = {int(part) for part in parts}
    except (TypeError, ValueError):
        sides = set()
    side = sides.pop() if len(sides) == 1 else 0
    if not MIN_RESOLUTION <= side <= MAX_RESOLUTION or side % 8:
        raise InputError(
            f"resolution cannot be {value!r}.",
            why=f"The practice engine trains squares of {MIN_RESOLUTION} to {MAX_RESOLUTION} pixels, in steps of 8.",
            remedy="Set the resolution to 64.",
            field="resolution",
            value=value,
        )
    return side


def _check(settings: Settings) -> None:
    """What can be said before anything is loaded."""
    positive = (
        "max_train_steps", "max_train_epochs", "gradient_accumulation_steps", "network_dim", "save_every_n_epochs",
        "save_every_n_steps", "sample_every_n_steps", "sample_every_n_epochs",
    )  # fmt: skip
    for key in positive:
        value = getattr(settings, key)
        if value is not None and value < 1:
            raise InputError(
                f"{key} cannot be {value}.", why="It must be at least 1.", field=key, value=value
            )
    _one_of("optimizer_type", settings.optimizer_type, OPTIMIZERS)
    _one_of("lr_scheduler", settings.lr_scheduler, SCHEDULERS)
    if settings.lr_scheduler_args and settings.lr_scheduler not in RESTARTING:
        raise InputError(
            f"The practice engine has no arguments for the schedule {settings.lr_scheduler}.",
            why="It knows only a part of what the real trainer knows.",
            remedy="Take the arguments out, or choose the sd-scripts engine.",
            field="lr_scheduler_args",
            value=settings.lr_scheduler_args,
        )
    _one_of("loss_type", settings.loss_type, LOSSES)
    _one_of("save_precision", settings.save_precision or "float", ("float", "fp16", "bf16"))
    if not settings.trains_unet and not settings.trains_text:
        raise InputError(
            "Nothing would be trained.",
            why="The learning rates of UNet and text encoder are zero or switched off.",
            remedy="Set a learning rate above zero.",
            field="learning_rate",
        )


def _one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    if value.lower() not in {name.lower() for name in known}:
        raise InputError(
            f"{key} cannot be {value!r} with the practice engine.",
            why="The practice engine knows only a part of what the real trainer knows.",
            remedy=f"Choose one of: {', '.join(known)}.",
            field=key,
            value=value,
        )


_BASE_FILES = ("model_index.json", "unet/config.json", "vae/config.json", "text_encoder/config.json",
               "tokenizer/vocab.json", "scheduler/scheduler_config.json")  # fmt: skip
_WIDEST = 256
"""Largest width of a UNet level, in channels, that is trained here: a full-size one would take days."""


def base_flaw(folder: Path) -> str | None:
    """Why a base model's folder cannot be used by the practice engine, None if it can."""
    for name in _BASE_FILES:
        if not os.path.isfile(folder / name):
            return f"It lacks {name}; the practice engine reads its own small model only."
    try:
        widths = json.loads((folder / "unet/config.json").read_text("utf-8"))["block_out_channels"]
    except (OSError, ValueError, KeyError) as error:
        return f"Its unet/config.json cannot be read: {error}."
    if max(widths) > _WIDEST:
        return "It is a full-size model; the practice engine trains its own small one only."
    return None
