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
            "This share of the pictures is not trained on, only measured. When their loss rises, the "
            "LoRA begins to copy. Raise it for a surer figure, and lower it to train on more. Empty "
            "keeps none."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        cost=(
            "Each kept batch is measured at four noise levels, without learning. The kept pictures "
            "teach nothing."
        ),
        typical={
            "below 50 pictures": "empty",
            "50 and more": "0.1",
        },
        deep=(
            "In each folder, (1 − share) · n pictures, rounded up, are trained on, and share · n, "
            "rounded, are measured. Regularization pictures are never kept. Levels are 200, 400, 600 "
            "and 800, except for flow models other than SD 3, which draw theirs."
        ),
        link=links.VALIDATION,
    )
    validation_seed = Integer(
        None,
        allow_None=True,
        bounds=(0, 4294967295),
        label="Seed of the share",
        doc=(
            "Decides which pictures are kept for validation. Set one, such as 42, and keep it when "
            "you compare trainings. If it is empty, some of the kept pictures may be trained on as "
            "well."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        typical={
            "comparing trainings": "the same number, such as 42",
            "single training": "42",
        },
        deep=(
            "The pictures of each folder are shuffled by it, and the last ones are kept. When it is "
            "empty, the two sides are shuffled apart, so a picture can be on both or on none. Noise "
            "while measuring comes from the training's seed."
        ),
        link=links.VALIDATION,
    )
    validate_every_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Measure every",
        doc=(
            "How often the kept pictures are measured. Raise it when epochs are short, and lower it "
            "for a finer curve. Empty means after each epoch."
        ),
        unit="epochs",
        advanced=True,
        practice=False,
        cost="Time only. Half as often costs half as much.",
        typical={
            "10 epochs": "empty",
            "100 epochs": "5 to 10",
        },
        deep=(
            "The mean is logged as loss/validation/epoch_average, and its distance from the "
            "training's loss as epoch_divergence."
        ),
        link=links.VALIDATION,
    )
    validate_every_n_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 10_000_000),
        label="Measure every",
        doc=(
            "Also measures after so many steps. Lower it for a finer curve, and raise it to save "
            "time. Leave it empty to measure by epochs only."
        ),
        unit="steps",
        advanced=True,
        practice=False,
        cost="Time only. Half as often costs half as much.",
        typical={
            "short epochs": "empty",
            "epochs of 1000 steps and more": "200 to 500",
        },
        deep=("The mean is logged as loss/validation/step_average. Measuring by epochs goes on beside it."),
        link=links.VALIDATION,
    )
    max_validation_steps = Integer(
        None,
        allow_None=True,
        bounds=(1, 1_000_000),
        label="Measure at most",
        doc=(
            "Ends each measuring after so many batches. Lower it to save time, at the price of a "
            "rougher figure. Raise it for a surer one. Empty means all kept pictures."
        ),
        unit="steps",
        advanced=True,
        practice=False,
        cost="Time only: each batch is measured four times.",
        typical={
            "few kept pictures": "empty",
            "more than 100": "20 to 50",
        },
        deep=(
            "The smaller one of this and the number of kept batches counts. It is a number of "
            "batches, each at four noise levels."
        ),
        link=links.VALIDATION,
    )
