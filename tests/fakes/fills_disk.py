"""Writes into its output folder until the disk is full, and fails of that."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from good import bar, begin

begin(10)
bar(3, 10)
handle = os.open(Path(sys.argv[1]) / "big", os.O_WRONLY | os.O_CREAT)
size = 65536
while size:
    try:
        os.write(handle, b"x" * size)
    except OSError:
        size //= 2
os.write(handle, b"x" * 65536)
raise SystemExit("the disk did not fill")
