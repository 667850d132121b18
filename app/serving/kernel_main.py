"""Starts a kernel that has the dashboard's libraries imported before the first cell arrives.

Run as a script by the server, so that the kernel finds this project from any folder without an
environment variable that the trainer's own interpreter would inherit.
"""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

WARM = ("ipykernel.kernelapp", "jupyter_bokeh.widgets", "app.host", "app.dashboard")

SETTINGS = (
    "--HistoryManager.enabled=False",  # its file would be shared, and locked, between kernels
    "--IPKernelApp.ignore_cwd=True",  # a file named like a library in the current folder must not win
    "--Application.log_level=ERROR",
)


def main() -> None:
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    # The kernel sends its own stderr to the page, which does not show it: keep a way to the terminal.
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)
    logging.basicConfig(stream=terminal, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Each page closes a channel that ipywidgets has closed already; that is no news.
    logging.getLogger("Comm").setLevel(logging.ERROR)
    _warm()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance([*sys.argv[1:], *SETTINGS])


def _warm() -> None:
    for name in WARM:
        try:
            if find_spec(name):
                import_module(name)
        except Exception:
            # Any library may fail on import in any way. The notebook's own import will fail alike and
            # tell the page; here it must only not keep the kernel from starting.
            logging.getLogger(__name__).exception("Importing %s failed", name)


if __name__ == "__main__":
    main()
