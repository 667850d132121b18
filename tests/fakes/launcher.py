"""Starts another of these trainers and waits for it, as accelerate does: launcher.py SCRIPT ARGUMENTS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

subprocess.run([sys.executable, str(Path(__file__).with_name(sys.argv[1])), *sys.argv[2:]], check=True)
