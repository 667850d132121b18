"""pyproject.toml, environment.yml and constraints.txt agree, and the wheel is complete."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CUSTOMERS = {
    "panel",
    "param",
    "holoviews",
    "bokeh",
    "voila",
    "torch",
    "accelerate",
    "safetensors",
    "imagehash",
    "pillow",
    "toml",
    "pytest",
}


def requirements(pyproject: dict[str, Any], python: str) -> dict[str, Requirement]:
    """All requirements that count on Linux under a Python version, by canonical name."""
    environment = dict(default_environment())
    environment |= {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    project = pyproject["project"]
    texts = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    found = [Requirement(text) for text in texts]
    counting = [one for one in found if one.marker is None or one.marker.evaluate(environment)]
    by_name = {canonicalize_name(one.name): one for one in counting}
    assert len(by_name) == len(counting), "a package is declared twice"
    return by_name


@pytest.fixture
def conda(project: Path) -> dict[str, Any]:
    return yaml.safe_load((project / "environment.yml").read_text("utf-8"))


def test_conda_environment_says_the_same(pyproject: dict[str, Any], conda: dict[str, Any]) -> None:
    pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    listed = [text for text in pip if not text.startswith("-e")]
    conda_says = {canonicalize_name(Requirement(t).name): Requirement(t).specifier for t in listed}
    we_say = {name: one.specifier for name, one in requirements(pyproject, "3.11").items()}
    assert conda_says == we_say
    assert "-e ." in pip
    assert conda["name"] == pyproject["project"]["name"]


def test_conda_python_is_one_of_ours(pyproject: dict[str, Any], conda: dict[str, Any]) -> None:
    python = next(text for text in conda["dependencies"] if str(text).startswith("python="))
    assert (
        Version(python.partition("=")[2])
        in Requirement(f"x{pyproject['project']['requires-python']}").specifier
    )


def test_both_say_where_sd_scripts_comes_from(project: Path) -> None:
    for name in ("pyproject.toml", "environment.yml", "constraints.txt"):
        text = (project / name).read_text("utf-8")
        assert "kohya-sd-scripts is on no registry" in text
        assert "pinned checkout" in text


def test_packages_that_the_project_was_ordered_with_are_there(pyproject: dict[str, Any]) -> None:
    assert set(requirements(pyproject, "3.11")) >= CUSTOMERS


def test_lock_fits_the_ranges(project: Path, pyproject: dict[str, Any]) -> None:
    lines = (project / "constraints.txt").read_text("utf-8").splitlines()
    locked = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    for name, requirement in requirements(pyproject, "3.11").items():
        assert name in versions, f"constraints.txt lacks {name}"
        assert requirement.specifier.contains(versions[name]), f"{name} {versions[name]}"


def test_lock_names_no_build_and_no_place(project: Path) -> None:
    for line in (project / "constraints.txt").read_text("utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.]+", line), line


@pytest.mark.parametrize(
    ("python", "panel", "accepted"),
    [("3.10", "1.9.4", True), ("3.11", "1.10.0", False), ("3.12", "1.10.0", True), ("3.13", "1.10.0", True)],
)
def test_panel_by_python_version(pyproject: dict[str, Any], python: str, panel: str, accepted: bool) -> None:
    assert requirements(pyproject, python)["panel"].specifier.contains(panel) is accepted


def test_torch_is_one_version_and_transformers_below_five(pyproject: dict[str, Any]) -> None:
    found = requirements(pyproject, "3.12")
    assert str(found["torch"].specifier) == "==2.13.0"
    assert not found["transformers"].specifier.contains("5.0.0")


@pytest.fixture(scope="module")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built wheel."""
    project = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> list[str]:
    """Names of the files in it."""
    return zipfile.ZipFile(wheel_file).namelist()


def test_what_is_installed_finds_its_notebook_and_presets(wheel_file: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel_file).extractall(tmp_path)
    code = (
        "from app.server import _notebook; from lora_core.presets import list_presets;"
        "print(_notebook(None), [preset.name for preset in list_presets()])"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "app" / "dashboard.ipynb") in done.stdout
    assert "practice" in done.stdout


def test_wheel_holds_every_data_file(project: Path, wheel: list[str]) -> None:
    wanted = {
        path.relative_to(project).as_posix()
        for package in ("app", "lora_core")
        for path in (project / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    wanted |= {f"lora_core/_presets/{path.name}" for path in (project / "presets").glob("*.toml")}
    wanted |= {"app/dashboard.ipynb"}
    assert not wanted - set(wheel)


@pytest.mark.parametrize(
    "pattern",
    [
        r"lora_core/_presets/practice\.toml",
        r"lora_core/engines/manifest\.json",
        r"lora_core/engines/practice/base/unet/.*\.safetensors",
        r"lora_core/engines/practice/base/vae/.*\.safetensors",
        r"lora_core/engines/practice/base/text_encoder/.*\.safetensors",
        r"app/theme/.*\.css",
        r"app/templates/.*\.html.*",
        r"lora_workbench-.*dist-info/licenses/LICENSE",
    ],
)
def test_wheel_holds(wheel: list[str], pattern: str) -> None:
    assert any(re.fullmatch(pattern, name) for name in wheel)


def test_wheel_holds_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app", "lora_core"}
