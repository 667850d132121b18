"""Look at a folder of pictures and captions, as the trainer will see it."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from lora_core.errors import InputError, StorageError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
"""Endings that the trainer reads without further packages (``IMAGE_EXTENSIONS`` of sd-scripts)."""

OTHER_ENDINGS = (".gif", ".tif", ".tiff", ".avif", ".jxl", ".heic", ".heif")
"""Endings of pictures that the trainer passes over."""


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        path: the file.
        width: in pixels, as stored: the trainer does not turn pictures by their EXIF mark.
        height: in pixels.
        caption: the first line of the caption file, which is all that the trainer reads; None without.
    """

    path: Path
    width: int
    height: int
    caption: str | None


@dataclass(frozen=True)
class DatasetScan:
    """What is in a folder.

    Attributes:
        pictures: those that can be trained on, by path.
        unreadable: pictures and caption files that the training would fail on, with the reason.
        left_out: pictures of a kind that the trainer passes over.
    """

    pictures: tuple[Picture, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()
    left_out: tuple[Path, ...] = ()


def scan(folder: Path, *, caption_extension: str = ".txt", recursive: bool = False) -> DatasetScan:
    """Read every picture and caption of a folder.

    Pictures are decoded in full: a file that was cut off looks healthy at its start, and would end the
    training with a message that does not name it.

    Args:
        folder: where to look.
        caption_extension: ending of caption files.
        recursive: look into folders below too. The trainer itself does not.

    Raises:
        InputError: the folder is missing or not a folder.
        StorageError: it cannot be listed.
    """
    wanted, left_out = _files(Path(folder), recursive)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        results = list(pool.map(lambda path: _look(path, caption_extension), wanted))
    pictures = tuple(result for result in results if isinstance(result, Picture))
    unreadable = tuple(result for result in results if not isinstance(result, Picture))
    return DatasetScan(pictures, unreadable, tuple(left_out))


def _files(folder: Path, recursive: bool) -> tuple[list[Path], list[Path]]:
    """Files that the trainer would take, and pictures that it would pass over."""
    if not folder.is_dir():
        there = folder.exists()
        raise InputError(
            f"{folder} is not a folder." if there else f"The folder {folder} is not there.",
            why="The training learns from the pictures in this folder.",
            remedy="Give the folder that the pictures are in."
            if there
            else "Check the path, or make the folder.",
            field="image_dir",
            value=str(folder),
        )
    try:
        found = sorted(folder.rglob("*") if recursive else folder.iterdir())
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be read.",
            why=str(error.strerror or error),
            remedy="Check that you may read it.",
            field="image_dir",
            value=str(folder),
        ) from error
    shown = [
        path for path in found if not path.name.startswith(".")
    ]  # hidden files: the trainer's glob skips them
    wanted = [path for path in shown if path.suffix.lower() in ENDINGS]
    return wanted, [path for path in shown if path.suffix.lower() in OTHER_ENDINGS and path.is_file()]


def _look(path: Path, caption_extension: str) -> Picture | tuple[Path, str]:
    """A picture, or the file that is at fault and why."""
    if os.name != "nt" and path.suffix not in (path.suffix.lower(), path.suffix.upper()):
        return path, "The trainer overlooks an ending in mixed case. Rename it to small letters."
    size = _size(path)
    if isinstance(size, str):
        return path, size
    caption = _caption(path, caption_extension)
    return caption if isinstance(caption, tuple) else Picture(path, *size, caption)


def _size(path: Path) -> tuple[int, int] | str:
    """Width and height after decoding the whole picture, or why that fails."""
    if path.is_dir():
        return "It is a folder, not a picture."
    try:
        if path.stat().st_size == 0:
            return "The file is empty."
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # of odd metadata, which training does not use
            size: tuple[int, int] = image.size
            image.draft(None, (size[0] // 8, size[1] // 8))  # JPEG: all data is read, little is computed
            image.load()
        return size
    except UnidentifiedImageError:
        return "It is not a picture, whatever its name says."
    except Image.DecompressionBombError:
        return "The picture is too large: it has more than 178 million pixels."
    except Exception as error:  # noqa: BLE001 - broken files make decoders raise nearly anything; the scan must go on
        return f"The picture is broken or cut off ({error})."


def _caption(picture: Path, ending: str) -> str | None | tuple[Path, str]:
    """A caption as the trainer takes it: the first line, of NAME or of NAME without four numbers at its end."""
    base = str(picture.with_suffix(""))
    parts = base.split("_")
    candidates = [base] if len(parts) < 5 else [base, "_".join(parts[:-4])]
    for candidate in candidates:
        path = Path(candidate + ending)
        if not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            return path, "The caption is not UTF-8. Open it in an editor and save it as UTF-8."
        except OSError as error:
            return path, f"The caption cannot be read ({error.strerror or error})."
        if not text:
            return (
                path,
                "The caption file is empty, and the trainer stops on that. Write a caption, or delete it.",
            )
        return text.split("\n", 1)[0].strip()
    return None
