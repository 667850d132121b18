"""How many numbers a network of each kind adds to a layer, and how large its file will be.

LoRA: a layer of ``in`` to ``out`` gets a pair of matrices, ``rank × in`` and ``out × rank``; a convolution of
side k has ``rank × in × k × k``. The LyCORIS kinds follow the constructors in ``lycoris/modules`` of
lycoris-lora 3.4.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lora_core.forecast import layers
from lora_core.forecast.architecture import Architecture
from lora_core.forecast.estimate import Estimate, Reader
from lora_core.forecast.layers import Layer, Layers

BYTES = {"fp16": 2, "bf16": 2, "float": 4, "no": 4}
"""Bytes of a number by precision."""
LYCORIS = ("loha", "lokr", "dora", "glora", "boft", "diag_oft", "ia3", "full")
TENSORS = {
    "loha": 5,
    "lokr": 4,
    "dora": 4,
    "glora": 5,
    "diag_oft": 2,
    "boft": 2,
    "oft": 2,
    "ia3": 2,
    "full": 1,
}
"""Tensors in the file for each layer; 3 for LoRA: down, up and alpha."""
_ABOUT = {"ia3": (0.5, 2.0), "oft_flux": (0.3, 3.0), "lycoris": (0.9, 1.1)}
_ENTRY = 76
"""Bytes of one tensor's entry in a file's header beside its module's name, such as
``"….lora_down.weight":{"dtype":"F16","shape":[16,768],"data_offsets":[0,24576]},``; measured in real files."""
_NOTES = 6000
"""Bytes of the notes that the trainer adds to each file; they grow with the number of folders and tags."""
_SOME_LAYERS = (
    "block_dims",
    "block_lr_zero_threshold",
    "down_lr_weight",
    "mid_lr_weight",
    "up_lr_weight",
    "train_blocks",
    "train_block_indices",
    "train_double_block_indices",
    "train_single_block_indices",
    "img_attn_dim",
    "txt_attn_dim",
    "img_mlp_dim",
    "txt_mlp_dim",
    "img_mod_dim",
    "txt_mod_dim",
    "single_dim",
    "single_mod_dim",
    "in_dims",
    "context_attn_dim",
    "context_mlp_dim",
    "context_mod_dim",
    "x_attn_dim",
    "x_mlp_dim",
    "x_mod_dim",
    "emb_dims",
    "attn_dim",
    "mlp_dim",
    "mod_dim",
    "refiner_dim",
    "embedder_dims",
    "network_reg_dims",
    "exclude_patterns",
    "include_patterns",
    "split_qkv",
)
"""Options that pick layers or give some of them another rank."""


@dataclass(frozen=True)
class NetworkSize:
    """Numbers in a network.

    Attributes:
        stored: numbers in its file, alphas included.
        trained: numbers that are learned.
        tensors: tensors in the file.
        modules: layers that it attaches to.
        low: factor of the least it could be.
        high: factor of the most.
        doubt: why it is not exact; empty if it is.
    """

    stored: int
    trained: int
    tensors: int
    modules: int
    low: float = 1.0
    high: float = 1.0
    doubt: str = ""


def network_size(read: Reader, one: Architecture) -> NetworkSize:
    """Count a network's numbers on a model of this architecture."""
    kind = str(read.get("network_type", "lora"))
    dim, conv_dim = _ranks(read, kind)
    stored = trained = modules = 0
    for layer in _touched(read, one, kind):
        rank = dim if layer.kernel == 1 else conv_dim
        numbers, learned = _numbers(kind, layer, rank, read)
        stored += (numbers + _alphas(kind)) * layer.count
        trained += learned * layer.count
        modules += layer.count
    low, high, doubt = _doubt(read, kind)
    return NetworkSize(stored, trained, modules * TENSORS.get(kind, 3), modules, low, high, doubt)


def lora_size(read: Reader, likely: tuple[Architecture, ...]) -> Estimate:
    """Bytes of the LoRA file.

    Args:
        read: the options.
        likely: what the base model can be like, the likeliest first.
    """
    weights = Path(str(read.get("network_weights", "")))
    if read.get("dim_from_weights", False) and weights.is_file():
        size = weights.stat().st_size
        return Estimate(
            size, size * 0.5, size * 2, "bytes", "As the LoRA that the rank is taken from.", str(weights.name)
        )
    sizes = [network_size(read, one) for one in likely]
    found = [_file_bytes(read, size, one) for size, one in zip(sizes, likely, strict=True)]
    first = sizes[0]
    width = _width(read)
    how = (
        f"{first.modules} layers, {first.stored:,} numbers of {width} bytes each, and the notes in the file."
    )
    if len(likely) > 1:
        how += (
            " The versions of this family differ in size, so the lowest and highest figure stand beside it."
        )
    if first.doubt:
        how += f" {first.doubt}"
    # notes on tags and folders make up the rest; in small files they weigh more
    return Estimate(
        found[0],
        min(found) * first.low - _NOTES / 2,
        max(found) * first.high * 1.002 + 4 * _NOTES,
        "bytes",
        how,
        "The trainer's own lists of layers (networks/lora*.py of sd-scripts 0.10.1), counted.",
    )


def _file_bytes(read: Reader, size: NetworkSize, one: Architecture) -> int:
    header = size.tensors * (_ENTRY + one.name_length) + _NOTES
    return size.stored * _width(read) + header


def _width(read: Reader) -> int:
    """Bytes of a number in the file. Without a precision it is saved as it is trained."""
    halved = read.get("full_fp16", False) or read.get("full_bf16", False)
    return BYTES.get(str(read.get("save_precision", "")), 2 if halved else 4)


def _ranks(read: Reader, kind: str) -> tuple[int, int]:
    """Rank of linear layers, and of 3 x 3 convolutions."""
    dim = int(read.get("network_dim", 4))
    return dim, int(read.get("conv_dim", dim) or dim)


def _touched(read: Reader, one: Architecture, kind: str) -> Iterable[Layer]:
    """The layers that a network attaches to, given what is to be trained."""
    preset = str(read.get("lycoris_preset", "full")) if kind in LYCORIS else ""
    preset = "ia3" if kind == "ia3" else preset
    found: list[Layer] = []
    if not read.get("network_train_text_encoder_only", False):
        found += _picture_layers(read, one, kind, preset)
    if not read.get("network_train_unet_only", False) and kind != "oft" and "unet" not in preset:
        for text in one.texts:
            if text.trainable and (not text.only_if or read.get(text.only_if, False)):
                found += text.layers
    return [layer for layer in found if layer.attention] if preset == "attn-only" else found


def _picture_layers(read: Reader, one: Architecture, kind: str, preset: str) -> Layers:
    """Layers of the picture part; ``preset`` is the one of LyCORIS (``lycoris/config.py``)."""
    main = one.layers
    if kind == "oft" and not read.get("enable_all_linear", False):
        main = tuple(layer for layer in main if layer.attention)
    if read.get("train_llm_adapter", False):
        main += layers.anima_adapter()
    if preset == "full":
        return main + one.convolutions + one.more_for_lycoris
    if preset == "unet-only":
        return main + one.convolutions
    if preset == "unet-convblock-only":
        return one.convolutions
    if preset == "full-lin":
        return main + tuple(layer for layer in one.convolutions if layer.kernel == 1)
    by_conv_dim = kind in ("dylora", "lora_fa") and read.get("conv_dim") is not None
    with_conv = kind == "locon" or by_conv_dim or (kind == "oft" and bool(read.get("enable_conv", False)))
    return main + one.convolutions if with_conv else main


def _alphas(kind: str) -> int:
    return 0 if kind in ("full", "ia3") else 1


def _numbers(kind: str, layer: Layer, rank: int, read: Reader) -> tuple[int, int]:
    """Numbers that a layer of the network stores, and those of them that are learned."""
    outer = layer.outputs
    pair = rank * (layer.inputs * layer.kernel**2 + outer)
    if kind == "loha":
        found = 2 * _pair(layer, rank, read) + _strengths(layer, read)
    elif kind == "glora":
        found = pair + 2 * rank * layer.inputs
    elif kind == "lokr":
        found = _lokr(layer, rank, read) + _strengths(layer, read)
    elif kind == "dora":
        found = _pair(layer, rank, read) + _strengths(layer, read)
    elif kind == "oft":
        found = outer * (outer // max(1, rank))
    elif kind == "diag_oft":
        found = outer * split(outer, rank)[0]
    elif kind == "boft":
        found = _boft(outer, rank)
    elif kind == "ia3":
        found = _ia3(layer)
    elif kind == "full":
        found = layer.weights + outer
    else:
        found = pair
    return found, rank * outer if kind == "lora_fa" else found


def _boft(outer: int, rank: int) -> int:
    """BOFT: blocks of an even side up to the rank, in as many layers as there are halvings, and one more
    (``lycoris/modules/boft.py``)."""
    side, stages = outer, 1
    while side > rank and side % 4 == 0:
        side, stages = side // 2, stages + 1
    return outer * side * stages


def _ia3(layer: Layer) -> int:
    """(IA)³: one number for each output of keys and values, and each input of the last feed-forward layer."""
    if layer.attention:
        return layer.outputs if layer.inputs != layer.outputs else layer.outputs // 3
    return layer.inputs if layer.inputs > layer.outputs else 0


def _lokr(layer: Layer, rank: int, read: Reader) -> int:
    """LoKr: a small matrix, and a large one that is a pair where that is smaller (``lycoris/modules/lokr.py``)."""
    factor, whole = int(read.get("lokr_factor", -1)), bool(read.get("full_matrix", False))
    in_small, in_large = split(layer.inputs, factor)
    out_small, out_large = split(layer.outputs, factor)
    if read.get("unbalanced_factorization", False):
        out_small, out_large = out_large, out_small
    small = out_small * in_small
    if read.get("decompose_both", False) and not whole and rank < max(out_small, in_small) / 2:
        small = rank * (out_small + in_small)
    if whole or rank >= max(out_large, in_large) / 2:
        return small + out_large * in_large * layer.kernel**2
    return small + _pair(Layer(in_large, out_large, kernel=layer.kernel), rank, read)


def _pair(layer: Layer, rank: int, read: Reader) -> int:
    """A pair of matrices; LyCORIS can keep a convolution's square in a third one of its own (Tucker)."""
    if layer.kernel > 1 and read.get("use_tucker", False):
        return rank * (layer.inputs + layer.outputs) + rank**2 * layer.kernel**2
    return rank * (layer.inputs * layer.kernel**2 + layer.outputs)


def _strengths(layer: Layer, read: Reader) -> int:
    """DoRA: a strength for each output, or for each input."""
    if read.get("network_type") != "dora" and not read.get("lycoris_dora", False):
        return 0
    return layer.outputs if read.get("wd_on_output", True) else layer.inputs


def split(number: int, factor: int) -> tuple[int, int]:
    """Two factors of a number, the smaller first: with the given factor if it divides it, else the most even
    ones whose smaller one is not above it (``factorization`` in ``lycoris/functional/general.py``)."""
    if factor > 0 and number % factor == 0:
        return min(factor, number // factor), max(factor, number // factor)
    most = number if factor < 0 else factor
    best = max(
        (side for side in range(1, math.isqrt(number) + 1) if number % side == 0 and side <= most),
        default=1,
    )
    return best, number // best


def _doubt(read: Reader, kind: str) -> tuple[float, float, str]:
    """Factors of the least and the most it could be, and why."""
    if any(read.get(name) not in (None, "", [], False) for name in _SOME_LAYERS):
        return 0.1, 2.0, "Some settings pick out layers or give them other ranks. That is not counted."
    if read.get("family") == "flux" and kind == "oft":
        return *_ABOUT["oft_flux"], "The size of this kind is only roughly known for this family."
    if kind in _ABOUT:
        return *_ABOUT[kind], "The size of this kind is only roughly known."
    if kind in LYCORIS:
        return *_ABOUT["lycoris"], "LyCORIS may take some layers more or fewer, depending on its preset."
    return 1.0, 1.0, ""
