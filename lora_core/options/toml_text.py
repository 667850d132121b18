"""TOML files as text and as tables, before anybody looks at what they mean."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, StorageError
from lora_core.options.migration import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_text(path: Path) -> str:
    """A text file's content.

    Raises:
        StorageError: it is not there, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")  # Windows editors put a mark in front that TOML does not know
    except (OSError, UnicodeDecodeError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise StorageError(
            f"The file {path} cannot be read.",
            why="There is no such file." if missing else str(getattr(error, "strerror", None) or error),
            remedy="Check the path." if missing else "Check that it is a text file that you may read.",
            field="path",
            value=str(path),
        ) from error


_LONGEST = 2_000_000
"""Characters of a TOML text that is still read. Settings have some thousands."""
_PARTS = 100
"""Parts of a dotted name that are still read: the reader's time grows with their square."""
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = re.compile(rf"(?:^|[{{\[,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_PARTS},}}", re.MULTILINE)


def _check_size(text: str) -> None:
    """Refuse what the reader would need minutes for.

    Raises:
        InputError: the text is too long, or a name in it has too many parts.
    """
    why = ""
    if len(text) > _LONGEST:
        why = f"It has {len(text):,} characters. At most {_LONGEST:,} are read."
    elif found := _DOTTED.search(text):
        line = text.count("\n", 0, found.end()) + 1
        why = f"The name on line {line} has more than {_PARTS} parts with dots between them."
    if why:
        raise InputError(
            "The settings file is too large or too deep.",
            why=why,
            remedy="Check that it is the right file.",
            field="toml",
        )


def parse(text: str) -> dict[str, Any]:
    """TOML text as a dict.

    Raises:
        InputError: it is not TOML; the reason names the line. Or it is far larger than settings are.
    """
    _check_size(text)
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise InputError(
            "The settings file is not proper TOML.",
            why=f"{error}.",
            remedy="Correct that line. Texts stand in quotes; true and false are in small letters.",
            field="toml",
        ) from error
    return found


def check_version(version: Any) -> None:
    """See that a file is of a version that can be read.

    Raises:
        InputError: it is not.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(
            f"The file's version cannot be {version!r}.",
            why="The version is a whole number from 1.",
            remedy=f"Write version = {VERSION}.",
            field="version",
            value=version,
        )
    if version > VERSION:
        raise InputError(
            f"The file is of version {version}.",
            why=f"This program knows versions up to {VERSION}.",
            remedy="Update LoRA Workbench, or export the file from there in an older version.",
            field="version",
            value=version,
        )
