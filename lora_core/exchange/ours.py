"""Our own TOML, with the same report as for foreign files."""

from __future__ import annotations

from lora_core.errors import Problem
from lora_core.exchange.collector import shown
from lora_core.exchange.report import Entry, Imported, Outcome
from lora_core.options import TrainingOptions, toml_io


def read(text: str) -> Imported:
    """Read our own settings file, as far as it can be used.

    Raises:
        InputError: it is not TOML.
    """
    options, problems = toml_io.loads_leniently(text)
    wrong = {field for problem in problems for field in problem.fields}
    known = {option.name: option for option in TrainingOptions()}
    entries = []
    for table, content in toml_io.parse(text).items():
        for name in content if isinstance(content, dict) else [table]:
            if name in known and name not in wrong:
                sentence = f"{known[name].label}: {_shown(options, name)}."
                entries.append(Entry(Outcome.TAKEN, name, name, options[name], sentence))
    entries += [_left_out(problem, problem.fields[0] in known) for problem in problems]
    return Imported("workbench", options, tuple(entries))


def _shown(options: TrainingOptions, name: str) -> str:
    value = options[name]
    return f"{len(value)} folders" if name == "more_folders" else shown(value)


def _left_out(problem: Problem, known: bool) -> Entry:
    text = " ".join(part for part in (problem.what, problem.why, problem.remedy) if part)
    outcome = Outcome.DROPPED if known else Outcome.UNKNOWN
    return Entry(outcome, problem.fields[0], "", None, text)
