"""The settings reference in ``docs/settings.md``, made from the declarations.

``python -m lora_core.options.reference docs/settings.md`` writes it anew. A test holds that it is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lora_core import atomic
from lora_core.options.container import GROUPS
from lora_core.options.declare import Group, Option, Place
from lora_core.options.glossary import GLOSSARY
from lora_core.options.groups.folder import Folder

_INTRODUCTION = """# Settings

Every setting of a training, as the form explains it. Made from the program itself: please do not edit.

In our files each section is a table of its own, such as `[network]`. See also the [words](#words) at the end.
"""

_PLACES = {
    Place.TRAIN: "main file",
    Place.GENERAL: "dataset file, general",
    Place.DATASET: "dataset file, data set",
    Place.SUBSET: "dataset file, folder",
    Place.NETWORK_ARGS: "network_args",
    Place.SCHEDULER_ARGS: "lr_scheduler_args",
    Place.OURS: "",
}


def markdown() -> str:
    """The whole reference."""
    groups: tuple[type[Group], ...] = (*GROUPS, Folder)
    parts = [_INTRODUCTION, *("\n".join(_section(group)) for group in groups)]
    words = "\n".join(f"- **{word}**: {meaning}" for word, meaning in sorted(GLOSSARY.items(), key=_by_word))
    return "\n".join([*parts, "## Words\n", words, ""])


def _by_word(entry: tuple[str, str]) -> str:
    return entry[0].lower()


def _section(group: type[Group]) -> Iterator[str]:
    key = "dataset.more_folders" if group is Folder else group.key()
    yield f"## {group.emoji} {group.title}\n"
    yield f"{group.purpose} In files: `{'[[' if group is Folder else '['}{key}{']]' if group is Folder else ']'}`.\n"
    for option in group.options():
        yield "\n".join(_option(option))


def _option(option: Option) -> Iterator[str]:
    meta = option.meta
    yield f"### {option.label}\n"
    facts = [f"`{option.name}`", f"default: {_value(option.default)}", _range(option)]
    if where := _PLACES[meta.place]:
        facts.append(f"trainer: `{option.key}` ({where})")
    yield " · ".join(fact for fact in facts if fact) + "\n"
    yield f"{option.doc}\n"
    for heading, text in (("", meta.more), ("Cost. ", meta.cost), ("How it works. ", meta.deep)):
        if text:
            yield f"{heading}{' '.join(text.split())}\n"
    if meta.typical:
        yield (
            "Usual values. " + "; ".join(f"{where}: {value}" for where, value in meta.typical.items()) + "\n"
        )
    if meta.applies:
        needs = (
            f"`{name}` is {' or '.join(_value(v) for v in values)}" for name, values in meta.applies.items()
        )
        yield f"Only where {' and '.join(needs)}.\n"
    if meta.link:
        yield f"[Read more about it]({meta.link})\n"


def _range(option: Option) -> str:
    if option.bounds:
        low, high = option.bounds
        return f"{low} to {high}{f' {option.meta.unit}' if option.meta.unit else ''}"
    if option.choices:
        return "one of " + ", ".join(_value(value) for value in option.choices.values())
    return {"boolean": "true or false", "texts": "a list of texts", "folders": "a list of tables"}.get(
        option.kind, option.kind
    )


def _value(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value in ("", []) else f"`{value}`"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the reference to the file that is given."""
    target = Path((argv or sys.argv[1:])[0])
    atomic.write_text(target, markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
