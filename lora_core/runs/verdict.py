"""How a training ended, judged from its exit code, its final file and the end of its log."""

from __future__ import annotations

import re
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from lora_core.engines import output
from lora_core.events import LogLine, State
from lora_core.runs import complete
from lora_core.runs import folder as layout

_TAIL_BYTES = 128 * 1024
_SAVED = "model saved"
_KILLED = re.compile(r"died with <Signals\.(SIG\w+)")
"""What the launcher says when a signal ended its child (subprocess.CalledProcessError)."""
_STATUS = re.compile(r"returned non-zero exit status (\d+)")
"""What the launcher says of a child that ended with this exit code (subprocess.CalledProcessError)."""
_WINDOWS_ENDS = {
    0xC0000005: "The trainer crashed: a driver or a package does not fit this machine (Windows: 0xC0000005).",
    0xC0000017: "The machine has run out of memory (Windows: 0xC0000017).",
    0xC000012D: "The machine has run out of memory, and its page file is full (Windows: 0xC000012D).",
    0xC0000135: "A part of a package (a DLL) is missing (Windows: 0xC0000135).",
    0xC000013A: "The trainer was ended by Ctrl+C, or its window was closed (Windows: 0xC000013A).",
}
"""Exit codes that Windows gives to a program it ended ([MS-ERREF] 2.3.1, NTSTATUS values)."""
_LAUNCHER = re.compile(r"\b(CalledProcessError|ChildFailedError)\b")
_TRACEBACK = "Traceback (most recent call last)"
_BARS_AFTER_ERROR = 2
"""A trainer that goes on after an error prints more bars; one that dies of it redraws at most these."""
_LITTLE_ROOM = 1024 * 1024


@dataclass(frozen=True)
class Verdict:
    """A final state and why."""

    state: State
    reason: str = ""


def log_end(folder: Path, size: int = _TAIL_BYTES) -> list[str]:
    """The last lines of the log, split at carriage returns too; empty if there is no log.

    Args:
        folder: the run directory.
        size: bytes to read from the end.
    """
    try:
        with (folder / layout.LOG).open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - size))
            data = file.read(size)
    except OSError:
        return []
    lines = re.split(r"[\r\n]+", data.decode("utf-8", errors="replace"))
    return lines[1:] if end > size else lines


def last_line(lines: list[str]) -> str:
    """The newest line with words of its own, bars left out."""
    for line in reversed(lines):
        texts = [event.text for event in output.parse(line, 0.0) if isinstance(event, LogLine)]
        for text in reversed(texts):
            if words := output.message(text):
                return words
    return ""


def _without_launcher(lines: list[str]) -> list[str]:
    """The log up to the launcher's own traceback, which only says that the trainer failed."""
    ends = [number for number, line in enumerate(lines) if _LAUNCHER.search(line)]
    if not ends:
        return lines
    starts = [number for number in range(ends[0]) if _TRACEBACK in lines[number]]
    return lines[: starts[-1] if starts else ends[0]]


def ending_error(lines: list[str]) -> str:
    """The error that the log ends with; empty if the trainer went on after its last error."""
    bars = [number for number, line in enumerate(lines) if "%|" in line]
    start = bars[-_BARS_AFTER_ERROR - 1] if len(bars) > _BARS_AFTER_ERROR else 0
    return output.error_summary(lines[start:]) or ""


def judge(folder: Path, final_file: Path | None, exit_code: int | None) -> Verdict:
    """The final state of a run whose trainer is gone and that nobody stopped.

    Args:
        folder: the run directory.
        final_file: where a finished training leaves its LoRA; None if the plan is not readable.
        exit_code: the trainer's; None if nobody saw it. sd-scripts exits with 0 after some failures,
            so 0 alone is not success.
    """
    lines = log_end(folder)
    done = final_file is not None and complete.is_complete(final_file)
    if done and not exit_code and output.loss_is_nan(lines):
        # The trainer goes on to the end all the same.
        return Verdict(State.FAILED, f"{output.NAN_MESSAGE} The LoRA was saved, but it is of no use.")
    if exit_code == 0 and done:
        return Verdict(State.FINISHED)
    if exit_code is None:
        return _unseen(folder, lines, done)
    ended = _ended_by_system(exit_code, lines)
    lines = _without_launcher(lines)
    error = ending_error(lines)
    if exit_code == 0:
        found = error or last_line(lines) or "The log is empty."
        name = final_file.name if final_file else "LoRA"
        return Verdict(State.FAILED, f"The trainer ended without writing {name}. {found}{_room(folder)}")
    return Verdict(State.FAILED, f"{_failure(exit_code, ended, error or last_line(lines))}{_room(folder)}")


def _unseen(folder: Path, lines: list[str], done: bool) -> Verdict:
    """Nobody was left to see the end: what is there has to tell."""
    if done and any(_SAVED in line for line in lines):
        return Verdict(State.FINISHED)
    if error := ending_error(lines):
        return Verdict(State.FAILED, f"{error}{_room(folder)}")
    if not (folder / layout.LOG).exists():
        return Verdict(
            State.INTERRUPTED, "The trainer was never started: its supervisor is gone." + _room(folder)
        )
    last = last_line(lines)
    told = f"Last in the log: {last}" if last else "The log is empty."
    return Verdict(
        State.INTERRUPTED,
        f"The trainer is gone and left no sign why, as after a power cut or a restart. {told}{_room(folder)}",
    )


def _failure(exit_code: int, ended: str, said: str) -> str:
    """One or two sentences for a trainer that ended with an error.

    Args:
        exit_code: the trainer's, negative for a signal.
        ended: how the system ended it, or empty.
        said: the error, else the last words of the log.
    """
    if ended:
        return f"{ended} {said}".rstrip()
    return said or f"The trainer ended with exit code {exit_code}, and its log is empty."


def _ended_by_system(exit_code: int, lines: list[str]) -> str:
    """A sentence if the system ended the trainer, or the trainer under its launcher; else empty.

    Args:
        exit_code: as Python tells it: negative for a signal, 32 bits without sign under Windows.
        lines: the log with the launcher's words.
    """
    inner = next((found[1] for line in reversed(lines) if (found := _KILLED.search(line))), "")
    if killed := inner or _signal_name(exit_code):
        hint = " Often the machine has run out of memory." if killed == "SIGKILL" else ""
        return f"The trainer was ended from outside by {killed}.{hint}"
    codes = [exit_code, *(int(found[1]) for line in lines if (found := _STATUS.search(line)))]
    return next((_WINDOWS_ENDS[code] for code in codes if code in _WINDOWS_ENDS), "")


def _signal_name(exit_code: int) -> str:
    if exit_code >= 0 or sys.platform == "win32":
        return ""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def _room(folder: Path) -> str:
    """A sentence if the disk is full, which keeps a trainer from even writing its error."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    return " The disk is full: free some room and start again." if free < _LITTLE_ROOM else ""
