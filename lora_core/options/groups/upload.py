"""Options of sending results to Hugging Face."""

from __future__ import annotations

from typing import Any

from lora_core.options.declare import Boolean, Choice, Group, Place, Text

LINK = "https://huggingface.co/docs/hub/repositories-settings"
_ON: dict[str, tuple[Any, ...]] = {"huggingface_upload": (True,)}


class Upload(Group):
    emoji, title = "☁️", "Upload to Hugging Face"
    purpose = "Sends the saved LoRA files to a repository of yours. Off until you name one."

    huggingface_upload = Boolean(
        False,
        label="Upload the LoRA",
        doc=(
            "Sends each saved LoRA file to your repository on Hugging Face. In a private one only you and those "
            "you let in can see it. In a public one everybody can."
        ),
        more=(
            "The file tells more than pictures: it names folders and counts the words of your captions. Log in "
            "once with the command hf auth login; the access token is never kept here. When sending fails, "
            "the training goes on, and the log says so."
        ),
        place=Place.OURS,
        advanced=True,
        practice=False,
        link=LINK,
        cost="Each saved file is sent over the network, and the training waits for it.",
        typical={"most trainings": "off"},
        deep="The trainer calls upload_file of the package huggingface_hub after each file that it saves.",
    )
    huggingface_repo_id = Text(
        "",
        label="Repository",
        doc=(
            "The repository that takes the files, as owner/name, such as yourname/my-lora. "
            "If it does not exist, it is made."
        ),
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        deep="Given to create_repo and upload_file. A failure is written to the log, and the training goes on.",
    )
    huggingface_repo_visibility = Choice(
        "private",
        objects=["private", "public"],
        label="Who can see a new repository",
        doc=(
            "Private: you, and those you let in. Public: everybody on the internet, at once, who can also keep "
            "a copy. Leave it private if unsure."
        ),
        more="It counts only when the repository is new. One that exists stays as it is, public or private.",
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        typical={"first trainings": "private"},
        deep="Given to create_repo as private=True or False, only if the repository does not exist yet.",
    )
    huggingface_repo_type = Choice(
        "model",
        objects=["model", "dataset"],
        label="Kind of repository",
        doc="What the repository is meant for. A LoRA is a model. Leave it at model.",
        applies=_ON,
        advanced=True,
        practice=False,
        typical={"a LoRA": "model"},
        link=LINK,
        deep="The repo_type of create_repo and upload_file. A space is left out: it holds programs.",
    )
    huggingface_path_in_repo = Text(
        "loras",
        label="Folder in the repository",
        doc="The folder in the repository that takes the files. A file of the same name there is replaced.",
        more="The trainer cannot send a file without knowing a folder.",
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        deep="The path there is this folder, and then the name of the file.",
    )
    save_state_to_huggingface = Boolean(
        False,
        label="Upload states too",
        doc=(
            "Also sends each saved state, with which a training can go on elsewhere. States are several times "
            "as large as the LoRA. Leave it off if unsure."
        ),
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        cost="Much more to send.",
        deep="The state's folder is sent with upload_folder, under this folder and its own name.",
    )
    async_upload = Boolean(
        False,
        label="Train on while sending",
        doc=(
            "Sends files in the background, so that the training does not wait. The last LoRA file is always "
            "waited for. Typical: off."
        ),
        applies=_ON,
        advanced=True,
        practice=False,
        link=LINK,
        deep="Each file is sent in a thread of its own. The final file is sent with force_sync_upload.",
    )
