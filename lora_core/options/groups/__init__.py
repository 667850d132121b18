"""The options of a LoRA training, one class per section of the form.

To add an option, declare it in its group: form, TOML, checks, reference and tests follow. Facts in the
explanations come from kohya-ss/sd-scripts 0.10.1; starting values from HollowStrawberry's LoRA trainer.
"""

from lora_core.options.declare import Group
from lora_core.options.groups.captions import Captions
from lora_core.options.groups.compute import Compute
from lora_core.options.groups.dataset import Dataset
from lora_core.options.groups.deepspeed import DeepSpeed
from lora_core.options.groups.flow import Flow
from lora_core.options.groups.logs import Logging
from lora_core.options.groups.lycoris import Lycoris
from lora_core.options.groups.memory import Memory
from lora_core.options.groups.model import BaseModel
from lora_core.options.groups.network import Network
from lora_core.options.groups.network_kinds import NetworkKinds
from lora_core.options.groups.network_parts import NetworkParts
from lora_core.options.groups.noise import Noise
from lora_core.options.groups.output import Previews, Saving
from lora_core.options.groups.parts import Parts
from lora_core.options.groups.precision import Precision
from lora_core.options.groups.resuming import Notes, Resuming
from lora_core.options.groups.training import Learning, Optimizer, Steps
from lora_core.options.groups.upload import Upload
from lora_core.options.groups.validation import Validation

GROUPS: tuple[type[Group], ...] = (
    BaseModel,
    Parts,
    Dataset,
    Captions,
    Steps,
    Learning,
    Network,
    NetworkKinds,
    Lycoris,
    NetworkParts,
    Optimizer,
    Precision,
    Memory,
    Flow,
    Noise,
    Previews,
    Saving,
    Resuming,
    Notes,
    Validation,
    Logging,
    Compute,
    DeepSpeed,
    Upload,
)
"""Every group, in the order of the form."""

__all__ = [
    "GROUPS",
    "BaseModel",
    "Captions",
    "Compute",
    "Dataset",
    "DeepSpeed",
    "Flow",
    "Learning",
    "Logging",
    "Lycoris",
    "Memory",
    "Network",
    "NetworkKinds",
    "NetworkParts",
    "Noise",
    "Notes",
    "Optimizer",
    "Parts",
    "Precision",
    "Previews",
    "Resuming",
    "Saving",
    "Steps",
    "Upload",
    "Validation",
]
