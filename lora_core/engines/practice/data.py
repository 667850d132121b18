"""Pictures and captions of a training: found, read, cached as latents, and cut into batches.

Everything random is drawn from the seed and the place in the training (epoch, step), never from a
running state. So a resumed training sees exactly what an uninterrupted one would have seen.
"""

from __future__ import annotations

import logging
import random
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from lora_core.datasets.buckets import Buckets, Size
from lora_core.engines.practice import base_model
from lora_core.engines.practice.config import DatasetSettings, Subset
from lora_core.errors import InputError, StorageError

log = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
"""Picture files that sd-scripts takes, in lower case."""


@dataclass
class Item:
    """One training picture.

    Attributes:
        path: the picture file.
        caption: its caption as written, "" if it has none.
        subset: the folder's settings.
        size: width and height that it is trained at, in pixels.
        scaled: width and height before it is cut to ``size``.
        uses: how often it is used in an epoch; of a regularization picture, settled once all are known.
        latents: its latents, and the mirrored ones if the subset flips; filled by `cache`.
    """

    path: Path
    caption: str
    subset: Subset
    size: tuple[int, int]
    scaled: tuple[int, int]
    uses: int = 0
    latents: list[torch.Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """What one forward pass is trained on.

    Attributes:
        latents: N x 4 x h x w, scaled to unit variance.
        captions: N texts, after shuffling and dropout.
        reg: N truth values, whether each is a regularization picture.
    """

    latents: torch.Tensor
    captions: tuple[str, ...]
    reg: torch.Tensor


class Data:
    """All pictures of a training.

    Raises:
        InputError: there are no pictures, or one cannot be read.
        StorageError: a folder is missing.
    """

    def __init__(self, datasets: tuple[DatasetSettings, ...], seed: int) -> None:
        self.seed = seed
        self.datasets = datasets
        self.items: list[list[Item]] = [_find(one) for one in datasets]
        if not any(self.items):
            raise InputError(
                "No data found. There is no picture in the dataset.",
                why="No folder of it holds a file ending in " + ", ".join(SUFFIXES) + ".",
                remedy="Choose a folder that holds pictures.",
                field="image_dir",
            )

    @property
    def train_images(self) -> int:
        """Pictures times repeats, without those for regularization."""
        return sum(item.uses for items in self.items for item in items if not item.subset.is_reg)

    @property
    def reg_images(self) -> int:
        """Regularization pictures times repeats, as they are given."""
        return sum(item.subset.num_repeats for items in self.items for item in items if item.subset.is_reg)

    def batches(self, epoch: int) -> list[tuple[Item, ...]]:
        """The batches of one epoch (from 1), in order. Each holds pictures of one size only."""
        rng = random.Random(f"{self.seed} order {epoch}")
        out: list[tuple[Item, ...]] = []
        for settings, items in zip(self.datasets, self.items, strict=True):
            for size in sorted({item.size for item in items}):
                bucket = [i for i in items if i.size == size for _ in range(i.uses)]
                rng.shuffle(bucket)
                step = settings.batch_size
                out += [tuple(bucket[k : k + step]) for k in range(0, len(bucket), step)]
        rng.shuffle(out)
        return out

    def batch(self, items: tuple[Item, ...], epoch: int, index: int) -> Batch:
        """Latents and captions of one batch; ``index`` is its place in the epoch."""
        rng = random.Random(f"{self.seed} batch {epoch} {index}")
        latents = torch.stack([rng.choice(item.latents) for item in items])
        reg = torch.tensor([item.subset.is_reg for item in items])
        return Batch(latents, tuple(caption(item, epoch, rng) for item in items), reg)

    def tag_frequency(self) -> dict[str, dict[str, int]]:
        """How often each comma-separated tag stands in each folder's captions, as sd-scripts counts."""
        out: dict[str, dict[str, int]] = {}
        for item in (item for items in self.items for item in items):
            counts = out.setdefault(item.subset.label, {})
            for tag in filter(None, (part.strip().lower() for part in item.caption.split(","))):
                counts[tag] = counts.get(tag, 0) + 1
        return out

    def cache(self, vae: Any) -> None:
        """Turn every picture into latents, once; training then needs neither file nor VAE."""
        todo = [item for items in self.items for item in items]
        log.info("caching latents.")
        for item in tqdm(todo, smoothing=0):
            picture = _pixels(item)
            views = [picture, picture.flip(-1)] if item.subset.flip_aug else [picture]
            with torch.no_grad():
                encoded = vae.encode(torch.stack(views)).latent_dist.mean * base_model.LATENT_SCALE
            item.latents = list(encoded)


def _find(settings: DatasetSettings) -> list[Item]:
    """The pictures of one dataset, in the order of their names."""
    out: list[Item] = []
    for subset in settings.subsets:
        folder = Path(subset.image_dir)
        if not folder.is_dir():
            raise StorageError(
                f"The dataset folder {folder} is not there.",
                remedy="Choose a folder that exists.",
                field="image_dir",
                value=str(folder),
            )
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        log.info("found directory %s contains %d image files", folder, len(paths))
        items = [_item(path, subset, settings) for path in paths]
        bare = sum(not item.caption for item in items)
        if bare:
            log.warning("No caption file found for %d images. Training will continue without captions for "
                        "these images.", bare)  # fmt: skip
        out += items
    _settle_uses(out)
    return out


def _settle_uses(items: list[Item]) -> None:
    """How often each picture is used. Regularization pictures are used as often as all others together:
    first each with its repeats, then once more each, until it is enough, as in sd-scripts."""
    reg = [item for item in items if item.subset.is_reg]
    for item in items:
        item.uses = 0 if item.subset.is_reg else item.subset.num_repeats
    wanted, used, first = sum(item.uses for item in items), 0, True
    while reg and used < wanted:
        for item in reg:
            more = item.subset.num_repeats if first else 1
            item.uses += more
            used += more
            if used >= wanted:
                break
        first = False


def _item(path: Path, subset: Subset, settings: DatasetSettings) -> Item:
    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise unreadable(path, error) from error
    scaled, size = bucket_of(width, height, settings)
    text = _caption_file(path, subset.caption_extension)
    return Item(path, (subset.class_tokens or "") if text is None else text, subset, size, scaled)


def unreadable(path: Path, error: BaseException) -> InputError:
    """The error for a picture file that is broken."""
    return InputError(
        f"The picture {path.name} cannot be read.",
        why=str(error) or type(error).__name__,
        remedy=f"Repair it or take it out: {path}",
        field="image_dir",
        value=str(path),
    )


def _caption_file(picture: Path, extension: str) -> str | None:
    """The caption beside a picture, None without one."""
    for candidate in (picture.with_suffix(extension), Path(f"{picture}{extension}")):
        try:
            return candidate.read_text("utf-8-sig").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The caption {candidate.name} cannot be read.",
                why=str(error),
                remedy=f"Save it as UTF-8 text: {candidate}",
                field="image_dir",
                value=str(candidate),
            ) from error
    return None


def bucket_of(width: int, height: int, settings: DatasetSettings) -> tuple[Size, Size]:
    """The size that a picture is scaled to, and the size that is cut out of its middle."""
    rule = Buckets(
        settings.resolution,
        settings.enable_bucket,
        settings.min_bucket_reso,
        settings.max_bucket_reso,
        settings.bucket_reso_steps,
        settings.enable_bucket and settings.bucket_no_upscale,
    )
    if rule.enabled and not rule.no_upscale and rule.resolution < rule.smallest:
        raise InputError(
            f"The training size {rule.resolution} px is below min_bucket_reso ({rule.smallest} px).",
            remedy="Switch buckets off, or set min_bucket_reso to at most the training size.",
            field="min_bucket_reso",
            value=rule.smallest,
        )
    size = rule.size_for(width, height)
    if rule.no_upscale and width * height <= settings.resolution**2:
        return (width, height), size
    return _cover(width, height, size), size


def _cover(width: int, height: int, size: Size) -> Size:
    """The smallest size of the same shape that covers ``size``."""
    if width / height > size[0] / size[1]:
        scale = size[1] / height
    else:
        scale = size[0] / width
    return max(size[0], int(width * scale + 0.5)), max(size[1], int(height * scale + 0.5))


def _pixels(item: Item) -> torch.Tensor:
    """A picture as 3 x h x w values from -1 to 1, scaled and cut to its size.

    Raises:
        InputError: the file is broken; the message names it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd palettes; the picture is fine
            with Image.open(item.path) as opened:
                picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise unreadable(item.path, error) from error
    if picture.size != item.scaled:
        picture = picture.resize(item.scaled, Image.Resampling.LANCZOS)
    left, top = ((big - small) // 2 for big, small in zip(item.scaled, item.size, strict=True))
    picture = picture.crop((left, top, left + item.size[0], top + item.size[1]))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1.0


def caption(item: Item, epoch: int, rng: random.Random) -> str:
    """A caption as it is trained: with prefix and suffix, tags shuffled and dropped as set.

    The rules are those of ``process_caption`` in sd-scripts.
    """
    subset = item.subset
    text = " ".join(part for part in (subset.caption_prefix, item.caption, subset.caption_suffix) if part)
    every = subset.caption_dropout_every_n_epochs
    if rng.random() < subset.caption_dropout_rate or (every > 0 and epoch % every == 0):
        return ""
    text = text.split("\n")[0]
    if not subset.shuffle_caption and subset.caption_tag_dropout_rate <= 0:
        return text
    fixed, loose, last = _tags(text, subset)
    if subset.shuffle_caption:
        rng.shuffle(loose)
    loose = [tag for tag in loose if rng.random() >= subset.caption_tag_dropout_rate]
    return ", ".join(fixed + loose + last)


def _tags(text: str, subset: Subset) -> tuple[list[str], list[str], list[str]]:
    """A caption's tags: kept in front, loose, kept at the end."""

    def split(part: str) -> list[str]:
        return [tag.strip() for tag in re.split(re.escape(subset.caption_separator), part) if tag.strip()]

    mark = subset.keep_tokens_separator
    if mark and mark in text:
        front, _, rest = text.partition(mark)
        middle, _, end = rest.partition(mark)
        return split(front), split(middle), split(end)
    tags = split(text)
    return tags[: subset.keep_tokens], tags[subset.keep_tokens :], []
