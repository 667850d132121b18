"""A trainer that behaves and logs its loss and learning rates for TensorBoard at every step.

    python scalars.py OUTPUT_DIR NAME STEPS SECONDS_PER_STEP [STEPS_AT_ONCE]

The first steps, as many as STEPS_AT_ONCE says, take no time.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import good
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def scalars(step: int, total: int) -> Event:
    values = {
        "loss/current": 0.1 + 0.3 * math.exp(-step / 50) + 0.05 * math.sin(step * step),
        "loss/average": 0.1 + 0.3 * math.exp(-step / 50),
        "lr/textencoder": 5e-5 * (1 - step / total),
        "lr/unet": 1e-4 * (1 - step / total),
    }
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
    return Event(wall_time=time.time(), step=step, summary=summary)


def main() -> None:
    folder, name, total, pause = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    at_once = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    writer = EventFileWriter(str(folder.parent / "logs" / "network_train"))
    good.begin(total)
    good.bar(0, total)
    for step in range(1, total + 1):
        writer.add_event(scalars(step, total))
        if step >= at_once:
            good.bar(step, total)
            writer.flush()
            time.sleep(pause)
    writer.close()
    good.say("")
    good.finish(folder, name)


if __name__ == "__main__":
    main()
