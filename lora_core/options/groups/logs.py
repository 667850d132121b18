"""Options of what is written down about a training while it runs."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Text


class Logging(Group):
    emoji, title = "📝", "Logging"
    purpose = "Where the figures of a training go besides this page."

    log_with = Choice(
        None,
        objects={"TensorBoard (this page)": None, "TensorBoard and Weights & Biases": "all"},
        label="Write figures to",
        doc=(
            "The figures always go to TensorBoard files, which this page shows. Weights & Biases is a website "
            "that shows them too. It needs an account and the package wandb."
        ),
        more=(
            "Log in once with the command wandb login in the trainer's environment. The key is never asked for "
            "here, so that it stands in no file of a run."
        ),
        advanced=True,
        practice=False,
        cost="It sends figures over the internet.",
    )
    log_tracker_name = Text(
        None,
        allow_None=True,
        label="Project name",
        doc=(
            "The name of the project on Weights & Biases. Trainings of one project are shown together. "
            "Empty means network_train."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
    )
    wandb_run_name = Text(
        None,
        allow_None=True,
        label="Run name",
        doc=(
            "The name of this training on Weights & Biases. Use the name of the LoRA to find it again. "
            "Empty lets the website choose one."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
    )
    log_tracker_config = Text(
        None,
        allow_None=True,
        label="Settings file of the website",
        doc=(
            "A TOML file with further settings for Weights & Biases. Almost nobody needs it. "
            "Leave it empty if unsure."
        ),
        applies={"log_with": ("all",)},
        path="file",
        advanced=True,
        practice=False,
    )
    log_config = Boolean(
        False,
        label="Send the settings too",
        doc=(
            "Also sends the settings of the training to Weights & Biases. The trainer leaves out keys and most "
            "paths, but not all. Leave it off if unsure."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
    )
