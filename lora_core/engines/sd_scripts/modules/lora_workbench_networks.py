"""What lycoris-lora 3.4.0 has but cannot train: ``network_args = ["algo=ia3"]`` and ``["algo=full"]``.

Of (IA)³ it has the class, but does not list it among what it can make, and the layer names of its preset fit
none: they are compared from the start of the full name. Its class for full weights takes a layer's weight
away and then asks the layer for it. Both are put right here, in this process only; everything else is
LyCORIS' own. The folder of this file is on the trainer's PYTHONPATH (``network_module =
"lora_workbench_networks"``).
"""

from __future__ import annotations

from typing import Any

from lycoris import kohya
from lycoris.modules.full import FullModule
from lycoris.modules.ia3 import IA3Module

_ON_INPUT = {"algo": "ia3", "train_on_input": True}
"""The last layer of an MLP is scaled at its input, as in the paper; keys and values at their output."""


class Full(FullModule):  # type: ignore[misc]
    """Full weights that are used in place of the layer's own."""

    def forward(self, x: Any, *args: Any, **settings: Any) -> Any:
        weight, bias = self.make_weight(self.multiplier, x.device)
        return self.op(x, weight=weight, bias=bias, **self.kw_dict)


kohya.network_module_dict["full"] = Full
kohya.network_module_dict["ia3"] = IA3Module
kohya.PRESET["ia3"] = {
    "enable_conv": False,
    "unet_target_module": [],
    "unet_target_name": [r".*\.attn\d\.to_k$", r".*\.attn\d\.to_v$", r".*\.ff\.net\.2$"],
    "text_encoder_target_module": [],
    "text_encoder_target_name": [r".*\.k_proj$", r".*\.v_proj$", r".*\.mlp\.fc2$"],
    "name_algo_map": {r".*\.mlp\.fc2$": _ON_INPUT, r".*\.ff\.net\.2$": _ON_INPUT},
}

create_network = kohya.create_network
create_network_from_weights = kohya.create_network_from_weights
