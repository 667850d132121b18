"""What a path says of itself, without a look at the disk."""

from __future__ import annotations

import os
import re

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]")


def of_another_system(path: str) -> bool:
    """Whether it is a Windows path on a machine that is none: settings brought along from elsewhere have such."""
    return os.name != "nt" and _WINDOWS.match(path) is not None
