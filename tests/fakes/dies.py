"""Fails while it loads, under a launcher that then prints its own traceback, as accelerate does."""

from __future__ import annotations

import subprocess
import sys

if sys.argv[-1] == "inner":
    raise ValueError('The model "x.safetensors" is not a local path.')
subprocess.run([sys.executable, __file__, "inner"], check=True)
