"""The settings of last time: kept when they change, taken up when a page opens.

Two pages may be open at once. Each remembers the mark (a digest) of the file as it last read or wrote it.
`save` only writes over a file with that mark; else somebody else saved meanwhile, and it says so, with
both versions kept. Beside the settings lies a second file with what led to them: the steps to undo.
"""

from __future__ import annotations

import hashlib
import json
import logging
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lora_core import atomic
from lora_core.engines import ENGINE_NAMES
from lora_core.errors import InputError, Level, Problem, StorageError
from lora_core.options import TrainingOptions, toml_io

logger = logging.getLogger(__name__)

TOLD = 3
"""How many things that were left out are named to the person; the log names all."""
LONGEST = 200
"""Characters after which one of these is cut: a value may be as long as a book."""
PATIENCE = 5.0
"""Seconds to wait for another page that is writing the same file; it takes a few milliseconds."""


@dataclass(frozen=True)
class LastSession:
    """What was found of last time.

    Attributes:
        options: the settings; None if there are none that can be taken up.
        engine: the trainer's name; empty if none is named that is known.
        note: what a person should know about it; empty if all went well.
        mark: the mark of the file; empty if there is none.
        steps: what led to the settings, as it was given to `save`; empty if that is not known.
    """

    options: TrainingOptions | None = None
    engine: str = ""
    note: str = ""
    mark: str = ""
    steps: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Conflict:
    """Somebody else has saved other settings meanwhile.

    Attributes:
        theirs: what they saved.
        mine: the file in which this side's settings are kept.
        saved: when they saved, in Unix seconds.
    """

    theirs: LastSession
    mine: Path
    saved: float

    what = "Another window has saved other settings meanwhile."
    why = "Both windows edit the same settings, and neither writes over the other without asking."
    remedy = "Take the other window's settings, or keep those of this one. The others stay in a file."


def text_of(options: TrainingOptions, engine: str) -> str:
    """The file's content for these options and this trainer."""
    return toml_io.dumps(options, header={"engine": engine})


def save(
    place: Path, text: str, *, known: str, steps: Mapping[str, Any] | None = None, owner: str = ""
) -> str | Conflict:
    """Keep settings in a file, unless somebody else has saved there meanwhile. Whole or not at all.

    Args:
        place: the file.
        text: what to keep, as `text_of` gives it.
        known: the mark of the file as it was last seen; empty if there was none.
        steps: what led to the settings, to be kept beside them as JSON.
        owner: names the file that keeps this side's settings in a conflict.

    Returns:
        The new mark; or the conflict, in which case the file is left as it is.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_name(f".{place.stem}.lock"), timeout=PATIENCE):
            mark, found = mark_of(text), _mark_in(place)
            if found in ("", known, mark):
                atomic.write_text(place, text)
                atomic.write_text(_steps_file(place), json.dumps({**(steps or {}), "mark": mark}))
                return mark
            mine = place.with_name(f"{place.stem}.{owner or 'mine'}.toml")
            atomic.write_text(mine, text)
            saved = place.stat().st_mtime
        return Conflict(read(place), mine, saved)
    except (OSError, Timeout) as error:
        raise _not_kept(place, error) from error


def write(place: Path, options: TrainingOptions, engine: str) -> str:
    """Keep options and trainer in a file, whatever is there. Whole or not at all. Returns its mark.

    Raises:
        StorageError: the file cannot be written.
    """
    text = text_of(options, engine)
    try:
        atomic.write_text(place, text)
    except OSError as error:
        raise _not_kept(place, error) from error
    return mark_of(text)


def take_over(place: Path, text: str) -> str:
    """Make ready to write over a file that this side has not read: other content is kept in a copy.

    Args:
        place: the file.
        text: what is to be written.

    Returns:
        The mark of the file; empty if there is none.

    Raises:
        StorageError: the copy cannot be written.
    """
    found = _mark_in(place)
    if found and found != mark_of(text):
        copy = place.with_name(f"{place.stem}.replaced-{time.time_ns()}{place.suffix}")
        try:
            atomic.write_bytes(copy, place.read_bytes())
        except OSError as error:
            raise _not_kept(place, error) from error
        logger.info("The settings that were in %s are kept as %s", place, copy)
    return found


def mark_of(text: str) -> str:
    """A digest by which to know this very content again."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _mark_in(place: Path) -> str:
    try:
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _steps_file(place: Path) -> Path:
    return place.with_name(f"{place.stem}-steps.json")


def _steps(place: Path, mark: str) -> dict[str, Any]:
    """What led to the settings of that mark; empty if it is not known or belongs to other settings."""
    try:
        found = json.loads(_steps_file(place).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):  # without them there is only nothing to undo
        return {}
    return found if isinstance(found, dict) and found.get("mark") == mark else {}


def _not_kept(place: Path, error: Exception) -> StorageError:
    return StorageError(
        "Your settings could not be kept for next time.",
        why=str(getattr(error, "strerror", None) or error),
        remedy=f"Check that {place.parent} can be written to.",
        value=str(place),
    )


def read(place: Path) -> LastSession:
    """Read what `save` or `write` wrote, as far as it can be used.

    If something is left out, the file as it was is kept beside its place under another name, never lost.
    """
    try:
        # Windows editors put a mark in front that TOML does not know.
        data = place.read_bytes()
        text = data.decode("utf-8-sig")
        options, left_out = toml_io.loads_leniently(text)
    except FileNotFoundError:
        return LastSession()
    except (OSError, UnicodeDecodeError, InputError) as error:
        logger.warning("The last session cannot be read: %s", error)
        _, kept = _put_aside(place)
        return LastSession(
            note=f"The settings of last time cannot be read, so the form starts afresh. {kept}"
        )
    mark = hashlib.sha256(data).hexdigest()
    engine = toml_io.read_header(text).get("engine", "")
    if engine not in ("", *ENGINE_NAMES):
        known = f"There are: {', '.join(ENGINE_NAMES)}."
        left_out.append(Problem(Level.WARNING, ("engine",), f"There is no trainer {engine!r}.", known))
        engine = ""
    if not left_out:
        return LastSession(options, engine, "", mark, _steps(place, mark))
    return LastSession(options, engine, *_all_but(left_out, place, options, engine))


def _all_but(
    left_out: Sequence[Problem], place: Path, options: TrainingOptions, engine: str
) -> tuple[str, str]:
    """Keep the file as it was, then what was taken up of it.

    Returns:
        What was left out and why, and the mark of the file that is there now.
    """
    mark = ""
    reasons = [f"{problem.what} {problem.why}".strip() for problem in left_out]
    logger.warning("Left out of the last session: %s", " ".join(reasons))
    moved, kept = _put_aside(place)
    if moved:  # else this would write over the only copy
        try:
            mark = write(place, options, engine)
        except StorageError as error:
            logger.warning("%s", error)
    told = [textwrap.shorten(reason, LONGEST, placeholder=" …") for reason in reasons[:TOLD]]
    more = [f"The log names {len(reasons) - TOLD} more."] if len(reasons) > TOLD else []
    count = "one" if len(reasons) == 1 else str(len(reasons))
    note = " ".join([f"Your settings of last time are back, all but {count}.", *told, *more, kept])
    return note, mark or _mark_in(place)


def _put_aside(place: Path) -> tuple[bool, str]:
    """Give the file another name. Returns whether that was done, and a sentence about it."""
    aside = place.with_name(f"{place.stem}.unreadable-{time.time_ns()}{place.suffix}")
    try:
        place.rename(aside)
    except OSError as error:
        logger.warning("%s cannot be put aside: %s", place, error)
        return False, f"The file {place} could not be put aside: {error.strerror or error}."
    logger.warning("%s is kept as %s", place, aside)
    return True, f"The file as it was is kept in {aside}."
