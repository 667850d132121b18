"""Options of validation: how well the LoRA does on pictures that it does not learn from."""

from __future__ import annotations

from lora_core.options.declare import Group, Integer, Number, Place
from lora_core.options.groups import links


class Validation(Group):
    emoji, title = "🧪", "Validation"
    purpose = "Measure now and then how the LoRA does on pictures that it does not learn from."

    validation_split = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="Share kept for validation",
        doc=(
            "This share of the pictures is not trained on, only measured. When their loss rises, the LoRA begins "
            "to copy. Use 0.1 with 50 pictures or more. Empty keeps none."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        cost="Each measuring takes as long as a short epoch; the kept pictures teach nothing.",
        link=links.VALIDATION,
        typical={"below 50 pictures": "empty", "50 and more": "0.1"},
    )
    validation_seed = Integer(
        None,
        allow_None=True,
        bounds=(0, 4294967295),
        label="Seed of the share",
        doc=(
            "Decides which pictures are kept for validation. Keep it when you compare trainings. "
            "Empty means the seed of the training."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        link=links.VALIDATION,
    )
    validate_every_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Measure every",
        unit="epochs",
        doc=(
            "How often the kept pictures are measured. Empty means after each epoch. "
            "Raise it when epochs are short."
        ),
        advanced=True,
        practice=False,
        link=links.VALIDATION,
    )
    validate_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Measure every",
        unit="steps",
        doc=(
            "Also measures after so many steps. Use it when an epoch is very long. Leave it empty to measure by "
            "epochs only."
        ),
        advanced=True,
        practice=False,
        link=links.VALIDATION,
    )
    max_validation_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 1_000_000),
        label="At most",
        unit="steps",
        doc=(
            "Ends each measuring after so many steps. Lower it to save time, at the price of a rougher figure. "
            "Empty means all kept pictures."
        ),
        advanced=True,
        practice=False,
        link=links.VALIDATION,
    )
