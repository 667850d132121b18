"""The LoRA itself: attached to UNet and text encoder by peft, named and saved as sd-scripts does.

Targets are those of sd-scripts' ``networks/lora.py``: every linear layer and 1 x 1 convolution inside the
UNet's transformers, every linear layer of the text encoder's attention and feed-forward parts; with
``conv_dim`` also the UNet's other blocks and their 3 x 3 convolutions.

The three dropouts act where sd-scripts has them, behind the down part, as hooks on peft's layers: peft's own
acts on a layer's input.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import torch
from torch import nn

from lora_core.engines.practice.config import Settings
from lora_core.errors import InputError

UNET_PREFIX, TEXT_PREFIX = "lora_unet", "lora_te"
_UNET_BLOCKS = ("Transformer2DModel",)
_UNET_CONV_BLOCKS = ("ResnetBlock2D", "Downsample2D", "Upsample2D")
_TEXT_BLOCKS = ("CLIPAttention", "CLIPSdpaAttention", "CLIPMLP")
_ADAPTER = "practice"


class Size(NamedTuple):
    """Rank and alpha of a LoRA module. A weight change is scaled by ``alpha / dim``."""

    dim: int
    alpha: float


class Network(nn.Module):
    """All LoRA weights under sd-scripts' names. The layers that use them are peft's, inside the models.

    Args:
        modules: module name such as ``lora_unet_mid_block_attentions_0_proj_in`` -> (down, up, size).
    """

    def __init__(self, modules: dict[str, tuple[nn.Module, nn.Module, Size]]) -> None:
        super().__init__()
        self.sizes = {name: size for name, (_, _, size) in modules.items()}
        self.parts = nn.ModuleDict()
        for name, (down, up, _) in modules.items():
            self.parts[name] = nn.ModuleDict({"lora_down": down, "lora_up": up})

    def group(self, prefix: str) -> list[nn.Parameter]:
        """The weights of UNet or text encoder."""
        return [
            p for name, part in self.parts.items() if name.startswith(prefix + "_") for p in part.parameters()
        ]

    def kohya_state(self, dtype: torch.dtype) -> dict[str, torch.Tensor]:
        """The weights as they stand in a LoRA file: ``NAME.lora_down.weight``, ``.lora_up.weight``, ``.alpha``."""
        out = {}
        for key, value in self.parts.state_dict().items():
            out[key] = value.detach().to(dtype).contiguous().clone()
        for name, size in self.sizes.items():
            out[f"{name}.alpha"] = torch.tensor(size.alpha).to(dtype)
        return out

    def load_kohya(self, state: dict[str, torch.Tensor]) -> None:
        """Take over weights of a LoRA file with the same modules and ranks.

        Raises:
            InputError: names or shapes differ.
        """
        weights = {key: value.float() for key, value in state.items() if not key.endswith(".alpha")}
        try:
            self.parts.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError(
                "The LoRA to start from does not fit.",
                why="Its rank or its kind of network differs from the settings.",
                remedy="Set the same rank and network kind as that LoRA has, or start without it.",
                field="network_weights",
            ) from error


class Extras(NamedTuple):
    """What ``network_args`` may hold: the size for 3 x 3 convolutions (None leaves them alone) and dropouts."""

    conv: Size | None
    rank_dropout: float
    module_dropout: float


_KNOWN_ARGS = ("conv_dim", "conv_alpha", "rank_dropout", "module_dropout")


def extras(settings: Settings) -> Extras:
    """The network arguments as numbers.

    Raises:
        InputError: one is not known or not a number.
    """
    given = settings.network_options
    for name in given:
        if name not in _KNOWN_ARGS:
            raise InputError(
                f"network_args has {name!r}, which the practice engine does not know.",
                remedy=f"Take it out; known are {', '.join(_KNOWN_ARGS)}.",
                field="network_args",
                value=name,
            )
    try:
        # without conv_alpha sd-scripts takes 1
        dim = int(given["conv_dim"]) if given.get("conv_dim") else None
        conv = None if dim is None else _sized(dim, float(given.get("conv_alpha") or 1.0))
        return Extras(conv, float(given.get("rank_dropout") or 0), float(given.get("module_dropout") or 0))
    except ValueError as error:
        raise InputError(
            "A network argument is not a number.", why=str(error), field="network_args", value=str(given)
        ) from error


def _sized(dim: int, alpha: float) -> Size:
    """An alpha of zero stands for no scaling, as in sd-scripts."""
    return Size(dim, alpha or float(dim))


def targets(model: nn.Module, blocks: tuple[str, ...], size: Size, conv: Size | None) -> dict[str, Size]:
    """Names of the layers that get a LoRA, with its size."""
    found: dict[str, Size] = {}
    for name, block in model.named_modules():
        if type(block).__name__ not in blocks:
            continue
        for child, layer in block.named_modules():
            full = f"{name}.{child}"
            if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)):
                found[full] = size
            elif isinstance(layer, nn.Conv2d) and conv is not None:
                found[full] = conv
    return found


def _attach(model: nn.Module, wanted: dict[str, Size], prefix: str) -> dict[str, Any]:
    """Put LoRA layers into ``model``; returns them by sd-scripts' names."""
    from peft import LoraConfig, inject_adapter_in_model

    first = next(iter(wanted.values()))
    config = LoraConfig(
        r=first.dim,
        lora_alpha=first.alpha,  # type: ignore[arg-type]  # peft divides by r; a fraction works
        target_modules=list(wanted),
        rank_pattern={f"^{re.escape(name)}": size.dim for name, size in wanted.items() if size != first},
        alpha_pattern={f"^{re.escape(name)}": size.alpha for name, size in wanted.items() if size != first},
    )
    inject_adapter_in_model(config, model, adapter_name=_ADAPTER)
    out = {}
    for name, size in wanted.items():
        layer = model.get_submodule(name)
        out[f"{prefix}_{name.replace('.', '_')}"] = (layer.lora_A[_ADAPTER], layer.lora_B[_ADAPTER], size)  # type: ignore[union-attr,index]
    return out


def create(settings: Settings, unet: nn.Module, text_encoder: nn.Module) -> Network:
    """Freeze both models and attach the LoRA where the settings want it."""
    size, extra = _sized(settings.network_dim, settings.network_alpha), extras(settings)
    unet.requires_grad_(False)
    text_encoder.requires_grad_(False)
    modules: dict[str, Any] = {}
    if settings.trains_text:
        modules |= _attach(text_encoder, targets(text_encoder, _TEXT_BLOCKS, size, None), TEXT_PREFIX)
    if settings.trains_unet:
        blocks = _UNET_BLOCKS + (_UNET_CONV_BLOCKS if extra.conv else ())
        modules |= _attach(unet, targets(unet, blocks, size, extra.conv), UNET_PREFIX)
    _add_dropouts(modules, settings.network_dropout or 0.0, extra)
    return Network(modules)


def _add_dropouts(modules: dict[str, Any], dropout: float, extra: Extras) -> None:
    """Dropouts of sd-scripts' ``LoRAModule.forward``, active only while a module trains."""

    def behind_down(layer: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        if not layer.training:
            return out
        if dropout:
            out = nn.functional.dropout(out, dropout)
        if extra.rank_dropout:
            axis = 1 if out.dim() == 4 else out.dim() - 1
            shape = [out.shape[0]] + [1] * (out.dim() - 1)
            shape[axis] = out.shape[axis]
            out = out * (torch.rand(shape) > extra.rank_dropout) / (1.0 - extra.rank_dropout)
        return out

    def behind_up(layer: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        return out * 0.0 if layer.training and torch.rand(1).item() < extra.module_dropout else out

    for down, up, _ in modules.values():
        if dropout or extra.rank_dropout:
            down.register_forward_hook(behind_down)
        if extra.module_dropout:
            up.register_forward_hook(behind_up)
