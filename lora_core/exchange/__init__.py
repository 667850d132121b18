"""Settings from other tools, and for them: what was read, and what became of each setting."""

from __future__ import annotations

from lora_core.exchange.export import to_trainer_files, to_workbench
from lora_core.exchange.kohya_export import not_held, to_kohya_ss
from lora_core.exchange.reading import read
from lora_core.exchange.report import FORMATS, Entry, Imported, Outcome

__all__ = [
    "FORMATS",
    "Entry",
    "Imported",
    "Outcome",
    "not_held",
    "read",
    "to_kohya_ss",
    "to_trainer_files",
    "to_workbench",
]
