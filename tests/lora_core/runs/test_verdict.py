from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from lora_core.events import State
from lora_core.runs.verdict import Verdict, judge

BAR = "\rsteps:  50%|█████     | 8/16 [00:08<00:08,  1.02s/it, avr_loss=1.11]"
ERROR = 'Traceback (most recent call last):\n  File "x.py", line 1, in y\nValueError: bad value\n'
WRAPPER = (
    'Traceback (most recent call last):\n  File "launch.py", line 7, in z\n'
    "subprocess.CalledProcessError: Command '['python', 'train.py']' returned non-zero exit status 1.\n"
)
KILLED = "subprocess.CalledProcessError: Command '['python']' died with <Signals.SIGKILL: 9>.\n"
SAVED = "2026-11-22 22:47:50 INFO     model saved.                     train_network.py:1729\n"


def judged(folder: Path, log: str | None, exit_code: int | None, *, done: bool = False) -> Verdict:
    if log is not None:
        (folder / "log.txt").write_text(log, encoding="utf-8")
    final = folder / "lora.safetensors"
    if done:
        header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
        final.write_bytes(struct.pack("<Q", len(header)) + header + b"1234")
    return judge(folder, final, exit_code)


@pytest.mark.parametrize(
    ("log", "exit_code", "done", "state", "words"),
    [
        (SAVED, 0, True, State.FINISHED, ""),
        (BAR.replace("1.11", "nan") + "\n" + SAVED, 0, True, State.FAILED, "no longer a number"),
        (BAR.replace("1.11", "nan") + "\n" + SAVED, None, True, State.FAILED, "no longer a number"),
        (SAVED, 0, False, State.FAILED, "without writing lora.safetensors"),
        ("ERROR    No data found. Please verify\n", 0, False, State.FAILED, "No data found"),
        ("", 0, False, State.FAILED, "log is empty"),
        (None, 1, False, State.FAILED, "exit code 1, and its log is empty"),
        (BAR + "\n" + ERROR + WRAPPER, 1, False, State.FAILED, "ValueError: bad value"),
        (ERROR + BAR + BAR + "\n" + WRAPPER, 1, True, State.FAILED, "ValueError: bad value"),
        (BAR + "\n" + KILLED, 1, False, State.FAILED, "SIGKILL"),
        (BAR, -15, False, State.FAILED, "SIGTERM"),
        (BAR, -11, True, State.FAILED, "SIGSEGV"),
        (BAR, 3221225477, False, State.FAILED, "driver or a package does not fit"),
        (BAR + "\n" + WRAPPER.replace("status 1.", "status 3221225781."), 1, False, State.FAILED, "DLL"),
        ("something odd\n", 3, False, State.FAILED, "something odd"),
        (SAVED, None, True, State.FINISHED, ""),
        (BAR, None, True, State.INTERRUPTED, ""),
        (SAVED, None, False, State.INTERRUPTED, "model saved"),
        (ERROR, None, False, State.FAILED, "ValueError: bad value"),
        (ERROR + BAR * 5, None, False, State.INTERRUPTED, ""),
        ("text\n" + BAR, None, False, State.INTERRUPTED, "text"),
        ("", None, False, State.INTERRUPTED, "log is empty"),
        (None, None, False, State.INTERRUPTED, "never started"),
    ],
)
def test_the_end_is_judged_by_what_is_there(
    tmp_path: Path, log: str | None, exit_code: int | None, done: bool, state: State, words: str
) -> None:
    found = judged(tmp_path, log, exit_code, done=done)
    assert found.state is state
    assert words in found.reason
    assert "CalledProcessError" not in found.reason


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    found = judged(tmp_path, ERROR + "x" * 90 + "\n" + "all is well\n" * 100_000, None)
    assert found.state is State.INTERRUPTED
    assert found.reason.endswith("all is well")


def test_a_plan_that_is_lost_is_never_finished(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(SAVED)
    assert judge(tmp_path, None, 0).state is State.FAILED
    assert judge(tmp_path, None, None).state is State.INTERRUPTED
