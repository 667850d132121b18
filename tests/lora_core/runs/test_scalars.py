from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.events import StepLogged
from lora_core.runs.scalars import ScalarTail


def scalar(step: int, tag: str, value: float) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return Event(wall_time=1000.0 + step, step=step, summary=summary).SerializeToString()


def tensor(step: int, tag: str, value: object) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.util.tensor_util import make_tensor_proto

    summary = Summary(value=[Summary.Value(tag=tag, tensor=make_tensor_proto(value))])
    return Event(wall_time=1000.0 + step, step=step, summary=summary).SerializeToString()


def write(path: Path, *records: bytes) -> Path:
    """With tensorboard's own writer."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for record in records:
            writer.write(record)
        writer.flush()
    return path


def test_scalars_of_a_step_come_together(tmp_path: Path) -> None:
    records = [
        scalar(step, tag, value)
        for step in (1, 2)
        for tag, value in (("loss/current", 0.5 * step), ("lr/unet", 0.25))
    ]
    records.append(scalar(2, "loss/epoch_average", 0.75))
    write(tmp_path / "run" / "events.out.tfevents.1.host", *records)
    assert ScalarTail(tmp_path).read() == [
        StepLogged(1001.0, 1, {"loss/current": 0.5, "lr/unet": 0.25}),
        StepLogged(1002.0, 2, {"loss/current": 1.0, "lr/unet": 0.25}),
        StepLogged(1002.0, 2, {"loss/epoch_average": 0.75}),
    ]


def test_tensor_scalars_count_and_texts_do_not(tmp_path: Path) -> None:
    write(
        tmp_path / "events.out.tfevents.1.host",
        tensor(3, "a", 0.5),
        tensor(3, "text", "hello"),
        tensor(3, "many", [1.0, 2.0]),
    )
    assert ScalarTail(tmp_path).read() == [StepLogged(1003.0, 3, {"a": 0.5})]


def test_every_cut_of_a_file_is_read_on_from(tmp_path: Path) -> None:
    source = write(tmp_path / "source", *(scalar(step, "loss", step / 4) for step in range(1, 4)))
    data = source.read_bytes()
    whole = [StepLogged(1000.0 + step, step, {"loss": step / 4}) for step in range(1, 4)]
    for cut in range(len(data) + 1):
        path = tmp_path / f"logs{cut}" / "events.out.tfevents.1.host"
        path.parent.mkdir()
        path.write_bytes(data[:cut])
        tail = ScalarTail(path.parent)
        first = tail.read()
        assert first == whole[: len(first)]
        with path.open("ab") as file:
            file.write(data[cut:])
        assert first + tail.read() == whole
        assert tail.read() == []


def test_several_files_and_folders_that_appear_later(tmp_path: Path) -> None:
    tail = ScalarTail(tmp_path / "logs")
    assert tail.read() == []
    write(
        tmp_path / "logs" / "20261122" / "network_train" / "events.out.tfevents.1.h", scalar(1, "loss", 1.0)
    )
    assert [event.step for event in tail.read()] == [1]
    write(
        tmp_path / "logs" / "20261123" / "network_train" / "events.out.tfevents.2.h", scalar(2, "loss", 1.0)
    )
    assert [event.step for event in tail.read()] == [2]


@pytest.mark.parametrize(
    "junk", [b"\0" * 100, b"\xff" * 100, b"\x05\0\0\0\0\0\0\0aaaa\xff\xff\xff\xff\xffbbbb"]
)
def test_damage_ends_a_file_and_keeps_what_stood_before(tmp_path: Path, junk: bytes) -> None:
    path = write(tmp_path / "events.out.tfevents.1.h", scalar(1, "loss", 1.0))
    with path.open("ab") as file:
        file.write(junk)
    tail = ScalarTail(tmp_path)
    assert [event.step for event in tail.read()] == [1]
    assert tail.read() == []


def test_a_long_training_is_read_whole(tmp_path: Path) -> None:
    tags = ("loss/current", "loss/average", "lr/unet", "lr/textencoder")
    records = (scalar(step, tag, 1.0 / step) for step in range(1, 5001) for tag in tags)
    frames = (len(record).to_bytes(8, "little") + b"\0" * 4 + record + b"\0" * 4 for record in records)
    (tmp_path / "events.out.tfevents.1.h").write_bytes(b"".join(frames))
    events = ScalarTail(tmp_path).read()
    assert [event.step for event in events] == list(range(1, 5001))
    assert all(set(event.scalars) == set(tags) for event in events)
