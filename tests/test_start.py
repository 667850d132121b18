"""start.py, tried on a small project that needs nothing from a network."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

START = Path(__file__).resolve().parents[1] / "start.py"

PYPROJECT = """
[build-system]
requires = {requires}
build-backend = "backend"
backend-path = ["."]

[project]
name = "lora-workbench"
version = "0.1.0"
"""

BACKEND = """
import os, pathlib, sys, time, zipfile

HERE = pathlib.Path(__file__).resolve().parent

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    while (HERE / "slow").exists():
        (HERE / "slow").write_text("seen")
        time.sleep(0.05)
    if (HERE / "broken").exists():
        raise RuntimeError((HERE / "broken").read_text())
    name = "lora_workbench-0.1.0-py3-none-any.whl"
    info = "lora_workbench-0.1.0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("lora_workbench.pth", str(HERE))
        extras = "".join(f"Provides-Extra: {e}\\n" for e in ("dashboard", "practice", "test"))
        head = "Metadata-Version: 2.1\\nName: lora-workbench\\nVersion: 0.1.0\\n"
        wheel.writestr(info + "METADATA", head + extras)
        tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\n" + tags)
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nlora-workbench = small_app:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""

APP = """
import json, sys, time

def main():
    try:
        print(json.dumps({"words": sys.argv[1:], "prefix": sys.prefix}), flush=True)
        if "wait" in sys.argv:
            time.sleep(60)
    except KeyboardInterrupt:
        return 42
    return 7 if "seven" in sys.argv else 0
"""

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


class Small:
    """A small project with a copy of start.py."""

    def __init__(self, folder: Path, requires: str = "[]") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        shutil.copy(START, folder / "start.py")
        (folder / "pyproject.toml").write_text(PYPROJECT.format(requires=requires), "utf-8")
        (folder / "constraints.txt").write_text("", "utf-8")
        (folder / "backend.py").write_text(BACKEND, "utf-8")
        (folder / "small_app.py").write_text(APP, "utf-8")

    def environment(self) -> dict[str, str]:
        """No package index can be reached: whatever the tests need must be here."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        return env | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "1",
            "PIP_TIMEOUT": "5",
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.folder / "start.py"), *words]

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run start.py from another folder than its own, as people do."""
        return subprocess.run(
            self.command(*words),
            cwd=self.folder.parent,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def forget(self) -> None:
        """Take away the note that the installation is complete."""
        (self.folder / ".venv/lora-workbench.json").unlink(missing_ok=True)

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start it without waiting, in a process group of its own."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_build(self) -> None:
        """Until the build has seen the file that slows it down."""
        end = time.monotonic() + 90
        while (self.folder / "slow").read_text("utf-8") != "seen":
            assert time.monotonic() < end, "the build did not start"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A small project that has been started once. Its folder's name has a space and an umlaut."""
    small = Small(tmp_path_factory.mktemp("start") / "small prüf")
    done = small.start("runs", "list")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Setting up" in done.stdout
    assert "Ready after" in done.stdout
    return small


@pytest.fixture
def start() -> ModuleType:
    """start.py as a module."""
    spec = importlib.util.spec_from_file_location("start_under_test", START)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- setting up -------------------------------------------------------------------------------------


def test_second_start_is_quiet_and_passes_words_and_exit_code_on(installed: Small) -> None:
    done = installed.start("seven", "--flag", "two words")
    assert done.returncode == 7
    said = json.loads(done.stdout)  # nothing else was printed
    assert said["words"] == ["seven", "--flag", "two words"]
    assert Path(said["prefix"]) == installed.folder / ".venv"


def test_without_words_it_opens_the_dashboard(installed: Small) -> None:
    assert json.loads(installed.start().stdout)["words"] == ["dashboard"]


def test_log_of_the_installation_is_kept(installed: Small) -> None:
    assert "Successfully installed lora-workbench" in (installed.folder / ".venv/install.log").read_text(
        "utf-8"
    )


def test_other_requirements_are_installed_anew(installed: Small) -> None:
    project = installed.folder / "pyproject.toml"
    project.write_text(project.read_text("utf-8") + "\n# changed\n", "utf-8")
    assert "Setting up" in installed.start("x").stdout
    assert "Setting up" not in installed.start("x").stdout


def test_half_an_environment_is_made_whole(installed: Small) -> None:
    venv = installed.folder / ".venv"
    (venv / "lora-workbench.json").unlink()
    for pip in venv.rglob("site-packages/pip"):
        shutil.rmtree(pip)
    done = installed.start("x")
    assert done.returncode == 0, done.stdout
    assert "Making a virtual environment" in done.stdout


def test_damaged_stamp_leads_to_a_new_installation(installed: Small) -> None:
    (installed.folder / ".venv/lora-workbench.json").write_text("[1, 2", "utf-8")
    done = installed.start("x")
    assert done.returncode == 0
    assert "Setting up" in done.stdout


def test_failed_installation_is_explained_and_can_be_repeated(installed: Small) -> None:
    installed.forget()
    broken = installed.folder / "broken"
    broken.write_text("the reason for it", "utf-8")
    done = installed.start("x")
    assert done.returncode == 1
    assert "the reason for it" in done.stdout
    assert "What to do:" in done.stdout
    assert "install.log" in done.stdout
    assert "Traceback" not in done.stderr
    broken.unlink()
    assert installed.start("x").returncode == 0


def test_full_disk_is_named(installed: Small) -> None:
    installed.forget()
    broken = installed.folder / "broken"
    broken.write_text("[Errno 28] No space left on device", "utf-8")
    done = installed.start("x")
    broken.unlink()
    assert done.returncode == 1
    assert "The disk is full." in done.stdout
    assert installed.start("x").returncode == 0


def test_two_starts_at_once_install_once(installed: Small) -> None:
    installed.forget()
    slow = installed.folder / "slow"
    slow.write_text("", "utf-8")
    first = installed.popen("first")
    installed.wait_for_build()
    second = installed.popen("second")
    assert second.stdout
    waiting = second.stdout.readline()
    slow.unlink()
    out_first, out_second = first.communicate(timeout=120)[0], second.communicate(timeout=120)[0]
    assert "Waiting for it" in waiting
    assert (first.returncode, second.returncode) == (0, 0)
    assert "Setting up" in out_first
    assert "Setting up" not in out_second


@posix_only
def test_ctrl_c_while_installing_leaves_nothing_broken(installed: Small) -> None:
    installed.forget()
    slow = installed.folder / "slow"
    slow.write_text("", "utf-8")
    process = installed.popen("x")
    installed.wait_for_build()
    os.killpg(process.pid, signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    slow.unlink()
    assert process.returncode == 130
    assert "Start again to go on" in out
    assert "start.py" not in out.split("Stopped.")[1]  # no traceback
    assert installed.start("x").returncode == 0


@posix_only
def test_ctrl_c_while_running_is_the_commands_own(installed: Small) -> None:
    process = installed.popen("wait")
    assert process.stdout
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 42


def test_no_network_is_named(tmp_path: Path) -> None:
    small = Small(tmp_path / "small", requires='["a-package-of-no-index>=1"]')
    done = small.start("x")
    assert done.returncode == 1
    assert "The package index could not be reached." in done.stdout
    assert "Check the internet connection" in done.stdout
    assert not (small.folder / ".venv/lora-workbench.json").exists()


def test_help_installs_nothing(tmp_path: Path) -> None:
    small = Small(tmp_path / "small")
    done = small.start("--help")
    assert done.returncode == 0
    assert "python start.py practice" in done.stdout
    assert not (small.folder / ".venv").exists()


# --- what the machine has ---------------------------------------------------------------------------


def test_any_python_3_can_read_it() -> None:
    ast.parse(START.read_text("utf-8"), feature_version=(3, 7))
    assert "from __future__" not in START.read_text("utf-8")


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse(START.read_text("utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 18), (3, 14, 0), (4, 0, 0)])
def test_other_pythons_are_refused(start: ModuleType, version: tuple[int, int, int]) -> None:
    with pytest.raises(start.SetupError) as caught:
        start.check_python(version)
    assert ".".join(map(str, version)) in caught.value.what
    assert "3.10 to 3.13" in caught.value.why


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 11, 7), (3, 12, 1), (3, 13, 9)])
def test_our_pythons_are_taken(start: ModuleType, version: tuple[int, int, int]) -> None:
    start.check_python(version)


def test_a_fitting_python_on_this_machine_is_proposed(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "python3.12.exe" if os.name == "nt" else "python3.12"
    program = tmp_path / name
    program.write_text("", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(start.SetupError) as caught:
        start.check_python((3, 9, 1))
    assert "python3.12 start.py" in caught.value.remedy


def test_python_without_ensurepip_is_explained(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(start.SetupError) as caught:
        start.check_venv_module()
    assert "ensurepip" in caught.value.why


def test_folder_that_cannot_be_written_to_is_named(start: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    with pytest.raises(start.SetupError) as caught:
        start.check_writable(str(file))
    assert str(file) in caught.value.what


def test_too_little_room_is_said_with_figures(start: ModuleType, tmp_path: Path) -> None:
    start.check_room(str(tmp_path), 0)
    with pytest.raises(start.SetupError) as caught:
        start.check_room(str(tmp_path), 10**9)
    assert "GB are free" in caught.value.why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("[Errno -3] Temporary failure in name resolution", "could not be reached"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "could not be reached"),
        ("PermissionError: [WinError 5] Access is denied: 'panel.exe'", "could not be written"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path",
            "longer than",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0", "no fitting version"),
        ("something else", "lines above"),
    ],
)
def test_reasons_of_pip(start: ModuleType, line: str, why: str) -> None:
    error = start.explain(["first", "", line], "It failed.")
    assert why in error.why
    assert error.tail == ["first", line]


def test_missing_network_comes_before_its_consequence(start: ModuleType) -> None:
    lines = ["WARNING: NewConnectionError(...)", "ERROR: No matching distribution found for hatchling"]
    assert "could not be reached" in start.explain(lines, "It failed.").why


def test_pip_says_little(start: ModuleType) -> None:
    phases = start.Phases()
    said = [
        phases.line(line)
        for line in (
            "Collecting panel==1.9.4",
            "  Downloading panel-1.9.4-py3-none-any.whl (30.1 MB)",
            "Collecting param",
            "  Downloading param-2.4.2.whl (119 kB)",
            "Installing collected packages: a, b, c",
        )
    ]
    assert said[0].startswith("Choosing")
    assert said[1] == "  downloading panel (30 MB) ..."
    assert said[2:4] == ["", ""]
    assert said[4].startswith("Installing 3 packages")


def test_test_words_go_to_pytest(start: ModuleType) -> None:
    extras, command = start.command_for(["test", "tests/app", "-x"])
    assert set(extras) == {"dashboard", "practice", "test"}
    assert command[1:3] == ["-m", "pytest"]
    assert command[-2:] == ["tests/app", "-x"]
