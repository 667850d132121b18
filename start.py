"""Set LoRA Workbench up, then run it. Needs nothing but Python 3.10 to 3.13.

    python start.py                 open the dashboard
    python start.py practice        train the practice LoRA here, in the terminal
    python start.py test [...]      run the test suite; what follows goes to pytest
    python start.py WORDS ...       anything else goes to the lora-workbench command
    python start.py --help          this text

The first call makes the folder .venv beside this file and installs into it; later calls find it ready.
Nothing outside this folder is changed. Delete .venv to start afresh.

This file is written so that any Python 3 can at least read it and say which Python is needed.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from typing import Any, Dict, Iterable, List, Sequence, TextIO, Tuple

OLDEST, NEWEST = (3, 10), (3, 13)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "lora-workbench.json")
LOG = os.path.join(VENV, "install.log")
LOCK = os.path.join(ROOT, ".venv.lock")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
COMMAND = os.path.join(BIN, "lora-workbench.exe" if WINDOWS else "lora-workbench")

EXTRAS = ("dashboard", "practice")
TEST_EXTRAS = ("test",)
ROOM_GB = 8 if sys.platform.startswith("linux") else 4
"""Free disk space that a first installation needs, with its downloads. Measured under Linux: 5.9 GB stay, 3.9 GB
of it graphics card libraries that torch brings there; 2.2 GB where a torch without them is found."""
BIG_DOWNLOAD_MB = 15
"""Downloads from this size on get a line of their own."""

SETUP_FAILED = 1
INTERRUPTED = 130


class SetupError(Exception):
    """What happened, why, and what to do about it."""

    def __init__(self, what: str, why: str, remedy: str, tail: Sequence[str] = ()) -> None:
        Exception.__init__(self, what)
        self.what, self.why, self.remedy, self.tail = what, why, remedy, tail


def say(text: str) -> None:
    """One line for the person. A terminal that lacks a character shows a question mark for it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


# --- what the machine has ---------------------------------------------------------------------------


def dotted(version: Sequence[int]) -> str:
    """(3, 11) -> "3.11"."""
    return ".".join(str(part) for part in version)


def check_python(version: Sequence[int] = tuple(sys.version_info[:3])) -> None:
    """Raise SetupError unless this Python is one that the project is tested with."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    names = ["python%s" % dotted((3, minor)) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [name for name in names if shutil.which(name)]
    remedy = "Install Python 3.11 from python.org, then run: python3.11 start.py"
    if found:
        remedy = "This machine also has %s. Run: %s start.py" % (found[0], found[0])
    elif WINDOWS:
        remedy = "Install Python 3.11 from python.org, then run: py -3.11 start.py"
    raise SetupError(
        "LoRA Workbench cannot run on Python %s." % dotted(version[:3]),
        "It needs Python %s to %s." % (dotted(OLDEST), dotted(NEWEST)),
        remedy,
    )


def check_venv_module() -> None:
    """Raise SetupError if this Python cannot make virtual environments (Debian ships that apart)."""
    try:
        import ensurepip
        import venv
    except ImportError as error:
        version = dotted(sys.version_info[:2])
        remedy = "Install Python from python.org, which has it."
        if sys.platform.startswith("linux"):
            remedy = "On Debian or Ubuntu: sudo apt install python%s-venv" % version
        raise SetupError(
            "This Python cannot make a virtual environment.", "It lacks a part: %s." % error, remedy
        )
    del ensurepip, venv


def check_writable(folder: str) -> None:
    """Raise SetupError if no file can be made in the folder."""
    probe = os.path.join(folder, ".probe-%d" % os.getpid())
    try:
        with open(probe, "w"):
            pass
        os.remove(probe)
    except OSError as error:
        raise SetupError(
            "The folder %s cannot be written to." % folder,
            error.strerror or str(error),
            "Copy the project to a folder of your own, such as your home folder, and start it there.",
        )


def check_room(folder: str, needed_gb: float = ROOM_GB) -> None:
    """Raise SetupError if the disk is too full for an installation."""
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            "The disk has too little room.",
            "%.1f GB are free where %s lies; the installation needs about %d GB."
            % (free_gb, folder, needed_gb),
            "Free some space, or move the project to another disk, and start again.",
        )


# --- what is installed ------------------------------------------------------------------------------


def locked() -> bool:
    """Whether constraints.txt is meant for this machine: CPython 3.11 on Linux x86-64."""
    return (
        sys.platform.startswith("linux")
        and platform.machine() in ("x86_64", "AMD64")
        and platform.python_implementation() == "CPython"
        and venv_version()[:2] == [3, 11]
    )


def venv_version() -> List[int]:
    """The Python version of .venv as a list of numbers; that of this Python if there is no .venv."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), encoding="utf-8") as file:
            found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)\.(\d+)", file.read(), re.M)
    except OSError:
        found = None
    return [int(part) for part in found.groups()] if found else list(sys.version_info[:3])


def fingerprint() -> str:
    """What the installation depends on, as one text: files, Python version, place."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read().replace(b"\r\n", b"\n") + b"\0")
    digest.update(repr((venv_version(), sys.platform, ROOT)).encode("utf-8"))
    return digest.hexdigest()


def read_stamp() -> Dict[str, Any]:
    """The note of the last complete installation; empty if there is none."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def ready(extras: Iterable[str]) -> bool:
    """Whether .venv holds everything that these extras need."""
    stamp = read_stamp()
    return (
        os.path.exists(PYTHON)
        and os.path.exists(COMMAND)
        and set(extras) <= set(stamp.get("extras", ()))
        and stamp.get("fingerprint") == fingerprint()
    )


# --- installing -------------------------------------------------------------------------------------


class Lock:
    """Held while installing, so that two starts at once do not disturb each other."""

    def __enter__(self) -> "Lock":
        self.file = open(LOCK, "a+")
        told = False
        while not self._try():
            if not told:
                say("Another start.py is installing here. Waiting for it ...")
                told = True
            time.sleep(0.5)
        return self

    def _try(self) -> bool:
        try:
            if sys.platform == "win32":  # spelled so that type checkers understand it, too
                import msvcrt

                self.file.seek(0)
                msvcrt.locking(self.file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def __exit__(self, *exception: object) -> None:
        self.file.close()


def clean_environment() -> Dict[str, str]:
    """This environment without what would lead pip or the program astray."""
    env = dict(os.environ)
    for name in (
        "PYTHONHOME",
        "PYTHONPATH",
        "__PYVENV_LAUNCHER__",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_REQUIRE_VIRTUALENV",
    ):
        env.pop(name, None)
    env.update(PIP_USER="0", PYTHONUTF8="1", VIRTUAL_ENV=VENV)
    return env


def venv_works() -> bool:
    """Whether .venv has a Python that runs and has pip: an interrupted start may have left half of one."""
    if not os.path.exists(PYTHON) or not OLDEST <= tuple(venv_version()[:2]) <= NEWEST:
        return False
    probe = [PYTHON, "-c", "import pip, sys; sys.exit(0)"]
    try:
        return subprocess.call(probe, env=clean_environment(), stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv() -> None:
    """Make .venv afresh, unless a working one is there."""
    if venv_works():
        return
    check_venv_module()
    say("Making a virtual environment in %s ..." % VENV)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
    )
    if made.returncode:
        lines = made.stdout.decode("utf-8", "replace").splitlines()
        raise explain(lines, "The virtual environment could not be made.")


def pip_command(extras: Iterable[str]) -> List[str]:
    """The one pip call that installs everything."""
    command = [PYTHON, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--no-warn-script-location"]
    if locked():
        command += ["-c", os.path.join(ROOT, "constraints.txt")]
    return command + ["-e", "%s[%s]" % (ROOT, ",".join(sorted(extras)))]


class Phases:
    """Turns pip's many lines into a few."""

    def __init__(self) -> None:
        self.seen = 0
        self.phase = ""

    def line(self, text: str) -> str:
        """What to tell the person about one line of pip's output; mostly nothing."""
        text = text.strip()
        if text.startswith("Collecting "):
            self.seen += 1
            if self.phase != "looking":
                self.phase = "looking"
                return "Choosing and downloading packages ..."
            if self.seen % 40 == 0:
                return "  %d packages so far ..." % self.seen
        size = re.search(r"(\d+(?:\.\d+)?) (MB|GB)\)", text)
        if text.startswith(("Downloading ", "Using cached ", "Processing ")) and size:
            megabytes = float(size.group(1)) * (1000 if size.group(2) == "GB" else 1)
            if megabytes >= BIG_DOWNLOAD_MB and text.startswith("Downloading "):
                name = os.path.basename(text.split()[1]).split("-")[0]
                return "  downloading %s (%d MB) ..." % (name, megabytes)
        if text.startswith("Installing collected packages:"):
            count = text.count(",") + 1
            return "Installing %d packages. This takes a few minutes ..." % count
        return ""


REASONS = (
    (
        r"Windows Long Path|WinError 206",
        "A path is longer than Windows takes.",
        "Move the project to a folder with a short path, such as C:\\lora, then start again.",
    ),
    (
        r"No space left on device|Errno 28|not enough space on the disk|WinError 112",
        "The disk is full.",
        "Free some space (about %d GB are needed), then start again: it goes on where it stopped." % ROOM_GB,
    ),
    (
        r"NewConnectionError|name resolution|Name or service not known|getaddrinfo failed|ConnectTimeout"
        r"|Read timed out|ReadTimeoutError|Network is unreachable|ProxyError|Connection refused"
        r"|Connection aborted|IncompleteRead|SSLError|CERTIFICATE_VERIFY_FAILED",
        "The package index could not be reached.",
        "Check the internet connection and any proxy, then start again: finished downloads are kept.",
    ),
    (
        r"Errno 13|Permission denied|WinError 5\b|Access is denied|WinError 32",
        "A file could not be written.",
        "Close other programs that use this folder (a running dashboard, too), then start again.",
    ),
    (
        r"No matching distribution found for|ResolutionImpossible|has no matching distributions",
        "The package index offers no fitting version of a package for this Python and machine.",
        "Check the connection. If it is good: Python 3.11 is the best tested, so try again with it.",
    ),
)


def explain(lines: List[str], what: str) -> SetupError:
    """The SetupError for a command that failed, with its reason as far as its output shows it."""
    text = "\n".join(lines)
    why, remedy = "The reason is in the lines above.", "See the log, then start again."
    for pattern, known_why, known_remedy in REASONS:
        if re.search(pattern, text):
            why, remedy = known_why, known_remedy
            break
    return SetupError(what, why, remedy, [line for line in lines if line.strip()][-8:])


def stream(command: List[str], log: TextIO) -> Tuple[int, List[str]]:
    """Run a command, its output to the log and its phases to the person. Returns exit code and lines."""
    lines: List[str] = []
    phases = Phases()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, env=clean_environment()
    )
    try:
        for raw in process.stdout or ():
            text = raw.decode("utf-8", "replace").rstrip()
            log.write(text + "\n")
            log.flush()
            lines.append(text)
            message = phases.line(text)
            if message:
                say(message)
        return process.wait(), lines
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def install(extras: Iterable[str]) -> None:
    """Install the project with these extras, and leave the stamp that says so."""
    began = time.time()
    check_writable(ROOT)
    first = not os.path.exists(STAMP)
    if first:
        check_room(ROOT)
    with Lock():
        if ready(extras):  # the other start.py that was waited for has done it
            return
        wanted = set(extras) | set(read_stamp().get("extras", ()))
        say("Setting up LoRA Workbench. The first time takes several minutes.")
        if os.path.exists(STAMP):
            os.remove(STAMP)  # from here until the end the installation is incomplete
        make_venv()
        with open(LOG, "w", encoding="utf-8") as log:
            code, lines = stream(pip_command(wanted), log)
        if code:
            raise explain(lines, "The packages could not be installed.")
        scratch = STAMP + ".new"
        with open(scratch, "w", encoding="utf-8") as file:
            json.dump({"fingerprint": fingerprint(), "extras": sorted(wanted)}, file)
        os.replace(scratch, STAMP)
    say("Ready after %d s." % round(time.time() - began))


# --- running ----------------------------------------------------------------------------------------


def command_for(words: List[str]) -> Tuple[Tuple[str, ...], List[str]]:
    """Extras that are needed, and the command that does what was asked."""
    words = words or ["dashboard"]
    if words[0] == "test":
        return EXTRAS + TEST_EXTRAS, [PYTHON, "-m", "pytest", "--rootdir", ROOT] + words[1:]
    if WINDOWS:
        return EXTRAS, [COMMAND] + words
    return EXTRAS, [PYTHON, COMMAND] + words


def hand_over(command: List[str], test: bool) -> int:
    """Become the command. Exit code and Ctrl+C are then its own."""
    env = clean_environment()
    env["PATH"] = BIN + os.pathsep + env.get("PATH", "")
    if test:
        os.chdir(ROOT)
    if not WINDOWS:
        sys.stdout.flush()
        os.execve(command[0], command, env)
    process = subprocess.Popen(command, env=env)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command got it too, and ends in its own way


def main(words: List[str]) -> int:
    """Set up if need be, then run. Returns the exit code."""
    if words and words[0] in ("-h", "--help", "help"):
        say(__doc__.strip())
        return 0
    try:
        check_python()
        extras, command = command_for(words)
        if not ready(extras):
            install(extras)
    except KeyboardInterrupt:
        say("\nStopped. Start again to go on with the setup.")
        return INTERRUPTED
    except (SetupError, OSError) as error:
        if not isinstance(error, SetupError):
            error = SetupError("The setup stopped.", str(error), "Settle that, then start again.")
        report(error)
        return SETUP_FAILED
    return hand_over(command, words[:1] == ["test"])


def report(error: SetupError) -> None:
    """Print a SetupError: the output's end, then what happened, why, and what to do."""
    if error.tail:
        say("\n" + "\n".join("    | " + line[:300] for line in error.tail) + "\n")
    say("What happened:  %s" % error.what)
    say("Why:            %s" % error.why)
    say("What to do:     %s" % error.remedy)
    if error.tail and os.path.exists(LOG):
        say("Full log:       %s" % LOG)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
