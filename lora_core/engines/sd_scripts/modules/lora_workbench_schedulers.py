"""Learning rates that fall and start anew: cosine and REX with warm restarts.

The trainer loads this file by name (``lr_scheduler_type="lora_workbench_schedulers.…"``), so it needs torch
and nothing else. What the arguments mean is as in LoRA Easy Training Scripts, so that its settings can be
taken over:

* A cycle begins with ``warmup_steps`` from ``min_lr`` up to its top, then falls to ``min_lr``.
* The top of cycle number c is ``learning rate * gamma ** c``, for each parameter group by itself.
* Without its warm-up, each cycle is ``cycle_multiplier`` times as long as the one before.
* A group whose own rate is not above ``min_lr`` falls to 0 instead.

REX is from "REX: Revisiting Budgeted Training with an Improved Schedule" (Chen et al., 2021), there with
d = 0.5.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

_KEPT = ("last_epoch", "base_lrs", "_step_count", "_last_lr")


def _processes() -> int:
    """How often the scheduler is stepped for one step of training: accelerate does it for each process."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_world_size()
    return 1


class _WarmRestarts(LRScheduler, ABC):
    """What both have in common: cycles, warm-up and the top of each cycle."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        gamma: float = 1.0,
        cycle_multiplier: float = 1.0,
        first_cycle_max_steps: int = 1,
        min_lr: float = 1e-6,
        warmup_steps: int = 0,
        last_epoch: int = -1,
    ) -> None:
        """Args are described above.

        Raises:
            ValueError: the warm-up is not shorter than a cycle, or a value is out of its bounds.
        """
        if not 0 <= warmup_steps < first_cycle_max_steps:
            raise ValueError(
                f"warmup_steps must be from 0 to below first_cycle_max_steps ({first_cycle_max_steps}), "
                f"not {warmup_steps}"
            )
        if gamma <= 0 or cycle_multiplier <= 0 or min_lr < 0:
            raise ValueError("gamma and cycle_multiplier must be above 0, and min_lr not below 0")
        self.gamma, self.cycle_multiplier, self.min_lr = gamma, cycle_multiplier, min_lr
        self.warmup_steps, self.first_cycle_max_steps = warmup_steps, first_cycle_max_steps
        self._processes = _processes()
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """The rate of each group for the present step."""
        cycle, step, length = self._place(self.last_epoch / self._processes)
        return [self._rate(float(base), cycle, step, length) for base in self.base_lrs]

    def state_dict(self) -> dict[str, Any]:
        """How far it has come. Its settings are not kept: a resumed training brings its own."""
        return {name: self.__dict__[name] for name in _KEPT}

    def _place(self, step: float) -> tuple[int, float, int]:
        """The cycle that a step falls into, its place in it, and the cycle's length, in steps."""
        cycle, length = 0, self.first_cycle_max_steps
        while step >= length:
            step -= length
            cycle += 1
            falling = round((length - self.warmup_steps) * self.cycle_multiplier)
            length = max(1, falling) + self.warmup_steps
        return cycle, step, length

    def _rate(self, base: float, cycle: int, step: float, length: int) -> float:
        low = self.min_lr if self.min_lr < base else 0.0
        top = base * self.gamma**cycle
        if top <= low:
            return low
        if step < self.warmup_steps:
            return low + (top - low) * step / self.warmup_steps
        progress = (step - self.warmup_steps) / (length - self.warmup_steps)
        return low + (top - low) * self.shape(progress)

    @abstractmethod
    def shape(self, progress: float) -> float:
        """The curve of a cycle: 1 at progress 0, falling to 0 at progress 1."""


class CosineAnnealingWarmRestarts(_WarmRestarts):
    """Falls along half a cosine: ``(1 + cos(pi * p)) / 2``."""

    def shape(self, progress: float) -> float:
        return (1 + math.cos(math.pi * progress)) / 2


class RexAnnealingWarmRestarts(_WarmRestarts):
    """Stays high for long, then falls quickly: ``(1 - p) / ((1 - d) + d * (1 - p))``."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        gamma: float = 1.0,
        cycle_multiplier: float = 1.0,
        first_cycle_max_steps: int = 1,
        min_lr: float = 1e-6,
        warmup_steps: int = 0,
        last_epoch: int = -1,
        d: float = 0.9,
    ) -> None:
        """Args are those of the base, and ``d``: 0 falls in a straight line, and near 1 falls last.

        Raises:
            ValueError: ``d`` is not from 0 to below 1, or as the base raises it.
        """
        if not 0 <= d < 1:
            raise ValueError(f"d must be from 0 to below 1, not {d}")
        self.d = d
        super().__init__(
            optimizer, gamma, cycle_multiplier, first_cycle_max_steps, min_lr, warmup_steps, last_epoch
        )

    def shape(self, progress: float) -> float:
        return (1 - progress) / ((1 - self.d) + self.d * (1 - progress))
