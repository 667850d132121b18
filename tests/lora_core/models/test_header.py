from __future__ import annotations

import struct

import pytest

from lora_core.errors import InputError, StorageError
from lora_core.models.inspect import inspect, read_header


def test_a_real_writer_is_understood(tmp_path, sample):
    numpy = pytest.importorskip("numpy")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    shapes = sample["SD15"]
    tensors = {name: numpy.zeros(shape, "float16") for name, shape in shapes.items()}
    save_file(tensors, tmp_path / "a.safetensors", {"ss_x": "1"})
    header = read_header(tmp_path / "a.safetensors")
    assert {name: list(shape) for name, shape in header.shapes.items()} == shapes
    assert header.metadata == {"ss_x": "1"}
    assert header.dtype == "F16"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"abc", "first bytes"),
        (b"<!DOCTYPE html><html><body>not found</body></html>", "web page"),
        (b"\n  <html>", "web page"),
        (b'{"error": "Access to this model is restricted"}', "text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 6\n", "Git LFS"),
        (b"PK\x03\x04" + bytes(40), "PyTorch"),
        (b"\x80\x02}q\x00" + bytes(40), "PyTorch"),
        (b"GGUF\x03\x00\x00\x00" + bytes(40), "GGUF"),
        (struct.pack("<Q", 10**18) + b"{}", "first bytes"),
        (struct.pack("<Q", 2) + b"[]", "damaged"),
        (struct.pack("<Q", 9) + b"{bad json", "damaged"),
        (struct.pack("<Q", 8) + b'{"a": 1}', "damaged"),
        (struct.pack("<Q", 2) + b"\xff\xff", "damaged"),
    ],
)
def test_what_is_no_safetensors_file_is_told(tmp_path, content, part):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.safetensors") as caught:
        inspect(path)
    assert part in caught.value.why


def test_a_file_of_the_wrong_length(write, sample, tmp_path):
    path = tmp_path / "m.safetensors"
    write(sample["SD15"], path.name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(InputError, match="5 bytes are missing"):
        inspect(path)
    path.write_bytes(whole + b"12")
    with pytest.raises(InputError, match="2 bytes more"):
        inspect(path)


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,2]}}',
        b'{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F16","shape":[1],"data_offsets":[1,3]}}',
        b'{"a":{"dtype":"F16","shape":[1],"data_offsets":[1,3]}}',
    ],
)
def test_tensors_that_do_not_lie_side_by_side(tmp_path, header):
    path = tmp_path / "a.safetensors"
    room = 2 if header.count(b"dtype") == 1 and b"[0,2]" in header else 3
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(room))
    with pytest.raises(InputError, match="no proper place"):
        read_header(path)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(StorageError):
        read_header(tmp_path / "nowhere.safetensors")
