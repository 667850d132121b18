"""The settings of last time: kept when they change, taken up when a page opens."""

from __future__ import annotations

import logging
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lora_core import atomic
from lora_core.engines import ENGINE_NAMES
from lora_core.errors import InputError, Level, Problem, StorageError
from lora_core.options import TrainingOptions, toml_io

logger = logging.getLogger(__name__)

TOLD = 3
"""How many things that were left out are named to the person; the log names all."""
LONGEST = 200
"""Characters after which one of these is cut: a value may be as long as a book."""


@dataclass(frozen=True)
class LastSession:
    """What was found of last time.

    Attributes:
        options: the settings; None if there are none that can be taken up.
        engine: the trainer's name; empty if none is named that is known.
        note: what a person should know about it; empty if all went well.
    """

    options: TrainingOptions | None = None
    engine: str = ""
    note: str = ""


def write(place: Path, options: TrainingOptions, engine: str) -> None:
    """Keep options and trainer in a file. Whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        atomic.write_text(place, toml_io.dumps(options, header={"engine": engine}))
    except OSError as error:
        raise StorageError(
            "Your settings could not be kept for next time.",
            why=str(error.strerror or error),
            remedy=f"Check that {place.parent} can be written to.",
            value=str(place),
        ) from error


def read(place: Path) -> LastSession:
    """Read what `write` wrote, as far as it can be used.

    If something is left out, the file as it was is kept beside its place under another name, never lost.
    """
    try:
        # Windows editors put a mark in front that TOML does not know.
        text = place.read_text("utf-8-sig")
        options, left_out = toml_io.loads_leniently(text)
    except FileNotFoundError:
        return LastSession()
    except (OSError, UnicodeDecodeError, InputError) as error:
        logger.warning("The last session cannot be read: %s", error)
        _, kept = _put_aside(place)
        return LastSession(
            note=f"The settings of last time cannot be read, so the form starts afresh. {kept}"
        )
    engine = toml_io.read_header(text).get("engine", "")
    if engine not in ("", *ENGINE_NAMES):
        known = f"There are: {', '.join(ENGINE_NAMES)}."
        left_out.append(Problem(Level.WARNING, ("engine",), f"There is no trainer {engine!r}.", known))
        engine = ""
    return LastSession(options, engine, _all_but(left_out, place, options, engine) if left_out else "")


def _all_but(left_out: Sequence[Problem], place: Path, options: TrainingOptions, engine: str) -> str:
    """Keep the file as it was, then what was taken up of it. Returns what was left out and why."""
    reasons = [f"{problem.what} {problem.why}".strip() for problem in left_out]
    logger.warning("Left out of the last session: %s", " ".join(reasons))
    moved, kept = _put_aside(place)
    if moved:  # else this would write over the only copy
        try:
            write(place, options, engine)
        except StorageError as error:
            logger.warning("%s", error)
    told = [textwrap.shorten(reason, LONGEST, placeholder=" …") for reason in reasons[:TOLD]]
    more = [f"The log names {len(reasons) - TOLD} more."] if len(reasons) > TOLD else []
    count = "one" if len(reasons) == 1 else str(len(reasons))
    return " ".join([f"Your settings of last time are back, all but {count}.", *told, *more, kept])


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
