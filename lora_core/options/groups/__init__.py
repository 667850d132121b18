"""The options of a LoRA training, one class per section of the form.

To add an option, declare it in its group: form, TOML, checks, reference and tests follow. Facts in the
explanations come from kohya-ss/sd-scripts 0.10.1; starting values from HollowStrawberry's LoRA trainer.
"""

from lora_core.options.declare import Group
from lora_core.options.groups.dataset import Dataset
from lora_core.options.groups.model import BaseModel
from lora_core.options.groups.network import Network
from lora_core.options.groups.noise import Noise
from lora_core.options.groups.output import Previews, Saving
from lora_core.options.groups.precision import Precision
from lora_core.options.groups.training import Learning, Optimizer, Steps

GROUPS: tuple[type[Group], ...] = (
    BaseModel,
    Dataset,
    Steps,
    Learning,
    Network,
    Optimizer,
    Precision,
    Previews,
    Saving,
    Noise,
)
"""Every group, in the order of the form."""

__all__ = [
    "GROUPS",
    "BaseModel",
    "Dataset",
    "Learning",
    "Network",
    "Noise",
    "Optimizer",
    "Precision",
    "Previews",
    "Saving",
    "Steps",
]
