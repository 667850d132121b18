"""Measure sd-scripts' options and print them as the manifest: ``PYTHON dump_options.py CHECKOUT``.

Runs in the trainer's own interpreter, by hand or from a test, so it uses the standard library only.
It imports the training scripts and asks their parsers and the dataset configuration's schema; nothing
is read from the text of the sources. Redirect the output to ``lora_core/engines/manifest.json``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

SCRIPTS = (
    "train_network",
    "sdxl_train_network",
    "sd3_train_network",
    "flux_train_network",
    "lumina_train_network",
    "hunyuan_image_train_network",
    "anima_train_network",
)
"""The trainer's LoRA scripts."""


def commit_of(checkout: Path) -> str:
    """The commit that a checkout is at, read from its ``.git`` folder without starting git."""
    head = (checkout / ".git" / "HEAD").read_text("utf-8").strip()
    if head.startswith("ref: "):
        return (checkout / ".git" / head[5:]).read_text("utf-8").strip()
    return head


def describe_action(action: argparse.Action) -> dict[str, Any]:
    """An option of a parser, without what is as usual: flag ``--dest``, no choices, one value."""
    kind = getattr(action.type, "__name__", None) or ("bool" if action.nargs == 0 else "str")
    entry: dict[str, Any] = {"type": kind, "default": _plain(action.default)}
    if action.option_strings != [f"--{action.dest}"]:
        entry["flags"] = list(action.option_strings)
    if action.choices:
        entry["choices"] = [_plain(choice) for choice in action.choices]
    if action.nargs not in (None, 0):
        entry["nargs"] = action.nargs
    name = type(action).__name__.lstrip("_")
    if name not in ("StoreAction", "StoreTrueAction"):
        entry["action"] = name
    return entry


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def options_of(script: str) -> dict[str, dict[str, Any]]:
    """The options of one training script by destination name."""
    parser = importlib.import_module(script).setup_parser()
    return {a.dest: describe_action(a) for a in parser._actions if a.dest not in ("help",)}


def merge(measured: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """One entry per option; ``scripts`` where not all have it, ``only`` where scripts differ in it."""
    merged: dict[str, dict[str, Any]] = {}
    for name in sorted({name for options in measured.values() for name in options}):
        having = [script for script in measured if name in measured[script]]
        entry = dict(measured[having[0]][name])
        others = {s: measured[s][name] for s in having[1:]}
        differing = {
            script: {key: value for key, value in other.items() if entry.get(key) != value}
            for script, other in others.items()
        }
        if differing := {script: difference for script, difference in differing.items() if difference}:
            entry["only"] = differing
        if len(having) < len(measured):
            entry["scripts"] = having
        merged[name] = entry
    return merged


def type_name(schema: Any) -> str:
    """A dataset schema's type as one word: bool, int, float, str, number, table, pair-float, ..."""
    if isinstance(schema, type):
        return {"dict": "table"}.get(schema.__name__, schema.__name__)
    if hasattr(schema, "validators"):  # voluptuous.Any
        names = sorted(type_name(part) for part in schema.validators)
        return "number" if names == ["float", "int"] else "|".join(names)
    if hasattr(schema, "func"):  # a partial of one of the sanitizer's two converters
        inner = type_name(schema.args[0])
        return f"{inner}-or-pair" if "scalar" in schema.func.__name__ else f"pair-{inner}"
    raise TypeError(f"a schema of kind {type(schema).__name__} is not known")


def dataset_schema() -> dict[str, dict[str, str]]:
    """Key -> type for each level of the dataset TOML, as for training on captioned folders."""
    from library.config_util import ConfigSanitizer

    sanitizer = ConfigSanitizer(True, True, False, True)
    with_masks = ConfigSanitizer(True, True, True, True)  # as with masked_loss
    levels = {
        "general": sanitizer.general_schema,
        "datasets": sanitizer.db_dataset_schema,
        "subsets": sanitizer.db_subset_schema,
        "mask_subsets": with_masks.cn_subset_schema,
        "metadata_subsets": sanitizer.ft_subset_schema,  # captions in one JSON file
    }
    return {
        level: {
            str(key): type_name(kind)
            for key, kind in sorted(schema.items(), key=lambda i: str(i[0]))
            if str(key) != "subsets"
        }
        for level, schema in levels.items()
    }


def dumps(manifest: dict[str, Any]) -> str:
    """The manifest as JSON with one option a line, so that a difference is easy to read."""

    def block(table: dict[str, Any]) -> str:
        rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in table.items())
        return "{\n" + rows + "\n }"

    parts = [f' "{key}": {json.dumps(manifest[key])}' for key in ("commit", "scripts")]
    parts += [f' "options": {block(manifest["options"])}', f' "dataset": {block(manifest["dataset"])}']
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(checkout: Path) -> None:
    sys.path[:1] = [str(checkout)]  # in place of this script's own folder
    with contextlib.redirect_stdout(sys.stderr):
        measured = {script: options_of(script) for script in SCRIPTS}
        dataset = dataset_schema()
    manifest = {
        "commit": commit_of(checkout),
        "scripts": list(SCRIPTS),
        "options": merge(measured),
        "dataset": dataset,
    }
    sys.stdout.buffer.write(dumps(manifest).encode("utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
