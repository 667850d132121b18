"""The command ``lora-workbench``.

Exit codes: 0 done · 1 a training or check did not come out well · 2 the call or the options cannot be used
· 130 stopped with Ctrl+C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lora_core.errors import Level, OptionsInvalid, Problem, WorkbenchError
from lora_core.workspace import HOME_VARIABLE, Workspace

if TYPE_CHECKING:
    from lora_core.runs import Run
    from lora_core.session import Session

OK, NOT_WELL, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
ENGINES = ("practice", "sd-scripts")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line. Returns the exit code."""
    _lenient(sys.stdout)
    _lenient(sys.stderr)
    arguments = _parser().parse_args(argv)
    if workspace := getattr(arguments, "workspace", ""):
        # By environment, so that servers, kernels and trainers started from here use it, too.
        os.environ[HOME_VARIABLE] = str(Path(workspace).expanduser().resolve())
    try:
        code: int = arguments.do(arguments)
    except WorkbenchError as error:
        if getattr(arguments, "debug", False):
            raise
        explain(error, sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return code


def _lenient(stream: TextIO) -> None:
    """Where a console cannot show a character it shows a question mark, instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


# --- the words of the command line ------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    # SUPPRESS: given before the command or after it, neither place overrules the other by its default.
    common.add_argument(
        "--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="where runs and settings are kept"
    )
    common.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show where an error came from"
    )
    parser = argparse.ArgumentParser(
        prog="lora-workbench",
        description="Train LoRA files for Stable Diffusion.",
        parents=[common],
        epilog="lora-workbench COMMAND --help tells more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"lora-workbench {version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_dashboard(commands, common)
    _add_train(commands, common)
    _add_practice(commands, common)
    _add_runs(commands, common)
    _add_exchange(commands, common)
    _add_doctor(commands, common)
    return parser


_Commands = argparse._SubParsersAction  # argparse has no public name for it


def version() -> str:
    """The installed version of LoRA Workbench."""
    try:
        return metadata.version("lora-workbench")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _add_dashboard(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("dashboard", parents=[common], help="open the dashboard in a browser")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8866, or a free one)")
    parser.add_argument("--ip", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="read the access token from a file")
    parser.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which the page is reached, such as a proxy's; may be repeated",
    )
    parser.add_argument(
        "--without-token-anyone-can-use-it",
        action="store_true",
        help="ask for no token: whoever reaches the port can run code on this machine",
    )
    parser.set_defaults(do=dashboard)


def _add_train(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("train", parents=[common], help="train by a settings file")
    parser.add_argument(
        "config", type=Path, metavar="CONFIG.toml", help="settings, as saved by the dashboard"
    )
    parser.add_argument(
        "--engine", choices=ENGINES, help="the trainer (default: the file's own, else sd-scripts)"
    )
    _add_ways_to_run(parser)
    parser.set_defaults(do=train)


def _add_practice(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("practice", parents=[common], help="train the practice LoRA, here and now")
    parser.add_argument("--epochs", type=int, metavar="N", help="train for N epochs")
    parser.add_argument(
        "--engine", choices=ENGINES, default="practice", help="which trainer to practise with"
    )
    _add_ways_to_run(parser)
    parser.set_defaults(do=practice)


def _add_ways_to_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="print what would run, and start nothing")
    parser.add_argument("--detach", action="store_true", help="start the training and return at once")
    parser.add_argument("--json", action="store_true", help="with --dry-run or --detach: print JSON")


def _add_runs(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    runs = commands.add_parser("runs", parents=[common], help="list, show, follow, stop or continue runs")
    actions = runs.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, do, text in (
        ("list", runs_list, "all runs, newest first"),
        ("show", runs_show, "one run: state, files, versions"),
        ("attach", runs_attach, "follow a run; Ctrl+C leaves it running"),
        ("stop", runs_stop, "stop a run; what it has saved is kept"),
        ("resume", runs_resume, "go on from a run's newest saved state, as a new run"),
    ):
        parser = actions.add_parser(name, parents=[common], help=text, description=text)
        if name != "list":
            what = "id, the beginning of one, a name, a folder, or: last"
            parser.add_argument("run", metavar="RUN", help=what)
        if name == "resume":
            parser.add_argument("--detach", action="store_true", help="start it and return at once")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(do=do)


def _add_exchange(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "import", parents=[common], help="read settings of another tool, or of a LoRA"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="settings file, command line, or LoRA file")
    parser.add_argument("--beside", type=Path, metavar="FILE", help="a second file, such as a dataset TOML")
    parser.add_argument("--out", type=Path, metavar="CONFIG.toml", help="write the settings to this file")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(do=import_settings)
    parser = commands.add_parser("export", parents=[common], help="write settings for another tool")
    parser.add_argument(
        "config", type=Path, metavar="CONFIG.toml", help="settings, as saved by the dashboard"
    )
    parser.add_argument(
        "--to", choices=("sd-scripts", "kohya-ss", "workbench"), required=True, help="which tool they are for"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write (default: this folder)")
    parser.add_argument("--with-paths", action="store_true", help="write paths of models and pictures, too")
    parser.set_defaults(do=export_settings)


def _add_doctor(commands: _Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "doctor", parents=[common], help="look whether this machine has all it takes"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=doctor)


# --- dashboard and doctor ---------------------------------------------------------------------------


def dashboard(arguments: argparse.Namespace) -> int:
    """Serve the dashboard until Ctrl+C."""
    from app import server

    server.serve(
        arguments.port,
        arguments.ip,
        server.find_token(arguments.token_file) if arguments.token_file else None,
        open_browser=not arguments.no_browser,
        without_token_anyone_can_use_it=arguments.without_token_anyone_can_use_it,
        host_names=arguments.host_name,
        debug=getattr(arguments, "debug", False),
    )
    return OK


def doctor(arguments: argparse.Namespace) -> int:
    """Print what was looked at and how it came out."""
    from app import report
    from lora_core import doctor as examination

    checks = examination.examine(Workspace())
    if arguments.json:
        report.print_json([check.to_dict() for check in checks])
    else:
        print("\n".join(report.check_lines(checks)))
    return NOT_WELL if examination.worst(checks) is examination.Health.ERROR else OK


# --- settings from other tools, and for them --------------------------------------------------------


def import_settings(arguments: argparse.Namespace) -> int:
    """Read a foreign settings file, say what became of each setting, and write it as ours if asked to."""
    from app import exchange, report
    from lora_core.exchange import read
    from lora_core.options import toml_io

    found = read(arguments.file, beside=arguments.beside)
    if arguments.out:
        exchange.write(arguments.out, toml_io.dumps(found.options))
    if arguments.json:
        report.print_json(found.to_dict())
        return OK
    print("\n".join(exchange.report_lines(found)))
    if arguments.out:
        print(f"\nWritten: {arguments.out}")
    return OK


def export_settings(arguments: argparse.Namespace) -> int:
    """Write settings for another tool."""
    from app import exchange
    from lora_core.options import toml_io

    options = toml_io.load(arguments.config)
    paths = arguments.with_paths
    folder = arguments.out or Path()
    for name, text in exchange.files(options, arguments.to, arguments.config.stem, paths=paths).items():
        exchange.write(folder / name, text)
        print(f"Written: {folder / name}")
    if lost := exchange.lost(options, arguments.to, paths=paths):
        print(f"That page cannot hold: {', '.join(lost)}.")
    if not paths:
        print("Paths were left out. Fill in the model and the pictures there.")
    return OK


# --- training ---------------------------------------------------------------------------------------


def train(arguments: argparse.Namespace) -> int:
    """Train by a settings file."""
    from lora_core.options import toml_io

    options = toml_io.load(arguments.config)
    session = _session(arguments.engine or _engine_in(arguments.config) or "sd-scripts")
    session.options = options
    return _go(session, arguments)


def practice(arguments: argparse.Namespace) -> int:
    """Train the practice LoRA on the sample pictures."""
    Workspace().writable()
    session = _session(arguments.engine)
    session.use_practice()
    if arguments.epochs is not None:
        session.options["max_train_epochs"] = arguments.epochs
    return _go(session, arguments)


def _session(engine: str) -> Session:
    from lora_core.session import Session

    class FromTheCommandLine(Session):
        """Leaves the form of the dashboard, which is kept as the last session, as it was."""

        def save(self) -> None:
            return

    session = FromTheCommandLine(Workspace())
    session.engine_name = engine
    return session


def _engine_in(config: Path) -> str:
    """The engine that a settings file names in its header; empty if none is."""
    from lora_core.options import toml_io

    engine = toml_io.read_header(toml_io.read_text(config)).get("engine", "")
    return engine if engine in ENGINES else ""


def _go(session: Session, arguments: argparse.Namespace) -> int:
    """Dry run, or start and watch."""
    from app import report

    if arguments.dry_run:
        plan = session.plan()
        print(report.plan_json(plan) if arguments.json else report.plan_text(plan))
        problems = session.check()
        _tell(problems)
        return UNUSABLE if any(problem.level is Level.ERROR for problem in problems) else OK
    try:
        run = session.start()
    except OptionsInvalid as error:
        _tell(error.problems)
        print("Nothing was started.", file=sys.stderr)
        return UNUSABLE
    return _started(run, arguments, stop_with_it=True)


def _started(run: Run, arguments: argparse.Namespace, *, stop_with_it: bool) -> int:
    """Say what was started, and watch it unless asked not to."""
    from app import report

    if arguments.detach:
        if arguments.json:
            report.print_json(report.run_dict(run))
        else:
            print(f"Started the run {run.id}.\nFolder: {run.folder}")
            print(f"Follow it with: lora-workbench runs attach {run.id}")
        return OK
    if getattr(arguments, "json", False):
        return _stream(run)
    print(f"Training in {run.folder}")
    print("Ctrl+C stops it and keeps what was saved." if stop_with_it else "Ctrl+C leaves it running.")
    return _watch(run, stop_with_it=stop_with_it)


def _watch(run: Run, *, stop_with_it: bool) -> int:
    """Show a run to its end. Ctrl+C stops it in stages, or only stops watching."""
    from app import terminal
    from lora_core.events import State

    try:
        terminal.watch(run, terminal.Progress())
    except KeyboardInterrupt:
        if not stop_with_it:
            print(f"\nThe run goes on. Follow it again with: lora-workbench runs attach {run.id}")
            return OK
        print("\nStopping. The trainer gets a moment to end by itself; Ctrl+C again stops waiting.")
        run.stop()
        try:
            run.wait()
        except KeyboardInterrupt:
            print(f"\nStill stopping. See: lora-workbench runs show {run.id}")
            return INTERRUPTED
        print("\n".join(terminal.closing_lines(run)))
        return INTERRUPTED
    print("\n".join(terminal.closing_lines(run)))
    return OK if run.status().state is State.FINISHED else NOT_WELL


def _stream(run: Run) -> int:
    """Every event as a line of JSON, to the end."""
    from app import report
    from lora_core.events import State

    for event in run.events():
        print(report.event_json(event), flush=True)
    return OK if run.status().state is State.FINISHED else NOT_WELL


# --- runs -------------------------------------------------------------------------------------------


def _runs() -> list[Run]:
    from lora_core import runs

    return runs.list_runs(Workspace().runs)


def runs_list(arguments: argparse.Namespace) -> int:
    """All runs, newest first."""
    from app import report

    found = _runs()
    if arguments.json:
        report.print_json([report.run_dict(run) for run in found])
    elif found:
        print("\n".join(report.list_lines(found)))
    else:
        print("There are no runs yet. Start one with: lora-workbench practice")
    return OK


def runs_show(arguments: argparse.Namespace) -> int:
    """One run."""
    from app import report

    run = report.find_run(arguments.run, _runs())
    if arguments.json:
        report.print_json(report.run_dict(run, full=True))
    else:
        print("\n".join(report.show_lines(run)))
    return OK


def runs_attach(arguments: argparse.Namespace) -> int:
    """Follow a run: its history, then what comes."""
    from app import report

    run = report.find_run(arguments.run, _runs())
    if arguments.json:
        return _stream(run)
    print(f"The run {run.id}. Ctrl+C leaves it running.")
    return _watch(run, stop_with_it=False)


def runs_stop(arguments: argparse.Namespace) -> int:
    """Stop a run and wait until it is over."""
    from app import report, terminal

    run = report.find_run(arguments.run, _runs())
    already = run.status().state.is_terminal
    if not already:
        if not arguments.json:
            print(f"Stopping the run {run.id}.", flush=True)
        run.stop()
        run.wait()
    if arguments.json:
        report.print_json(report.run_dict(run))
        return OK
    if already:
        print("It was over already.")
    print("\n".join(terminal.closing_lines(run)))
    return OK


def runs_resume(arguments: argparse.Namespace) -> int:
    """Go on from a run's newest saved state, as a new run with the same options."""
    from app import report
    from lora_core.options import toml_io

    run = report.find_run(arguments.run, _runs())
    state = report.newest_state(run)
    session = _session(run.engine)
    session.options = toml_io.loads(run.options_toml)
    session.options["resume"] = str(state)
    if not arguments.json:
        print(f"Going on from {state}")
    try:
        resumed = session.start()
    except OptionsInvalid as error:
        _tell(error.problems)
        return UNUSABLE
    return _started(resumed, arguments, stop_with_it=True)


# --- saying what is wrong ---------------------------------------------------------------------------


def _tell(problems: Sequence[Problem]) -> None:
    from app import report

    for problem in problems:
        print("\n".join(report.problem_lines(problem)), file=sys.stderr)


def explain(error: WorkbenchError, stream: TextIO) -> None:
    """An error in three lines: what happened, why, what to do."""
    print(f"❌ {error.what}", file=stream)
    if error.why:
        print(f"   Why: {error.why}", file=stream)
    if error.remedy:
        print(f"   What to do: {error.remedy}", file=stream)


if __name__ == "__main__":
    sys.exit(main())
