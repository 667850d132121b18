"""Read scalars from TensorBoard event files while they are written.

Records are framed here and decoded by tensorboard's own message classes. Its record reader was measured
at a fifth of this speed, because it reckons every checksum in Python, and it keeps the file open, which
under Windows forbids deleting the run.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lora_core.events import StepLogged

_log = logging.getLogger(__name__)

_PREFIX = "events.out.tfevents."
_HEAD, _FOOT = 12, 4
"""Bytes around a record: length and its checksum before it, the data's checksum after it
(TFRecord, tensorflow.org/tutorials/load_data/tfrecord)."""
_LARGEST = 64 * 1024 * 1024
"""A length beyond this, in bytes, is taken for damage."""
_CHUNK = 16 * 1024 * 1024


class ScalarTail:
    """Scalars in all event files below a folder that are new since the last look.

    Args:
        folder: the folder of TensorBoard files; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _EventFile] = {}

    def read(self) -> list[StepLogged]:
        """New scalars. Those of one step that stand together become one event; values counted by epoch
        (tags with ``epoch``) are kept apart from those counted by step. A step may come in two parts.
        """
        for path in self._find():
            if path not in self._files:
                self._files[path] = _EventFile(path)
        return [event for path in sorted(self._files) for event in self._files[path].read()]

    def _find(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                if name.startswith(_PREFIX):
                    yield Path(folder, name)


class _EventFile:
    """One event file, read up to where it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._damaged = False

    def read(self) -> list[StepLogged]:
        events: list[StepLogged] = []
        while not self._damaged and (records := self._records()):
            events += _grouped(self._decoded(records))
        return events

    def _records(self) -> list[bytes]:
        """Whole records from here on, at most a chunk of them; a record that is cut off is left for later."""
        try:
            if self._path.stat().st_size <= self._offset:
                return []
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK)
                if len(data) >= _HEAD:
                    need = _HEAD + self._length(data, 0) + _FOOT - len(data)
                    data += file.read(max(0, need))
        except OSError:
            return []
        records, at = [], 0
        while at + _HEAD <= len(data):
            end = at + _HEAD + self._length(data, at)
            if self._damaged or end + _FOOT > len(data):
                break
            records.append(data[at + _HEAD : end])
            at = end + _FOOT
        self._offset += at
        return records

    def _length(self, data: bytes, at: int) -> int:
        """Length of the record that begins there; an impossible one marks the file as damaged."""
        (length,) = struct.unpack_from("<Q", data, at)
        if not 0 < length <= _LARGEST:
            self._damaged = True
            _log.warning("%s is damaged at byte %d; what follows is left out", self._path, self._offset + at)
            return 0
        return int(length)

    def _decoded(self, records: list[bytes]) -> Iterator[tuple[float, int, str, float]]:
        """Time, step, tag and value of each scalar."""
        from google.protobuf.message import DecodeError
        from tensorboard.compat.proto.event_pb2 import Event

        for record in records:
            try:
                event = Event.FromString(record)
            except DecodeError:
                self._damaged = True
                _log.warning("%s holds a damaged record; what follows is left out", self._path)
                return
            for value in event.summary.value:
                number = _scalar(value)
                if number is not None:
                    yield event.wall_time, event.step, value.tag, number


def _scalar(value: Any) -> float | None:
    """A summary value as a number; None for pictures, texts and tables."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor" or value.metadata.plugin_data.plugin_name not in ("", "scalars"):
        return None
    from tensorboard.util.tensor_util import make_ndarray

    try:
        array = make_ndarray(value.tensor)
        return float(array.item()) if array.size == 1 and array.dtype.kind in "fiub" else None
    except (TypeError, ValueError):
        return None


def _grouped(values: Iterator[tuple[float, int, str, float]]) -> Iterator[StepLogged]:
    scalars: dict[str, float] = {}
    key: tuple[int, bool] | None = None
    when = 0.0
    for time, step, tag, number in values:
        here = (step, "epoch" in tag)
        if scalars and (here != key or tag in scalars):
            yield StepLogged(when, key[0] if key else step, scalars)
            scalars = {}
        key, when = here, time
        scalars[tag] = number
    if scalars and key:
        yield StepLogged(when, key[0], scalars)
