"""Options of older copies, of going on with a training, and of the notes inside the LoRA file."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Group, Integer, Text


class Resuming(Group):
    emoji, title = "⏯️", "Older copies and going on"
    purpose = "Which older copies are deleted, and where a continued training takes up its count."

    save_last_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Keep copies of the last",
        unit="steps",
        doc=(
            "Deletes copies saved by step that are older than this many steps. Use it when disk space is short. "
            "Leave it empty to keep all."
        ),
        advanced=True,
        cost="It saves disk space.",
    )
    save_last_n_epochs_state = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Keep states of the last",
        unit="epochs",
        doc=(
            "Deletes older states, so that only those of so many epochs are kept. A state is large: 1 or 2 are "
            "enough to go on. Empty means as many as copies."
        ),
        advanced=True,
        cost="It saves much disk space.",
        typical={"to go on after a stop": "1 or 2"},
    )
    save_last_n_steps_state = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Keep states of the last",
        unit="steps",
        doc=(
            "Deletes states saved by step that are older than this many steps. Use it when disk space is short. "
            "Empty means as for copies."
        ),
        advanced=True,
    )
    initial_epoch = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Begin with epoch",
        doc=(
            "The number that the first epoch gets. Use it when you go on from a LoRA file and want the count to "
            "go on too. Empty means 1."
        ),
        more="With a saved state, the trainer knows the number by itself.",
        advanced=True,
        practice=False,
    )
    initial_step = Integer(
        None,
        allow_None=True,
        bounds=(0, 10_000_000),
        label="Begin with step",
        doc=(
            "The number that the first step gets. It wins over the first epoch. "
            "Empty means 0, or what the saved state says."
        ),
        advanced=True,
        practice=False,
    )
    skip_until_initial_step = Boolean(
        False,
        label="Pass over earlier steps",
        doc=(
            "Goes through the pictures of the earlier steps without learning, so that their order fits. "
            "Use it with a first step or epoch. Else leave it off."
        ),
        advanced=True,
        practice=False,
    )


class Notes(Group):
    emoji, title = "🏷️", "Notes in the file"
    purpose = "What the LoRA file says about itself. Anyone who has the file can read it."

    metadata_description = Text(
        None,
        allow_None=True,
        label="Description",
        doc="What the LoRA is for, in a sentence or two. Some tools show it. Leave it empty if unsure.",
        advanced=True,
    )
    metadata_trigger_phrase = Text(
        None,
        allow_None=True,
        label="Trigger phrase",
        doc="The words that call up what was learned. Some tools show them beside the LoRA. Typical: the trigger word.",
        advanced=True,
        practice=False,
    )
    metadata_usage_hint = Text(
        None,
        allow_None=True,
        label="How to use it",
        doc="A hint for others, such as a good strength. Some tools show it. Typical: strength 0.7 to 1.",
        advanced=True,
        practice=False,
    )
    metadata_tags = Text(
        None,
        allow_None=True,
        label="Tags",
        doc="Words by which the LoRA can be found, with commas between them. Typical: style, watercolour.",
        advanced=True,
    )
    metadata_license = Text(
        None,
        allow_None=True,
        label="Licence",
        doc=(
            "What others may do with the file, such as CC BY 4.0. It cannot allow more than the base model's own "
            "licence. Leave it empty if unsure."
        ),
        advanced=True,
    )
    metadata_thumbnail = Text(
        None,
        allow_None=True,
        label="Small picture",
        doc=(
            "A picture file that is stored inside the LoRA file. Some tools show it. "
            "Take a small one, as it makes the file larger."
        ),
        path="file",
        advanced=True,
        practice=False,
    )
    metadata_merged_from = Text(
        None,
        allow_None=True,
        label="Made from",
        doc="Names of the models that this LoRA was merged from. A trained LoRA has none. Leave it empty then.",
        advanced=True,
        practice=False,
    )
    metadata_preprocessor = Text(
        None,
        allow_None=True,
        label="How pictures were prepared",
        doc="The method by which the pictures were prepared. Few tools show it. Leave it empty if unsure.",
        advanced=True,
        practice=False,
    )
