"""Whether a file that another process writes is whole yet."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

_HEADER_LIMIT = 100_000_000
"""Longest header that the safetensors format allows, in bytes."""
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"


def is_complete(path: Path) -> bool:
    """Whether a LoRA file is whole: safetensors by its own table of contents, others as zip archives."""
    if path.suffix == ".safetensors":
        return _safetensors(path)
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False


def _safetensors(path: Path) -> bool:
    """Eight bytes of header length, the header (JSON), then as many bytes as its largest offset says.

    Source: the format's description, github.com/huggingface/safetensors.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            (length,) = struct.unpack("<Q", file.read(8))
            if not 2 <= length <= min(size - 8, _HEADER_LIMIT):
                return False
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return bool(8 + length + max(ends, default=0) == size)
    except (OSError, ValueError, struct.error, KeyError, IndexError, TypeError, AttributeError):
        return False


def is_picture(path: Path) -> bool:
    """Whether a PNG, JPEG or WebP file has been written to its end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            start = file.read(12)
            file.seek(max(0, size - len(_PNG_END)))
            end = file.read()
    except OSError:
        return False
    if path.suffix == ".png":
        return start.startswith(b"\x89PNG") and end == _PNG_END
    if path.suffix == ".webp":
        return start[:4] == b"RIFF" and len(start) == 12 and struct.unpack("<I", start[4:8])[0] + 8 <= size
    return start.startswith(b"\xff\xd8") and end.endswith(_JPEG_END)
