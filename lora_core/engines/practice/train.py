"""The practice trainer: ``python -m lora_core.engines.practice.train --config_file plan/train.toml``.

It reads sd-scripts' settings files and speaks sd-scripts' language: the same lines, bars, TensorBoard
tags and file names. It ends with code 0 only if the LoRA file is there; any failure ends with a last line
that says what, why and what to do, and another code.
"""

from __future__ import annotations

import argparse
import errno
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lora_core.errors import WorkbenchError

log = logging.getLogger("practice")

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP")


class Stopped(BaseException):
    """Somebody asked the process to end. Not an `Exception`, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a training as a process; returns its exit code."""
    parser = argparse.ArgumentParser(description="Train a LoRA on the practice base model.")
    parser.add_argument(
        "--config_file", type=Path, required=True, help="main settings, TOML as for sd-scripts"
    )
    arguments = parser.parse_args(argv)
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    for stream in (sys.stdout, sys.stderr):  # the log is UTF-8 whatever the machine's code page
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, datefmt="%Y-%m-%d %H:%M:%S",
        format="%(asctime)s %(levelname)-8s %(message)s",
    )  # fmt: skip
    try:
        return _train(arguments.config_file)
    except Stopped as stop:
        sys.stderr.write("\nStopped as asked. Checkpoints that were saved before are complete.\n")
        return 128 + stop.number
    except WorkbenchError as error:
        sys.stderr.write(f"\n{type(error).__name__}: {error}\n")
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.stderr.write(
            "\nStorageError: The disk is full. A file of this training could not be written. "
            "Make room and start again; checkpoints that were saved before are complete.\n"
        )
        return 1


def _train(config_file: Path) -> int:
    # torch and diffusers take seconds to load: after the checks of what was asked for
    from lora_core.engines.practice import config

    settings = config.read(config_file)
    log.info("Loading dataset config from %s", settings.dataset_config)
    if settings.ignored:
        log.warning("settings that the practice trainer does not obey: %s", ", ".join(settings.ignored))
    from lora_core.engines.practice.loop import Training

    Training(settings).run()
    log.info("model saved.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
