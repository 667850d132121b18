"""Rules about sending results to Hugging Face, from ``library/huggingface_util.py`` of sd-scripts 0.10.1."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.rules.registry import Facts, error, note, rule, warning

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@rule
def repository(at: Facts) -> Iterator[Problem]:
    name = at["huggingface_repo_id"]
    if at["huggingface_upload"] and not _REPOSITORY.fullmatch(name):
        yield error(
            "huggingface_repo_id huggingface_upload",
            f"The repository cannot be {name!r}." if name else "No repository is named.",
            "The trainer has to know where to send the files, as owner/name.",
            "Write it like yourname/my-lora, or switch the upload off.",
            huggingface_upload=False,
        )


@rule
def folder_in_the_repository(at: Facts) -> Iterator[Problem]:
    path = at["huggingface_path_in_repo"]
    if at["huggingface_upload"] and (not path.strip("/ ") or ".." in path.split("/")):
        yield error(
            "huggingface_path_in_repo huggingface_upload",
            f"The folder in the repository cannot be {path!r}.",
            "Without one the trainer cannot send files.",
            "Name a folder, such as loras.",
            huggingface_path_in_repo="loras",
        )


@rule
def everybody_sees_it(at: Facts) -> Iterator[Problem]:
    if at["huggingface_upload"] and at["huggingface_repo_visibility"] == "public":
        yield warning(
            "huggingface_repo_visibility huggingface_repo_id",
            "A new repository will be public.",
            "Everybody can see and copy the LoRA, with the names of folders and the words of captions in it.",
            "Choose private; you can make it public later on the site.",
            huggingface_repo_visibility="private",
        )


@rule
def states_that_are_not_saved(at: Facts) -> Iterator[Problem]:
    if at["save_state_to_huggingface"] and not at.on("save_state", "save_state_on_train_end"):
        yield note(
            "save_state_to_huggingface save_state",
            "No states are saved, so none are uploaded.",
            "Only what is saved can be sent.",
            "Switch on saving states, or leave them here.",
            save_state_to_huggingface=False,
        )
