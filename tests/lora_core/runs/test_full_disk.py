from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lora_core import runs
from lora_core.errors import StorageError
from lora_core.events import State


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one mebibyte, where we may mount one."""
    folder = tmp_path / "runs"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        mounted = (
            sys.platform == "linux"
            and subprocess.run(command, capture_output=True, check=False).returncode == 0
        )
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_still_lets_the_end_be_told(small_disk: Path, make_run: Callable[..., runs.Run]) -> None:
    run = make_run("fills_disk.py")
    assert run.folder.parent == small_disk
    assert run.wait(30) is State.FAILED
    status = run.status()
    assert "disk is full" in status.reason
    assert status.exit_code == 1
    (run.folder / "output" / "big").unlink()


def test_a_disk_without_room_is_told_before_the_start(
    small_disk: Path, make_run: Callable[..., runs.Run]
) -> None:
    big = os.open(small_disk / "big", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(big, b"x" * 4096):
            pass
    os.close(big)
    with pytest.raises(StorageError, match="No space"):
        make_run("good.py")
    assert [path.name for path in small_disk.iterdir()] == ["big"]
