"""Rules of CONTRIBUTING.md about the code itself that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LONGEST_FUNCTION = 60
BROAD = {"Exception", "BaseException"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    return sorted(path for package in ("lora_core", "app") for path in (PROJECT / package).rglob("*.py"))


def too_long(text: str) -> Iterator[str]:
    """Functions of more lines than are good to read, decorators and docstring included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            length = (node.end_lineno or node.lineno) - first + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name}, line {first}: {length} lines"


def unexplained(text: str) -> Iterator[str]:
    """Handlers of every error that have no comment on their line or at the start of the next."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if not any(kind is None or ast.unparse(kind) in BROAD for kind in kinds):
            continue
        here, below = lines[node.lineno - 1], lines[node.lineno]
        reason = here.partition("#")[2].replace("noqa: BLE001", "").strip(" -")
        if not reason and not below.lstrip().startswith("#"):
            yield f"line {node.lineno}: {here.strip()}"


@pytest.mark.parametrize("look", [too_long, unexplained])
def test_every_function_and_handler_is_as_agreed(look) -> None:
    found = {str(path.relative_to(PROJECT)): list(look(path.read_text("utf-8"))) for path in sources()}
    assert len(found) > 50
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_the_looks_see_what_they_look_for() -> None:
    body = "    x = 1\n" * 59
    assert list(too_long(f"def f():\n{body}")) == []
    assert len(list(too_long(f"@cache\ndef f():\n{body}"))) == 1
    assert len(list(too_long(f"class A:\n  async def f():\n{body}    pass\n"))) == 1
    for kind in ("", " Exception", " BaseException as e", " (OSError, Exception)"):
        assert len(list(unexplained(f"try:\n    f()\nexcept{kind}:\n    pass\n"))) == 1, kind
        assert list(unexplained(f"try:\n    f()\nexcept{kind}:  # why\n    pass\n")) == []
        assert list(unexplained(f"try:\n    f()\nexcept{kind}:\n    # why\n    pass\n")) == []
    assert len(list(unexplained("try:\n    f()\nexcept:  # noqa: BLE001\n    pass\n"))) == 1
    assert list(unexplained("try:\n    f()\nexcept OSError:\n    pass\n")) == []
