"""One person's work: options, engine, runs. What the dashboard shows, and plain Python for scripts.

>>> session = Session()
>>> session.use_preset("practice")
>>> session.options["network_dim"] = 8
>>> run = session.start()
>>> for event in run.events():
...     print(event)

Options can be set directly, as above, or by ``session.change({"network_dim": 8})``; either way they can be
taken back:

>>> session.change({"network_dim": 16})
>>> session.undo_label
'Rank (dim): 8 → 16'
>>> session.undo()
>>> session.differences()      # to the preset that was applied last
>>> session.back_to_preset()

A guided start and a choice of model, with all that belongs to it:

>>> session.choose_model("sdxl", "noobai_vpred")
>>> session.use_proposal(goals.propose("character", "sdxl", "noobai_vpred", pictures=25))

``session.save()`` keeps everything, the steps to undo too; ``session.restore()`` takes it up again. With
two windows open, ``save`` returns a `Conflict` instead of writing over what the other one saved:
``session.take_theirs()`` or ``session.keep_mine()`` settles it.

What edits options is in `lora_core.editing`, what keeps them in `lora_core.keeping`; what checks, plans and
starts is here.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lora_core import presets, runs
from lora_core.datasets.checks import check as check_pictures
from lora_core.datasets.scan import DatasetScan, scan
from lora_core.datasets.steps import StepCount, count_steps
from lora_core.editing import PRACTICE, SD_SCRIPTS
from lora_core.engines import get_engine
from lora_core.engines.base import Engine, LaunchPlan
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.errors import Level, OptionsInvalid, Problem, WorkbenchError
from lora_core.forecast import machine
from lora_core.keeping import Keeping
from lora_core.models.checks import check as check_model
from lora_core.options import TrainingOptions, folders, toml_io
from lora_core.options.rules import check as check_rules
from lora_core.workspace import Workspace

if TYPE_CHECKING:
    from lora_core.goals import Proposal
    from lora_core.runs import Run

GIB = 1024**3
_NAMES = frozenset(option.name for option in TrainingOptions())
ROOM = {"practice": (GIB // 20, GIB // 4), "sd-scripts": (GIB, 5 * GIB)}
"""Free disk room in bytes below which a start is refused, and below which it is advised against."""


class Session(Keeping):
    """Options, engine and runs of one person, joined.

    Args:
        workspace: where everything is kept; by default the user's own.
    """

    def __init__(self, workspace: Workspace | None = None, **params: Any) -> None:
        super().__init__(workspace, **params)
        self.started: Run | None = None
        """The run that this session started last."""
        self.problems: list[Problem] | None = None
        """What the last check found; None before the first."""
        self._counted: int | None = None
        """Steps that the last check counted."""
        self._scanned: dict[tuple[str, str], tuple[object, DatasetScan]] = {}
        """The last look at each folder, by folder and caption ending."""

    @property
    def engine(self) -> Engine:
        """The chosen engine."""
        return get_engine(self.engine_name, self.workspace)

    # Checking

    def scan(self) -> DatasetScan | None:
        """The pictures of the chosen folder; None if there is no such folder.

        The last result is kept until the folder or a file in it is changed.
        """
        return self._scan(folders.uses(self.options)[folders.MAIN])

    def scan_more(self) -> list[DatasetScan | None]:
        """The pictures of the further folders, in their order; None for one that is not there."""
        return [self._scan(use) for use in folders.uses(self.options)[1:]]

    def pictures_changed(self) -> bool:
        """Whether files in a folder in use changed since it was looked at last."""
        for use in folders.uses(self.options):
            known = self._scanned.get(_scan_key(use))
            try:
                if known is not None and _fingerprint(Path(_scan_key(use)[0])) != known[0]:
                    return True
            except OSError:
                return True
        return False

    def _scan(self, use: folders.FolderUse) -> DatasetScan | None:
        key = _scan_key(use)
        if not use.image_dir or not Path(key[0]).is_dir():
            self._scanned.pop(key, None)
            return None
        mark = _fingerprint(Path(key[0]))
        known = self._scanned.get(key)
        if known is None or known[0] != mark:
            known = self._scanned[key] = (mark, scan(Path(key[0]), caption_extension=key[1]))
        return known[1]

    def count(self) -> StepCount | None:
        """How many steps the training would take; None while there are no pictures to count."""
        found = self.scan()
        return count_steps(self.options, found, self.scan_more()) if found and found.pictures else None

    def check(self) -> list[Problem]:
        """Everything that is wrong or unwise, errors first. Reads the disk; changes nothing."""
        try:
            count = self.count()
        except WorkbenchError:
            count = None  # what is wrong is found again below, and said there
        problems = self._check_rules(count)
        self._counted = count.total if count else None
        looks = (
            self._check_model,
            self._check_pictures,
            self._check_engine,
            self._check_room,
            self._check_plan,
        )
        for look in looks:
            problems += [found for found in look() if not _known(found, problems)]
        order = list(Level)
        self.problems = sorted(problems, key=lambda problem: order.index(problem.level))
        return list(self.problems)

    def _check_rules(self, count: StepCount | None) -> list[Problem]:
        practice = self.engine_name == "practice"
        return check_rules(
            self.options,
            total_steps=count.total if count else None,
            pictures=count.pictures if count else None,
            uses=count.uses + count.reg_uses if count else None,
            gpu=None if practice else machine.gpu() is not None,
            packages=self._packages(),
        )

    def _packages(self) -> Collection[str] | None:
        """Names of what is installed beside the trainer; None where no trainer can be asked."""
        if not isinstance(self.engine, SdScriptsEngine):
            return None
        return self.engine.installation.all_packages() or None

    def _check_model(self) -> list[Problem]:
        return check_model(
            self.options, base_needed=self.engine_name != "practice", total_steps=self._counted
        )

    def _check_pictures(self) -> list[Problem]:
        try:
            found = self.scan()
            more = self.scan_more()
        except WorkbenchError as error:
            return [Problem(Level.ERROR, ("image_dir",), error.what, error.why, error.remedy)]
        return check_pictures(self.options, found, more)

    def _check_engine(self) -> list[Problem]:
        try:
            return self.engine.check(self.options)
        except WorkbenchError as error:
            return [Problem(Level.ERROR, (error.field or "engine",), error.what, error.why, error.remedy)]

    def _check_plan(self) -> list[Problem]:
        """Whether a plan can be made: it is held against the trainer's manifest, the experts' own lines too."""
        try:
            self.plan()
        except OptionsInvalid as error:
            return [_of_an_option(problem) for problem in error.problems]
        except WorkbenchError as error:
            return [
                Problem(Level.ERROR, (error.field or "extra_options",), error.what, error.why, error.remedy)
            ]
        return []

    def _check_room(self) -> list[Problem]:
        place = self.workspace.runs
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        least, good = ROOM[self.engine_name]
        if free >= good:
            return []
        level = Level.ERROR if free < least else Level.WARNING
        return [
            Problem(
                level,
                ("output_name",),
                f"The disk has {free / 1e9:.2f} GB left.",
                f"The LoRA, its previews and the log are written to {self.workspace.runs}.",
                f"Make room until at least {good / 1e9:.2f} GB are free.",
            )
        ]

    # Planning and running

    def plan(self, run_dir: Path | None = None) -> LaunchPlan:
        """What would run: the dry run. Writes nothing, starts nothing.

        Args:
            run_dir: the run directory; by default a name that says it is only an example.

        Raises:
            OptionsInvalid: an option that the trainer would not understand.
        """
        count = self.count()
        folder = run_dir or self.workspace.runs / "dry-run"
        return self.engine.plan(self.options, folder, total_steps=count.total if count else None)

    def start(self) -> Run:
        """Check everything, write the run directory, start the training and return at once.

        Raises:
            OptionsInvalid: the options have errors; its ``problems`` lists all of them.
            StorageError: the workspace cannot be written to.
        """
        self.workspace.writable()
        problems = self.check()
        if any(problem.level is Level.ERROR for problem in problems):
            raise OptionsInvalid(problems)
        run = runs.create(
            self.workspace.runs,
            self.plan,
            name=self.options["output_name"],
            options_toml=toml_io.dumps(self.options),
            versions=self.engine.versions(),
        )
        run.start()
        self.started = run
        self._history.close()  # what is edited from now on is another training's
        self.save()
        self.touch()
        return run

    def runs(self) -> list[Run]:
        """All runs of this workspace, newest first."""
        return runs.list_runs(self.workspace.runs)

    @property
    def current(self) -> Run | None:
        """The newest run that has not ended, else the newest, else None."""
        known = self.runs()
        going = (run for run in known if not run.status().state.is_terminal)
        return next(going, known[0] if known else None)

    # Option sets

    def use_proposal(self, proposal: Proposal) -> None:
        """Take over a proposal of the guided start, as one step to undo. What is personal stays."""
        options = self.options.copy()
        options.update(proposal.values)
        self.replace(options, proposal.title, baseline=[proposal.title])

    def use_practice(self) -> None:
        """Fill in all it takes to practise: preset, sample pictures, base model.

        The chosen engine stays if it can be used; sd-scripts that is not installed gives way to practice. For
        sd-scripts the practice base model is written to the workspace as the file that it reads.

        Raises:
            OSError: the workspace cannot be written to.
        """
        from lora_core.engines.practice import ldm, sample_dataset

        preset = self.find_preset("practice")
        options = presets.apply(preset, TrainingOptions())
        pictures = self.workspace.root / "datasets"
        options["image_dir"] = str(sample_dataset.write(pictures / "practice"))
        reg = sample_dataset.write_regularization(pictures / "practice-regularization")
        options["more_folders"] = [{"image_dir": str(reg), "is_reg": True}]
        usable = not any(p.level is Level.ERROR for p in self.engine.check(options))
        if self.engine_name == SD_SCRIPTS and usable:
            model = ldm.practice_checkpoint(self.workspace.root / "models")
            options["pretrained_model_name_or_path"] = str(model)
        engine = self.engine_name if usable else PRACTICE
        self.replace(options, preset.title, baseline=[preset.title], engine=engine)


def _of_an_option(problem: Problem) -> Problem:
    """A problem of the trainer's key that no option has, said of the field where such keys are written."""
    known = problem.fields and problem.fields[0] in _NAMES
    return problem if known else replace(problem, fields=("extra_options", *problem.fields))


def _known(problem: Problem, problems: list[Problem]) -> bool:
    """Whether an error about the same option is listed already: one thing is said once."""
    return problem.level is Level.ERROR and any(
        known.level is Level.ERROR and known.fields[:1] == problem.fields[:1] for known in problems
    )


def _scan_key(use: folders.FolderUse) -> tuple[str, str]:
    """What a look at a folder depends on: the folder, and the ending of its captions."""
    return str(Path(use.image_dir).expanduser()), use.values["caption_extension"] or ".txt"


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of a folder's files: changes when the data set does."""
    found = []
    for path in folder.iterdir():
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((path.name, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))
