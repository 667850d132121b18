"""What the commands ``import`` and ``export`` say and write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lora_core.exchange import Imported
    from lora_core.options import TrainingOptions


def report_lines(found: Imported) -> Iterator[str]:
    """The report of an import, for a terminal."""
    from lora_core.exchange import Outcome

    yield f"This is: {found.title}."
    counts = found.counts()
    yield ", ".join(f"{number} {word}" for word, number in counts.items()) + "."
    for outcome in (Outcome.TRANSLATED, Outcome.DROPPED, Outcome.UNKNOWN, Outcome.TAKEN):
        if entries := found.of(outcome):
            yield f"\n{outcome.value.capitalize()}"
            yield from (f"  {entry.source}: {entry.text}" for entry in entries)
    if found.notes:
        yield "\nNotes"
        yield from (f"  {note}" for note in found.notes)


def files(options: TrainingOptions, target: str, name: str, *, paths: bool) -> dict[str, str]:
    """The files for a tool, as texts by name.

    Args:
        options: what to write.
        target: ``sd-scripts``, ``kohya-ss`` or ``workbench``.
        name: what the files' names begin with, where they are not fixed.
        paths: write the paths of models and pictures, too.
    """
    from lora_core.exchange import export, to_kohya_ss

    if target == "workbench":
        return {f"{name}-shared.toml": export.to_workbench(options, with_paths=paths)}
    steps = _steps(options)
    files = export.to_trainer_files(options, with_paths=paths, total_steps=steps)
    if target == "sd-scripts":
        return files
    dataset = f"{name}-dataset.toml"
    text = to_kohya_ss(options, with_paths=paths, dataset_config=dataset, total_steps=steps)
    return {f"{name}.json": text, dataset: files[export.DATASET]}


def lost(options: TrainingOptions, target: str, *, paths: bool) -> list[str]:
    """Labels of settings that the tool's file cannot hold. Arguments as in `files`."""
    from lora_core.exchange import export, not_held

    if target != "kohya-ss":
        return []
    text, dataset = files(options, target, "settings", paths=paths).values()
    return not_held(export.cleaned(options, with_paths=paths), text, dataset)


def _steps(options: TrainingOptions) -> int | None:
    """The length of the training, if its pictures are here."""
    from lora_core.datasets.scan import DatasetScan, scan
    from lora_core.datasets.steps import count_steps
    from lora_core.options import folders

    def look(use: folders.FolderUse) -> DatasetScan | None:
        folder = Path(use.image_dir).expanduser()
        suffix = use.values["caption_extension"] or ".txt"
        return scan(folder, caption_extension=suffix) if use.image_dir and folder.is_dir() else None

    main, *more = map(look, folders.uses(options))
    return count_steps(options, main, more).total if main and main.pictures else None


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        StorageError: it cannot be written.
    """
    from lora_core.atomic import write_text
    from lora_core.errors import StorageError

    try:
        write_text(path, text)
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be written.",
            why=str(error.strerror or error),
            remedy="Choose another folder, or make room there.",
            field="out",
            value=str(path),
        ) from error
