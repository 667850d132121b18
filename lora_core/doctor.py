"""Look whether this machine has what a training needs, and say what to do where it has not.

Nothing is changed, installed or started.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from lora_core.errors import WorkbenchError
from lora_core.workspace import HOME_VARIABLE, Workspace

DISTRIBUTION = "lora-workbench"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)
LEAST_DISK_GB, GOOD_DISK_GB = 1.0, 10.0
"""A practice run leaves under 0.1 GB; a real run with states kept leaves several."""
GOOD_RAM_GB = 8.0
"""The practice training and the dashboard together stay well below; a real base model needs about this."""
GOOD_GPU_GB = 8.0
"""sd-scripts trains a SD 1.5 LoRA in about 6 GB of graphics memory, an SDXL LoRA in 8 to 12."""


class Health(Enum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was looked at, a short word.
        health: how it came out.
        what: what was found, in one sentence.
        remedy: what to do about it; empty when all is well.
    """

    name: str
    health: Health
    what: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """The check as plain values, for JSON."""
        return {**asdict(self), "health": self.health.value}


def examine(workspace: Workspace) -> list[Check]:
    """Look at everything. One check that fails does not keep the others from being made."""
    checks: list[Check] = []
    for look in LOOKS:
        try:
            checks.extend(look(workspace))
        except WorkbenchError as error:
            checks.append(Check(look.__name__.strip("_"), Health.ERROR, _joined(error), error.remedy))
        except OSError as error:
            checks.append(
                Check(look.__name__.strip("_"), Health.ERROR, str(error), "See that this can be read.")
            )
    return checks


def worst(checks: list[Check]) -> Health:
    """The gravest outcome among the checks."""
    order = list(Health)
    return max((check.health for check in checks), key=order.index, default=Health.OK)


def _joined(error: WorkbenchError) -> str:
    return " ".join(part for part in (error.what, error.why) if part)


def _python(workspace: Workspace) -> Iterator[Check]:
    """The interpreter that this runs on."""
    version = sys.version_info
    text = f"Python {platform.python_version()} ({platform.python_implementation()})"
    if OLDEST_PYTHON <= version[:2] <= NEWEST_PYTHON:
        yield Check("python", Health.OK, f"{text}.")
    else:
        yield Check(
            "python",
            Health.WARNING,
            f"{text} is not tested.",
            "Use Python 3.10 to 3.13; 3.11 is tested best.",
        )


def _platform(workspace: Workspace) -> Iterator[Check]:
    """Operating system and processor."""
    cores = os.cpu_count() or 1
    what = f"{platform.system()} {platform.release()} on {platform.machine()}, {cores} processor cores."
    yield Check("platform", Health.OK, what)


def _packages(workspace: Workspace) -> Iterator[Check]:
    """Installed packages against the ranges that this project declares."""
    from packaging.requirements import Requirement

    try:
        declared = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        remedy = "Run: python start.py"
        yield Check("packages", Health.ERROR, "LoRA Workbench is not installed as a package.", remedy)
        return
    good, lacking, wrong = 0, [], []
    for requirement in map(Requirement, declared):
        if not _wanted(requirement.marker):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            lacking.append(requirement.name)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            good += 1
        else:
            wrong.append(f"{requirement.name} {version} (expected {requirement.specifier})")
    if lacking:
        yield Check("packages", Health.ERROR, f"Not installed: {', '.join(lacking)}.", "Run: python start.py")
    if wrong:
        yield Check(
            "packages",
            Health.WARNING,
            f"Other versions than expected: {', '.join(wrong)}.",
            "Delete the folder .venv and run: python start.py",
        )
    if not lacking and not wrong:
        yield Check("packages", Health.OK, f"All {good} packages are there, at the expected versions.")


def _wanted(marker: Any) -> bool:
    """Whether a requirement belongs to the program itself, as opposed to its tests."""
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", "dashboard", "practice"))


def _workspace(workspace: Workspace) -> Iterator[Check]:
    """The folder for runs and settings."""
    workspace.writable()
    workspace.settings()
    yield Check("workspace", Health.OK, f"The workspace folder {workspace.root} can be written to.")


def _disk(workspace: Workspace) -> Iterator[Check]:
    """Room on the workspace's disk."""
    import psutil

    free = psutil.disk_usage(str(_existing(workspace.root))).free / 1e9
    what = f"{free:.1f} GB are free on the workspace's disk."
    remedy = f"Delete old runs in {workspace.runs}, or set {HOME_VARIABLE} to a folder on a larger disk."
    if free < LEAST_DISK_GB:
        yield Check("disk", Health.ERROR, what, remedy)
    elif free < GOOD_DISK_GB:
        yield Check("disk", Health.WARNING, what + " A real training may need more.", remedy)
    else:
        yield Check("disk", Health.OK, what)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path.cwd())


def _memory(workspace: Workspace) -> Iterator[Check]:
    """Main memory."""
    import psutil

    total = psutil.virtual_memory().total / 1e9
    what = f"{total:.0f} GB of main memory."
    if total < GOOD_RAM_GB:
        remedy = "Practice works. For real training use a machine with 8 GB or more."
        yield Check("memory", Health.WARNING, what + " That is little.", remedy)
    else:
        yield Check("memory", Health.OK, what)


def _gpu(workspace: Workspace) -> Iterator[Check]:
    """NVIDIA graphics cards, by the driver's own library."""
    import pynvml

    none = "Practice works without one. Real training needs a card, on this machine or a rented one."
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        yield Check("gpu", Health.WARNING, f"No NVIDIA graphics card was found ({error}).", none)
        return
    try:
        count = pynvml.nvmlDeviceGetCount()
        for index in range(count):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            name = pynvml.nvmlDeviceGetName(handle)
            total = float(pynvml.nvmlDeviceGetMemoryInfo(handle).total) / 1e9
            what = f"{name if isinstance(name, str) else name.decode()} with {total:.0f} GB."
            if total < GOOD_GPU_GB:
                yield Check("gpu", Health.WARNING, what, "Train SD 1.5, with a small batch, not SDXL.")
            else:
                yield Check("gpu", Health.OK, what)
        if not count:
            yield Check("gpu", Health.WARNING, "No NVIDIA graphics card was found.", none)
    except pynvml.NVMLError as error:
        remedy = "Restart the machine or renew the card's driver."
        yield Check("gpu", Health.WARNING, f"The graphics card does not answer ({error}).", remedy)
    finally:
        pynvml.nvmlShutdown()


def _practice(workspace: Workspace) -> Iterator[Check]:
    """The practice engine's base model."""
    from lora_core.engines.practice.base_model import BASE_DIR

    parts = ("unet", "vae", "text_encoder")
    lacking = [part for part in parts if not any((BASE_DIR / part).glob("*.safetensors"))]
    if lacking:
        what = f"The practice base model lacks: {', '.join(lacking)} (in {BASE_DIR})."
        yield Check("practice", Health.ERROR, what, "Get the project afresh: these files belong to it.")
    else:
        yield Check("practice", Health.OK, "The practice base model is there.")


def _sd_scripts(workspace: Workspace) -> Iterator[Check]:
    """The real trainer: checkout, commit, interpreter, its packages."""
    from lora_core.engines.sd_scripts.installation import COMMIT, Installation

    found = Installation(workspace.sd_scripts_dir, workspace.sd_scripts_python)
    problems = found.problems("train_network.py")
    # Without a checkout nothing is broken: practice works. A checkout that cannot be used is an error.
    absent = not (found.checkout / "train_network.py").is_file()
    for problem in problems:
        health = Health.WARNING if absent else Health.ERROR
        yield Check("sd-scripts", health, f"{problem.what} {problem.why}", problem.remedy)
    if not problems:
        what = f"sd-scripts is in {found.checkout}, at commit {COMMIT[:12]}; its Python is {found.python}."
        yield Check("sd-scripts", Health.OK, what)


LOOKS: tuple[Callable[[Workspace], Iterator[Check]], ...] = (
    _python,
    _platform,
    _packages,
    _workspace,
    _disk,
    _memory,
    _gpu,
    _practice,
    _sd_scripts,
)
"""What `examine` looks at, in order."""
