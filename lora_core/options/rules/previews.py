"""Rules about preview pictures and their prompts."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning


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


@rule
def previews_counted_twice(at: Facts) -> Iterator[Problem]:
    """The trainer looks at steps only where no number of epochs is set."""
    if at["prompts"] and at["sample_every_n_epochs"] is not None and at["sample_every_n_steps"] is not None:
        yield note(
            "sample_every_n_steps sample_every_n_epochs",
            "Previews by steps are not painted.",
            "A number of epochs is set too, and the trainer then goes by epochs.",
            "Leave one of the two empty.",
            sample_every_n_steps=None,
        )


@rule
def sampler_cuts_colours(at: Facts) -> Iterator[Problem]:
    if at["prompts"] and at["sample_sampler"] == "ddim":
        yield note(
            "sample_sampler",
            "The sampler ddim can make previews look pale or wrong.",
            "The trainer cuts off strong values with it. The LoRA itself is not harmed.",
            "Take euler_a.",
            sample_sampler="euler_a",
        )
