"""Prints bytes that are no UTF-8, among bars with carriage returns, and then ends well."""

from __future__ import annotations

import sys
from pathlib import Path

from good import bar, begin, finish, say

begin(3)
sys.stderr.buffer.write(b"caf\xe9 \xff\xfe\x00 \xf0\x9f\n")
for step in range(4):
    bar(step, 3)
sys.stderr.buffer.write(b"half a character: \xe2\x96")
sys.stderr.buffer.flush()
say("\r\n")
finish(Path(sys.argv[1]), sys.argv[2])
