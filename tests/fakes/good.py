"""A trainer that behaves: sd-scripts' log lines, bars and file names, with no training behind them.

Standard library only, so that it starts at once. Others here take their pieces from it.

    python good.py OUTPUT_DIR NAME [STEPS [SECONDS_PER_STEP]]
"""

from __future__ import annotations

import json
import struct
import sys
import time
import zlib
from pathlib import Path


def say(text: str, end: str = "\n") -> None:
    """Write to stderr, where the real trainer writes, in bytes as given."""
    sys.stderr.buffer.write((text + end).encode("utf-8"))
    sys.stderr.buffer.flush()


def bar(step: int, total: int) -> None:
    rest = f"{step}/{total} [00:01<00:01, 9.9it/s, avr_loss=0.5]"
    say(f"\rsteps: {100 * step // total:3d}%|{'█' * (10 * step // total)}| {rest}", "")


def lora(path: Path) -> None:
    """Write a small safetensors file with one tensor."""
    data = struct.pack("<4f", 1, 2, 3, 4)
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, len(data)]}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def picture(path: Path) -> None:
    """Write a PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00\xff\x00\x00")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def begin(total: int) -> None:
    say("2026-11-22 22:47:40 INFO     prepare tokenizer                                  train_util.py:1")
    say("2026-11-22 22:47:41 INFO     loading image sizes.                               train_util.py:2")
    print(f"  total optimization steps / 学習ステップ数: {total}", flush=True)


def save(folder: Path, file: str) -> None:
    print(f"\nsaving checkpoint: {folder / file}", flush=True)
    lora(folder / file)


def finish(folder: Path, name: str) -> None:
    save(folder, f"{name}.safetensors")
    say("2026-11-22 22:47:50 INFO     model saved.                                train_network.py:1729")


def main() -> None:
    folder, name = Path(sys.argv[1]), sys.argv[2]
    total = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    pause = float(sys.argv[4]) if len(sys.argv) > 4 else 0.05
    begin(total)
    bar(0, total)
    for step in range(1, total + 1):
        time.sleep(pause)
        bar(step, total)
        if step == total // 2:
            say("\ngenerating sample images at step / サンプル画像生成 ステップ: " + str(step))
            picture(folder / "sample" / f"{name}_{step:06d}_00_20261122224745_1.png")
            save(folder, f"{name}-000001.safetensors")
    say("")
    finish(folder, name)


if __name__ == "__main__":
    main()
