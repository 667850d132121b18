"""Training options: declarations, the container that holds them all, and their checks."""

from lora_core.options.container import GROUPS, TrainingOptions
from lora_core.options.declare import Group, Meta, Option, Place

__all__ = ["GROUPS", "Group", "Meta", "Option", "Place", "TrainingOptions"]
