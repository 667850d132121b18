"""Find previews and checkpoints that are whole on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lora_core.events import CheckpointSaved, SampleSaved
from lora_core.runs import complete

_SAMPLE = re.compile(
    r"(?:.*_)?(?P<by_epoch>e?)(?P<count>\d{6,})_(?P<index>\d{2,})_(?P<time>\d{14})(?:_(?P<seed>-?\d+))?"
    r"\.(?:png|jpg|jpeg|webp)"
)
"""``NAME_000008_00_20261122224745_1.png`` and ``NAME_e000001_00_….png``: step or epoch, number of the
prompt, time, and the seed if one was set (sd-scripts, library/train_util.py, sample_image_inference)."""


class _Seen:
    """Files of a folder that were found whole and not reported yet.

    A file is looked into again only when its size or time changed since it was found incomplete.
    """

    def __init__(self, folder: Path, fits: Callable[[str], bool], whole: Callable[[Path], bool]) -> None:
        self._folder, self._fits, self._whole = folder, fits, whole
        self._done: set[str] = set()
        self._partial: dict[str, tuple[int, int]] = {}

    def new(self) -> Iterator[tuple[float, Path]]:
        """Time of writing (Unix seconds) and path, oldest first."""
        found = []
        for name, stat in _files(self._folder):
            mark = (stat.st_size, stat.st_mtime_ns)
            if name in self._done or self._partial.get(name) == mark or not self._fits(name):
                continue
            if self._whole(self._folder / name):
                self._done.add(name)
                self._partial.pop(name, None)
                found.append((stat.st_mtime, self._folder / name))
            else:
                self._partial[name] = mark
        yield from sorted(found)


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
    except OSError:
        return
    for name in names:
        # a fresh stat, because the one that Windows keeps in the folder lags behind
        try:
            yield name, Path(folder, name).stat()
        except OSError:
            continue


class SampleTail:
    """Preview pictures that are new since the last look.

    Args:
        folder: the folder of previews; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._seen = _Seen(folder, lambda name: bool(_SAMPLE.fullmatch(name)), complete.is_picture)

    def read(self) -> list[SampleSaved]:
        return [_sample(when, path) for when, path in self._seen.new()]


def _sample(when: float, path: Path) -> SampleSaved:
    found = _SAMPLE.fullmatch(path.name)
    assert found is not None  # only names that fit come here
    count, by_epoch = int(found["count"]), bool(found["by_epoch"])
    return SampleSaved(
        time=when,
        path=path,
        step=None if by_epoch else count,
        epoch=count if by_epoch else None,
        prompt_index=int(found["index"]),
        seed=int(found["seed"]) if found["seed"] else None,
    )


class CheckpointTail:
    """LoRA files that are new since the last look.

    Args:
        folder: the folder of checkpoints; it need not exist yet.
        name: the LoRA's name.
        suffix: the files' suffix, with its dot.
    """

    def __init__(self, folder: Path, name: str, suffix: str) -> None:
        self._pattern = re.compile(
            rf"{re.escape(name)}(?:-step(?P<step>\d{{8,}})|-(?P<epoch>\d{{6,}}))?{re.escape(suffix)}"
        )
        self._seen = _Seen(folder, lambda file: bool(self._pattern.fullmatch(file)), complete.is_complete)

    def read(self) -> list[CheckpointSaved]:
        return [self._saved(when, path) for when, path in self._seen.new()]

    def _saved(self, when: float, path: Path) -> CheckpointSaved:
        found = self._pattern.fullmatch(path.name)
        assert found is not None  # only names that fit come here
        step = int(found["step"]) if found["step"] else None
        epoch = int(found["epoch"]) if found["epoch"] else None
        return CheckpointSaved(when, path, step, epoch, final=step is None and epoch is None)
