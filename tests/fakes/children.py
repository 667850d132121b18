"""Starts children: one in its group, one in a session of its own, one whose parent is gone.

Writes their ids into OUTPUT_DIR/children.txt. With a third argument ``leave`` it then ends, leaving them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from good import begin, finish, say

SLEEP = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); time.sleep(300)"
)
ORPHAN = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1]],"
    " start_new_session=True, stdout=subprocess.DEVNULL);"
    " print(child.pid, flush=True)"
)

plain = subprocess.Popen([sys.executable, "-c", SLEEP], stdout=subprocess.PIPE)
apart = subprocess.Popen([sys.executable, "-c", SLEEP], stdout=subprocess.PIPE, start_new_session=True)
for child in (plain, apart):
    assert child.stdout is not None
    child.stdout.readline()
between = subprocess.run(
    [sys.executable, "-c", ORPHAN, SLEEP.replace("print('up', flush=True)", "0")],
    check=True,
    stdout=subprocess.PIPE,
)
pids = [plain.pid, apart.pid, int(between.stdout)]

folder = Path(sys.argv[1])
scratch = folder / "children.tmp"
scratch.write_text(" ".join(map(str, pids)))
os.replace(scratch, folder / "children.txt")
begin(10)
say("steps:   0%|   | 0/10 [00:00<?, ?it/s]")
if "leave" in sys.argv:
    finish(folder, sys.argv[2])
    os._exit(0)
time.sleep(300)
