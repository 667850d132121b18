"""The layers that a LoRA attaches to, as counts by shape, generated from each architecture.

Which layers are taken follows the target lists of ``networks/lora*.py`` of sd-scripts 0.10.1; the widths are
those of ``library/original_unet.py``, ``sdxl_original_unet.py``, ``sd3_models.py``, ``flux_models.py``,
``chroma_models.py``, ``lumina_models.py``, ``hunyuan_image_models.py`` and ``anima_models.py``. A test with the
real trainer counts the layers there and compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """Layers of one shape.

    Attributes:
        inputs: numbers that go in, or channels of a convolution.
        outputs: numbers that come out, or channels.
        count: how many such layers there are.
        kernel: side of the convolution; 1 for linear layers and convolutions of 1 x 1.
        attention: whether it belongs to an attention, rather than to the feed-forward or other parts.
    """

    inputs: int
    outputs: int
    count: int = 1
    kernel: int = 1
    attention: bool = False

    @property
    def weights(self) -> int:
        """Numbers in the weights of one such layer."""
        return self.inputs * self.outputs * self.kernel**2


Layers = tuple[Layer, ...]


def text_clip(width: int, depth: int, inner: int = 0) -> Layers:
    """A CLIP text encoder: attention and feed-forward of every layer."""
    inner = inner or 4 * width
    return (
        Layer(width, width, 4 * depth, attention=True),
        Layer(width, inner, depth),
        Layer(inner, width, depth),
    )


def text_t5(width: int, inner: int, depth: int) -> Layers:
    """The reading half of T5 with gated feed-forward."""
    return (
        Layer(width, width, 4 * depth, attention=True),
        Layer(width, inner, 2 * depth),
        Layer(inner, width, depth),
    )


def text_decoder(width: int, heads: int, keys: int, inner: int, depth: int) -> Layers:
    """A language model with grouped attention (Gemma 2, Qwen 3). ``heads``, ``keys``: widths of both."""
    return (
        Layer(width, heads, depth, attention=True),
        Layer(width, keys, 2 * depth, attention=True),
        Layer(heads, width, depth, attention=True),
        Layer(width, inner, 2 * depth),
        Layer(inner, width, depth),
    )


def unet(widths: Sequence[int], depths: Sequence[int], context: int, middle: int = 1) -> Layers:
    """The transformers of a Stable Diffusion U-Net.

    Args:
        widths: channels by level, outermost first.
        depths: transformer blocks in each transformer of a level; 0 where it has none.
        context: width of what the text encoders give.
        middle: blocks of the transformer in the middle.
    """
    found: list[Layer] = []
    places = [(width, 5, depth) for width, depth in zip(widths, depths, strict=True) if depth]
    for width, transformers, depth in [*places, (widths[-1], 1, middle)]:
        blocks = transformers * depth
        found += [
            Layer(width, width, 2 * transformers),  # into and out of the transformer
            Layer(width, width, 6 * blocks, attention=True),
            Layer(context, width, 2 * blocks, attention=True),
            Layer(width, 8 * width, blocks),
            Layer(4 * width, width, blocks),
        ]
    return tuple(found)


def unet_convolutions(widths: Sequence[int]) -> Layers:
    """Residual blocks and changes of size of the same U-Net, which LoCon takes as well."""
    blocks: list[tuple[int, int]] = []
    skips = [widths[0]]
    now = widths[0]
    for level, width in enumerate(widths):
        for _ in range(2):
            blocks.append((now, width))
            now = width
            skips.append(now)
        if level < len(widths) - 1:
            skips.append(now)
    blocks += [(now, now)] * 2
    for width in reversed(widths):
        for _ in range(3):
            blocks.append((now + skips.pop(), width))
            now = width
    embedding = 4 * widths[0]
    found: Counter[tuple[int, int, int]] = Counter()
    for inputs, outputs in blocks:
        found[inputs, outputs, 3] += 1
        found[outputs, outputs, 3] += 1
        found[embedding, outputs, 1] += 1
        found[inputs, outputs, 1] += inputs != outputs
    for inner, outer in zip(widths, widths[1:], strict=False):
        found[inner, inner, 3] += 1  # smaller, on the way in
        found[outer, outer, 3] += 1  # larger, on the way out
    return tuple(Layer(i, o, count, kernel) for (i, o, kernel), count in found.items() if count)


def flux(width: int, double: int, single: int, *, modulation: bool = True) -> Layers:
    """The transformer of FLUX.1 and of HunyuanImage, which has the same blocks; Chroma has no modulation."""
    found = [
        Layer(width, 3 * width, 2 * double, attention=True),
        Layer(width, width, 2 * double, attention=True),
        Layer(width, 4 * width, 2 * double),
        Layer(4 * width, width, 2 * double),
        Layer(width, 7 * width, single),
        Layer(5 * width, width, single),
    ]
    if modulation:
        found += [Layer(width, 6 * width, 2 * double), Layer(width, 3 * width, single)]
    return tuple(found)


def sd3(depth: int, doubled: int = 0) -> Layers:
    """The transformer of SD 3: ``depth`` blocks of 64 times that width; ``doubled`` have a second attention."""
    width, pairs = 64 * depth, 2 * depth - 1  # the last block does nothing more with the text
    return (
        Layer(width, 3 * width, pairs + 1 + doubled, attention=True),
        Layer(width, width, pairs + doubled, attention=True),
        Layer(width, 4 * width, pairs),
        Layer(4 * width, width, pairs),
        Layer(width, 6 * width, pairs - doubled),
        Layer(width, 9 * width, doubled),
        Layer(width, 2 * width, 1),
    )


def lumina() -> Layers:
    """The transformer of Lumina Image 2: 26 blocks, 2 for the noise and 2 for the text, and the last layer."""
    width, blocks = 2304, 30
    return (
        Layer(width, 3840, blocks, attention=True),
        Layer(width, width, blocks, attention=True),
        Layer(width, 4 * width, 2 * blocks),
        Layer(4 * width, width, blocks),
        Layer(1024, 4 * width, blocks - 2),
        Layer(1024, width, 1),
        Layer(width, 64, 1),
    )


def anima() -> Layers:
    """The 28 blocks of Anima, without their modulation."""
    width, blocks = 2048, 28
    return (
        Layer(width, width, 6 * blocks, attention=True),
        Layer(1024, width, 2 * blocks, attention=True),
        Layer(width, 4 * width, blocks),
        Layer(4 * width, width, blocks),
    )


def anima_adapter() -> Layers:
    """What joins Anima's text encoder to it: trained only on request."""
    return (
        Layer(1024, 1024, 48, attention=True),
        Layer(1024, 4096, 6),
        Layer(4096, 1024, 6),
    )
