"""Options of what is written down about a training while it runs."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Text
from lora_core.options.groups import links


class Logging(Group):
    emoji, title = "📝", "Logging"
    purpose = "Where the figures of a training go besides this page."

    log_with = Choice(
        None,
        objects={"TensorBoard (this page)": None, "TensorBoard and Weights & Biases": "all"},
        label="Write figures to",
        doc=(
            "The figures always go to TensorBoard files, which this page shows. Weights & Biases is a"
            " website that shows them too. It needs an account and the package wandb."
        ),
        more=(
            "Log in once with the command wandb login in the trainer's environment. The key is never "
            "asked for here, so that it stands in no file of a run."
        ),
        advanced=True,
        practice=False,
        cost="It sends figures over the internet.",
        typical={
            "your machine only": "TensorBoard",
            "shared with others": "both",
        },
        deep=(
            "all starts TensorBoard and Weights & Biases through accelerate. Previews are sent as "
            "well as figures."
        ),
        link=links.ADVANCED,
    )
    log_tracker_name = Text(
        None,
        allow_None=True,
        label="Project name",
        doc=(
            "The name of the project on Weights & Biases. Trainings of one project are shown "
            "together. Empty means network_train."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
        deep=("It is the name of the tracker for both, so the folder of TensorBoard files bears it too."),
        link=links.ADVANCED,
    )
    wandb_run_name = Text(
        None,
        allow_None=True,
        label="Run name",
        doc=(
            "The name of this training on Weights & Biases. Use the name of the LoRA to find it "
            "again. Empty lets the website choose one."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
        deep="It is passed as the name of the run. A settings file of the website takes its place.",
        link=links.ADVANCED,
    )
    log_tracker_config = Text(
        None,
        allow_None=True,
        label="Settings file of the website",
        doc=(
            "A TOML file with further settings for Weights & Biases. Almost nobody needs it. Leave it"
            " empty if unsure."
        ),
        applies={"log_with": ("all",)},
        path="file",
        advanced=True,
        practice=False,
        deep=(
            "It is read as TOML and passed to the trackers as it stands, such as a table [wandb]. It "
            "replaces the run name."
        ),
        link=links.ADVANCED,
    )
    log_config = Boolean(
        False,
        label="Send the settings too",
        doc=(
            "Also sends the settings of the training to Weights & Biases. The trainer leaves out keys"
            " and most paths, but not all. Leave it off if unsure."
        ),
        applies={"log_with": ("all",)},
        advanced=True,
        practice=False,
        cost="Nothing but the sending of a small list.",
        typical={
            "private project, to compare trainings": "on",
            "shared project": "off",
        },
        deep=(
            "Left out are two keys and the paths of base model, VAE, tokenizers, pictures, output and"
            " logs. Paths of other files, such as the dataset file, are sent."
        ),
        link=links.ADVANCED,
    )
