"""What is said about an installation of sd-scripts that is missing, half there, or another version."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lora_core.engines.sd_scripts.installation import COMMIT, COMMIT_MARKER, NEEDED, Installation
from lora_core.errors import Level

INSIDE = Path("Lib/site-packages") if os.name == "nt" else Path("lib/python3.11/site-packages")
PYTHON = Path("Scripts/python.exe") if os.name == "nt" else Path("bin/python")


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """Folders as an installation leaves them: a checkout and an environment with its packages."""
    checkout, env = tmp_path / "sd-scripts", tmp_path / "env"
    (checkout / ".git").mkdir(parents=True)
    (checkout / "train_network.py").write_text("")
    (checkout / ".git" / "HEAD").write_text(COMMIT + "\n")
    (env / PYTHON).parent.mkdir(parents=True)
    (env / PYTHON).write_text("")
    for name in NEEDED:
        folder = env / INSIDE / f"{name}-1.2.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    return Installation(checkout, env / PYTHON)


def only(installation: Installation) -> tuple[str, str]:
    (problem,) = installation.problems("train_network.py")
    assert problem.level is Level.ERROR
    assert problem.why
    assert problem.remedy
    return problem.fields[0], f"{problem.what} {problem.why} {problem.remedy}"


def test_complete_installation_is_fine(installed: Installation) -> None:
    assert installed.problems("train_network.py") == []
    assert installed.packages() == dict.fromkeys(NEEDED, "1.2")


def test_missing_checkout(tmp_path: Path) -> None:
    field, text = only(Installation(tmp_path / "no", tmp_path / "python"))
    assert field == "sd_scripts_dir"
    assert str(tmp_path / "no") in text


def test_other_commit(installed: Installation) -> None:
    (installed.checkout / ".git" / "HEAD").write_text("a" * 40)
    field, text = only(installed)
    assert field == "sd_scripts_dir"
    assert "aaaaaaaaaaaa" in text
    assert COMMIT in text


def test_commit_unknown(installed: Installation) -> None:
    (installed.checkout / ".git" / "HEAD").unlink()
    assert "does not say" in only(installed)[1]
    (installed.checkout / COMMIT_MARKER).write_text(COMMIT)
    assert installed.problems("train_network.py") == []


@pytest.mark.parametrize("packed", [False, True])
def test_commit_of_a_branch(installed: Installation, packed: bool) -> None:
    git = installed.checkout / ".git"
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    if packed:
        (git / "packed-refs").write_text(
            f"# pack-refs\n{'b' * 40} refs/heads/other/main\n{COMMIT} refs/heads/main\n"
        )
    else:
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "refs" / "heads" / "main").write_text(COMMIT)
    assert installed.commit() == COMMIT


def test_commit_of_a_linked_work_tree(installed: Installation, tmp_path: Path) -> None:
    real = tmp_path / "repo.git"
    (installed.checkout / ".git").rename(real)
    (installed.checkout / ".git").write_text(f"gitdir: {real}\n")
    assert installed.commit() == COMMIT


def test_missing_interpreter(installed: Installation) -> None:
    installed.python.unlink()
    assert only(installed)[0] == "sd_scripts_python"


def test_package_missing(installed: Installation) -> None:
    root = installed.python.parent.parent / INSIDE
    (root / "accelerate-1.2.dist-info" / "METADATA").unlink()
    (root / "accelerate-1.2.dist-info").rmdir()
    field, text = only(installed)
    assert field == "sd_scripts_python"
    assert "accelerate" in text


@pytest.mark.parametrize("editable", [False, True])
def test_the_fork_is_told_from_the_package_of_the_same_name(installed: Installation, editable: bool) -> None:
    root = installed.python.parent.parent / INSIDE
    folder = root / "loraeasycustomoptimizer-1.0.0.dist-info"
    folder.mkdir()
    name = "LoraEasyCustomOptimizer"
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
    source = installed.checkout.parent / "custom scheduler"
    (folder / "direct_url.json").write_text(
        json.dumps({"url": source.as_uri(), "dir_info": {"editable": editable}})
    )
    place = (source if editable else root) / name
    place.mkdir(parents=True)
    assert "loraeasycustomoptimizer-fork" not in installed.all_packages()
    (place / "abmog.py").write_text("")
    found = installed.all_packages()
    assert found["loraeasycustomoptimizer"] == found["loraeasycustomoptimizer-fork"] == "1.0.0"


def test_a_damaged_origin_of_a_package_is_passed_over(installed: Installation) -> None:
    folder = installed.python.parent.parent / INSIDE / "loraeasycustomoptimizer-1.0.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: LoraEasyCustomOptimizer\nVersion: 1.0.0\n")
    for damaged in ("{", "[]", '{"dir_info": {"editable": true}}'):
        (folder / "direct_url.json").write_text(damaged)
        assert "loraeasycustomoptimizer-fork" not in installed.all_packages()
