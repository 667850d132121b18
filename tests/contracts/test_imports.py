"""The import rules of docs/architecture.md, read from the source."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]
PAGE_LIBRARIES = {"panel", "bokeh", "holoviews", "ipywidgets", "IPython", "voila", "jupyter_bokeh", "app"}
HEAVY = {
    "torch",
    "diffusers",
    "transformers",
    "peft",
    "accelerate",
    "onnxruntime",
    "imagehash",
    "scipy",
    "pandas",
    "tensorboard",
}
TRAINER_PROGRAMS = {
    "lora_core.engines.practice": "run in the trainer's process, or are loaded inside functions",
    "lora_core.engines.sd_scripts.tiny": "run in the trainer's process",
    "lora_core.engines.sd_scripts.modules": "are loaded in the trainer's process",
    "lora_core.engines.sd_scripts.dump_options": "run by hand, with the trainer's own Python",
}
"""Modules that may load heavy libraries at the top; nothing else may import them at its top."""
MAY_IMPORT = {
    "errors": set(),
    "events": set(),
    "atomic": set(),
    "workspace": {"errors", "atomic"},
    "options": {"errors", "atomic"},
    "presets": {"errors", "atomic", "workspace", "options"},
    "datasets": {"errors", "atomic", "options"},
    "explain": {"errors", "options", "datasets"},
    "models": {"errors", "atomic", "workspace", "options"},
    "engines": {"errors", "events", "atomic", "workspace", "options", "datasets", "models"},
    "exchange": {"errors", "atomic", "options", "presets", "models", "engines"},
    "runs": {"errors", "events", "atomic", "engines.base", "engines.output"},
    "forecast": {"errors", "events", "options", "datasets", "models", "runs"},
    "last_session": {"errors", "atomic", "options", "engines"},
    "goals": {"errors", "options", "presets"},
    "history": set(),
    "editing": {"engines", "history", "options", "presets", "workspace"},
    "keeping": {"editing", "errors", "history", "last_session", "options", "workspace"},
    "session": {
        "errors",
        "events",
        "atomic",
        "keeping",
        "goals",
        "workspace",
        "options",
        "presets",
        "datasets",
        "models",
        "forecast",
        "engines",
        "runs",
    },
    "doctor": {"errors", "workspace", "engines"},
}
"""Part of lora_core -> the other parts that it may import. A new part needs a line here."""
MAY_START_PROCESSES = ("lora_core/runs/",)


def sources(package: str) -> list[Path]:
    return sorted(path for path in (PROJECT / package).rglob("*.py") if "__pycache__" not in path.parts)


def module_name(path: Path) -> str:
    parts = list(path.relative_to(PROJECT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imported(tree: ast.AST, *, inside_functions: bool = True) -> Iterator[str]:
    """Full names of what a module imports when it runs; imports for type checkers do not count."""
    for node in ast.iter_child_nodes(tree):
        if _is_typing_block(node):
            for other in node.orelse:  # type: ignore[attr-defined]
                yield from imported(other, inside_functions=inside_functions)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif inside_functions or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from imported(node, inside_functions=inside_functions)


def part_of(name: str) -> str:
    """``lora_core.options.rules.check`` -> ``options``."""
    return name.split(".")[1] if name.startswith("lora_core.") else ""


@pytest.mark.parametrize("package", ["lora_core", "app"])
def test_there_is_something_to_read(package: str) -> None:
    assert len(sources(package)) > 5


def test_lora_core_imports_no_page_library() -> None:
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in sources("lora_core")
        for name in imported(parse(path))
        if name.split(".")[0] in PAGE_LIBRARIES
    ]
    assert not wrong


def test_heavy_libraries_are_imported_inside_functions() -> None:
    wrong = [
        f"{module_name(path)} imports {name} at the top"
        for path in sources("lora_core")
        if not module_name(path).startswith(tuple(TRAINER_PROGRAMS))
        for name in imported(parse(path), inside_functions=False)
        if name.split(".")[0] in HEAVY
    ]
    assert not wrong


def test_parts_of_lora_core_import_only_what_they_may() -> None:
    wrong = []
    for path in sources("lora_core"):
        module = module_name(path)
        here = part_of(module)
        if not here:
            continue
        assert here in MAY_IMPORT, f"{here} is a new part: say in MAY_IMPORT what it may import"
        for name in imported(parse(path)):
            there = part_of(name)
            if not there or there == here:
                continue
            allowed = MAY_IMPORT[here]
            # "from lora_core.engines import output" and "from lora_core.engines.output import x" alike
            if there not in allowed and not any(
                f"{name}.".startswith(f"lora_core.{part}.") for part in allowed
            ):
                wrong.append(f"{module} imports {name}")
    assert not wrong


def test_widgets_do_not_import_each_other() -> None:
    """Modules of one word that several widgets share (helpers) define no Viewer."""
    folder = PROJECT / "app" / "widgets"
    widgets = {
        module_name(path)
        for path in folder.rglob("*.py")
        if any(
            isinstance(node, ast.ClassDef) and "Viewer" in ast.dump(ast.Tuple(node.bases, ast.Load()))
            for node in parse(path).body
        )
        and path.name != "__init__.py"
    }
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in folder.rglob("*.py")
        if module_name(path) in widgets
        for name in imported(parse(path))
        for other in widgets - {module_name(path)}
        if f"{name}.".startswith(f"{other}.")
    ]
    assert not wrong


def _process_calls(tree: ast.AST) -> Iterator[str]:
    """Calls that start or signal a process."""
    starts = {"Popen", "run", "call", "check_call", "check_output", "create_subprocess_exec"}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner, name = ast.unparse(node.func.value), node.func.attr
        if (
            (owner in ("subprocess", "asyncio.subprocess", "asyncio") and name in starts and node.args)
            and not (owner == "asyncio" and name == "run")
        ) or (owner == "os" and name in {"kill", "killpg", "fork", "system", "popen", "spawnv", "execv"}):
            yield f"{owner}.{name} (line {node.lineno})"


def test_only_runs_start_and_signal_processes() -> None:
    by_hand = ("lora_core/engines/sd_scripts/dump_options.py", "lora_core/engines/sd_scripts/tiny/")
    wrong = [
        f"{path.relative_to(PROJECT).as_posix()}: {call}"
        for package in ("lora_core", "app")
        for path in sources(package)
        if not path.relative_to(PROJECT).as_posix().startswith(MAY_START_PROCESSES + by_hand)
        for call in _process_calls(parse(path))
    ]
    assert not wrong


def test_importing_lora_core_loads_nothing_heavy() -> None:
    script = (
        "import sys, lora_core, lora_core.options, lora_core.runs, lora_core.session, lora_core.doctor\n"
        f"print(sorted(set(m.split('.')[0] for m in sys.modules) & {HEAVY | PAGE_LIBRARIES!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # param imports IPython's display hook only where IPython runs already; nothing else is excused
    assert done.stdout.strip() == "[]"


def test_command_line_loads_no_page_library_before_it_is_needed() -> None:
    script = f"import sys, app.cli; print(sorted(set(sys.modules) & {HEAVY | PAGE_LIBRARIES - {'app'}!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_every_third_party_import_is_declared(pyproject: dict) -> None:
    project = pyproject["project"]
    declared = {
        Requirement(text).name.lower().replace("_", "-")
        for text in [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    }
    owners = metadata.packages_distributions()
    ours = {"app", "lora_core", "benchmarks"}
    siblings = {path.stem for path in (PROJECT / "lora_core").rglob("*.py")}
    wrong = set()
    for package in ("lora_core", "app", "benchmarks"):
        for path in sources(package):
            for name in imported(parse(path)):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top in ours or "sd_scripts" in path.parts:
                    continue
                distributions = {d.lower().replace("_", "-") for d in owners.get(top, [top])}
                if not distributions & declared and top not in siblings:
                    wrong.add(f"{module_name(path)} imports {top} ({', '.join(sorted(distributions))})")
    assert sorted(wrong) == []


def test_nothing_declared_is_written_twice(pyproject: dict) -> None:
    for texts in [
        pyproject["project"]["dependencies"],
        *pyproject["project"]["optional-dependencies"].values(),
    ]:
        names = [re.split(r"[<>=;]", text)[0].strip() + text.partition(";")[2] for text in texts]
        assert len(names) == len(set(names))
