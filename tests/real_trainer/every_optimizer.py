"""Step each optimizer a few times on LoRA-shaped weights, made by the trainer itself: ``PYTHON … CHECKOUT TABLE``.

Runs in the trainer's interpreter. ``TABLE`` is a JSON file, name -> ``optimizer_args`` and learning rate.
Prints JSON: what went wrong by name, what does not go on well from a saved state, what becomes of several
rates, and the classes of pytorch-optimizer.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path


def weights():
    """Two pairs of LoRA weights: of a linear layer, and of a convolution."""
    import torch

    torch.manual_seed(1)
    shapes = [((4, 16), 0.1), ((16, 4), 0.0), ((4, 8, 3, 3), 0.1), ((8, 4, 1, 1), 0.0)]
    return [torch.nn.Parameter(torch.randn(shape) * size) for shape, size in shapes]


def make(train_util, name, arguments, parts, rate, other=None):
    """The optimizer as the trainer makes it, for two parts; the second may have another rate."""
    groups = [
        {"params": parts[:2], "lr": rate},
        {"params": parts[2:], "lr": rate if other is None else other},
    ]
    args = argparse.Namespace(
        optimizer_type=name, optimizer_args=arguments, learning_rate=rate, use_8bit_adam=False,
        use_lion_optimizer=False, fused_backward_pass=False, gradient_accumulation_steps=1, max_grad_norm=1.0,
        lr_scheduler="constant", unet_lr=rate, text_encoder_lr=[rate],
    )  # fmt: skip
    return train_util.get_optimizer(args, groups)[2]


def learn(made, parts, steps):
    """Some steps, with the trainer's order of calls."""
    import torch

    down, up, down2, up2 = parts
    for _ in range(steps):
        loss = ((up.float() @ down.float() - torch.eye(16)) ** 2).mean()
        seen = torch.nn.functional.conv2d(torch.ones(1, 8, 5, 5), down2.float())
        loss = loss + (seen * up2.float()[:4] - 1).pow(2).mean()
        loss.backward()
        made.step()
        made.zero_grad(set_to_none=True)


def try_one(train_util, name, arguments, rate):
    """Why an optimizer does not work, empty if it does."""
    import torch

    parts = weights()
    made = make(train_util, name, arguments, parts, rate)
    learn(made, parts, 8)  # RAdam learns nothing in its first five
    if not all(torch.isfinite(one).all() for one in parts):
        return "weights are not finite"
    return "" if parts[1].abs().sum() > 0 and parts[3].abs().sum() > 0 else "nothing was learned"


def resume_one(train_util, name, arguments, rate):
    """Why a training with an optimizer cannot go on from a saved state as if it had never stopped."""
    import torch
    from accelerate.utils import load  # how the trainer reads a state: plain values and tensors only

    parts = weights()
    made = make(train_util, name, arguments, parts, rate)
    learn(made, parts, 6)
    others = [torch.nn.Parameter(one.detach().clone()) for one in parts]
    file = io.BytesIO()
    torch.save(made.state_dict(), file)
    file.seek(0)
    again = make(train_util, name, arguments, others, rate)
    again.load_state_dict(load(file, map_location="cpu"))
    for one, its in ((made, parts), (again, others)):
        torch.manual_seed(2)  # a state holds the state of chance too, and some round by chance
        learn(one, its, 3)
    near = [
        torch.allclose(one, other, rtol=1e-3, atol=1e-5) for one, other in zip(parts, others, strict=True)
    ]
    return "" if all(near) else "it goes on differently"


def rates_one(train_util, name, arguments, rate):
    """What another rate of the second part does: it stops (``equal``), nothing (``first``), or something."""
    import torch

    found = []
    for other in (rate, rate / 10):
        parts = weights()
        made = make(train_util, name, arguments, parts, rate, other)
        try:
            learn(made, parts, 8)
        except RuntimeError as error:
            return "equal" if "different lr values" in str(error) else str(error)
        found.append(parts)
    same = all(torch.equal(one, two) for one, two in zip(*found, strict=True))
    return "first" if same else "each"


def attempt(function, *given):
    """What a trial says, or the error that it ends with."""
    try:
        return function(*given)
    except Exception as error:  # noqa: BLE001  whatever it is, the test wants to know it
        return f"{type(error).__name__}: {error}"


def main(checkout, table):
    sys.path[0] = checkout
    import pytorch_optimizer
    import torch
    from library import train_util

    wrong, unlike, rates = {}, {}, {}
    for name, (arguments, rate) in json.loads(Path(table).read_text("utf-8")).items():
        if reason := attempt(try_one, train_util, name, arguments, rate):
            wrong[name] = reason
        elif reason := attempt(resume_one, train_util, name, arguments, rate):
            unlike[name] = reason
        if name not in wrong:
            rates[name] = attempt(rates_one, train_util, name, arguments, rate)
    kinds = [getattr(pytorch_optimizer, name) for name in dir(pytorch_optimizer)]
    classes = [
        one.__name__ for one in kinds if isinstance(one, type) and issubclass(one, torch.optim.Optimizer)
    ]
    print(json.dumps({"wrong": wrong, "unlike": unlike, "rates": rates, "classes": sorted(set(classes))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
