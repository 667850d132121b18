from __future__ import annotations

from pathlib import Path

import pytest

from lora_core import atomic


class InUse(PermissionError):
    """What Windows raises for a file that another program has open."""

    winerror = 32


def test_a_file_in_use_is_tried_again() -> None:
    tries = []

    def act() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise InUse
        return "done"

    assert atomic.patiently(act) == "done"
    assert len(tries) == 3


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_PAUSE", 0.0)
    tries = []

    def act() -> None:
        tries.append(1)
        raise InUse

    with pytest.raises(InUse):
        atomic.patiently(act)
    assert 1 < len(tries) < 1000


@pytest.mark.parametrize(
    "error", [PermissionError(13, "no"), FileNotFoundError(2, "no"), OSError(28, "full")]
)
def test_other_errors_are_told_at_once(error: OSError) -> None:
    tries = []

    def act() -> None:
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        atomic.patiently(act)
    assert tries == [1]


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "text.txt"
    atomic.write_text(path, "one\r\n")
    atomic.write_text(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert [one.name for one in path.parent.iterdir()] == ["text.txt"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "kept").touch()
    with pytest.raises(OSError, match="folder"):
        atomic.write_text(path, "text")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
    assert (path / "kept").exists()
