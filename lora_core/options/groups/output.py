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
        typical={
            "Character": "two with the trigger word, one without",
            "Style": "subjects that are not in your pictures",
        },
        deep=(
            "Sides are rounded down to multiples of 8 or 16. The state of chance is kept and put back, so "
            "previews do not change what is learned."
        ),
    )
    sample_every_n_epochs = Integer(
        1,
        allow_None=True,
        bounds=(1, 100000),
        label="Previews every",
        unit="epochs",
        doc=(
            "How often previews are painted. Lower it to see more, and raise it to save time. Typical: 1, "
            "and a higher value for many short epochs."
        ),
        cost="Each preview takes as long as painting a picture of that size.",
        link=links.NETWORK,
        typical={
            "Most LoRAs": "1",
            "Over 20 short epochs": "2 to 5",
        },
        deep=(
            "They are painted at the end of each epoch whose number divides evenly by this. It wins over "
            "the number of steps."
        ),
    )
    sample_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Previews every",
        unit="steps",
        doc=(
            "Paints previews after so many steps. Lower it to see more, and raise it to save time. It "
            "counts only when the number of epochs above is empty."
        ),
        advanced=True,
        link=links.NETWORK,
        typical={
            "Most LoRAs": "empty",
            "Very long epochs": "200 to 500",
        },
        cost="Each preview takes as long as painting a picture of that size.",
        deep=("Steps are counted after accumulation. If both are set, the trainer passes over this one."),
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
        typical={
            "Most LoRAs": "off",
            "First training with a new model": "on",
        },
        cost="Takes the time of one more round of previews.",
        deep=(
            "A new LoRA adds nothing yet, as its up weights begin at zero. So this is the base model's "
            "own picture."
        ),
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
        typical={
            "SD 1.5 and SDXL": "euler_a",
            "Same picture at more steps": "euler",
        },
        cost=(
            "heun, dpm_2 and dpm_2_a ask the model about twice in each step, so they take about twice as "
            "long."
        ),
        deep=(
            "These are the schedulers of diffusers. Names with k_ are the same as those without. euler_a "
            "adds new noise in each step."
        ),
    )
    sample_batch_size = Integer(
        None,
        allow_None=True,
        bounds=(1, 64),
        label="Previews at once",
        doc=(
            "How many previews of one size are painted together. Lower it when previews run out of "
            "memory, and raise it to save time. Empty means the batch size."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        link=links.LUMINA,
        typical={
            "Lumina": "empty",
            "Little GPU memory": "1",
        },
        cost="GPU memory grows with each picture painted together.",
        deep=("Only prompts of the same width, height, guidance and seed are painted together."),
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
        typical={
            "All": "the trigger word or the name of the subject, and a version",
        },
        deep=(
            "Copies are called NAME-000001.safetensors by epoch, and NAME-step00000100.safetensors by step."
        ),
    )
    save_every_n_epochs = Integer(
        1,
        allow_None=True,
        bounds=(1, 100000),
        label="Save every",
        unit="epochs",
        doc=(
            "Keeps a copy of the LoRA after so many epochs. An earlier copy is often the best one. Lower "
            "it to have more to choose from, and raise it to save disk space. Empty keeps only the last."
        ),
        cost="Each copy takes as much disk space as the LoRA.",
        link=links.NETWORK,
        typical={
            "Most LoRAs": "1",
            "Over 20 short epochs": "2 to 5",
        },
        deep="The last epoch is not saved as a copy: it is the final file.",
    )
    save_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Save every",
        unit="steps",
        doc=(
            "Keeps a copy of the LoRA after so many steps. Lower it to have more to choose from, and "
            "raise it to save disk space. Leave it empty to save by epochs only."
        ),
        advanced=True,
        cost="Each copy takes as much disk space as the LoRA.",
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "empty",
            "Very long epochs": "200 to 500",
        },
        deep="It works beside saving by epochs: both may be set.",
    )
    save_last_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Keep the last",
        unit="copies",
        doc=(
            "Deletes older copies, so that only so many of those saved by epoch are kept. Lower it when "
            "disk space is short. Leave it empty to keep all."
        ),
        advanced=True,
        link=links.ADVANCED,
        typical={
            "Most LoRAs": "10",
            "Plenty of disk space": "empty",
        },
        cost="Disk space = this many copies × the size of the LoRA.",
        deep=(
            "After saving epoch e, the copy of epoch e − every × this is deleted. States go by it as "
            "well, and the final file is never deleted."
        ),
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
        cost="float takes four bytes for each number, twice as much as fp16 and bf16.",
        typical={"SD 1.5 and SDXL": "fp16", "FLUX.1 and newer": "bf16"},
        link=links.ADVANCED,
        deep=(
            "Only the copy in the file is rounded: the training goes on in its own precision. fp16 has 10 "
            "bits after the point, bf16 has 7."
        ),
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
        typical={
            "All": "safetensors",
        },
        cost="All formats are about as large.",
        deep=(
            "ckpt and pt are Python pickles, which can run code when they are opened. They carry no metadata."
        ),
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
        typical={
            "Most LoRAs": "off",
            "Training of many hours": "on",
        },
        deep=(
            "A state holds the LoRA, the optimizer's numbers, the schedule and the state of chance. It is "
            "written by accelerate into a folder whose name ends in -state."
        ),
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
        typical={
            "Most LoRAs": "off",
            "More epochs later": "on",
        },
        deep=(
            "It is written once, into NAME-state. With the state saved at each copy, the end has one anyway."
        ),
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
        cost="Loading takes a few moments; memory is as in any training.",
        deep=(
            "Weights, optimizer, schedule and chance are loaded. The trainer begins with the epoch that "
            "the step in train_state.json falls into."
        ),
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
        typical={
            "Most LoRAs": "off",
        },
        cost="Saves a few kilobytes at most for common sets.",
        deep=(
            "Left out are nearly all ss_ entries, such as rates, folders and the count of tags. A few "
            "about the kind of network stay, and so do the ModelSpec entries, title and author among "
            "them."
        ),
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
        deep="It is stored as ss_training_comment in the head of a safetensors file.",
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
        link="https://github.com/Stability-AI/ModelSpec",
        deep="It is stored as modelspec.title in the head of a safetensors file.",
    )
    metadata_author = Text(
        None,
        allow_None=True,
        label="Author",
        doc="The author's name that is stored in the LoRA file. Some tools show it. Leave it empty if unsure.",
        advanced=True,
        link="https://github.com/Stability-AI/ModelSpec",
        deep="It is stored as modelspec.author in the head of a safetensors file.",
    )
