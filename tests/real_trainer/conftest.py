"""The real trainer, where it is installed, and base models small enough to train in seconds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_data_path

from lora_core.engines.practice import base_model, ldm
from lora_core.engines.sd_scripts.device import Device
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.engines.sd_scripts.installation import COMMIT
from lora_core.workspace import Workspace

HERE = Path(__file__).parent
WORDS = ["a big red circle on a blue background", "a small green square"]

NARROW: dict[str, dict[str, Any]] = {
    "unet": {**base_model.UNET, "block_out_channels": (32, 32, 32, 32), "cross_attention_dim": 32},
    "vae": {**base_model.VAE, "block_out_channels": (16, 16, 16, 16)},
    "text_encoder": {
        **base_model.TEXT_ENCODER,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "projection_dim": 32,
    },
}
"""The practice base model's shape, narrower still: these tests are about the trainer, not the pictures."""


def _candidates() -> list[SdScriptsEngine]:
    roots = [Workspace().root, user_data_path("lora-workbench", False)]
    return [SdScriptsEngine.from_workspace(Workspace(root), Device(gpu=False, threads=1)) for root in roots]


@pytest.fixture(scope="session")
def engine() -> SdScriptsEngine:
    """The installed trainer, on the CPU with one thread so that its sums come out the same each time."""
    for found in _candidates():
        if not found.installation.problems("train_network.py"):
            # torch without CUDA often has no fitting torchvision: see sitecustomize/sitecustomize.py
            support = os.pathsep.join(
                part for part in (str(HERE / "sitecustomize"), found.extra_path) if part
            )
            return SdScriptsEngine(found.installation, found.tokenizers, found.device, support)
    where = " or ".join(str(one.installation.checkout) for one in _candidates())
    pytest.skip(f"sd-scripts at commit {COMMIT[:12]} with its environment is not installed in {where}")


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion 1.x model with random weights, in the folder layout of diffusers."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("base")
    base_model.write_tokenizer(folder / "tokenizer", WORDS, merges=16)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    tokens = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    torch.manual_seed(7)
    UNet2DConditionModel(**NARROW["unet"]).half().save_pretrained(folder / "unet")
    AutoencoderKL(**NARROW["vae"]).half().save_pretrained(folder / "vae")
    text = CLIPTextModel(CLIPTextConfig(**NARROW["text_encoder"], **tokens))
    text.half().save_pretrained(folder / "text_encoder")
    return folder


@pytest.fixture(scope="session")
def tiny_model(base_folder: Path) -> Path:
    """That model as one file for the trainer, with its tokenizer beside it."""
    return ldm.write_ldm(base_folder, base_folder / "random.tiny.safetensors")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four captioned pictures of 64 pixels."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        Image.linear_gradient("L").resize((64, 64)).rotate(90 * number).convert("RGB").save(
            folder / f"{number}.png"
        )
        (folder / f"{number}.txt").write_text(WORDS[number % 2], "utf-8")
    return folder


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Where trainings go side by side: a short one spends its time loading torch, on one core."""
    made = ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1)))
    yield made
    made.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest, pool: ThreadPoolExecutor) -> Callable[..., dict[Any, Future[Any]]]:
    """A function that begins the work of a module's tests: ``ahead("kind", work)``.

    It calls ``work`` with each value of that parameter that is to be tested, and gives what comes of it by
    value. Each piece of work is what it would be by itself; only the waiting is shared.
    """

    def begin(parameter: str, work: Callable[[Any], Any]) -> dict[Any, Future[Any]]:
        here = [item for item in request.session.items if item.path == request.path]
        given = [item.callspec.params for item in here if hasattr(item, "callspec")]
        values = dict.fromkeys(one[parameter] for one in given if parameter in one)
        return {value: pool.submit(work, value) for value in values}

    return begin


@pytest.fixture
def tensors() -> Any:
    """A function that reads a safetensors file: name -> (dtype, shape, bytes)."""

    def read(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
        data = path.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        return {
            name: (
                entry["dtype"],
                tuple(entry["shape"]),
                data[slice(*(start + o for o in entry["data_offsets"]))],
            )
            for name, entry in header.items()
        }

    return read
