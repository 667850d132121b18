"""What the run machinery costs: the same training direct and through `lora_core.runs`, in turn.

Prints for every pair the seconds of each and their ratio, then the median ratio, and the share of a core
that the supervisor and a follower that looks twice a second used. Order alternates from pair to pair, so
that a warmer cache does not favour one side. Goals: ratio at most 1.02, and under 1 % of a core.

    python benchmarks/overhead.py [--engine practice|sd-scripts] [--pairs 3] [--steps 200]

For sd-scripts the practice base model is written in the trainer's layout first. Where torch and
torchvision of that installation do not fit each other, add ``--trainer-path tests/real_trainer/sitecustomize``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lora_core import runs  # noqa: E402
from lora_core.engines import ENGINE_NAMES, get_engine  # noqa: E402
from lora_core.engines.base import Engine, LaunchPlan  # noqa: E402
from lora_core.engines.practice import base_model, sample_dataset  # noqa: E402
from lora_core.engines.practice.ldm import write_ldm  # noqa: E402
from lora_core.engines.sd_scripts.engine import EXTRA_PATH_VARIABLE  # noqa: E402
from lora_core.events import State  # noqa: E402
from lora_core.options import TrainingOptions, toml_io  # noqa: E402
from lora_core.workspace import Workspace  # noqa: E402

LOOK_EVERY = 0.5
"""Seconds between two looks of the follower, as the dashboard does."""


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds of a training, and CPU seconds of what watched over it."""

    wall: float
    supervisor: float = 0.0
    follower: float = 0.0


def options(engine: str, base: Path, folder: Path, steps: int) -> TrainingOptions:
    """A small training of about ``steps`` steps: 15 pictures, batch 1, one epoch."""
    chosen = TrainingOptions(
        image_dir=str(sample_dataset.write(folder / "pictures")),
        output_name="overhead",
        num_repeats=max(1, round(steps / 15)),
        train_batch_size=1,
        max_train_epochs=1,
        network_dim=4,
        resolution=64,
        min_bucket_reso=64,
        mixed_precision="no",
        max_data_loader_n_workers=0,
        persistent_data_loader_workers=False,
    )
    if engine == "sd-scripts":
        chosen["pretrained_model_name_or_path"] = str(write_ldm(base, folder / "practice.tiny.safetensors"))
    elif base != base_model.BASE_DIR:
        chosen["pretrained_model_name_or_path"] = str(base)
    return chosen


def direct(plan: LaunchPlan) -> Cost:
    """Start the plan's command and wait for it, nothing else."""
    folder = Path(plan.run_dir)
    for name in plan.folders:
        (folder / name).mkdir(parents=True)
    for path, text in plan.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in plan.env_remove}
    with (folder / "log.txt").open("wb") as log:
        started = time.perf_counter()
        environment |= plan.env
        done = subprocess.run(plan.argv, cwd=plan.cwd, env=environment, stdout=log, stderr=log, check=False)
        wall = time.perf_counter() - started
    if done.returncode:
        end = (folder / "log.txt").read_text("utf-8", "replace")[-3000:]
        sys.exit(f"The direct training ended with {done.returncode}:\n{end}")
    return Cost(wall)


def managed(engine: Engine, chosen: TrainingOptions, runs_dir: Path) -> Cost:
    """The same through a run, with a follower looking on as a page would."""
    run = runs.create(
        runs_dir,
        lambda folder: engine.plan(chosen, folder),
        name="overhead",
        options_toml=toml_io.dumps(chosen),
        versions={},
    )
    follower, supervisor, used = run.follow(), None, 0.0
    started, before = time.time(), time.process_time()
    run.start()
    while not (status := run.status()).state.is_terminal:
        supervisor = supervisor or _supervisor(run.folder)
        used = max(used, _cpu_seconds(supervisor))
        follower.poll()
        time.sleep(LOOK_EVERY)
    wall = status.since - started  # not when it was noticed
    if status.state is not State.FINISHED:
        sys.exit(f"The run ended {status.state.value}:\n{run.log_tail(30)}")
    return Cost(wall, used, time.process_time() - before)


def _supervisor(folder: Path) -> psutil.Process | None:
    from lora_core.runs.process import ProcessFile

    identity = ProcessFile(folder).read().supervisor
    try:
        return psutil.Process(identity.pid) if identity else None
    except psutil.NoSuchProcess:
        return None


def _cpu_seconds(process: psutil.Process | None) -> float:
    try:
        times = process.cpu_times() if process else None
    except psutil.Error:
        return 0.0
    return times.user + times.system if times else 0.0


def measure(engine: Engine, chosen: TrainingOptions, folder: Path, pairs: int) -> list[tuple[Cost, Cost]]:
    """Pairs of (direct, managed), the first of each pair changing from one to the next."""
    found = []
    for number in range(pairs):
        plan = engine.plan(chosen, folder / f"direct-{number}")
        if number % 2:
            ours = managed(engine, chosen, folder / "runs")
            plain = direct(plan)
        else:
            plain = direct(plan)
            ours = managed(engine, chosen, folder / "runs")
        found.append((plain, ours))
        print(f"pair {number + 1}: direct {plain.wall:.2f} s, run {ours.wall:.2f} s, "
              f"ratio {ours.wall / plain.wall:.3f}", flush=True)  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=ENGINE_NAMES, default="practice")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200, help="about how many; whole repeats of 15 pictures")
    parser.add_argument(
        "--base", type=Path, default=base_model.BASE_DIR, help="a model as diffusers saves it"
    )
    parser.add_argument("--trainer-path", help="folders for the trainer's PYTHONPATH")
    given = parser.parse_args()
    if given.trainer_path:
        os.environ[EXTRA_PATH_VARIABLE] = str(Path(given.trainer_path).resolve())
    engine = get_engine(given.engine, Workspace())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        chosen = options(given.engine, given.base.resolve(), folder, given.steps)
        found = measure(engine, chosen, folder, given.pairs)
    wall = sum(ours.wall for _, ours in found)
    print(f"median ratio {statistics.median(ours.wall / plain.wall for plain, ours in found):.3f}")
    print(f"total ratio {wall / sum(plain.wall for plain, _ in found):.3f}")
    print(f"supervisor {sum(ours.supervisor for _, ours in found) / wall:.2%} of a core")
    print(f"follower {sum(ours.follower for _, ours in found) / wall:.2%} of a core")


if __name__ == "__main__":
    main()
