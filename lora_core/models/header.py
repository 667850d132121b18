"""Read the header of a safetensors file, and tell other things that are saved under its name.

A safetensors file begins with eight bytes, the length of a JSON text (little-endian), and that text, which
lists every tensor's name, type, shape and place. So a 7 GB file is known after a few hundred kilobytes.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, StorageError

LONGEST_HEADER = 100_000_000
"""Bytes; the limit of the safetensors format itself."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
"""Type -> bits a number, as the format names them."""

_IMPOSTORS = (
    (b"", "It is empty. The download may have failed."),
    (b"version https://git-lfs", "It is only a pointer of Git LFS: the model itself was not downloaded."),
    (b"<", "It is a web page. The download led to a page instead of the file; perhaps it needs a login."),
    (b"{", "It is a text, perhaps the error message of a failed download."),
    (b"PK\x03\x04", "It is a PyTorch file under another name. It is not opened, as it can run code."),
    (b"\x80", "It is a PyTorch file under another name. It is not opened, as it can run code."),
    (b"GGUF", "It is a GGUF file, which is made for painting. The trainer cannot read it."),
)
"""How a file begins -> what it is."""


@dataclass(frozen=True)
class Header:
    """A safetensors header.

    Attributes:
        shapes: shape by tensor name.
        metadata: the file's own notes.
        dtypes: type by tensor name, as the format names it, such as ``F16``.
    """

    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]
    dtypes: Mapping[str, str] = field(default_factory=dict)

    @property
    def dtype(self) -> str:
        """The type of most numbers; empty for a file without tensors."""
        weights: Counter[str] = Counter()
        for name, dtype in self.dtypes.items():
            weights[dtype] += math.prod(self.shapes[name])
        return weights.most_common(1)[0][0] if weights else ""


def read_header(path: Path) -> Header:
    """Read a safetensors file's header, and check that the file is whole.

    Raises:
        InputError: it is not a safetensors file, is damaged, or is cut off.
        StorageError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(LONGEST_HEADER, size - 8):
                raise _not_safetensors(path, _impostor(start + file.read(64)))
            data = json.loads(file.read(length).decode("utf-8"))
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read.",
            why=str(error.strerror or error),
            remedy="Check the path, and that you may read it.",
            value=str(path),
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _not_safetensors(path, "Its header is damaged.") from error
    return _header(path, data, size - 8 - length)


def _impostor(start: bytes) -> str:
    begin = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    for sign, what in _IMPOSTORS:
        if (sign and begin.startswith(sign)) or not (sign or start):
            return what
    return "Its first bytes are not a safetensors header."


def _header(path: Path, data: Any, room: int) -> Header:
    try:
        metadata = {str(k): str(v) for k, v in data.pop("__metadata__", {}).items()}
        shapes = {name: tuple(int(n) for n in entry["shape"]) for name, entry in data.items()}
        dtypes = {name: str(entry["dtype"]) for name, entry in data.items()}
        places = {name: tuple(int(n) for n in entry["data_offsets"]) for name, entry in data.items()}
        needed = max((end for _, end in places.values()), default=0)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise _not_safetensors(path, "Its header is damaged.") from error
    if needed > room:
        raise _not_safetensors(
            path, f"It is cut off: {needed - room:,} bytes are missing. Download it again."
        )
    if needed < room:
        raise _not_safetensors(path, f"It has {room - needed:,} bytes more than its header tells.")
    _check_places(path, shapes, dtypes, places)
    return Header(shapes, metadata, dtypes)


def _check_places(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    dtypes: Mapping[str, str],
    places: Mapping[str, tuple[int, ...]],
) -> None:
    """Tensors lie side by side without a gap, each as long as its shape and type say."""
    end = 0
    for name, (begin, stop) in sorted(places.items(), key=lambda item: item[1]):
        bits = BITS.get(dtypes[name])
        if begin != end or (bits is not None and (stop - begin) * 8 != math.prod(shapes[name]) * bits):
            raise _not_safetensors(path, f"Its header is damaged: the tensor {name} has no proper place.")
        end = stop


def _not_safetensors(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is not a proper safetensors file.",
        why=why,
        remedy="Choose another file, or download it again.",
        value=str(path),
    )
