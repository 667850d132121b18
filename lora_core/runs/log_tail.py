"""Read a growing log, line by line, as it is written."""

from __future__ import annotations

import re
from pathlib import Path

_CHUNK = 4 * 1024 * 1024
_LONGEST = 64 * 1024
"""Bytes after which a line without an end is handed out all the same."""
_ENDS = re.compile(rb"\r\n|\r|\n")
_BAR_END = b"]"
_BAR = re.compile(r"\s*([A-Za-z][\w ]*):\s*\d{1,3}%\|[^|]*\|[^|\]]*\]\s*")


def newest_bars(lines: list[str]) -> list[str]:
    """``lines`` without whole bars that the very next line draws over.

    A long training draws a hundred thousand; only the newest says where it is.
    """
    names = [found[1] if (found := _BAR.fullmatch(line)) else "" for line in lines]
    nexts = [*names[1:], ""]
    return [line for line, name, after in zip(lines, names, nexts, strict=False) if not name or name != after]


class LogTail:
    """The lines of a log file that are new since the last look.

    Lines end at carriage returns and line feeds. What stands after the last end is kept until it is
    completed, except for a whole progress bar: a bar is followed by its carriage return only when the
    next one is drawn.

    Args:
        path: the log; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._half = b""

    def read(self, *, last: bool = False) -> list[str]:
        """New lines without their ends, empty ones left out. Bytes that are no UTF-8 become U+FFFD.

        Args:
            last: nothing will follow, so hand out the half line too.
        """
        lines: list[bytes] = []
        while chunk := self._chunk():
            *whole, self._half = _ENDS.split(self._half + chunk)
            lines += whole
            if len(self._half) > _LONGEST:
                self._give_half(lines)
        if last or (b"%|" in self._half and self._half.rstrip(b" ").endswith(_BAR_END)):
            self._give_half(lines)
        return [line.decode("utf-8", errors="replace") for line in lines if line.strip()]

    def _give_half(self, lines: list[bytes]) -> None:
        lines.append(self._half)
        self._half = b""

    def _chunk(self) -> bytes:
        try:
            size = self.path.stat().st_size
            if size < self._offset:  # replaced by a shorter file: begin again
                self._offset, self._half = 0, b""
            if size == self._offset:
                return b""
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK)
        except OSError:
            return b""
        self._offset += len(data)
        return data
