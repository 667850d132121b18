"""The trainer as the process that a run starts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

Configure = Callable[..., Path]
Trainer = Callable[[Path], "subprocess.CompletedProcess[str]"]


def test_log_is_in_the_real_trainers_language(configure: Configure, trainer: Trainer, tmp_path: Path) -> None:
    path = configure(tmp_path, prompts="a zibbit --d 1 --s 2\n", sample_at_first=True, sample_every_n_steps=4,
                     save_every_n_epochs=1, save_last_n_epochs=1, max_train_epochs=3)  # fmt: skip
    done = trainer(path)
    assert done.returncode == 0, done.stderr
    out = done.stdout.splitlines()
    assert "  total optimization steps / 学習ステップ数: 12" in out
    assert [line for line in out if line.startswith("epoch ")] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    saved = [
        Path(line.removeprefix("saving checkpoint: ")).name for line in out if "saving checkpoint" in line
    ]
    assert saved == ["zib-000001.safetensors", "zib-000002.safetensors", "zib.safetensors"]
    assert any(line.startswith("removing old checkpoint: ") and "zib-000001" in line for line in out)
    bars = re.split(r"[\r\n]", done.stderr)
    assert any(re.match(r"steps:  50%\|.+\| 6/12 \[.+avr_loss=[\d.]+\]", bar) for bar in bars)
    assert "generating sample images at step / サンプル画像生成 ステップ: 4" in done.stderr
    assert done.stderr.rstrip().endswith("model saved.")
    names = sorted(p.name[:12] for p in (tmp_path / "output/sample").iterdir())
    assert names == ["zib_000004_0", "zib_000008_0", "zib_000012_0", "zib_e000000_"]


def test_failure_ends_with_its_reason_and_another_code(
    configure: Configure, trainer: Trainer, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"not a picture")
    done = trainer(configure(tmp_path, subset={"image_dir": str(folder)}))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("InputError: ")
    assert "broken.png" in last
    assert "take it out" in last


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_told_to_stop_it_ends_at_once_and_keeps_whole_files(configure: Configure, tmp_path: Path) -> None:
    path = configure(tmp_path, max_train_epochs=500, save_every_n_steps=2)
    process = subprocess.Popen(
        [sys.executable, "-m", "lora_core.engines.practice.train", "--config_file", str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.monotonic() + 140
    while not list(tmp_path.glob("output/*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Stopped as asked" in errors.splitlines()[-1]
    found = list((tmp_path / "output").iterdir())
    assert found
    assert all(p.suffix == ".safetensors" and not p.name.startswith(".") for p in found)
    for checkpoint in found:
        load_file(checkpoint)
