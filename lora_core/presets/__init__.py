"""Ready-made option sets: list them, see what they would change, apply them, keep own ones.

A preset is a file of our own TOML (see `lora_core.options.toml_io`) with a table ``[preset]`` that says
what it is for and where its numbers come from (`catalogue`). There are two kinds:

- A *set* is a whole starting point, such as ``sdxl-style``. What it does not name has the model family's
  value, else its default.
- A *modifier*, such as ``low-vram-sdxl`` or ``prodigy``, changes only what it names, on top of any set.
  Modifiers of one slot name the same options, so that the last one chosen holds.

What is personal (picture folders, trigger word, base model, name, prompts) stays as it is, unless a preset
names it (`layers`). What a preset would change is told before it is applied (`changes`). Own presets lie
in the workspace (`own`).
"""

from lora_core.presets.catalogue import Preset, find, list_presets, list_with_own, presets_dir
from lora_core.presets.changes import Change, change, changes, count, say, summary
from lora_core.presets.layers import PERSONAL, apply, is_personal, load_preset, model_values, present_variant

__all__ = [
    "PERSONAL",
    "Change",
    "Preset",
    "apply",
    "change",
    "changes",
    "count",
    "find",
    "is_personal",
    "list_presets",
    "list_with_own",
    "load_preset",
    "model_values",
    "present_variant",
    "presets_dir",
    "say",
    "summary",
]
