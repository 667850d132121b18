"""Options of older copies, of going on with a training, and of the notes inside the LoRA file."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Group, Integer, Text
from lora_core.options.groups import links


class Resuming(Group):
    emoji, title = "⏯️", "Older copies and going on"
    purpose = "Which older copies are deleted, and where a continued training takes up its count."

    save_last_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Keep copies of the last",
        doc=(
            "Deletes copies saved by step that are older than this many steps. Lower it when disk "
            "space is short, and raise it to keep more. Leave it empty to keep all."
        ),
        unit="steps",
        advanced=True,
        cost="It saves disk space: each deleted copy is one LoRA file.",
        typical={
            "a copy every 200 steps, 5 kept": "1000",
            "enough space": "empty",
        },
        deep=(
            "With a copy every 10 steps and 30 here, step 50 deletes the copy of step 10. It counts "
            "steps, not copies."
        ),
        link=links.ADVANCED,
    )
    save_last_n_epochs_state = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Keep states of the last",
        doc=(
            "Deletes older states, so that only those of so many epochs are kept. Lower it when disk "
            "space is short, and raise it to go back further. Empty means as many as copies."
        ),
        unit="epochs",
        advanced=True,
        cost=(
            "It saves much disk space. A state holds the LoRA in 32 bits and what the optimizer "
            "keeps: with AdamW, three times the LoRA, so about six times its file in 16 bits."
        ),
        typical={
            "to go on after a stop": "1 or 2",
            "enough space": "empty",
        },
        deep=(
            "The state that is this number times the interval of epochs old is deleted. It counts "
            "saved states, and wins over the number for copies."
        ),
        link=links.ADVANCED,
    )
    save_last_n_steps_state = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Keep states of the last",
        doc=(
            "Deletes states saved by step that are older than this many steps. Lower it when disk "
            "space is short, and raise it to go back further. Empty means as for copies."
        ),
        unit="steps",
        advanced=True,
        cost="It saves much disk space: a state is several times as large as its LoRA file.",
        typical={
            "a state every 200 steps, 2 kept": "400",
            "enough space": "empty",
        },
        deep="It counts steps, not states, and wins over the number for copies.",
        link=links.ADVANCED,
    )
    initial_epoch = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Begin with epoch",
        doc=(
            "The number that the first epoch gets. Use it when you go on from a LoRA file and want "
            "the count to go on too. Raise it by the epochs done. Empty means 1."
        ),
        more="With a saved state, the trainer knows the number by itself.",
        advanced=True,
        practice=False,
        typical={
            "after 5 finished epochs": "6",
            "new training": "empty",
        },
        deep=(
            "The first step becomes (epoch − 1) × steps in an epoch. The scheduler of the learning "
            "rate begins anew all the same, unless a state is resumed."
        ),
        link=links.ADVANCED,
    )
    initial_step = Integer(
        None,
        allow_None=True,
        bounds=(0, 10_000_000),
        label="Begin with step",
        doc=(
            "The number that the first step gets. It wins over the first epoch. Raise it by the steps"
            " done. Empty means 0, or what the saved state says."
        ),
        advanced=True,
        practice=False,
        typical={
            "after 1000 finished steps": "1000",
            "new training": "empty",
        },
        deep=(
            "It must be below the number of all steps. Whole epochs before it are left out. Without "
            "passing over earlier steps, the steps themselves are counted from 0."
        ),
        link=links.ADVANCED,
    )
    skip_until_initial_step = Boolean(
        False,
        label="Pass over earlier steps",
        doc=(
            "Goes through the pictures of the earlier steps without learning, so that their order "
            "fits. Use it with a first step or epoch. Else leave it off."
        ),
        advanced=True,
        practice=False,
        cost=(
            "It takes a moment: whole epochs are passed over at once, and pictures of the last one "
            "are not loaded."
        ),
        typical={
            "going on with the same pictures": "on",
            "new training": "off",
        },
        deep=(
            "Epochs before the first step are left out with or without it. With it, the count of "
            "steps goes on too, and the training begins inside its epoch."
        ),
        link=links.ADVANCED,
    )


class Notes(Group):
    emoji, title = "🏷️", "Notes in the file"
    purpose = "What the LoRA file says about itself. Anyone who has the file can read it."

    metadata_description = Text(
        None,
        allow_None=True,
        label="Description",
        doc=("What the LoRA is for, in a sentence or two. Some tools show it. Leave it empty if unsure."),
        advanced=True,
        deep=(
            "It is stored as modelspec.description in the head of the safetensors file. The file "
            "begins with it, before any weights."
        ),
        link=links.MODELSPEC,
    )
    metadata_trigger_phrase = Text(
        None,
        allow_None=True,
        label="Trigger phrase",
        doc=(
            "The words that call up what was learned. Some tools show them beside the LoRA. Typical: "
            "the trigger word."
        ),
        advanced=True,
        practice=False,
        deep=(
            "It is stored as modelspec.trigger_phrase in the head of the safetensors file. Programs "
            "may put it into the prompt by themselves."
        ),
        link=links.MODELSPEC,
    )
    metadata_usage_hint = Text(
        None,
        allow_None=True,
        label="How to use it",
        doc=("A hint for others, such as a good strength. Some tools show it. Typical: strength 0.7 to 1."),
        advanced=True,
        practice=False,
        deep=(
            "It is stored as modelspec.usage_hint in the head of the safetensors file. The standard "
            "wants it short."
        ),
        link=links.MODELSPEC,
    )
    metadata_tags = Text(
        None,
        allow_None=True,
        label="Tags",
        doc=("Words by which the LoRA can be found, with commas between them. Typical: style, watercolour."),
        advanced=True,
        deep=(
            "It is stored as modelspec.tags in the head of the safetensors file. It is part of "
            "version 1.0.1 of the standard."
        ),
        link=links.MODELSPEC,
    )
    metadata_license = Text(
        None,
        allow_None=True,
        label="Licence",
        doc=(
            "What others may do with the file, such as CC BY 4.0. It cannot allow more than the base "
            "model's own licence. Leave it empty if unsure."
        ),
        advanced=True,
        deep=(
            "It is stored as modelspec.license in the head of the safetensors file. A name, an "
            "address or the whole text is allowed."
        ),
        link=links.MODELSPEC,
    )
    metadata_thumbnail = Text(
        None,
        allow_None=True,
        label="Small picture",
        doc=(
            "A picture file that is stored inside the LoRA file. Some tools show it. Take a small "
            "one, as it makes the file larger."
        ),
        path="file",
        advanced=True,
        practice=False,
        cost="The LoRA file grows by four thirds of the picture's size.",
        typical={
            "all": "empty, or 256 × 256 pixels",
        },
        deep=(
            "It is stored as modelspec.thumbnail in the head of the safetensors file. The picture is "
            "written as text, a third larger than the file; 256 × 256 pixels are advised."
        ),
        link=links.MODELSPEC,
    )
    metadata_merged_from = Text(
        None,
        allow_None=True,
        label="Made from",
        doc=(
            "Names of the models that this LoRA was merged from. A trained LoRA has none. Leave it "
            "empty then."
        ),
        advanced=True,
        practice=False,
        deep=(
            "It is stored as modelspec.merged_from in the head of the safetensors file. Several names"
            " have commas between them."
        ),
        link=links.MODELSPEC,
    )
    metadata_preprocessor = Text(
        None,
        allow_None=True,
        label="How pictures were prepared",
        doc=("The method by which the pictures were prepared. Few tools show it. Leave it empty if unsure."),
        advanced=True,
        practice=False,
        deep=(
            "It is stored as modelspec.preprocessor in the head of the safetensors file. It is part "
            "of version 1.0.1 of the standard."
        ),
        link=links.MODELSPEC,
    )
