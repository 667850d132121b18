"""Writes a TensorBoard file in two halves, the cut in the middle of a record, and dies in between if told.

python half_record.py OUTPUT_DIR NAME RECORDS_FILE CUT [die]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from good import begin, finish

folder, name, source, cut = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
logs = folder.parent / "logs" / "20261122224740" / "network_train"
logs.mkdir(parents=True)
data = source.read_bytes()
begin(10)
with (logs / "events.out.tfevents.1.host.1.0").open("wb", buffering=0) as file:
    file.write(data[:cut])
    if "die" in sys.argv:
        sys.exit(1)
    while not (folder / "go").exists():
        time.sleep(0.02)
    file.write(data[cut:])
finish(folder, name)
