"""Rules about previews, saving and the LoRA's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

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
    if at["save_last_n_epochs"] is not None and every is None:
        yield note(
            "save_last_n_epochs save_every_n_epochs",
            "There are no copies by epoch to delete.",
            "No copies are saved by epoch.",
            "Set Save every (epochs), or leave this empty.",
            save_last_n_epochs=None,
        )


@rule
def previews_reached(at: Facts) -> Iterator[Problem]:
    if not at["prompts"] or at["sample_at_first"]:
        return
    every, epochs = at["sample_every_n_epochs"], at["max_train_epochs"]
    by_steps = at["sample_every_n_steps"]
    if every is None and by_steps is None:
        yield warning(
            "sample_every_n_epochs prompts",
            "There are preview prompts, but no previews are asked for.",
            "Neither a number of epochs nor of steps is set for previews.",
            "Set previews to every epoch.",
            sample_every_n_epochs=1,
        )
    elif every is not None and epochs is not None and every > epochs:
        yield warning(
            "sample_every_n_epochs max_train_epochs",
            f"Previews every {every} epochs are never reached in {epochs} epochs.",
            "You would see no picture.",
            "Set previews to every epoch.",
            sample_every_n_epochs=1,
        )
    elif every is None and by_steps is not None and at.steps is not None and by_steps > at.steps:
        yield warning(
            "sample_every_n_steps max_train_steps",
            f"Previews every {by_steps} steps are never reached in {at.steps} steps.",
            "You would see no picture.",
            "Lower the number of steps.",
            sample_every_n_steps=max(1, at.steps // 5),
        )


@rule
def prompt_lines(at: Facts) -> Iterator[Problem]:
    for number, prompt in enumerate(at["prompts"], 1):
        fault = None
        if not prompt.strip():
            fault = "is empty"
        elif len(prompt.splitlines()) > 1:
            fault = "has several lines"
        elif prompt != prompt.strip():
            fault = "has spaces at its start or end"
        elif prompt.startswith("#"):
            fault = "begins with #"
        if fault:
            yield error(
                "prompts",
                f"Preview prompt {number} {fault}.",
                "The trainer reads one prompt a line, and passes over empty lines and those with #.",
                "Write each prompt on a line of its own.",
                prompts=_tidy(at["prompts"]),
            )
            return


def _tidy(prompts: list[str]) -> list[str]:
    lines = (line.strip().lstrip("#").strip() for prompt in prompts for line in prompt.splitlines())
    return [line for line in lines if line]


@rule
def prompts_use_trigger(at: Facts) -> Iterator[Problem]:
    word = at["trigger_word"].strip()
    if word and at["prompts"] and not any(word.lower() in prompt.lower() for prompt in at["prompts"]):
        yield warning(
            "prompts trigger_word",
            f"No preview prompt has the trigger word {word!r}.",
            "The previews would not show what was learned.",
            "Put the trigger word at the start of at least one prompt.",
            prompts=[f"{word}, {at['prompts'][0]}", *at["prompts"][1:]],
        )
