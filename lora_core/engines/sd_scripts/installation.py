"""Look at an installation of sd-scripts: which commit, which packages. Starts no process."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lora_core.errors import Level, Problem
from lora_core.options.optimizer_table import FORK_PACKAGE, OWN_PACKAGE

COMMIT = "48d368fa557731ad0488c07304dfeba8c07910eb"
"""The commit that options, log lines and file names were measured at."""
RELEASE = "0.10.1"
"""The release of sd-scripts that `COMMIT` belongs to."""
COMMIT_MARKER = ".lora-workbench-commit"
"""A file with the commit, for a copy of sd-scripts that has no ``.git``."""

NEEDED = ("torch", "accelerate", "diffusers", "transformers", "safetensors", "toml", "voluptuous")
"""Packages without which no training starts. Not torchvision: its import name may be served otherwise."""
REPORTED = (
    *NEEDED,
    "torchvision",
    "huggingface-hub",
    "numpy",
    "bitsandbytes",
    "deepspeed",
    "xformers",
    "lycoris-lora",
)

_INSTALL = (
    "The page docs/install-sd-scripts.md tells the steps. Have you one already, then set sd_scripts_dir and "
    "sd_scripts_python in the workspace's settings.toml to it. The practice engine needs none."
)


@dataclass(frozen=True)
class Installation:
    """A checkout of sd-scripts and the interpreter of its environment."""

    checkout: Path
    python: Path

    def commit(self) -> str | None:
        """The commit of the checkout, None if it cannot be told."""
        marker = self.checkout / COMMIT_MARKER
        try:
            return marker.read_text("utf-8").strip() if marker.is_file() else _git_commit(self.checkout)
        except OSError:
            return None

    def all_packages(self) -> dict[str, str]:
        """Versions of all packages in its environment, by name: lower case, with ``-`` for ``_``.

        The fork of LoRA Easy Training's package counts twice: also as ``loraeasycustomoptimizer-fork``.
        """
        folders = site_packages(self.python)
        found = list(importlib.metadata.distributions(path=[str(folder) for folder in folders]))
        versions = {str(one.metadata["Name"] or "").lower().replace("_", "-"): one.version for one in found}
        for one in found:
            if str(one.metadata["Name"]).lower() == OWN_PACKAGE.lower() and _is_fork(one):
                versions[FORK_PACKAGE.lower()] = one.version
        return versions

    def packages(self) -> dict[str, str]:
        """Versions of the packages in its environment that matter, by name."""
        versions = self.all_packages()
        return {name: versions[name] for name in REPORTED if name in versions}

    def problems(self, script: str) -> list[Problem]:
        """What keeps it from being used, empty when all is well.

        Args:
            script: the training script that is wanted, such as ``train_network.py``.
        """
        if not (self.checkout / script).is_file():
            what, why = "sd-scripts is not installed.", f"There is no {script} in {self.checkout}."
            return [_problem("sd_scripts_dir", what, why, _INSTALL)]
        found = []
        if (commit := self.commit()) != COMMIT:
            found.append(_problem("sd_scripts_dir", *_wrong_commit(self.checkout, commit)))
        if not self.python.is_file():
            what = "The Python interpreter of sd-scripts is missing."
            found.append(_problem("sd_scripts_python", what, f"There is no file {self.python}.", _INSTALL))
        elif missing := [name for name in NEEDED if name not in self.packages()]:
            what = "The Python environment of sd-scripts is not complete."
            why = f"{self.python} has no {', '.join(missing)}."
            found.append(_problem("sd_scripts_python", what, why, "Install its requirements there."))
        return found


def _is_fork(package: importlib.metadata.Distribution) -> bool:
    """Whether LoRA Easy Training's package is the fork's: only there is an ``abmog.py``."""
    places = [Path(str(package.locate_file(OWN_PACKAGE)))]
    try:
        origin = json.loads(package.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):  # it lies where it was installed from
            places.append(Path(url2pathname(urlsplit(origin["url"]).path)) / OWN_PACKAGE)
        return any((place / "abmog.py").is_file() for place in places)
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def _problem(field: str, what: str, why: str, remedy: str) -> Problem:
    return Problem(Level.ERROR, (field,), what, why, remedy)


def _wrong_commit(checkout: Path, commit: str | None) -> tuple[str, str, str]:
    seen = f"is at commit {commit[:12]}" if commit else "does not say which commit it is at"
    return (
        f"The sd-scripts in {checkout} {seen}.",
        f"The workbench speaks to release {RELEASE} (commit {COMMIT[:12]}); others may differ.",
        f"In that folder run: git fetch origin {COMMIT} && git checkout {COMMIT}",
    )


def _git_commit(checkout: Path) -> str | None:
    """The commit that ``.git`` names: a folder, or in a linked work tree a file that points to one."""
    folder = checkout / ".git"
    if folder.is_file():
        folder = (checkout / folder.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
    head = (folder / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = folder / "commondir"
    shared = (folder / common.read_text("utf-8").strip()).resolve() if common.is_file() else folder
    for place in (folder, shared):
        if (place / name).is_file():
            return (place / name).read_text("utf-8").strip()
    packed = (shared / "packed-refs").read_text("utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)


def site_packages(python: Path) -> list[Path]:
    """The package folders of the environment that an interpreter belongs to."""
    root = python.parent if python.parent.name not in ("bin", "Scripts") else python.parent.parent
    places = [root / "Lib" / "site-packages", *sorted((root / "lib").glob("python3*/site-packages"))]
    return [place for place in places if place.is_dir()]
