"""Measure the optimizers' arguments and print them as JSON: ``PYTHON dump_optimizers.py OPTIMIZERS_TOML``.

Runs in the trainer's own interpreter, by hand or from a test, so it uses the standard library and the
trainer's packages only. Classes whose package is not installed are left out of what is printed. Put the
rest into ``lora_core/options/optimizer_arguments.json``: class -> argument -> default.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

SKIPPED = frozenset(
    "self params lr model optimizer args kwargs maximize capturable differentiable fsdp_in_use optim_bits is_paged "
    "fused_back_pass max_lr".split()
)
"""Arguments that the trainer gives itself, or that have no use in a training."""


def signature_of(path: str) -> dict[str, Any]:
    """The arguments of a class by name, with those defaults that can be written as text.

    Raises:
        ImportError, AttributeError: the class is not there.
    """
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    found = {}
    for one in inspect.signature(kind.__init__).parameters.values():
        if one.kind is one.VAR_KEYWORD or one.name in SKIPPED or one.default is one.empty:
            continue
        value = list(one.default) if isinstance(one.default, tuple) else one.default
        # exact types: an enum that is an int could not be written as text
        if value is None or type(value) in (bool, int, float, str, list):
            found[one.name] = value
    if path.startswith("bitsandbytes."):
        found.pop("amsgrad", None)  # there to be refused: its 8-bit kinds raise when it is set
    return found


def main(table: str) -> None:
    import toml  # the trainer's own dependency; Python 3.10 has no reader of its own

    optimizers = toml.loads(Path(table).read_text("utf-8"))["optimizer"]
    found = {}
    for path in sorted({entry.get("class", name) for name, entry in optimizers.items()}):
        try:
            found[path] = signature_of(path)
        except (ImportError, AttributeError):
            continue
    # newline spelled out, as Windows would write another one
    sys.stdout.buffer.write((json.dumps(found, indent=1, sort_keys=True) + "\n").encode("utf-8"))


if __name__ == "__main__":
    main(sys.argv[1])
