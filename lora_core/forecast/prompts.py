"""How many previews are painted, how large, and with how many steps: as ``sample_images`` of sd-scripts has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lora_core.datasets.steps import StepCount
from lora_core.forecast.estimate import Reader

_OPTION = re.compile(r"--(w|h|s)\s+(\d+)")
_DEFAULTS = {"w": 512, "h": 512, "s": 30}
"""sd-scripts' own: 512 × 512 pixels, 30 steps."""


@dataclass(frozen=True)
class Prompt:
    """A preview prompt's picture: pixels and painting steps."""

    width: int
    height: int
    steps: int


def preview_prompts(read: Reader) -> list[Prompt]:
    """What each preview prompt asks for."""
    found = []
    for line in read.get("prompts", []):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        values = {**_DEFAULTS, **{key: int(value) for key, value in _OPTION.findall(line)}}
        found.append(Prompt(values["w"], values["h"], values["s"]))
    return found


def preview_times(read: Reader, count: StepCount) -> int:
    """How often all prompts are painted. Epochs win over steps."""
    epochs, steps = read.get("sample_every_n_epochs"), read.get("sample_every_n_steps")
    if not preview_prompts(read):
        return 0
    if epochs:
        times = count.epochs // int(epochs)
    else:
        times = count.total // int(steps) if steps else 0
    return times + int(bool(read.get("sample_at_first", False)))
