"""Our own TOML of an option set: one table per group, nothing lost.

::

    version = 1
    unset = ["seed"]                 # options that are None although their default is not

    [network]
    network_dim = 16

TOML has no None. An option that is absent has its default; where that is not None and the value is, its
name stands in ``unset``. So ``0``, ``false``, ``""``, ``[]`` and None are kept apart.

Files are written with ``tomli_w`` and read with Python's own reader (``tomllib``, ``tomli`` on 3.10): the
writer of the package ``toml`` fails on texts such as ``\\x``, and its reader on ``["a", ","]``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import tomli_w

from lora_core.errors import InputError, Level, Problem, UnknownKeyError
from lora_core.options.container import GROUPS, TrainingOptions, unknown_key
from lora_core.options.declare import Option
from lora_core.options.migration import VERSION, migrate
from lora_core.options.toml_text import check_version, parse, read_text

__all__ = [
    "HEADER",
    "VERSION",
    "dumps",
    "load",
    "loads",
    "loads_leniently",
    "parse",
    "read_header",
    "read_text",
    "values_of",
]

HEADER = ("engine", "preset", "about")
"""What may stand in front of the groups besides ``version`` and ``unset``: it is not an option."""


def dumps(
    options: TrainingOptions, *, header: Mapping[str, Any] | None = None, leave_out: Collection[str] = ()
) -> str:
    """All options as TOML text. Every value is written, defaults too, so that the file stays true when a
    later version has other defaults.

    Args:
        options: what to write.
        header: extra entries in front; see `HEADER`.
        leave_out: names of options that are not to stand in it.

    Raises:
        ValueError: the header has another entry.
    """
    document: dict[str, Any] = {"version": VERSION}
    for name, value in (header or {}).items():
        if name not in HEADER:
            raise ValueError(f"{name!r} cannot stand in the header; known are {', '.join(HEADER)}")
        document[name] = value
    written = [o for o in options if o.name not in leave_out]
    if unset := [o.name for o in written if options[o.name] is None and o.default is not None]:
        document["unset"] = unset
    document |= {group.key(): {} for group in GROUPS}
    for option in written:
        if (value := options[option.name]) is not None:
            document[option.group][option.name] = value
    scalars_first = sorted(document.items(), key=lambda item: isinstance(item[1], dict))
    return tomli_w.dumps(dict(scalars_first))


def loads(text: str) -> TrainingOptions:
    """Read what `dumps` wrote, or what a person wrote in its manner.

    Raises:
        UnknownKeyError: a table or setting does not exist, or stands in the wrong table.
        InputError: it is not TOML, is from a newer version, or a value cannot be used.
    """
    return TrainingOptions(**values_of(text))


def values_of(text: str) -> dict[str, Any]:
    """Only the options that a text names, by name; None for those listed in ``unset``.

    Raises:
        UnknownKeyError, InputError: see `loads`. A value's own limits are not looked at here.
    """
    document = parse(text)
    version = document.pop("version", VERSION)
    check_version(version)
    for name in HEADER:
        document.pop(name, None)
    document = migrate(document, version)
    unset = document.pop("unset", [])
    values: dict[str, Any] = {}
    for table, content in document.items():
        values |= _group_values(table, content)
    return {**values, **_unset_values(unset, values)}


def loads_leniently(text: str) -> tuple[TrainingOptions, list[Problem]]:
    """Like `loads`, but take up all that can be, and say what was left out and why.

    A setting that stands in another table than its own is taken up all the same. Of a list, the items
    that can be used are taken up.

    Returns:
        The options, and a warning for each thing that was left out.

    Raises:
        InputError: it is not TOML.
    """
    document = parse(text)
    errors: list[InputError] = []
    version = document.pop("version", VERSION)
    for name in HEADER:
        document.pop(name, None)
    with _noted(errors):
        check_version(version)
        document = migrate(document, version)
    unset = document.pop("unset", [])
    values = _values_anywhere(document, errors)
    for part in [[name] for name in unset] if isinstance(unset, list) else [unset]:
        with _noted(errors):
            values |= _unset_values(part, values)
    options = TrainingOptions()
    for name, value in values.items():
        _take(options, name, value, errors)
    return options, [_left_out(error) for error in errors]


def load(path: Path | str) -> TrainingOptions:
    """Read an options file.

    Raises:
        StorageError: the file cannot be read.
        UnknownKeyError, InputError: see `loads`.
    """
    return loads(read_text(Path(path)))


def read_header(text: str) -> dict[str, Any]:
    """What stands in front of the groups: see `HEADER`.

    Raises:
        InputError: it is not TOML.
    """
    document = parse(text)
    return {name: document[name] for name in HEADER if name in document}


def _group_values(table: str, content: Any) -> dict[str, Any]:
    """The values of one table, each checked to be an option of that group."""
    keys, names = _known()
    if table in names:
        raise _misplaced(names[table], "stands outside of any table")
    if table not in keys:
        raise unknown_key(table, [*keys, *HEADER, "version", "unset"], "a table of settings")
    if not isinstance(content, dict):
        raise InputError(
            f"{table} cannot be {content!r}.",
            why="It is a table of settings.",
            remedy=f"Write [{table}] on a line of its own, and the settings below it.",
            field=table,
            value=content,
        )
    for name in content:
        if name not in names:
            raise unknown_key(name, names, f"a setting (in [{table}])")
        if names[name].group != table:
            raise _misplaced(names[name], f"stands in [{table}]")
    return dict(content)


@cache
def _known() -> tuple[list[str], dict[str, Option]]:
    """The tables, and the options by name."""
    keys = [group.key() for group in GROUPS]
    return keys, {option.name: option for group in GROUPS for option in group.options()}


def _misplaced(option: Option, where: str) -> UnknownKeyError:
    return UnknownKeyError(
        f"{option.name!r} {where}.",
        why="There it would have no effect.",
        remedy=f"Move it to [{option.group}].",
        field=option.name,
    )


def _unset_values(unset: Any, values: Mapping[str, Any]) -> dict[str, None]:
    if not isinstance(unset, list) or not all(isinstance(name, str) for name in unset):
        raise InputError(
            f"unset cannot be {unset!r}.",
            why="It lists the names of settings that are left empty.",
            remedy='Write a list, such as unset = ["seed"].',
            field="unset",
            value=unset,
        )
    for name in unset:
        TrainingOptions.option(name)
        if name in values:
            raise InputError(
                f"{name} has a value and is listed in unset too.",
                why="It can only be one of the two.",
                remedy=f"Take {name} out of unset, or take out its value.",
                field=name,
                value=values[name],
            )
    return dict.fromkeys(unset)


# --- reading leniently ------------------------------------------------------------------------------


@contextmanager
def _noted(errors: list[InputError]) -> Iterator[None]:
    """Collect what is wrong instead of stopping there."""
    try:
        yield
    except InputError as error:
        errors.append(error)


def _left_out(error: InputError) -> Problem:
    # That a misspelt name would silently do nothing is no reason here: it is said that it was left out.
    why = "" if isinstance(error, UnknownKeyError) else error.why
    return Problem(Level.WARNING, (error.field,), error.what, why, error.remedy)


def _values_anywhere(document: Mapping[str, Any], errors: list[InputError]) -> dict[str, Any]:
    """Every setting's value, in whatever table it stands; the one in its own table counts most.

    So nothing is lost of a file from before a setting was moved.
    """
    options = {option.name: option for option in TrainingOptions()}
    elsewhere: dict[str, Any] = {}
    at_home: dict[str, Any] = {}
    for table, content in document.items():
        alone = not isinstance(content, dict)
        where = "a setting" if alone else f"a setting (in [{table}])"
        for name, value in [(table, content)] if alone else content.items():
            if name not in options:
                errors.append(unknown_key(name, options, where))
            elif options[name].group == table:
                at_home[name] = value
            else:
                elsewhere[name] = value
    return elsewhere | at_home


def _take(options: TrainingOptions, name: str, value: Any, errors: list[InputError]) -> None:
    """Set an option; of a list that cannot be used as a whole, what can be used of it."""
    try:
        options[name] = value
    except InputError as error:
        if not isinstance(value, list):
            errors.append(error)
        elif kept := _usable_items(name, value, errors):
            with _noted(errors):
                options[name] = kept


def _usable_items(name: str, items: list[Any], errors: list[InputError]) -> list[Any]:
    """The items that an option takes; of an item that is a table, the entries that it takes."""
    kept = []
    for item in items:
        try:
            TrainingOptions(**{name: [item]})
            kept.append(item)
        except InputError as error:
            if not isinstance(item, dict) or len(item) < 2:
                errors.append(error)
            elif entries := _usable_items(name, [{key: value} for key, value in item.items()], errors):
                kept.append({key: value for entry in entries for key, value in entry.items()})
    return kept
