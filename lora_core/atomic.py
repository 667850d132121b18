"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")

_IN_USE = (5, 32, 33)
"""Windows' numbers for a file that another program has open: access denied, sharing violation, lock violation
(learn.microsoft.com/windows/win32/debug/system-error-codes). Elsewhere errors have no such number."""
_TRIES, _PAUSE = 50, 0.02


def patiently(act: Callable[[], _T]) -> _T:
    """Do something with a file; for a second again and again, while Windows says that it is in use.

    There, a file cannot be replaced while anybody reads it, nor opened at the moment it is replaced.

    Raises:
        OSError: what ``act`` raises, if it is anything else or stays.
    """
    for _ in range(_TRIES - 1):
        try:
            return act()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
            time.sleep(_PAUSE)
    return act()


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``: a reader sees the old content or the new, never a part.

    The scratch file lies beside the target, because a rename is only atomic within a file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: os.replace(scratch, path))
    except BaseException:  # Ctrl+C too must leave no scratch file behind
        Path(scratch).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Like `write_bytes`, in UTF-8 with line ends as given."""
    write_bytes(path, text.encode("utf-8"))
