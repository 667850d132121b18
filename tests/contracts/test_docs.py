"""What the documentation says is so, and the sources say what they are."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import cli

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
SKIP = {
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "build",
    "dist",
    "shared",
}
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".txt", ".css", ".js", ".html", ".ipynb", ".j2", ""}


def fenced(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language; the empty language is that of commands."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def documented_commands() -> list[tuple[str, list[str]]]:
    """Every call of our command that a page shows: page name and words."""
    found = []
    for page in PAGES:
        for line in "".join(fenced(page, "")).splitlines():
            words = shlex.split(line)
            if words[:1] == ["lora-workbench"]:
                found.append((page.name, words[1:]))
            elif words[:2] == ["python", "start.py"]:
                found.append((page.name, words[2:] or ["dashboard"]))
    return found


def test_pages_show_commands() -> None:
    assert len(documented_commands()) > 10


@pytest.mark.parametrize(("page", "words"), documented_commands(), ids=lambda v: " ".join(v) if v else "-")
def test_documented_command_exists(page: str, words: list[str]) -> None:
    if words[0] == "test":  # start.py's own word
        return
    assert callable(cli._parser().parse_args(words).do)


def test_every_command_is_documented() -> None:
    said = {tuple(words[:2]) if words[0] == "runs" else (words[0],) for _, words in documented_commands()}
    commands = {("dashboard",), ("train",), ("practice",), ("doctor",)}
    commands |= {("runs", action) for action in ("list", "show", "attach", "stop", "resume")}
    assert said >= commands


def test_readme_begins_with_the_two_commands() -> None:
    first = fenced(PROJECT / "README.md", "")[0]
    assert first.splitlines() == ["python start.py", "python start.py test"]


def tested_examples() -> dict[str, str]:
    """README's Python examples that are marked as tested, by name."""
    text = (PROJECT / "README.md").read_text("utf-8")
    pattern = r"<!-- tested: (\w+) -->\n```python\n(.*?)^```$"
    return dict(re.findall(pattern, text, re.M | re.S))


def test_readme_plan_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(tested_examples()["plan"], {})
    printed = capsys.readouterr().out
    assert "16 pictures" in printed
    assert "lora_core.engines.practice.train" in printed
    assert "network_dim = 8" in printed


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_readme_train_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(tested_examples()["plan"], names)
    names["session"].options["max_train_epochs"] = 1  # type: ignore[attr-defined]
    exec(tested_examples()["train"], names)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("finished ")
    assert Path(last.removeprefix("finished ")).is_file()


def test_other_python_examples_import_what_exists() -> None:
    for page in PAGES:
        for code in fenced(page, "python"):
            for node in ast.walk(ast.parse(code)):
                if isinstance(node, ast.ImportFrom):
                    module = PROJECT.joinpath(*(node.module or "").split("."))
                    file = module.with_suffix(".py") if not module.is_dir() else module / "__init__.py"
                    if file.is_relative_to(PROJECT / "app") or file.is_relative_to(PROJECT / "lora_core"):
                        source = file.read_text("utf-8")
                        for alias in node.names:
                            there = re.search(rf"\b{alias.name}\b", source)
                            assert there or (module / f"{alias.name}.py").is_file(), (page.name, alias.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target.split("#")[0]).exists(), target


def test_pages_and_messages_do_not_shout() -> None:
    for page in PAGES:
        text = re.sub(r"`[^`]*`|!\[|<!--", "", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S))
        assert "!" not in text, page.name


# --- the sources ------------------------------------------------------------------------------------


def text_files() -> Iterator[Path]:
    for path in sorted(PROJECT.rglob("*")):
        inside = path.relative_to(PROJECT).parts
        if path.is_file() and not SKIP & set(inside) and path.suffix in TEXT:
            yield path


def test_nothing_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(
        r"(?<![\w.*~-])/(?:home|Users|root|work|farm|mnt|srv)/\w|/opt/(?:wheels|pypi)|[A-Z]:\\Users\\\w|/tmp/\w",
        re.ASCII,
    )
    allowed = re.compile(r"/home/(?:me|you|user|someone)\b|/tmp/(?:runs?|x|example)\b")
    wrong = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:100]}"
        for path in text_files()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if place.search(allowed.sub("", line)) and path != Path(__file__).resolve()
    ]
    assert wrong == []


def test_no_leftover_marks() -> None:
    mark = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + r"Error")
    wrong = [
        f"{path.relative_to(PROJECT)}:{number}"
        for package in ("app", "lora_core")
        for path in (PROJECT / package).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert wrong == []


def public(node: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes of a module, and public methods of public classes."""
    for child in ast.iter_child_nodes(node):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(child, kinds) and not child.name.startswith("_"):
            yield f"{owner}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{child.name}.")


def needs_docstring(node: ast.AST) -> bool:
    """Classes, and functions of more than a few statements.

    Not: the shortest functions, whose name and types say all; main, of which the module tells; option
    groups, whose purpose is declared; rules, whose problem says what they look for.
    """
    if isinstance(node, ast.ClassDef):
        return "Group" not in [ast.unparse(base) for base in node.bases]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    is_rule = any("rule" in ast.unparse(decorator) for decorator in node.decorator_list)
    return len(node.body) > 3 and not is_rule and node.name != "main"


def test_public_names_of_lora_core_have_docstrings() -> None:
    wrong = []
    for path in sorted((PROJECT / "lora_core").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        where = path.relative_to(PROJECT).as_posix()
        if tree.body and not ast.get_docstring(tree):
            wrong.append(where)
        wrong += [
            f"{where}: {name}"
            for name, node in public(tree)
            if needs_docstring(node) and not ast.get_docstring(node)  # type: ignore[arg-type]
        ]
    assert wrong == []


def test_functions_are_short() -> None:
    """Sixty lines, as the design asks; docstrings do not count."""
    wrong = []
    for package in ("lora_core", "app"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    body = node.body[1:] if ast.get_docstring(node) else node.body
                    lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                    if lines > 60:
                        wrong.append(f"{path.relative_to(PROJECT).as_posix()}: {node.name} ({lines})")
    assert wrong == []


def test_notebooks_hold_no_output() -> None:
    notebooks = [p for p in PROJECT.rglob("*.ipynb") if not SKIP & set(p.relative_to(PROJECT).parts)]
    assert PROJECT / "dashboard.ipynb" in notebooks
    for notebook in notebooks:
        for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
            assert not cell.get("outputs"), notebook.name
            assert cell.get("execution_count") is None, notebook.name


def test_program_files_are_marked_as_such() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-s", ".ci/run"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode or not listed.stdout:
        pytest.skip("This is not a git checkout.")
    assert listed.stdout.startswith("100755")
