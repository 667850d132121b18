"""How far the trainer comes with option files: ``PYTHON early_checks.py CHECKOUT JOBS``.

Runs in the trainer's interpreter. ``JOBS`` is a JSON file: a list of ``[script, train.toml]``. For each, the
script's own parser reads the file, and its own ``train`` runs up to the schedule: data sets, checks, network,
optimizer. Only what needs a model file or a GPU is left out: models are the trainer's own classes without
memory for their weights. Prints a JSON list, an entry for each job: ``error`` (empty if there was none), the
arguments as ``parsed``, those that the trainer changed as ``changed``, the number of weights that learn as
``learning``, the data sets as ``data``; ``cut`` says that a network needed weights to be made, and so the
attempt ended there.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import logging
import math
import sys
import types
from pathlib import Path
from typing import Any

import find_layers

TEXTS = {
    "sdxl_train_network": 2,
    "sd3_train_network": 3,
    "flux_train_network": 2,
    "hunyuan_image_train_network": 2,
}
"""Script -> how many text parts its models have, where it is not one; all are of the kind CLIP here."""


class Reached(Exception):
    """All checks that are made here have passed."""


@functools.cache
def text_part(number: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    small = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 1}
    return CLIPTextModel(CLIPTextConfig(**small))


@functools.cache
def picture_part(script: str, second: bool) -> Any:
    """A model of the trainer's own class, with two blocks where their number can be chosen."""
    if script == "train_network":
        from library import model_util
        from library.original_unet import UNet2DConditionModel

        return UNet2DConditionModel(**model_util.create_unet_diffusers_config(second, False))
    if script == "sdxl_train_network":
        from library.sdxl_original_unet import SdxlUNet2DConditionModel

        return SdxlUNet2DConditionModel()
    if script == "anima_train_network":
        from library.anima_models import Anima

        size = {"model_channels": 2048, "num_blocks": 2, "num_heads": 16, "use_llm_adapter": True}
        return Anima(240, 240, 128, 16, 16, 2, 1, pos_emb_cls="rope3d", use_adaln_lora=True, **size)
    model = getattr(find_layers, script.removesuffix("_train_network"))()
    if script == "hunyuan_image_train_network":
        model.double_blocks, model.single_blocks = model.double_blocks[:2], model.single_blocks[:2]
    return model


def restore(model: Any) -> None:
    """Take away what the network of the attempt before has done to a model."""
    if not hasattr(model, "parameters_at_first"):
        model.parameters_at_first = [(one, dict(one._parameters)) for one in model.modules()]
    for layer, parameters in model.parameters_at_first:
        layer._parameters = dict(parameters)
        for name in ("forward", "weight", "bias"):
            layer.__dict__.pop(name, None)


class Accelerator(types.SimpleNamespace):
    """What the trainer asks of it before it makes the schedule."""

    is_main_process = is_local_main_process = True
    num_processes = 1

    def print(self, *words: Any) -> None:
        """Nothing: these lines are for people."""

    def wait_for_everyone(self) -> None:
        """There is one process."""


class Vae(types.SimpleNamespace):
    """What the trainer asks of the part that makes pictures."""

    def to(self, *given: Any, **more: Any) -> Vae:
        """It has no weights to move."""
        return self

    requires_grad_ = eval = to


def made(train_util: Any, real: Any, args: Any, groups: Any) -> Any:
    """The optimizer as the trainer makes it, for weights of four numbers in place of each group's."""
    import torch

    groups = list(groups)
    rates = [group for group in groups if isinstance(group, dict)]
    weights = [one for group in rates for one in group["params"]] if rates else groups
    args.learning_weights = len(weights)
    with torch.device("cpu"):
        small = [
            {**group, "params": [torch.nn.Parameter(torch.ones(2, 2))]} for group in rates if group["params"]
        ]
        return real(args, small or [torch.nn.Parameter(torch.ones(2, 2))])


def until_schedule(real: Any, args: Any, optimizer: Any, processes: int) -> Any:
    """Makes the schedule, takes a step with it, and ends the attempt."""
    schedule = real(args, optimizer, processes)
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = weight.detach() / 10
    optimizer.step()
    schedule.step()
    raise Reached


def prepare(train_util: Any) -> None:
    """Put what stands in for models and the accelerator into the trainer's modules, once."""
    import torch

    train_util.prepare_accelerator = lambda args: Accelerator(device="cpu")
    train_util.DatasetGroup.new_cache_latents = lambda *given, **more: None
    train_util.get_optimizer = functools.partial(made, train_util, train_util.get_optimizer)
    train_util.get_scheduler_fix = functools.partial(until_schedule, train_util.get_scheduler_fix)
    real = torch.Tensor.cpu
    torch.Tensor.cpu = lambda one: (
        one if one.is_meta else real(one)
    )  # DoRA measures weights, and here are none


def data_set(one: Any) -> dict[str, Any]:
    """What the trainer has made of a ``[[datasets]]`` table."""
    inner = getattr(one, "dreambooth_dataset_delegate", one)  # data sets with masks hold another one
    return {**simple(one), "subsets": [simple(folder) for folder in inner.subsets]}


def simple(thing: Any) -> dict[str, Any]:
    """Its attributes that are plain values."""
    plain = (bool, int, float, str, type(None))
    return {name: value for name, value in vars(thing).items() if isinstance(value, plain)}


def trainer_class(module: Any) -> Any:
    """The script's own class of trainer, without what loads models and vocabularies."""
    (kind,) = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__ and one.__name__.endswith("Trainer")
    ]
    script = module.__name__

    class Modelless(kind):  # type: ignore[misc, valid-type]
        def assert_extra_args(self, args: Any, training: Any, validation: Any) -> None:
            args.seen_data = [data_set(one) for one in training.datasets]
            super().assert_extra_args(args, training, validation)

        def get_tokenize_strategy(self, args: Any) -> Any:
            return object()

        def get_tokenizers(self, strategy: Any) -> Any:
            return []

        def get_text_encoding_strategy(self, args: Any) -> Any:
            return object()

        def cache_text_encoder_outputs_if_needed(self, *given: Any) -> None:
            """Nothing to cache."""

        def load_target_model(self, args: Any, weight_dtype: Any, accelerator: Any) -> Any:
            self.is_swapping_blocks, self.is_schnell = bool(getattr(args, "blocks_to_swap", None)), False
            picture = picture_part(script, args.v2)
            texts = [text_part(one) for one in range(TEXTS.get(script, 1))]
            for model in (picture, *texts):
                restore(model)
            return "", texts, Vae(dtype=weight_dtype), picture

    return Modelless


def attempt(script: str, file: str) -> dict[str, Any]:
    import torch
    from library import strategy_base, train_util

    for name in "TokenizeStrategy LatentsCachingStrategy TextEncodingStrategy".split():
        getattr(strategy_base, name)._strategy = None
    strategy_base.TextEncoderOutputsCachingStrategy._strategy = None
    module = importlib.import_module(script)
    found: dict[str, Any] = {
        "error": "",
        "parsed": {},
        "changed": {},
        "learning": 0,
        "cut": False,
        "data": [],
    }
    sys.argv = [script, "--config_file", file]
    args = None
    try:
        parser = module.setup_parser()
        args = parser.parse_args()
        train_util.verify_command_line_training_args(args)
        args = train_util.read_config_from_file(args, parser)
        found["parsed"] = dict(vars(args))
        found["error"] = "; ".join(unlike(parser, args))
        with torch.device("meta"):
            trainer_class(module)().train(args)
        found["error"] = found["error"] or "the training ended early"
    except Reached:
        pass
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, the test wants to know it
        # a network that reckons with weights while it is made
        found["cut"] = any(words in str(error) for words in ("meta tensor", "device type meta"))
        found["error"] = "" if found["cut"] else f"{type(error).__name__}: {error}"
    if args is not None:
        now = dict(vars(args))
        found["learning"] = now.pop("learning_weights", 0)
        found["data"] = now.pop("seen_data", [])
        found["changed"] = {k: v for k, v in now.items() if k in found["parsed"] and found["parsed"][k] != v}
    return found


def unlike(parser: Any, args: Any) -> list[str]:
    """Values that the parser would not have taken on a command line: it checks none of a file's."""
    wrong = []
    for action in parser._actions:
        value = getattr(args, action.dest, None)
        for one in value if isinstance(value, list) else [value]:
            if action.choices and one is not None and one not in action.choices:
                wrong.append(f"{action.dest}={one!r} is none of {list(action.choices)}")
    return wrong


def plain(value: Any) -> Any:
    """For JSON: what it has no word for becomes text."""
    return None if isinstance(value, float) and math.isnan(value) else str(value)


def main(checkout: str, jobs: str) -> None:
    sys.path[0] = checkout
    with contextlib.redirect_stdout(sys.stderr):
        from library import train_util

        prepare(train_util)
        logging.disable(logging.WARNING)
        found = [attempt(*job) for job in json.loads(Path(jobs).read_text("utf-8"))]
    print(json.dumps(found, default=plain))


if __name__ == "__main__":
    main(*sys.argv[1:])
