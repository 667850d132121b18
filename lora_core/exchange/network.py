"""Which kind of network a foreign file means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lora_core.exchange.collector import Collector
from lora_core.exchange.values import plain
from lora_core.options import networks
from lora_core.options.families import FAMILIES

FAMILY_OF_MODULE: Mapping[str, str] = {
    **{one.network_module: name for name, one in FAMILIES.items() if one.network_module != "networks.lora"},
    "networks.oft_flux": "flux",
}
"""The trainer's module -> the one model family that it is for."""
_OF_LYCORIS = {"networks.loha": "loha", "networks.lokr": "lokr"}
"""Modules of later trainers that make what LyCORIS makes."""
_RENAMED = {"use_cp": "use_tucker", "constrain": "constraint"}


def take_network(
    collector: Collector, module: str, arguments: Mapping[str, Any], source: str = "network_module"
) -> None:
    """Tell the kind of network from the trainer's module and its arguments, and take the arguments.

    Args:
        collector: where to put it.
        module: the trainer's ``network_module``.
        arguments: its ``network_args`` as a dict.
        source: what the file calls the module.
    """
    left = {_RENAMED.get(key, key): value for key, value in arguments.items()}
    about = ""
    if module in _OF_LYCORIS:
        left["algo"], module = _OF_LYCORIS[module], networks.LYCORIS
    if str(left.get("algo", "")).lower() in ("diag_oft", "(ia)^3"):
        left["algo"] = {"diag_oft": "diag-oft", "(ia)^3": "ia3"}[str(left["algo"]).lower()]
    if module in networks.LYCORIS_MODULES:
        if left.get("preset") == "full":
            left["preset"] = None
        about = f"In the file it is LyCORIS with the method {left.get('algo', 'lora')}."
        if "dropout" in left:
            collector.give(
                f"{source}.dropout", "network_dropout", left.pop("dropout"), "It is the same there."
            )
    kind = networks.kind_of(module or FAMILIES[collector.family()].network_module, _told(left))
    if kind and (module or kind != "lora"):  # nothing is said of what the file does not name
        collector.own(source, "network_type", kind, about)
    elif not kind:
        collector.drop(source, f"The network {module} is not known here, so the kind of LoRA is as it was.")
    fixed = networks.NETWORKS[kind].fixed if kind else {}
    for key, value in left.items():
        if key != "algo" and (key not in fixed or str(value) != fixed[key]):
            collector.argument("network_args", f"network_args.{key}", key, value)


def _told(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The arguments as texts. Convolutions of rank 0 are none."""
    return {
        key: plain(value)
        for key, value in arguments.items()
        if not (key == "conv_dim" and str(value) in ("0", "", "None"))
    }
