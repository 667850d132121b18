"""Which processor a training is to use."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """What the plan has to know about this machine.

    Attributes:
        gpu: True or False where known; None leaves the choice to the trainer, which takes a GPU if its
            torch sees one.
        threads: CPU threads of the training process.
    """

    gpu: bool | None = None
    threads: int = 2


def detect(torch: str = "") -> Device:
    """This machine's device: asks NVIDIA's library if nvidia-ml-py is installed; else leaves it open.

    With a GPU two threads are enough, kohya_ss' default. Without one, every core counts.

    Args:
        torch: version of the trainer's torch; one that ends in ``+cpu`` sees no GPU.
    """
    gpu = False if torch.endswith("+cpu") else _nvidia_gpu()
    return Device(gpu, 2 if gpu else max(1, os.cpu_count() or 1))


def _nvidia_gpu() -> bool | None:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        try:
            return bool(pynvml.nvmlDeviceGetCount())
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return None  # no NVIDIA driver; another maker's GPU may still be there
