"""The experts' own lines: options of the trainer that have no field, each written as ``key = value``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from lora_core.errors import InputError
from lora_core.options.container import GROUPS
from lora_core.options.declare import Option, Place
from lora_core.options.omitted import OMITTED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SET_BY_THE_PLAN = frozenset(
    "config_file dataset_config output_dir output_name logging_dir log_prefix sample_prompts network_module "
    "network_args v2 console_log_level console_log_file console_log_simple train_batch_size "
    "train_data_dir reg_data_dir in_json debug_dataset output_config huggingface_token wandb_api_key".split()
)
"""Options of the trainer that are refused here: a plan sets them, or they would break it, or are secrets."""

_DECLARED: dict[str, Option] = {option.key: option for group in GROUPS for option in group.options()}


def parse(lines: Iterable[str]) -> dict[str, Any]:
    """The experts' lines as values. Empty lines and those beginning with ``#`` are passed over.

    Whether the trainer knows the options is checked later, against its manifest.

    Raises:
        InputError: a line is not ``key = value``, or sets what has a field or what the program decides.
    """
    found: dict[str, Any] = {}
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        for key, value in _one(line).items():
            _refuse(key, line)
            found[key] = value
    return found


def _one(line: str) -> dict[str, Any]:
    try:
        return tomllib.loads(line)
    except ValueError as error:
        raise InputError(
            f"The further trainer option {line!r} cannot be read.",
            why=f"{error}.",
            remedy='Write key = value, such as save_n_epoch_ratio = 4 or name = "text".',
            field="extra_options",
            value=line,
        ) from error


def _refuse(key: str, line: str) -> None:
    """Raise if a key may not be set here."""
    if key in _DECLARED and _DECLARED[key].meta.place is not Place.OURS:
        option = _DECLARED[key]
        why, remedy = f"It has a field of its own: {option.label}.", "Use that field, and take out this line."
    elif key in SET_BY_THE_PLAN:
        why, remedy = OMITTED.get(key, "The program decides it for each run."), "Take out this line."
    else:
        return
    raise InputError(
        f"{key} cannot be set among the further trainer options.",
        why=why,
        remedy=remedy,
        field="extra_options",
        value=line,
    )
