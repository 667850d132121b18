"""Kinds of networks that can be trained, and what makes the trainer train each of them.

Names of modules and arguments are those of kohya-ss/sd-scripts 0.10.1 (``networks/*.py``) and of lycoris-lora
3.4.0 (``lycoris.kohya``). A kind stands in a family's list only where the trainer's module finds layers of
that family to work on: LoCon is not offered for FLUX.1, which has no convolutions and would give plain LoRA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lora_core.options.families import DIFFUSION, FAMILIES

LYCORIS = "lycoris.kohya"
"""The trainer's way to LyCORIS."""
OWN_LYCORIS = "lora_workbench_networks"
"""Our own way to what lycoris-lora 3.4.0 has but cannot start: see the module of this name."""
LYCORIS_MODULES = (LYCORIS, OWN_LYCORIS)
_LYCORIS_FAMILIES = (*DIFFUSION, "sd3", "flux", "lumina", "hunyuan_image")
"""Families whose blocks LyCORIS' presets name. Anima's are not among them: nothing would be trained."""


@dataclass(frozen=True)
class NetworkKind:
    """A kind of network.

    Attributes:
        title: its name for people.
        note: what it is good for, in a sentence.
        families: the model families that it can be trained for.
        module: the trainer's module; empty means the family's own for LoRA.
        modules: the module of single families, where it differs.
        fixed: arguments that make the module train this kind.
        sized: whether rank and alpha have a meaning.
    """

    title: str
    note: str
    families: tuple[str, ...]
    module: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    sized: bool = True


NETWORKS: dict[str, NetworkKind] = {
    "lora": NetworkKind("LoRA", "The usual choice, right for almost everything.", tuple(FAMILIES)),
    "locon": NetworkKind(
        "LoCon (LoRA with convolutions)", "Also learns fine texture, which can help a style.", DIFFUSION
    ),
    "dylora": NetworkKind(
        "DyLoRA", "Trains all ranks up to the given one, to choose from later.", DIFFUSION, "networks.dylora"
    ),
    "lora_fa": NetworkKind(
        "LoRA-FA", "Trains only half of each pair, which saves memory.", DIFFUSION, "networks.lora_fa"
    ),
    "oft": NetworkKind(
        "OFT",
        "Turns the model's weights instead of adding to them.",
        (*DIFFUSION, "flux"),
        "networks.oft",
        {"flux": "networks.oft_flux"},
    ),
    "loha": NetworkKind(
        "LoHa (LyCORIS)",
        "Two pairs multiplied: it can hold a lot, such as several styles. At one rank, twice the size of a LoRA.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "loha"},
    ),
    "lokr": NetworkKind(
        "LoKr (LyCORIS)",
        "Very small files. It learns a single subject well.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "lokr"},
    ),
    "dora": NetworkKind(
        "DoRA (LyCORIS)",
        "LoRA that learns strength and direction apart. It is slower and often closer to full training.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "locon", "dora_wd": "True"},
    ),
    "glora": NetworkKind(
        "GLoRA (LyCORIS)",
        "LoRA that also changes what goes into each layer.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "glora"},
    ),
    "boft": NetworkKind(
        "BOFT (LyCORIS)",
        "OFT made of many small turns. It is slow and keeps the base model's knowledge.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "boft"},
    ),
    "diag_oft": NetworkKind(
        "Diagonal OFT (LyCORIS)",
        "OFT in blocks. It keeps the base model's knowledge.",
        _LYCORIS_FAMILIES,
        LYCORIS,
        fixed={"algo": "diag-oft"},
    ),
    "ia3": NetworkKind(
        "(IA)³ (LyCORIS)",
        "Only scales what passes through a few layers: files of about 2 MB or less, for simple changes.",
        DIFFUSION,
        OWN_LYCORIS,
        fixed={"algo": "ia3", "preset": "ia3"},
        sized=False,
    ),
    "full": NetworkKind(
        "Full weights (LyCORIS)",
        "Changes every weight. The file is as large as the model's part.",
        DIFFUSION,
        OWN_LYCORIS,
        fixed={"algo": "full"},
        sized=False,
    ),
}
"""Every kind by our name for it."""

SIZED: tuple[str, ...] = tuple(name for name, kind in NETWORKS.items() if kind.sized)
"""Kinds that have a rank and an alpha."""
LYCORIS_KINDS: tuple[str, ...] = tuple(
    name for name, kind in NETWORKS.items() if kind.module in LYCORIS_MODULES
)


def module(kind: str, family: str) -> str:
    """The trainer's module for a kind of network in a family."""
    found = NETWORKS[kind]
    return found.modules.get(family) or found.module or FAMILIES[family].network_module


def kinds(family: str) -> tuple[str, ...]:
    """Names of the kinds that can be trained in a family."""
    return tuple(name for name, kind in NETWORKS.items() if family in kind.families)


def kind_of(name: str, arguments: Mapping[str, str]) -> str:
    """The kind that a trainer's module and its arguments stand for; empty if it is none of ours.

    Plain LoRA and LoCon of LyCORIS are the same as the trainer's own, and told as ``lora`` or ``locon``.

    Args:
        name: the trainer's ``network_module``.
        arguments: its ``network_args``.
    """
    if name in LYCORIS_MODULES:
        return _lycoris_kind(arguments)
    if name in {one.network_module for one in FAMILIES.values()}:
        with_convolutions = "conv_dim" in arguments and name == FAMILIES["sd15"].network_module
        return "locon" if with_convolutions else "lora"
    for kind, found in NETWORKS.items():
        if name in (found.module, *found.modules.values()):
            return kind
    return ""


def _lycoris_kind(arguments: Mapping[str, str]) -> str:
    algorithm = arguments.get("algo", "lora").lower()
    if algorithm in ("lora", "locon"):
        return "dora" if arguments.get("dora_wd", "False").lower() != "false" else "locon"
    return next((kind for kind, one in NETWORKS.items() if one.fixed.get("algo") == algorithm), "")
