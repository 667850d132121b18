"""Rules about the LoRA network."""

from __future__ import annotations

from collections.abc import Iterator

from lora_core.errors import Problem
from lora_core.options.container import TrainingOptions
from lora_core.options.rules.registry import Facts, error, note, rule, warning


@rule
def alpha(at: Facts) -> Iterator[Problem]:
    pairs = [("network_alpha", "network_dim")]
    if at["network_type"] == "locon":
        pairs.append(("conv_alpha", "conv_dim"))
    for name, rank in pairs:
        if at[name] > at[rank]:
            yield warning(
                f"{name} {rank}",
                f"The alpha ({at[name]:g}) is above the rank ({at[rank]}).",
                "The LoRA then acts more strongly than its weights, and training gets unsteady.",
                "Set alpha to the rank or to half of it.",
                **{name: float(at[rank])},
            )
        elif at[name] == 0:
            yield note(
                name,
                "An alpha of 0 counts as the full rank.",
                "That is how the trainer reads it.",
                f"Write {at[rank]} to make it plain.",
                **{name: float(at[rank])},
            )


@rule
def convolutions_without_locon(at: Facts) -> Iterator[Problem]:
    if at["network_type"] == "locon":
        return
    declared = TrainingOptions.option
    changed = [name for name in ("conv_dim", "conv_alpha") if at[name] != declared(name).default]
    if changed:
        yield note(
            " ".join(["network_type", *changed]),
            "The convolution rank and alpha are not used.",
            "A plain LoRA has no convolutions.",
            "Choose LoCon to use them.",
            network_type="locon",
        )


@rule
def rank_from_weights(at: Facts) -> Iterator[Problem]:
    if at["dim_from_weights"] and not at["network_weights"]:
        yield error(
            "dim_from_weights network_weights",
            "There is no LoRA to take the rank from.",
            "No file is set under Continue from a LoRA.",
            "Give that file, or switch this off.",
            dim_from_weights=False,
        )
