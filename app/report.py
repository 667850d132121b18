"""Runs, plans, checks and problems as text and JSON, for the command line. Secrets are left out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.terminal import newest_loss
from app.widgets.words import duration
from lora_core.doctor import Check, Health
from lora_core.engines.base import OUTPUT
from lora_core.errors import Level, Problem, RunError
from lora_core.events import Event

if TYPE_CHECKING:
    from lora_core.engines.base import LaunchPlan
    from lora_core.runs import Run

HIDDEN = "(hidden)"
_SECRET_NAME = r"(?:\w*_)?(?:token|api_key|apikey|secret|password)"
_SECRET_LINE = re.compile(rf"(?im)^(\s*(?:export\s+)?{_SECRET_NAME}\s*=\s*).+$")
_SECRET_FULL = re.compile(rf"(?i)^{_SECRET_NAME}$")

ICONS = {Health.OK: "✅", Health.WARNING: "⚠️", Health.ERROR: "❌"}
LEVEL_ICONS = {Level.ERROR: "❌", Level.WARNING: "⚠️", Level.NOTE: "💡"}


def print_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=True))


def plain(value: Any) -> Any:
    """A value made of what JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def event_json(event: Event) -> str:
    """One event as one line of JSON, with its kind."""
    return json.dumps({"event": type(event).__name__, **plain(event)}, ensure_ascii=True)


# --- plans ------------------------------------------------------------------------------------------


def without_secrets(plan: LaunchPlan) -> LaunchPlan:
    """The plan with the values of tokens, passwords and keys replaced."""
    env = {name: HIDDEN if _SECRET_FULL.match(name) else value for name, value in plan.env.items()}
    files = {path: _SECRET_LINE.sub(rf'\g<1>"{HIDDEN}"', text) for path, text in plan.files.items()}
    return replace(plan, env=env, files=files)


def plan_text(plan: LaunchPlan) -> str:
    """The dry run, to read."""
    return without_secrets(plan).describe().rstrip()


def plan_json(plan: LaunchPlan) -> str:
    """The dry run, for programs."""
    return without_secrets(plan).to_json()


# --- runs -------------------------------------------------------------------------------------------


def find_run(text: str, runs: Sequence[Run]) -> Run:
    """The run that a person means.

    Args:
        text: an id, the beginning of one, a name, a run's folder, or ``last``.
        runs: the runs there are, newest first.

    Raises:
        RunError: none is meant, or more than one could be.
    """
    from lora_core.runs import attach

    if text == "last" and runs:
        return runs[0]
    exact = [run for run in runs if run.id == text]
    found = exact or [run for run in runs if text and (run.id.startswith(text) or run.name == text)]
    if len(found) == 1:
        return found[0]
    if not found and ("/" in text or "\\" in text):
        return attach(Path(text))
    known = ", ".join(run.id for run in (found or runs)[:5])
    raise RunError(
        f"{text!r} could be any of {len(found)} runs." if found else f"There is no run {text!r}.",
        why=f"{'They are' if found else 'The newest are'}: {known}." if known else "There are no runs yet.",
        remedy="See: lora-workbench runs list" if runs else "Start one with: lora-workbench practice",
        field="run",
        value=text,
    )


def newest_state(run: Run) -> Path:
    """The folder of the newest state that a run saved.

    Raises:
        RunError: it has none.
    """
    # A name that starts with a dot is a state that is still being written.
    folders = [
        path
        for path in (run.folder / OUTPUT).glob("*-state")
        if path.is_dir() and not path.name.startswith(".") and any(path.iterdir())
    ]
    if folders:
        return max(folders, key=lambda path: path.stat().st_mtime)
    raise RunError(
        f"The run {run.id} cannot be continued: it saved no state.",
        why="A state is only saved if the settings ask for it (save_state or save_state_on_train_end).",
        remedy="Start a new run; with save_state on, it can be continued from every saved copy.",
        field="save_state",
    )


def run_dict(run: Run, *, full: bool = False) -> dict[str, Any]:
    """A run as plain values.

    Args:
        run: the run.
        full: also step, loss, versions and all files, for which its logs have to be read.
    """
    status = run.status()
    checkpoints = run.checkpoints()
    found: dict[str, Any] = {
        "id": run.id,
        "name": run.name,
        "engine": run.engine,
        "created": run.created,
        "folder": run.folder,
        "state": status.state,
        "reason": status.reason,
        "exit_code": status.exit_code,
        "since": status.since,
        "lora": checkpoints[-1] if checkpoints else None,
    }
    if full:
        follower = run.follow()
        follower.poll()
        found |= {
            "step": follower.step,
            "total_steps": follower.total,
            "loss": newest_loss(follower),
            "seconds_left": follower.seconds_left,
            "checkpoints": checkpoints,
            "samples": [sample.path for sample in run.samples()],
            "versions": dict(run.versions),
        }
    return dict(plain(found))


def when(seconds: float) -> str:
    """Unix seconds as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def list_lines(runs: Iterable[Run]) -> list[str]:
    """One line a run: id, state, engine, time."""
    rows = [(run.id, run.status().state.value, run.engine, when(run.created)) for run in runs]
    rows.insert(0, ("ID", "STATE", "ENGINE", "CREATED"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]


def show_lines(run: Run) -> list[str]:
    """One run in lines of name and value."""
    facts = run_dict(run, full=True)
    lines = [
        f"Run: {facts['id']}",
        f"Name: {facts['name']}",
        f"Engine: {facts['engine']}",
        f"Created: {when(facts['created'])}",
        f"State: {facts['state']}, since {when(facts['since'])}",
    ]
    if facts["reason"]:
        lines.append(f"Why: {facts['reason']}")
    if facts["total_steps"]:
        lines.append(f"Step: {facts['step']} of {facts['total_steps']}")
    if facts["loss"] is not None:
        lines.append(f"Loss: {facts['loss']:.4f}")
    if facts["seconds_left"] is not None:
        lines.append(f"Time left: {duration(facts['seconds_left'])}")
    lines.append(f"Folder: {facts['folder']}")
    lines += [f"LoRA: {path}" for path in facts["checkpoints"]]
    lines += [f"Preview picture: {path}" for path in facts["samples"]]
    lines += [f"Version of {name}: {text}" for name, text in sorted(facts["versions"].items())]
    return lines


# --- checks and problems ----------------------------------------------------------------------------


def check_lines(checks: Iterable[Check]) -> list[str]:
    """The doctor's findings, with the remedy below each that needs one."""
    lines = []
    for check in checks:
        lines.append(f"{ICONS[check.health]} {check.health.value}: {check.name}: {check.what}")
        if check.remedy:
            lines.append(f"   What to do: {check.remedy}")
    return lines


def problem_lines(problem: Problem) -> list[str]:
    """A problem in up to three lines, with the options that it is about."""
    fields = f" ({', '.join(problem.fields)})" if problem.fields else ""
    lines = [f"{LEVEL_ICONS[problem.level]} {problem.level.value}: {problem.what}{fields}"]
    lines += [f"   Why: {problem.why}"] if problem.why else []
    lines += [f"   What to do: {problem.remedy}"] if problem.remedy else []
    return lines
