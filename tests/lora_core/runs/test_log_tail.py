from __future__ import annotations

import random
from pathlib import Path

from lora_core.runs.log_tail import LogTail, newest_bars


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_lines_end_at_returns_and_feeds_and_halves_wait(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    tail = LogTail(path)
    assert tail.read() == []
    append(path, b"one\ntwo\r\nthr")
    assert tail.read() == ["one", "two"]
    assert tail.read() == []
    append(path, b"ee\rfour\n\n\r")
    assert tail.read() == ["three", "four"]
    append(path, b"no end")
    assert tail.read() == []
    assert tail.read(last=True) == ["no end"]
    assert tail.read(last=True) == []


def test_a_whole_bar_is_given_before_its_end_comes(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    tail = LogTail(path)
    append(path, b"\rsteps:  50%|##  | 8/16 [00:08<0")
    assert tail.read() == []
    append(path, b"0:08,  1.02s/it]")
    assert tail.read() == ["steps:  50%|##  | 8/16 [00:08<00:08,  1.02s/it]"]
    append(path, b"\rsteps: ")
    assert tail.read() == []


def test_bytes_that_are_no_text_become_replacement_signs(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    append(path, b"caf\xe9\n\xff\xfe\n")
    assert LogTail(path).read() == ["caf\ufffd", "\ufffd\ufffd"]


def test_any_cut_gives_the_same_lines(tmp_path: Path) -> None:
    dice = random.Random(1)
    text = "".join(dice.choice(["ä", "bar ", "\r", "\n", "\r\n", "学習", "x"]) for _ in range(500)) + "end\n"
    data = text.encode()
    (tmp_path / "whole").write_bytes(data)
    whole = LogTail(tmp_path / "whole").read()
    path = tmp_path / "log.txt"
    tail, lines, at = LogTail(path), [], 0
    while at < len(data):
        step = dice.randint(1, 7)
        append(path, data[at : at + step])
        at += step
        lines += tail.read()
    assert lines == whole


def test_a_line_without_end_is_given_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    append(path, b"x" * 1_000_000)
    assert sum(map(len, LogTail(path).read(last=True))) == 1_000_000


def test_bars_that_are_drawn_over_are_left_out() -> None:
    def bar(name: str, step: int) -> str:
        return f"{name}:  50%|#| {step}/9 [00:01<00:01, 1.0it/s]"

    glued = f"{bar('steps', 4)}2026-11-22 INFO words"
    lines = [
        bar("steps", 1),
        bar("steps", 2),
        "text",
        bar("steps", 3),
        glued,
        bar("steps", 5),
        bar("read caption", 1),
    ]
    assert newest_bars(lines) == [lines[1], "text", lines[3], glued, lines[5], lines[6]]
    assert newest_bars([]) == []
