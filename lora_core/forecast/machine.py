"""The graphics card of this machine, as far as a forecast wants to know it."""

from __future__ import annotations

import functools

from lora_core.forecast.fit import Gpu


@functools.cache
def gpu() -> Gpu | None:
    """The first NVIDIA card; None without one. Asked once: cards do not come and go while a program runs."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        if not pynvml.nvmlDeviceGetCount():
            return None
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        name = pynvml.nvmlDeviceGetName(handle)
        total = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
        return Gpu(name if isinstance(name, str) else name.decode(), total)
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()
