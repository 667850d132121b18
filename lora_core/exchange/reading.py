"""Tell what kind of file it is by its content, and read it. Nothing in it is ever run or unpickled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lora_core.errors import InputError, StorageError
from lora_core.exchange import (
    command_line,
    easy_training,
    kohya_ss,
    lora_file,
    onetrainer,
    ours,
    sd_scripts,
)
from lora_core.exchange.collector import Collector
from lora_core.exchange.report import FORMATS, Imported
from lora_core.models import header
from lora_core.options import toml_io
from lora_core.options.container import GROUPS

_LARGEST = 20_000_000
"""Bytes of a text file that is still read."""
_NOTEBOOK = frozenset({"additional_network_arguments", "network_arguments"})
_NOTEBOOK_TOO = frozenset({"optimizer_arguments", "training_arguments", "saving_arguments"})
"""Sections that HollowStrawberry's trainer writes: one of the first, all of the others."""
_SCRIPT = re.compile(r"^#.*?\b(\w*train_network)\.py\b", re.MULTILINE)
"""A comment that names the training script."""
_PARTNERS = {"training_config": "dataset_config", "dataset_config": "training_config"}


@dataclass(frozen=True)
class _Source:
    """A file's content, and where it lay."""

    text: str = ""
    notes: Mapping[str, str] | None = None
    path: Path | None = None

    @property
    def base(self) -> Path | None:
        return self.path.parent if self.path else None


def read(source: Path | str, hint: str = "", *, beside: Path | str | None = None) -> Imported:
    """Read settings of another tool, of the trainer itself, or of a LoRA file.

    Args:
        source: a file, or the text itself.
        hint: one of `FORMATS`, where the content alone should not decide; empty else.
        beside: a second file or text that belongs to it, such as a dataset TOML. Without it, the partner of
            a file is looked for in its folder.

    Raises:
        StorageError: the file cannot be read.
        InputError: it is of no kind that is known, or is damaged.
    """
    if hint and hint not in FORMATS:
        raise InputError(
            f"{hint!r} is not a kind of settings file.",
            remedy=f"Choose one of: {', '.join(FORMATS)}.",
            field="hint",
            value=hint,
        )
    first = _open(source)
    if first.notes is not None:
        return _collect("lora_file", lambda collector: lora_file.take(collector, first.notes or {}))
    if first.text.lstrip().startswith("{"):
        return _read_json(first, hint)
    second = _open(beside) if beside is not None else None
    document = _toml(first.text)
    if hint == "command_line" or (document is None and command_line.looks_like_one(first.text)):
        return _collect("command_line", lambda c: command_line.take(c, first.text, first.base))
    if document is None:
        document = toml_io.parse(first.text) if "=" in first.text else {}
    return _read_toml(first, document, second, hint)


def _collect(kind: str, take: Callable[[Collector], None]) -> Imported:
    collector = Collector()
    try:
        take(collector)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(
            "This file cannot be read.",
            why=f"It looks like {FORMATS[kind]}, but something in it has a form that does not occur there.",
            remedy="Save it again with the program that it comes from.",
            field="path",
        ) from error
    return collector.finish(kind)


# --- getting at the content ---------------------------------------------------------------------------


def _open(source: Path | str) -> _Source:
    path = _as_path(source)
    if path is None:
        return _Source(text=str(source).removeprefix("\ufeff"))
    start = _first_bytes(path)
    if start[8:9] == b"{" and 2 <= int.from_bytes(start[:8], "little") <= header.LONGEST_HEADER:
        return _Source(notes=header.read_header(path).metadata, path=path)
    if start.startswith((b"PK", b"\x80")):
        raise InputError(
            f"{path.name} is not read.",
            why="It is an archive, or a model of the old kind (.ckpt or .pt) that can run programs when opened.",
            remedy="Use a .safetensors file or a settings file. Unpack an archive first.",
            field="path",
            value=str(path),
        )
    return _Source(text=_text(path, start), path=path)


def _text(path: Path, start: bytes) -> str:
    """A file's text: UTF-8, or UTF-16 with its mark, as PowerShell and the Windows editor write it."""
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        raise InputError(
            f"{path.name} is not a settings file.",
            why="It is a picture.",
            remedy="Choose the settings file.",
            field="path",
            value=str(path),
        )
    coding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return path.read_bytes().decode(coding)
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read.",
            why=str(error.strerror or error),
            remedy="Check the path, and that you may read it.",
            field="path",
            value=str(path),
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not read.",
            why="It is no text in UTF-8, the form that settings files have.",
            remedy="If it is a settings file, open it in a text editor and save it as UTF-8.",
            field="path",
            value=str(path),
        ) from error


def _as_path(source: Path | str) -> Path | None:
    if isinstance(source, Path):
        return source
    text = source.strip()
    if len(text) > 2 and text[0] == text[-1] == '"':
        text = text[1:-1]  # as Windows copies a path
    if (
        not text
        or "\0" in text
        or "\n" in text
        or len(text) > 1000
        or text.startswith(("{", "--"))
        or " --" in text
    ):
        return None
    return Path(text).expanduser()


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(16)
        size = path.stat().st_size
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read.",
            why="There is no such file."
            if isinstance(error, FileNotFoundError)
            else str(error.strerror or error),
            remedy="Check the path.",
            field="path",
            value=str(path),
        ) from error
    if size > _LARGEST and start[8:9] != b"{":
        raise InputError(
            f"{path.name} is too large for a settings file.",
            why=f"It has {size:,} bytes. At most {_LARGEST:,} are read.",
            remedy="Choose the settings file.",
            field="path",
            value=str(path),
        )
    return start


def _toml(text: str) -> dict[str, Any] | None:
    """The text as TOML; None if it is none, or if it says nothing."""
    try:
        return toml_io.parse(text) or None
    except InputError:
        return None


# --- JSON ---------------------------------------------------------------------------------------------


def _read_json(source: _Source, hint: str) -> Imported:
    twice: list[str] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        names = [name for name, _ in pairs]
        if len(found) < len(names):
            twice.extend(name for name in found if names.count(name) > 1)
        return found

    try:
        data = json.loads(source.text, object_pairs_hook=table)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "The settings file is not proper JSON.",
            why=f"{error}.",
            remedy="Save it again with the program that it comes from.",
            field="json",
        ) from error
    if not isinstance(data, dict):
        raise _no_kind()
    kind = hint or _kind_of_json(data)
    takers: dict[str, Callable[[Collector], None]] = {
        "kohya_ss": lambda collector: kohya_ss.take(collector, data, source.base),
        "onetrainer": lambda collector: onetrainer.take(collector, data, source.base),
        "lora_file": lambda collector: lora_file.take(collector, data),
    }
    if kind not in takers:
        raise _no_kind()

    def take(collector: Collector) -> None:
        takers[kind](collector)
        collector.notes += [f"{name} stands there twice. The last one counts." for name in twice]

    return _collect(kind, take)


def _kind_of_json(data: Mapping[str, Any]) -> str:
    if lora_file.looks_like_one(data):
        return "lora_file"
    if onetrainer.looks_like_one(data) and "LoRA_type" not in data:
        return "onetrainer"
    return "kohya_ss" if kohya_ss.looks_like_one(data) else ""


# --- TOML ---------------------------------------------------------------------------------------------


def _read_toml(source: _Source, document: dict[str, Any], second: _Source | None, hint: str) -> Imported:
    kind = hint or _kind_of_toml(document)
    if kind == "workbench":
        return ours.read(source.text)
    if kind == "easy_training":
        return _collect(kind, lambda collector: easy_training.take(collector, document, source.base))
    if not _is_of_trainer(document):
        raise _no_kind()
    other = second or _partner(source)
    extra = (_toml(other.text) or {}) if other else {}
    if _is_dataset(document):
        document, extra = extra, document
    if not hint and _is_notebook(document):
        kind = "hollowstrawberry"
    base = source.base or (other.base if other else None)
    named = _SCRIPT.search(source.text)

    def take(collector: Collector) -> None:
        script = named[1] if named else ""
        sd_scripts.take(collector, document, extra or None, script=script, base=base)

    return _collect(kind, take)


def _kind_of_toml(document: Mapping[str, Any]) -> str:
    groups = {group.key() for group in GROUPS}
    if any(key in groups and isinstance(value, dict) for key, value in document.items()) and (
        "version" in document or not easy_training.looks_like_one(document)
    ):
        return "workbench" if "datasets" not in document else "sd_scripts"
    if easy_training.looks_like_one(document):
        return "easy_training"
    return "sd_scripts"


def _is_dataset(document: Mapping[str, Any]) -> bool:
    return "datasets" in document and set(document) <= {"datasets", "general"}


def _is_notebook(document: Mapping[str, Any]) -> bool:
    names = set(document)
    return bool(names & _NOTEBOOK) and names >= _NOTEBOOK_TOO


def _is_of_trainer(document: Mapping[str, Any]) -> bool:
    """Whether any name in it is one of the trainer's."""
    from lora_core.engines import manifest
    from lora_core.exchange.collector import flat

    known = {key for script in manifest.scripts() for key in manifest.options(script)}
    return _is_dataset(document) or any(key in known for key in flat(document))


def _partner(source: _Source) -> _Source | None:
    """``dataset_config.toml`` for ``training_config.toml``, and the reverse, if it lies beside."""
    if source.path is None:
        return None
    for word, other in _PARTNERS.items():
        if word in source.path.stem:
            path = source.path.with_name(re.sub(word, other, source.path.name))
            if path.is_file():
                return _open(path)
    return None


def _no_kind() -> InputError:
    return InputError(
        "This file is of no kind that can be read here.",
        why="Its content was compared with: " + "; ".join(FORMATS.values()) + ".",
        remedy="Choose one of these. If it is one, the file may be damaged.",
        field="path",
    )
