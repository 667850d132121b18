"""The reader of trainer output, on lines as sd-scripts 0.10.1 printed them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lora_core.engines.output import NAN_MESSAGE, error_summary, looks_failed, parse
from lora_core.events import LogLine, Phase, PhaseChanged, Progressed

BAR = "steps:  50%|█████     | 8/16 [00:08<00:08,  1.02s/it, avr_loss=1.11]"
STAMP = "2026-11-23 02:58:07 INFO     "


def phases(line: str) -> list[Phase]:
    return [event.phase for event in parse(line, 1.0) if isinstance(event, PhaseChanged)]


def test_steps_bar_is_progress() -> None:
    assert parse(BAR, 5.0) == (PhaseChanged(5.0, Phase.TRAINING), Progressed(5.0, 8, 16))


@pytest.mark.parametrize(
    "line",
    [
        "steps:   0%|          | 0/16 [00:00<?, ?it/s]",
        "steps:  50%|##################5               | 0/16 [00:08<00:08,  1.02s/it, avr_loss=1.",
        "\x1b[A\x1b[2Ksteps:   0%|          | 0/16 [00:00<?, ?it/s]",
    ],
)
def test_bar_variants(line: str) -> None:
    assert parse(line, 1.0)[-1] == Progressed(1.0, 0, 16)


def test_log_text_glued_to_a_bar_is_both() -> None:
    line = f"{BAR}{STAMP}generating sample images at step / サンプル画像生成 ステップ: 8   train_util.py:6394"
    events = parse(line, 2.0)
    assert [type(event) for event in events] == [PhaseChanged, Progressed, LogLine, PhaseChanged]
    assert events[2] == LogLine(
        2.0, f"{STAMP}generating sample images at step / サンプル画像生成 ステップ: 8"
    )
    assert events[3] == PhaseChanged(2.0, Phase.SAMPLING, "generating sample images at step")


def test_two_bars_on_one_line() -> None:
    assert parse(f"{BAR}{BAR.replace('8/16', '9/16')}", 1.0)[-1] == Progressed(1.0, 9, 16)


@pytest.mark.parametrize(
    "line",
    [
        " 33%|███▎      | 1/3 [00:00<00:00,  2.49it/s]",
        "100%|██████████| 20/20 [00:00<00:00, 30.45it/s]",
        "epoch validation steps:  50%|█████     | 8/16 [00:08<00:08,  1.02s/it, val_epoch_avg_loss=0.1]",
        "12it [00:00, 3.50it/s]",
        "",
        "\x1b[A",
        "   ",
    ],
)
def test_other_bars_and_blanks_say_nothing(line: str) -> None:
    assert parse(line, 1.0) == ()


def test_total_is_announced() -> None:
    events = parse("  total optimization steps / 学習ステップ数: 16", 3.0)
    assert Progressed(3.0, 0, 16) in events


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("saving checkpoint: /runs/a/output/mylora-000001.safetensors", Phase.SAVING),
        (STAMP + "model saved.           train_network.py:1729", Phase.SAVING),
        (STAMP + "saving state at step 8", Phase.SAVING),
        (STAMP + "[Dataset 0]", None),
        (STAMP + "caching latents with caching strategy.     train_util.py:1120", Phase.CACHING),
        (STAMP + "prepare images.      train_util.py:2112", Phase.CAPTIONS),
        ("read caption: 100%|██████████| 3/3 [00:00<00:00, 5223.29it/s]", Phase.CAPTIONS),
        (STAMP + "loading model for process 0/1     train_util.py:5574", Phase.LOADING),
        (STAMP + "load StableDiffusion checkpoint: /m/a.safetensors", Phase.LOADING),
        ("epoch 1/2", Phase.TRAINING),
        ("saving the whales", None),
    ],
)
def test_phases(line: str, phase: Phase | None) -> None:
    assert phases(line) == ([phase] if phase else [])


@pytest.mark.parametrize("path", ["/runs/a b/output/x 1.safetensors", r"C:\runs\a\x 1.safetensors"])
def test_checkpoint_detail_names_the_file(path: str) -> None:
    event = parse(f"saving checkpoint: {path}", 1.0)[-1]
    assert event == PhaseChanged(1.0, Phase.SAVING, "saving checkpoint: x 1.safetensors")


def test_full_bar_does_not_bring_training_back() -> None:
    assert parse(BAR.replace("8/16", "16/16"), 1.0) == (Progressed(1.0, 16, 16),)


RECORDED = Path(__file__).with_name("sd_scripts_log.txt")
"""The log of a 16-step training by sd-scripts 0.10.1; folder names replaced, blanks shortened."""


def test_recorded_log_from_start_to_end() -> None:
    text = RECORDED.read_bytes().decode("utf-8")
    lines = re.split("[\r\n]+", text)
    events = [event for line in lines for event in parse(line, 1.0)]
    seen = [event.phase for event in events if isinstance(event, PhaseChanged)]
    changes = [phase for number, phase in enumerate(seen) if seen[number - 1 : number] != [phase]]
    start = [Phase.CAPTIONS, Phase.LOADING, Phase.CACHING, Phase.LOADING, Phase.TRAINING]
    half = [Phase.SAMPLING, Phase.TRAINING, Phase.SAVING, Phase.TRAINING]
    assert changes == [*start, *half, Phase.SAMPLING, Phase.SAVING]
    steps = [event.step for event in events if isinstance(event, Progressed)]
    assert steps == sorted(steps)
    assert set(steps) == set(range(17))
    assert not [event for event in events if isinstance(event, LogLine) and "%|" in event.text]
    assert error_summary(lines) is None
    assert not looks_failed(lines)


TRACEBACK = """\
Traceback (most recent call last):
  File "/s/train_network.py", line 1795, in <module>
    trainer.train(args)
ValueError: cosinee is not a valid SchedulerType, please select one of ['linear', 'cosine']
Traceback (most recent call last):
  File "/s/env/lib/python3.11/site-packages/accelerate/commands/launch.py", line 802, in simple_launcher
    raise subprocess.CalledProcessError(returncode=process.returncode, cmd=cmd)
subprocess.CalledProcessError: Command '['python', 'train_network.py']' returned non-zero exit status 1.
""".splitlines()

BOXED = """\
╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /s/train_network.py:1795 in <module>                                         │
│ ❱ 1795     trainer.train(args)                                               │
╰──────────────────────────────────────────────────────────────────────────────╯
RuntimeError: Error(s) in loading state_dict for UNet2DConditionModel:
        Missing key(s) in state_dict: "down_blocks.0.attentions.0.norm.weight".
╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /s/accelerate/commands/launch.py:802 in simple_launcher                      │
╰──────────────────────────────────────────────────────────────────────────────╯
CalledProcessError: Command '['python', 'train_network.py']' returned non-zero
exit status 1.
""".splitlines()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (TRACEBACK, TRACEBACK[3]),
        (BOXED, BOXED[4]),
        (["KeyError: 'time_embed.0.weight'"], "KeyError: 'time_embed.0.weight'"),
        (["torch.OutOfMemoryError: CUDA out of memory."], "torch.OutOfMemoryError: CUDA out of memory."),
        (["AssertionError"], "AssertionError"),
        ([f"{BAR}OSError: image file is truncated"], "OSError: image file is truncated"),
        (
            ["2026-11-23 03:00:00 ERROR    No data found. Please verify (x) / 画像がありません。 a.py:576"],
            "No data found. Please verify (x)",
        ),
        (
            ["ERROR    No data found. Please verify (x) /        train_network.py:576"],
            "No data found. Please verify (x)",
        ),
        (["INFO     run/plan/train.toml not found."], "run/plan/train.toml not found."),
        (
            ["train_network.py: error: unrecognized arguments: --x"],
            "train_network.py: error: unrecognized arguments: --x",
        ),
        ([BAR.replace("1.11", "nan")], NAN_MESSAGE),
        ([BAR, STAMP + "model saved."], None),
        ([], None),
    ],
)
def test_error_summary(lines: list[str], expected: str | None) -> None:
    assert error_summary(lines) == expected


@pytest.mark.parametrize(
    ("lines", "failed"),
    [
        (TRACEBACK, True),
        (["ERROR    No data found. Please verify arguments"], True),
        (
            [
                "ERROR    No prompt file / プロンプトファイルがありません: /x/prompts.txt",
                STAMP + "model saved.",
            ],
            True,
        ),
        ([BAR.replace("1.11", "nan"), STAMP + "model saved."], True),
        ([BAR.replace("1.11", "nan"), BAR, STAMP + "model saved."], False),
        (["ERROR    Error loading file: a.npz", STAMP + "model saved."], False),
        ([BAR, STAMP + "model saved."], False),
        ([], False),
    ],
)
def test_looks_failed(lines: list[str], failed: bool) -> None:
    assert looks_failed(lines) is failed
