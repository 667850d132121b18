"""Options of what a training gives: preview pictures, checkpoints, the LoRA file."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Place, Text, Texts
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links

SAMPLERS = (
    "ddim",
    "pndm",
    "lms",
    "euler",
    "euler_a",
    "heun",
    "dpm_2",
    "dpm_2_a",
    "dpmsolver",
    "dpmsolver++",
    "dpmsingle",
    "k_lms",
    "k_euler",
    "k_euler_a",
    "k_dpm_2",
    "k_dpm_2_a",
)
"""The trainer's samplers for previews."""


class Previews(Group):
    emoji, title = "👀", "Previews"
    purpose = "Pictures painted while the training runs, to see how it goes."

    prompts = Texts(
        [],
        item_type=str,
        label="Preview prompts",
        doc=(
            "What to paint for the previews, one prompt a line. Use the trigger word in at least one. "
            "With no prompt there are no previews."
        ),
        more=(
            "At the end of a line you may add: --w width, --h height, --d seed, --s steps, "
            "--l guidance, --n what to avoid. Example: ohwxcat, sitting --w 512 --h 512 --d 1"
        ),
        place=Place.OURS,
        cost="Each preview takes as long as painting a picture of that size.",
        link=links.NETWORK,
    )
    sample_every_n_epochs = Integer(
        1,
        allow_None=True,
        bounds=(1, 100000),
        label="Previews every",
        unit="epochs",
        doc=(
            "How often previews are painted. Each costs some time. "
            "Typical: 1, and a higher value for many short epochs."
        ),
        cost="Each preview takes as long as painting a picture of that size.",
        link=links.NETWORK,
    )
    sample_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Previews every",
        unit="steps",
        doc=(
            "Paints previews after so many steps. It counts only when the number of epochs above is empty. "
            "Use it when an epoch is very long."
        ),
        advanced=True,
        link=links.NETWORK,
    )
    sample_at_first = Boolean(
        False,
        label="Preview before the start",
        doc=(
            "Also paints before the first step. That shows what the base model makes of the prompts without your "
            "LoRA. It also proves early that painting works."
        ),
        advanced=True,
        link=links.NETWORK,
    )
    sample_sampler = Choice(
        "euler_a",
        objects=list(SAMPLERS),
        label="Sampler",
        doc="The method that paints the previews. It does not change the training. Typical: euler_a.",
        more=(
            "With ddim the trainer cuts off strong values while it paints, so colours can come out pale or "
            "wrong, although the LoRA is fine. euler and euler_a do not."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        link=links.NETWORK,
    )
    sample_batch_size = Integer(
        None,
        allow_None=True,
        bounds=(1, 64),
        label="Previews at once",
        doc=(
            "How many previews of one size are painted together. Lower it when previews run out of memory. "
            "Empty means the batch size."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        link=links.LUMINA,
    )


class Saving(Group):
    emoji, title = "📦", "Saving"
    purpose = "What is kept, when, and under which name."

    output_name = Text(
        "my-lora",
        label="Name of the LoRA",
        doc=(
            "The name of the LoRA file. Use letters, digits, hyphens and underscores. "
            "Spaces and slashes lead to trouble in many tools."
        ),
        link=links.NETWORK,
    )
    save_every_n_epochs = Integer(
        1,
        allow_None=True,
        bounds=(1, 100000),
        label="Save every",
        unit="epochs",
        doc=(
            "Keeps a copy of the LoRA after so many epochs. An earlier copy is often the best one. "
            "Leave it empty to keep only the last."
        ),
        cost="Each copy takes as much disk space as the LoRA.",
        link=links.NETWORK,
    )
    save_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Save every",
        unit="steps",
        doc=(
            "Keeps a copy of the LoRA after so many steps. Use it when an epoch is very long. "
            "Leave it empty to save by epochs only."
        ),
        advanced=True,
        cost="Each copy takes as much disk space as the LoRA.",
        link=links.NETWORK,
    )
    save_last_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Keep the last",
        unit="copies",
        doc=(
            "Deletes older copies, so that only so many of those saved by epoch are kept. "
            "Use it when disk space is short. Leave it empty to keep all."
        ),
        advanced=True,
        link=links.ADVANCED,
    )
    save_precision = Choice(
        "fp16",
        objects={
            "fp16 (half the size)": "fp16",
            "bf16": "bf16",
            "float (exact)": "float",
            "As trained": None,
        },
        label="File precision",
        doc=(
            "How exact the numbers in the file are. fp16 is half as large as float, and looks the same. "
            "Typical: fp16."
        ),
        advanced=True,
        cost="float doubles the file size.",
        typical={"SD 1.5 and SDXL": "fp16", "FLUX.1 and newer": "bf16"},
        link=links.ADVANCED,
    )
    save_model_as = Choice(
        "safetensors",
        objects=["safetensors", "ckpt", "pt"],
        label="File format",
        doc=(
            "The format of the LoRA file. safetensors is safe to share and read by every tool. "
            "The other two can contain harmful code, and are for old tools only."
        ),
        advanced=True,
        practice=False,
        link=links.NETWORK,
    )
    save_state = Boolean(
        False,
        label="Save the state with each copy",
        doc=(
            "Keeps all that is needed to continue from each copy. A state takes several times the room of the "
            "LoRA. Switch it on for a long training that may be cut off."
        ),
        advanced=True,
        cost="A state is three to four times as large as the LoRA in full precision.",
        link=links.ADVANCED,
    )
    save_state_on_train_end = Boolean(
        False,
        label="Save the state at the end",
        doc=(
            "Keeps all that is needed to train on after the end. Use it if you may want more epochs later. "
            "It takes several times the room of the LoRA."
        ),
        advanced=True,
        cost="A state is three to four times as large as the LoRA in full precision.",
        link=links.ADVANCED,
    )
    resume = Text(
        None,
        allow_None=True,
        label="Continue from a state",
        doc=(
            "A folder with a saved state, whose name ends in -state. The training goes on from there. "
            "Keep all other settings as they were."
        ),
        advanced=True,
        path="folder",
        link=links.ADVANCED,
    )
    no_metadata = Boolean(
        False,
        label="Leave out the settings",
        doc=(
            "Does not write the settings of the training into the LoRA file. Others then cannot see them. "
            "You will miss them later yourself."
        ),
        advanced=True,
        link=links.ADVANCED,
    )
    training_comment = Text(
        None,
        allow_None=True,
        label="Comment",
        doc=(
            "A note that is stored in the LoRA file. A good place for the trigger word. "
            "Anyone who has the file can read it."
        ),
        advanced=True,
        link=links.ADVANCED,
    )
    metadata_title = Text(
        None,
        allow_None=True,
        label="Title",
        doc=(
            "The title that is stored in the LoRA file. Some tools show it. "
            "Left empty, it is the name of the LoRA."
        ),
        advanced=True,
    )
    metadata_author = Text(
        None,
        allow_None=True,
        label="Author",
        doc="The author's name that is stored in the LoRA file. Some tools show it. Leave it empty if unsure.",
        advanced=True,
    )
