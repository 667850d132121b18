"""Step each optimizer a few times on LoRA-shaped weights, made by the trainer itself: ``PYTHON … CHECKOUT TABLE``.

Runs in the trainer's interpreter. ``TABLE`` is a JSON file, name -> ``optimizer_args``. Prints JSON: what
went wrong by name, and the classes of pytorch-optimizer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def try_one(train_util, name, arguments):
    """Why an optimizer does not work, empty if it does."""
    import torch

    torch.manual_seed(1)
    down, up = torch.nn.Parameter(torch.randn(4, 16) * 0.1), torch.nn.Parameter(torch.zeros(16, 4))
    down2 = torch.nn.Parameter(torch.randn(4, 8, 3, 3) * 0.1)
    up2 = torch.nn.Parameter(torch.zeros(8, 4, 1, 1))
    groups = [{"params": [down, up], "lr": 1e-3}, {"params": [down2, up2], "lr": 1e-3}]
    args = argparse.Namespace(
        optimizer_type=name, optimizer_args=arguments, learning_rate=1e-3, use_8bit_adam=False,
        use_lion_optimizer=False, fused_backward_pass=False, gradient_accumulation_steps=1, max_grad_norm=1.0,
        lr_scheduler="constant", unet_lr=1e-3, text_encoder_lr=[1e-3],
    )  # fmt: skip
    made = train_util.get_optimizer(args, groups)[2]
    for _ in range(8):  # RAdam learns nothing in its first five
        loss = ((up @ down - torch.eye(16)) ** 2).mean()
        loss = loss + (torch.nn.functional.conv2d(torch.ones(1, 8, 5, 5), down2) * up2[:4] - 1).pow(2).mean()
        loss.backward()
        made.step()
        made.zero_grad(set_to_none=True)
    weights = [down, up, down2, up2]
    if not all(torch.isfinite(one).all() for one in weights):
        return "weights are not finite"
    return "" if up.abs().sum() > 0 and up2.abs().sum() > 0 else "nothing was learned"


def main(checkout, table):
    sys.path[0] = checkout
    import pytorch_optimizer
    import torch
    from library import train_util

    wrong = {}
    for name, arguments in json.loads(Path(table).read_text("utf-8")).items():
        try:
            if reason := try_one(train_util, name, arguments):
                wrong[name] = reason
        except Exception as error:  # noqa: BLE001  whatever it is, the test wants to know it
            wrong[name] = f"{type(error).__name__}: {error}"
    kinds = [getattr(pytorch_optimizer, name) for name in dir(pytorch_optimizer)]
    classes = [
        one.__name__ for one in kinds if isinstance(one, type) and issubclass(one, torch.optim.Optimizer)
    ]
    print(json.dumps({"wrong": wrong, "classes": sorted(set(classes))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
