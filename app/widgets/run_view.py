"""What the Execution page shows of a run, gathered in the background into one plain value."""

from __future__ import annotations

import base64
import io
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from app.charts import POINTS, Series, smoothed
from lora_core.errors import WorkbenchError
from lora_core.events import SampleSaved, State
from lora_core.runs import Follower, Run

logger = logging.getLogger(__name__)

LOSS = "loss/current"
RATE = "lr/"
RATE_NAMES = {"textencoder": "text part", "unet": "picture part (U-Net)"}
"""Our words for the trainer's names; others are shown as they are."""
THUMBNAIL = 336
"""Longest side of a preview as it is sent to the page, in pixels: twice its size on screen."""
LOG_LINES = 200
GAP = 1.0
"""Seconds between two views at least: drawing more often tires the page and tells no more."""


@dataclass(frozen=True)
class Preview:
    """One preview picture, ready to be shown."""

    path: Path
    source: str
    size: tuple[int, int]
    prompt: str
    prompt_index: int
    seed: int | None
    when: str
    """Where in the training, such as ``step 20``."""


@dataclass(frozen=True)
class RunView:
    """Everything the page shows of a run at one moment."""

    id: str
    name: str
    engine: str
    folder: Path
    created: float
    ended_at: float | None
    state: State
    reason: str
    phase: str
    step: int
    total: int
    seconds_left: float | None
    loss: dict[str, Series]
    rates: dict[str, Series]
    previews: tuple[Preview, ...]
    checkpoints: tuple[Path, ...]
    final: Path | None
    log: str


class Pictures:
    """Makes small copies of previews and keeps the last few hundred."""

    def __init__(self, keep: int = 400) -> None:
        self._keep = keep
        self._made: OrderedDict[Path, tuple[str, tuple[int, int]]] = OrderedDict()

    def of(self, path: Path) -> tuple[str, tuple[int, int]] | None:
        """A data address and the picture's true size; None if the file cannot be read (yet)."""
        if path not in self._made:
            try:
                self._made[path] = small_copy(path)
            except (OSError, ValueError) as error:
                logger.info("Preview %s cannot be shown: %s", path, error)
                return None
            while len(self._made) > self._keep:
                self._made.popitem(last=False)
        self._made.move_to_end(path)
        return self._made[path]


def small_copy(path: Path) -> tuple[str, tuple[int, int]]:
    """A picture file as a ``data:`` address, scaled down if large, and its true width and height."""
    with Image.open(path) as image:
        size = image.size
        if max(size) <= THUMBNAIL and path.suffix.lower() == ".png":
            data, kind = path.read_bytes(), "png"
        else:
            copy = image.convert("RGB")
            copy.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            copy.save(buffer, "WEBP", quality=85)
            data, kind = buffer.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}", size


class Watcher:
    """Follows one run and makes a `RunView` of it. Lives in the background thread."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._follower: Follower = run.follow()
        self._pictures = Pictures()
        self._prompts = _prompts(run)
        self._stale = True
        self._next = 0.0

    def look(self) -> RunView | None:
        """The run as it is now; None if nothing changed, or if the last look was only just now."""
        if self._follower.poll():
            self._stale = True
        if not self._stale or (time.monotonic() < self._next and not self._follower.ended):
            return None
        self._stale = False
        self._next = time.monotonic() + GAP
        return self._view()

    def _view(self) -> RunView:
        follower, run = self._follower, self.run
        status = run.status() if follower.state.is_terminal else None
        return RunView(
            id=run.id,
            name=run.name,
            engine=run.engine,
            folder=run.folder,
            created=run.created,
            ended_at=status.since if status else None,
            state=follower.state,
            reason=follower.reason,
            phase=follower.phase_detail or (follower.phase.value if follower.phase else ""),
            step=follower.step,
            total=follower.total,
            seconds_left=follower.seconds_left,
            loss=self._loss(),
            rates=self._rates(),
            previews=tuple(filter(None, map(self._preview, follower.samples))),
            checkpoints=tuple(c.path for c in follower.checkpoints if c.path.exists()),
            final=_final(run),
            log="\n".join(list(follower.log)[-LOG_LINES:]),
        )

    def _loss(self) -> dict[str, Series]:
        steps, values = self._follower.scalars.get(LOSS, ([], []))
        if not steps:
            return {}
        at = np.asarray(steps, dtype=float)
        return {"each step": (at, np.asarray(values, dtype=float)), "smoothed": (at, smoothed(values))}

    def _rates(self) -> dict[str, Series]:
        return {
            _rate_name(tag): (np.asarray(steps, dtype=float), np.asarray(values, dtype=float))
            for tag, (steps, values) in self._follower.scalars.items()
            if tag.startswith(RATE)
        }

    def _preview(self, sample: SampleSaved) -> Preview | None:
        made = self._pictures.of(sample.path)
        if made is None:
            return None
        known = 0 <= sample.prompt_index < len(self._prompts)
        return Preview(
            path=sample.path,
            source=made[0],
            size=made[1],
            prompt=self._prompts[sample.prompt_index] if known else f"prompt {sample.prompt_index + 1}",
            prompt_index=sample.prompt_index,
            seed=sample.seed,
            when=_when(sample),
        )


def _rate_name(tag: str) -> str:
    name = tag.removeprefix(RATE).strip()
    return RATE_NAMES.get(name, name)


def _when(sample: SampleSaved) -> str:
    if sample.step is not None:
        return f"step {sample.step:,}" if sample.step else "before training"
    return f"epoch {sample.epoch}" if sample.epoch else "before training"


def _prompts(run: Run) -> list[str]:
    """The preview prompts of a run, without the trainer's switches behind them."""
    try:
        files = run.plan.files
    except WorkbenchError as error:
        logger.info("%s", error)
        return []
    text = next((text for name, text in files.items() if "prompt" in name and name.endswith(".txt")), "")
    lines = (line.strip() for line in text.splitlines())
    return [line.split(" --")[0].strip() for line in lines if line and not line.startswith("#")]


def _final(run: Run) -> Path | None:
    try:
        file = run.plan.final_file
    except WorkbenchError:
        return None
    return file if file.is_file() else None


__all__ = ["LOG_LINES", "POINTS", "RATE_NAMES", "Pictures", "Preview", "RunView", "Watcher", "small_copy"]
