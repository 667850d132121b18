"""Where things are kept on this machine.

Everything lies in one folder, the platform's user data directory, or where ``LORA_WORKBENCH_HOME``
points: on a rented box, its persistent disk.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from lora_core import atomic
from lora_core.errors import InputError, StorageError, UnknownKeyError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HOME_VARIABLE = "LORA_WORKBENCH_HOME"

SETTINGS = ("sd_scripts_dir", "sd_scripts_python")
"""Settings of this machine, as opposed to options of a training."""


class Workspace:
    """The folders of one user on one machine. Folders are made when they are first written to.

    Args:
        root: the workspace folder; by default the environment variable's, else the platform's.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        chosen = root or os.environ.get(HOME_VARIABLE) or user_data_path("lora-workbench", False)
        self.root = Path(chosen).expanduser().resolve()

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def engines(self) -> Path:
        return self.root / "engines"

    @property
    def presets(self) -> Path:
        return self.root / "presets"

    @property
    def last_session(self) -> Path:
        """The options as they were last, kept so that nothing is lost when a page closes."""
        return self.root / "last-session.toml"

    @property
    def settings_file(self) -> Path:
        return self.root / "settings.toml"

    @property
    def sd_scripts_dir(self) -> Path:
        """The checkout of sd-scripts: as set, else where the installer puts it."""
        return Path(self.settings().get("sd_scripts_dir") or self.engines / "sd-scripts")

    @property
    def sd_scripts_python(self) -> Path:
        """The interpreter of sd-scripts' own environment: as set, else where the installer puts it."""
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        default = self.engines / "sd-scripts-env" / inside
        return Path(self.settings().get("sd_scripts_python") or default)

    def settings(self) -> dict[str, Any]:
        """The settings file's content, empty if there is none.

        Environment variables ``LORA_WORKBENCH_SD_SCRIPTS_DIR`` and ``…_PYTHON`` win over the file.

        Raises:
            UnknownKeyError: the file has a setting that does not exist.
            InputError: the file is not TOML, or a setting is not a text.
        """
        found = self._settings_in_file()
        for name, value in found.items():
            if name not in SETTINGS:
                raise UnknownKeyError(
                    f"{name!r} is not a setting ({self.settings_file}).",
                    remedy=f"Settings are: {', '.join(SETTINGS)}.",
                    field=name,
                )
            if not isinstance(value, str):
                raise InputError(
                    f"{name} cannot be {value!r} ({self.settings_file}).",
                    why="It is the path of a file or folder.",
                    remedy="Write the path in quotes.",
                    field=name,
                    value=value,
                )
        for name in SETTINGS:
            if value := os.environ.get(f"LORA_WORKBENCH_{name.upper()}"):
                found[name] = value
        return found

    def _settings_in_file(self) -> dict[str, Any]:
        try:
            # Windows editors put a mark in front that TOML does not know.
            return tomllib.loads(self.settings_file.read_text("utf-8-sig"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"The settings file {self.settings_file} cannot be read.",
                why=str(error),
                remedy="Correct that line, or delete the file to start afresh. Windows paths stand in 'single' quotes.",
                field="settings.toml",
            ) from error

    def writable(self) -> None:
        """Make the folder and see that it can be written to.

        Raises:
            StorageError: it cannot.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe-{os.getpid()}"
            atomic.write_text(probe, "")
            probe.unlink()
        except OSError as error:
            raise StorageError(
                f"The workspace folder {self.root} cannot be written to.",
                why=str(error.strerror or error),
                remedy=f"Set {HOME_VARIABLE} to a folder that you can write to.",
                field=HOME_VARIABLE,
                value=str(self.root),
            ) from error
