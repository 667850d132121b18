from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from lora_core.runs.complete import is_complete, is_picture
from lora_core.runs.files import CheckpointTail, SampleTail


def lora_bytes() -> bytes:
    header = json.dumps(
        {"__metadata__": {}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + b"12345678"


def png_bytes() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0abc")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_only_a_whole_lora_is_complete(tmp_path: Path) -> None:
    path, data = tmp_path / "x.safetensors", lora_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        assert not is_complete(path)
    path.write_bytes(data)
    assert is_complete(path)
    path.write_bytes(data + b"x")
    assert not is_complete(path)
    assert not is_complete(tmp_path / "missing.safetensors")


@pytest.mark.parametrize(
    "header", [b"[]", b'{"a": 1}', b'{"a": {"data_offsets": []}}', b'{"a": {"data_offsets": ["", ""]}}']
)
def test_a_strange_header_is_not_complete(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    assert not is_complete(path)


def test_only_a_whole_picture_is_complete(tmp_path: Path) -> None:
    path, data = tmp_path / "x.png", png_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        assert not is_picture(path)
    path.write_bytes(data)
    assert is_picture(path)


def test_checkpoints_by_epoch_step_and_final(tmp_path: Path) -> None:
    tail = CheckpointTail(tmp_path / "output", "my.lora", ".safetensors")
    assert tail.read() == []
    (tmp_path / "output").mkdir()
    for name in (
        "my.lora-000002",
        "my.lora-step00000040",
        "my.lora",
        "other",
        "my.lora-000001-extra",
        "myxlora",
    ):
        (tmp_path / "output" / f"{name}.safetensors").write_bytes(lora_bytes())
    (tmp_path / "output" / "my.lora-000001-state").mkdir()
    found = {(saved.path.stem, saved.epoch, saved.step, saved.final) for saved in tail.read()}
    assert found == {
        ("my.lora-000002", 2, None, False),
        ("my.lora-step00000040", None, 40, False),
        ("my.lora", None, None, True),
    }
    assert tail.read() == []


def test_a_half_written_checkpoint_comes_when_it_is_whole(tmp_path: Path) -> None:
    tail = CheckpointTail(tmp_path, "a", ".safetensors")
    path = tmp_path / "a.safetensors"
    path.write_bytes(lora_bytes()[:-3])
    assert tail.read() == []
    path.write_bytes(lora_bytes())
    assert [saved.path for saved in tail.read()] == [path]


def test_previews_by_step_and_epoch_with_and_without_seed(tmp_path: Path) -> None:
    tail = SampleTail(tmp_path)
    names = {
        "my_lora_000008_00_20261122224745_1.png": (8, None, 0, 1),
        "my_lora_000008_12_20261122224745.png": (8, None, 12, None),
        "my_lora_e000001_01_20261122224745_0.png": (None, 1, 1, 0),
        "e000000_00_20261122224745_42.png": (None, 0, 0, 42),
    }
    for name in names:
        (tmp_path / name).write_bytes(png_bytes())
    (tmp_path / "half_000009_00_20261122224745_1.png").write_bytes(png_bytes()[:-5])
    (tmp_path / "cat.png").write_bytes(png_bytes())
    found = {s.path.name: (s.step, s.epoch, s.prompt_index, s.seed) for s in tail.read()}
    assert found == names
    (tmp_path / "half_000009_00_20261122224745_1.png").write_bytes(png_bytes())
    assert [saved.step for saved in tail.read()] == [9]
