"""Rules about saving and the LoRA's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule

RESERVED = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)]
)
"""Names that Windows keeps for devices, whatever ending follows."""

LONGEST_NAME = 100
"""Characters. File systems take 255 bytes; the trainer adds step numbers, dates and endings."""

_ALLOWED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@rule
def name(at: Facts) -> Iterator[Problem]:
    given = at["output_name"]
    if (what := _name_fault(given)) is None:
        return
    better = re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("-.")[: LONGEST_NAME - 5].rstrip("-.")
    if not better or _name_fault(better):
        better = f"lora-{better}".rstrip("-")
    yield error(
        "output_name",
        f"The name {given!r} {what}.",
        "The name becomes a file name, on Windows and Linux alike.",
        f"Use letters, digits, hyphens and underscores, such as {better}.",
        output_name=better,
    )


def _name_fault(given: str) -> str | None:
    """What is wrong with a name, as the end of a sentence; None if nothing is."""
    if not given.strip():
        return "is empty"
    if any(sign in given for sign in "/\\:"):
        return "has a path separator"
    if any(sign.isspace() for sign in given):
        return "has a space"
    if len(given) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if given.split(".")[0].lower() in RESERVED:
        return "is reserved by Windows"
    if given[0] in ".-" or given.endswith("."):
        return "begins or ends with a dot or hyphen"
    if not _ALLOWED.fullmatch(given):
        odd = next((sign for sign in given if not re.match(r"[A-Za-z0-9._-]", sign)), given[0])
        return f"has the character {odd!r}"
    return None


@rule
def saving(at: Facts) -> Iterator[Problem]:
    every, epochs = at["save_every_n_epochs"], at["max_train_epochs"]
    if every is not None and epochs is not None and every > epochs:
        yield note(
            "save_every_n_epochs max_train_epochs",
            f"Saving every {every} epochs is never reached in {epochs} epochs.",
            "Only the finished LoRA is kept.",
            "Lower it to get copies on the way.",
            save_every_n_epochs=1,
        )
    by_steps = at["save_every_n_steps"]
    if by_steps is not None and at.steps is not None and by_steps > at.steps:
        yield note(
            "save_every_n_steps max_train_steps",
            f"Saving every {by_steps} steps is never reached in {at.steps} steps.",
            "Only the finished LoRA is kept, besides copies by epoch.",
            "Lower it to get copies on the way.",
            save_every_n_steps=max(1, at.steps // 5),
        )


@rule
def no_copy_on_the_way(at: Facts) -> Iterator[Problem]:
    if at["save_every_n_epochs"] is None and at["save_every_n_steps"] is None:
        yield note(
            "save_every_n_epochs save_every_n_steps",
            "No copy of the LoRA is kept on the way.",
            "An earlier copy is often the best one, and a training that is cut off leaves nothing.",
            "Keep a copy after every epoch.",
            save_every_n_epochs=1,
        )


@rule
def copies_deleted(at: Facts) -> Iterator[Problem]:
    if at["save_last_n_epochs"] is not None and at["save_every_n_epochs"] is None:
        yield note(
            "save_last_n_epochs save_every_n_epochs",
            "There are no copies by epoch to delete.",
            "No copies are saved by epoch.",
            "Set Save every (epochs), or leave this empty.",
            save_last_n_epochs=None,
        )
    kept, every = at["save_last_n_steps"], at["save_every_n_steps"]
    if kept is not None and every is None:
        yield note(
            "save_last_n_steps save_every_n_steps",
            "There are no copies by steps to delete.",
            "No copies are saved by steps.",
            "Set Save every (steps), or leave this empty.",
            save_last_n_steps=None,
        )
    elif kept is not None and kept < every:
        yield note(
            "save_last_n_steps save_every_n_steps",
            f"Only the newest copy by steps is kept: those older than {kept} steps are deleted.",
            f"It counts steps, not copies, and a copy is made every {every} steps.",
            f"To keep the last three copies, set it to {every * 3}.",
            save_last_n_steps=min(every * 3, 10_000_000),
        )


@rule
def states_deleted(at: Facts) -> Iterator[Problem]:
    given = at.on("save_last_n_epochs_state", "save_last_n_steps_state")
    if given and not at["save_state"]:
        yield note(
            " ".join([*given, "save_state"]),
            "There are no states to delete.",
            "No state is saved with the copies.",
            "Switch on saving the state, or leave this empty.",
            **dict.fromkeys(given),
        )


@rule
def notes_left_out(at: Facts) -> Iterator[Problem]:
    given = at.on("training_comment", "metadata_title", "metadata_author", "metadata_description")
    if at["no_metadata"] and given:
        yield note(
            " ".join(["no_metadata", *given]),
            "Your comment or title would not be stored.",
            "The settings are left out of the file, and they with them.",
            "Store the settings in the file.",
            no_metadata=False,
        )
