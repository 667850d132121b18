"""What a training will take, before it starts: steps, time, memory, disk, file size and cost.

Every figure is an `Estimate` with its bounds and how it was reckoned.
"""

from lora_core.forecast.estimate import Estimate, Part
from lora_core.forecast.fit import Fit, Gpu, Remedy, Verdict
from lora_core.forecast.memory import Memory
from lora_core.forecast.past import Past, read_past
from lora_core.forecast.pictures import Bucket, Placed, buckets_picture, place
from lora_core.forecast.reckon import Forecast, forecast

__all__ = [
    "Bucket",
    "Estimate",
    "Fit",
    "Forecast",
    "Gpu",
    "Memory",
    "Part",
    "Past",
    "Placed",
    "Remedy",
    "Verdict",
    "buckets_picture",
    "forecast",
    "place",
    "read_past",
]
