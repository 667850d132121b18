"""The commands ``import`` and ``export``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import cli
from lora_core.options import TrainingOptions, toml_io

FOREIGN = {
    "LoRA_type": "Standard",
    "pretrained_model_name_or_path": "/models/m.safetensors",
    "max_resolution": "512,512",
    "network_dim": 12,
    "huggingface_token": "hf_" + "q" * 30,
    "odd": 1,
}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "gui.json"
    path.write_text(json.dumps(FOREIGN), "utf-8")
    return path


def test_import_tells_and_writes(foreign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "mine.toml"
    assert cli.main(["import", str(foreign), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "kohya_ss" in printed
    assert "1 unknown" in printed
    assert "max_resolution" in printed
    assert "q" * 30 not in printed + out.read_text("utf-8")
    assert toml_io.load(out)["network_dim"] == 12


def test_import_as_json(foreign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(foreign), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["format"] == "kohya_ss"
    assert {entry["outcome"] for entry in report["entries"]} >= {"taken", "translated", "unknown", "dropped"}


def test_import_of_nothing_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.txt").write_text("hello\n", "utf-8")
    assert cli.main(["import", str(tmp_path / "x.txt")]) == 2
    assert "What to do" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("sd-scripts", {"train.toml", "dataset.toml", "command.sh"}),
        ("kohya-ss", {"mine.json", "mine-dataset.toml"}),
        ("workbench", {"mine-shared.toml"}),
    ],
)
def test_export_and_back(tmp_path: Path, target: str, names: set[str]) -> None:
    options = TrainingOptions(network_dim=12, image_dir="/data/somebody/cats", num_repeats=4)
    (tmp_path / "mine.toml").write_text(toml_io.dumps(options), "utf-8")
    out = tmp_path / "out"
    assert cli.main(["export", str(tmp_path / "mine.toml"), "--to", target, "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == names
    assert not any("somebody" in path.read_text("utf-8") for path in out.iterdir())
    first = out / ("train.toml" if target == "sd-scripts" else min(names, key=len))
    assert cli.main(["import", str(first), "--out", str(tmp_path / "back.toml")]) == 0
    back = toml_io.load(tmp_path / "back.toml")
    assert (back["network_dim"], back["num_repeats"]) == (12, 4)


def test_export_with_paths(tmp_path: Path) -> None:
    options = TrainingOptions(image_dir="/data/somebody/cats")
    (tmp_path / "mine.toml").write_text(toml_io.dumps(options), "utf-8")
    words = [
        "export",
        str(tmp_path / "mine.toml"),
        "--to",
        "sd-scripts",
        "--out",
        str(tmp_path),
        "--with-paths",
    ]
    assert cli.main(words) == 0
    assert "/data/somebody/cats" in (tmp_path / "dataset.toml").read_text("utf-8")
