"""Our schedules with warm restarts, on real optimizers, against the formula written out by hand."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lora_core.engines.sd_scripts import modules  # noqa: E402
from lora_core.engines.sd_scripts.modules.lora_workbench_schedulers import (  # noqa: E402
    CosineAnnealingWarmRestarts,
    RexAnnealingWarmRestarts,
)

UNET, TEXT = 1e-3, 2e-4


def optimizer(*rates: float) -> Any:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": rate} for rate in rates or (UNET, TEXT)]
    return torch.optim.AdamW(groups, lr=1.0)


def walk(made: Any, steps: int, into: Any) -> list[list[float]]:
    """The rates of each group over so many steps."""
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in into.param_groups])
        assert made.get_last_lr() == found[-1]
        into.step()
        made.step()
    return found


def rex(p: float, d: float = 0.9) -> float:
    return (1 - p) / ((1 - d) + d * (1 - p))


def cosine(p: float) -> float:
    return (1 + math.cos(math.pi * p)) / 2


@pytest.mark.parametrize(
    ("kind", "shape"), [(CosineAnnealingWarmRestarts, cosine), (RexAnnealingWarmRestarts, rex)]
)
def test_each_step_is_the_formula_for_each_group(kind: Any, shape: Any) -> None:
    into = optimizer()
    made = kind(into, gamma=0.5, cycle_multiplier=2, first_cycle_max_steps=6, min_lr=1e-5, warmup_steps=2)
    expected = []
    for cycle, length in enumerate((6, 10, 18)):  # 2 of warm-up, then 4, 8 and 16
        tops = [UNET * 0.5**cycle, TEXT * 0.5**cycle]
        expected += [[1e-5 + (top - 1e-5) * at / 2 for top in tops] for at in range(2)]
        falls = [shape(at / (length - 2)) for at in range(length - 2)]
        expected += [[1e-5 + (top - 1e-5) * fall for top in tops] for fall in falls]
    assert walk(made, 34, into) == [pytest.approx(rates, rel=1e-12) for rates in expected]


def test_without_warm_up_a_cycle_begins_at_its_top() -> None:
    into = optimizer()
    rates = walk(RexAnnealingWarmRestarts(into, gamma=0.9, first_cycle_max_steps=4, min_lr=1e-9), 9, into)
    for cycle in range(3):
        assert rates[cycle * 4] == pytest.approx([UNET * 0.9**cycle, TEXT * 0.9**cycle])


def test_rex_with_d_0_is_a_straight_line() -> None:
    into = optimizer(1.0)
    rates = walk(RexAnnealingWarmRestarts(into, first_cycle_max_steps=4, min_lr=0, d=0), 5, into)
    assert [rate for (rate,) in rates] == pytest.approx([1, 0.75, 0.5, 0.25, 1])


def test_a_group_below_the_smallest_rate_falls_to_nothing() -> None:
    into = optimizer(1e-3, 1e-7)
    rates = walk(CosineAnnealingWarmRestarts(into, first_cycle_max_steps=4, min_lr=1e-6), 4, into)
    assert rates[2] == pytest.approx([(1e-3 + 1e-6) / 2, 1e-7 / 2])


def test_a_top_that_sank_below_the_smallest_rate_stays_there() -> None:
    into = optimizer(1e-3)
    made = CosineAnnealingWarmRestarts(into, gamma=0.1, first_cycle_max_steps=2, min_lr=5e-4)
    assert walk(made, 6, into)[2:] == [[5e-4]] * 4


def test_a_cycle_never_shrinks_to_nothing() -> None:
    into = optimizer(1.0)
    made = CosineAnnealingWarmRestarts(into, cycle_multiplier=0.01, first_cycle_max_steps=3, min_lr=0)
    assert [rate for (rate,) in walk(made, 6, into)] == pytest.approx([1, 0.75, 0.25, 1, 1, 1])


@pytest.mark.parametrize("kind", [CosineAnnealingWarmRestarts, RexAnnealingWarmRestarts])
def test_resumed_it_goes_on_as_if_never_stopped(kind: Any, tmp_path: Path) -> None:
    settings = {"gamma": 0.8, "first_cycle_max_steps": 7, "warmup_steps": 3, "min_lr": 1e-6}
    whole = optimizer()
    expected = walk(kind(whole, **settings), 25, whole)
    first = optimizer()
    made = kind(first, **settings)
    walk(made, 9, first)
    second = optimizer(5.0, 5.0)
    again = kind(second, **settings)
    second.load_state_dict(first.state_dict())
    torch.save(made.state_dict(), tmp_path / "scheduler.bin")  # as accelerate keeps it
    again.load_state_dict(torch.load(tmp_path / "scheduler.bin", weights_only=True))
    assert walk(again, 16, second) == expected[9:]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"first_cycle_max_steps": 4, "warmup_steps": 4}, "warmup_steps"),
        ({"first_cycle_max_steps": 0}, "first_cycle_max_steps"),
        ({"gamma": 0.0}, "gamma"),
        ({"d": 1.0}, "d must"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        RexAnnealingWarmRestarts(optimizer(), **{"first_cycle_max_steps": 4, **settings})


TWO_PROCESSES = """
import json, os, sys
sys.path.insert(0, {folder!r})
import torch
from accelerate import Accelerator
from lora_workbench_schedulers import RexAnnealingWarmRestarts

accelerator = Accelerator(cpu=True)
assert accelerator.num_processes == 2
made = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=1.0)
schedule = RexAnnealingWarmRestarts(made, gamma=0.5, first_cycle_max_steps=4, warmup_steps=1, min_lr=0.0)
made, schedule = accelerator.prepare(made, schedule)
rates = []
for _ in range(6):
    rates.append(schedule.get_last_lr()[0])
    made.step()
    schedule.step()
if accelerator.is_main_process:
    open({target!r}, "w").write(json.dumps(rates))
"""


@pytest.mark.timeout(200)
def test_two_processes_of_accelerate_see_the_same_curve(tmp_path: Path) -> None:
    """accelerate steps a schedule once for each process; the curve must not run twice as fast."""
    pytest.importorskip("accelerate")
    script, target = tmp_path / "two.py", tmp_path / "rates.json"
    folder = str(Path(modules.__file__).parent)
    script.write_text(TWO_PROCESSES.format(folder=folder, target=str(target)), "utf-8")
    launch = "-m torch.distributed.run --standalone --nproc_per_node 2"
    done = subprocess.run(
        [sys.executable, *launch.split(), str(script)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=180,
        check=False,
    )
    if done.returncode and b"gloo" in done.stderr.lower():
        pytest.skip("this torch has no gloo, by which processes on a CPU talk")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    alone = optimizer(1.0)
    made = RexAnnealingWarmRestarts(alone, gamma=0.5, first_cycle_max_steps=4, warmup_steps=1, min_lr=0.0)
    assert json.loads(target.read_text("utf-8")) == [rate for (rate,) in walk(made, 6, alone)]
