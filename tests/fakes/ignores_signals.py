"""Reports steps for ever and ignores every signal that can be ignored."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from good import bar, begin, save

for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
begin(1000)
save(Path(sys.argv[1]), f"{sys.argv[2]}-000001.safetensors")
for step in range(1000):
    bar(step, 1000)
    time.sleep(0.1)
