"""The whole forecast: steps, file size, disk, GPU memory, time and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lora_core.datasets.buckets import Size
from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import Filled, StepCount, count_steps, fill_data_sets
from lora_core.forecast import architecture, saving
from lora_core.forecast.architecture import Architecture
from lora_core.forecast.duration import duration, pace
from lora_core.forecast.estimate import Estimate, Part, Reader
from lora_core.forecast.fit import Fit, Gpu, fit
from lora_core.forecast.memory import Memory, memory
from lora_core.forecast.optimizer import state_bytes
from lora_core.forecast.past import Past
from lora_core.forecast.pictures import place
from lora_core.forecast.sizes import NetworkSize, lora_size, network_size
from lora_core.models.inspect import ModelInfo
from lora_core.options import TrainingOptions


@dataclass(frozen=True)
class Forecast:
    """What a training will take.

    Attributes:
        steps: optimizer steps; exact.
        count: how they come about.
        lora_size: bytes of the LoRA file.
        disk: bytes that the training adds to the disk.
        disk_parts: what these are made of.
        memory: GPU memory at its peak; None for the practice engine, which uses the CPU.
        fit: whether that fits into the given GPU; None without one.
        time: seconds in all.
        phases: the parts of the time.
        guessed: whether the time rests on nothing of the user's own.
        cost: in the currency of the given price; None without a price.
    """

    steps: Estimate
    count: StepCount
    lora_size: Estimate
    disk: Estimate
    disk_parts: tuple[Part, ...]
    memory: Memory | None
    fit: Fit | None
    time: Estimate
    phases: tuple[Part, ...]
    guessed: bool
    cost: Estimate | None


def forecast(
    options: TrainingOptions,
    scan: DatasetScan,
    more: Sequence[DatasetScan | None] = (),
    *,
    model_info: ModelInfo | None = None,
    gpu: Gpu | None = None,
    history: Sequence[Past] = (),
    price_per_hour: float | None = None,
    engine: str = "sd-scripts",
) -> Forecast:
    """Reckon what a training will take. Pure but for a look at the size of a LoRA that is continued.

    Args:
        options: what to train.
        scan: the main folder.
        more: the further folders in their order; None for one that is not there.
        model_info: what the base model's file says of itself.
        gpu: the card to train on; None if there is none or it is not known.
        history: earlier runs, from `read_past`.
        price_per_hour: what the machine costs, in any currency.
        engine: ``practice`` or ``sd-scripts``.

    Raises:
        InputError: a picture fits no bucket.
    """
    basis = _basis(options, (scan, *more), model_info, engine)
    read, one = basis.read, basis.likely[0]
    room, room_parts = saving.disk(read, one, basis.count, basis.size, basis.lora, basis.sizes)
    step = pace(read, one, engine, gpu.name if gpu else None, history, basis.pixels)
    time, phases = duration(
        read,
        one,
        basis.count,
        step,
        basis.sizes,
        pixels=basis.pixels,
        written=_written(basis),
        practice=engine == "practice",
    )
    need = None if engine == "practice" else _memory(basis, read)
    return Forecast(
        steps=_steps(basis.count),
        count=basis.count,
        lora_size=basis.lora,
        disk=room,
        disk_parts=room_parts,
        memory=need,
        fit=fit(read, one, gpu, lambda tried: _memory(basis, tried)) if gpu and need else None,
        time=time,
        phases=phases,
        guessed=step.guess,
        cost=_cost(time, price_per_hour),
    )


@dataclass(frozen=True)
class _Basis:
    """What several figures rest on.

    Attributes:
        read: the options.
        likely: what the base model can be like, the likeliest first.
        count: the steps.
        filled: the data sets.
        sizes: the training size of every picture, once for each data set that it is in.
        size: numbers in the network.
        lora: bytes of its file.
        pixels: pixels of a step.
    """

    read: Reader
    likely: tuple[Architecture, ...]
    count: StepCount
    filled: Sequence[Filled]
    sizes: Sequence[Size]
    size: NetworkSize
    lora: Estimate
    pixels: float


def _basis(
    options: TrainingOptions,
    scans: Sequence[DatasetScan | None],
    model_info: ModelInfo | None,
    engine: str,
) -> _Basis:
    read = Reader(options)
    main = scans[0] or DatasetScan(())
    filled = fill_data_sets(options, main, scans[1:])
    family, variant = str(read.get("family", "sd15")), str(read.get("model_variant", ""))
    likely = architecture.find(family, variant, model_info, engine)
    return _Basis(
        read=read,
        likely=likely,
        count=count_steps(options, main, scans[1:]),
        filled=filled,
        sizes=[placed.bucket for placed in place(options, filled, scans)],
        size=network_size(read, likely[0]),
        lora=lora_size(read, likely),
        pixels=step_pixels(options, filled),
    )


def _steps(count: StepCount) -> Estimate:
    return Estimate(
        count.total,
        count.total,
        count.total,
        "steps",
        count.sentence,
        "The trainer's own reckoning (train_network.py of sd-scripts 0.10.1), bucket by bucket.",
    )


def step_pixels(options: TrainingOptions, filled: Sequence[Filled]) -> float:
    """Pixels that a step goes through on average, accumulation included."""
    batches = sum(one.batches for one in filled)
    all_pixels = sum(width * height * uses for one in filled for (width, height), uses in one.uses.items())
    if not batches:
        return float(options["resolution"] ** 2 * options["train_batch_size"])
    return float(all_pixels / batches * options["gradient_accumulation_steps"])


def _memory(basis: _Basis, read: Reader) -> Memory:
    """Memory for the likeliest architecture; if the base model may be another, the bounds say so."""
    area, batch = max(
        (_largest(basis, read, one) for one in basis.filled), key=lambda pair: pair[0] * pair[1]
    )
    size = network_size(read, basis.likely[0]) if read.instead else basis.size
    found = [memory(read, one, size, area, batch) for one in basis.likely]
    if len(found) == 1:
        return found[0]
    first = found[0]
    low = min(one.estimate.low for one in found)
    high = max(one.estimate.high for one in found)
    estimate = Estimate(
        first.estimate.value,
        low,
        high,
        "bytes",
        f"{first.estimate.how} The versions of this family differ in size.",
        first.estimate.source,
    )
    return Memory(estimate, first.parts, first.peak)


def _largest(basis: _Basis, read: Reader, one: Filled) -> tuple[int, int]:
    """Pixels of a data set's largest picture, and its batch size; a remedy may lower that of the main folder."""
    area = max((width * height for width, height in one.uses), default=one.data_set.resolution**2)
    batch = one.data_set.batch_size
    as_main = batch == basis.read.get("train_batch_size", 1)
    return area, int(read.get("train_batch_size", batch)) if as_main else batch


def _written(basis: _Basis) -> float:
    """Bytes of LoRA files and states that are written in all, those that are deleted again too."""
    read, count = basis.read, basis.count
    state = basis.size.trained * (4 + state_bytes(read))
    files = saving.checkpoints(read, count).made + 1
    return basis.lora.value * files + state * saving.states(read, count).made


def _cost(time: Estimate, price: float | None) -> Estimate | None:
    """The price of the time; the time's doubt is the cost's."""
    if price is None:
        return None
    return Estimate(
        time.value / 3600 * price,
        time.low / 3600 * price,
        time.high / 3600 * price,
        "price",
        f"{time.value / 3600:.2f} hours at {price:g} an hour.",
        time.source,
    )
