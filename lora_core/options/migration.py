"""Files of an earlier version, brought to the present one before they are read.

Raise `VERSION` when a file of today would be misread by the program of tomorrow: with an entry in `RENAMED`
if options got other names, and in `STEPS` if more than that changed. Settings that stand in a section where
they no longer belong need no entry: in an old file they are moved. Nothing is ever dropped: what is not
known stays, and is named when the file is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lora_core.options.container import TrainingOptions

VERSION = 1
"""Version of the file format."""

Tables = dict[str, Any]

RENAMED: dict[int, dict[str, str]] = {}
"""Version -> options that have another name from the next version on: old name -> new name."""

STEPS: dict[int, Callable[[Tables], Tables]] = {}
"""Version -> what else it takes to come to the next version, after renaming."""


def migrate(document: Tables, version: int) -> Tables:
    """The tables of a file as the present version has them.

    Args:
        document: the file's tables, with ``unset``; not changed.
        version: the version that the file is of, from 1 to `VERSION`.
    """
    if version >= VERSION:
        return document
    for number in range(version, VERSION):
        document = _renamed(document, RENAMED.get(number, {}))
        document = STEPS.get(number, dict)(document)
    return _to_their_sections(document)


def _renamed(document: Tables, names: dict[str, str]) -> Tables:
    renamed: Tables = {}
    for table, content in document.items():
        if isinstance(content, dict):
            content = {names.get(name, name): value for name, value in content.items()}
        elif table == "unset" and isinstance(content, list):
            content = [names.get(name, name) if isinstance(name, str) else name for name in content]
        renamed[table] = content
    return renamed


def _to_their_sections(document: Tables) -> Tables:
    """Every option in the section where it is now."""
    groups = {option.name: option.group for option in TrainingOptions()}
    taken = {table for table, content in document.items() if not isinstance(content, dict)}
    moved: Tables = {}
    for table, content in document.items():
        if table in taken:  # not a section: what is wrong with it is said when it is read
            moved[table] = content
            continue
        moved.setdefault(table, {})
        for name, value in content.items():
            section = groups.get(name, table)
            moved.setdefault(table if section in taken else section, {})[name] = value
    return moved
