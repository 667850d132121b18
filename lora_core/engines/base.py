"""What an engine is, and what it hands over: a `LaunchPlan`.

An engine turns options into a plan, which is a plain value: it can be printed, stored, compared and
run. Running it is the business of `lora_core.runs`, which knows no option of any trainer.

Both engines speak the same language, that of sd-scripts: the same TOML files go in, and the same log
lines, TensorBoard tags and file names come out. So there is one reader for both.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lora_core.errors import Problem
    from lora_core.options import TrainingOptions

OUTPUT = "output"
"""Folder of a run directory that receives checkpoints, and previews in ``output/sample``."""
LOGS = "logs"
"""Folder of a run directory that receives TensorBoard files."""
FEW = 4
"""Up to so many variables to take out are all named in a plan's description."""


@dataclass(frozen=True)
class LaunchPlan:
    """All it takes to start one training, and where its results will be.

    Attributes:
        engine: the engine's name, ``practice`` or ``sd-scripts``.
        run_dir: the run directory, absolute. ``files`` and ``folders`` are relative to it.
        argv: the command, program first. Holds no secret.
        cwd: the folder to start it in.
        env: environment variables to set.
        env_remove: environment variables to take out, lest an old setting leaks in.
        files: text files to write first: relative path -> content.
        folders: folders to make first.
        output_name: name of the LoRA, without suffix.
        suffix: the LoRA file's suffix.
        total_steps: optimizer steps that are expected, None if not known before.
        notes: sentences for people: what this engine leaves out or does in its own way.
    """

    engine: str
    run_dir: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict)
    env_remove: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = (OUTPUT, LOGS)
    output_name: str = "lora"
    suffix: str = ".safetensors"
    total_steps: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def final_file(self) -> Path:
        """The LoRA that a finished training leaves."""
        return Path(self.run_dir) / OUTPUT / f"{self.output_name}{self.suffix}"

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> LaunchPlan:
        data = json.loads(text)
        for name in ("argv", "env_remove", "folders", "notes"):
            data[name] = tuple(data[name])
        return cls(**data)

    def describe(self) -> str:
        """The plan as text to read: the dry run."""
        parts = [f"# engine: {self.engine}", f"# run directory: {self.run_dir}"]
        parts += [f"# note: {note}" for note in self.notes]
        parts += ["", f"cd {shlex.quote(self.cwd)}"]
        parts += [_taken_out(self.env_remove)] if self.env_remove else []
        parts += [f"export {name}={shlex.quote(value)}" for name, value in self.env.items()]
        parts += [shlex.join(self.argv)]
        for path, text in self.files.items():
            parts += ["", f"# --- {path}", text.rstrip()]
        return "\n".join(parts) + "\n"


def _taken_out(names: Sequence[str]) -> str:
    """The variables to take out, in one line: all if there are few, else how many and what they begin with."""
    if len(names) <= FEW:
        return f"unset {' '.join(names)}"
    beginnings = Counter(f"{name.partition('_')[0]}_*" for name in names if name.find("_") > 0)
    shared = [f"{start} ({count})" for start, count in sorted(beginnings.items()) if count > 1]
    others = len(names) - sum(count for count in beginnings.values() if count > 1)
    listed = ", ".join([*shared, *([f"{others} others"] if others else [])])
    return f"# {len(names)} environment variables are taken out: {listed}. The plan as JSON names each."


class Engine(Protocol):
    """A trainer that can be driven."""

    name: str
    label: str

    def check(self, options: TrainingOptions) -> list[Problem]:
        """What speaks against training these options with this engine: missing, unsupported, ..."""
        ...

    def plan(self, options: TrainingOptions, run_dir: Path, *, total_steps: int | None = None) -> LaunchPlan:
        """Options to plan. Pure: touches no disk, starts nothing.

        Raises:
            OptionsInvalid: an option's key, type or choice is not one of the trainer's.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Names and versions of what would do the work, to be kept with the run."""
        ...
