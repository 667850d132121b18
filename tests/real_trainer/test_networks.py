"""Each kind of network is what it says: two steps by the real trainer, and a look into the file."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from lora_core import runs
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.events import State
from lora_core.options import TrainingOptions, networks, toml_io
from lora_core.options.networks import NETWORKS, kinds

pytestmark = pytest.mark.real_trainer

Tensors = Callable[[Path], dict[str, Any]]

SETTINGS: dict[str, dict[str, Any]] = {
    "lora": {"loraplus_lr_ratio": 4.0, "down_lr_weight": "0,0,0,1,1,1,1,1,1,1,1,1", "rank_dropout": 0.1},
    "locon": {"conv_dim": 2, "conv_alpha": 1.0},
    "dylora": {"dylora_unit": 2},
    "oft": {"network_alpha": 0.001, "enable_conv": True},
    "loha": {"conv_dim": 2, "use_tucker": True},
    "lokr": {"lokr_factor": 4, "decompose_both": True},
    "dora": {"lycoris_preset": "attn-mlp", "wd_on_output": False},
    "glora": {"lycoris_preset": "attn-mlp"},
    "boft": {"lycoris_preset": "attn-mlp", "rescaled": True},
    "diag_oft": {"constraint": 0.5, "lycoris_preset": "attn-only"},
    "full": {"lycoris_preset": "unet-transformer-only"},
}
"""Settings of the kind, so that its arguments are tried too."""
LEAVES: dict[str, set[str]] = {
    "lora": {"lora_down.weight", "lora_up.weight"},
    "locon": {"lora_down.weight", "lora_up.weight"},
    "dylora": {"lora_down.weight", "lora_up.weight"},
    "lora_fa": {"lora_down.weight", "lora_up.weight"},
    "oft": {"oft_blocks"},
    "loha": {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"},
    "lokr": {"lokr_w1", "lokr_w2_a", "lokr_w2_b"},
    "dora": {"lora_down.weight", "lora_up.weight", "dora_scale"},
    "glora": {"a1.weight", "a2.weight", "b1.weight", "b2.weight"},
    "boft": {"oft_blocks", "rescale"},
    "diag_oft": {"oft_blocks"},
    "ia3": {"weight", "on_input"},
    "full": {"diff"},
}
"""Kind -> ends of names that a file of this kind has."""


def options(kind: str, model: Path, pictures: Path) -> TrainingOptions:
    return TrainingOptions(
        **{
            "network_type": kind,
            "pretrained_model_name_or_path": str(model),
            "image_dir": str(pictures),
            "output_name": kind,
            "network_dim": 4,
            "network_alpha": 2.0,
            "unet_lr": 1e-2,
            "text_encoder_lr": 1e-2,
            "lr_scheduler": "constant",
            "lr_warmup_steps": 0,
            "max_train_epochs": None,
            "max_train_steps": 2,
            "save_every_n_steps": 1,
            "save_every_n_epochs": None,
            "save_precision": "float",
            "num_repeats": 1,
            "train_batch_size": 1,
            "resolution": 64,
            "min_bucket_reso": 64,
            "mixed_precision": "no",
            "max_data_loader_n_workers": 0,
            "persistent_data_loader_workers": False,
            **SETTINGS.get(kind, {}),
        }
    )


def train(engine: SdScriptsEngine, chosen: TrainingOptions, folder: Path) -> Path:
    run = runs.create(
        folder / "runs",
        lambda at: engine.plan(chosen, at),
        name=chosen["output_name"],
        options_toml=toml_io.dumps(chosen),
        versions=engine.versions(),
    )
    run.start()
    assert run.wait(300) is State.FINISHED, run.log_tail(60)
    return run.plan.final_file


def leaf(name: str) -> str:
    return name.partition(".")[2]


def metadata(file: Path) -> dict[str, str]:
    data = file.read_bytes()
    found: dict[str, str] = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]
    return found


@pytest.fixture(scope="module")
def trained(
    engine: SdScriptsEngine,
    tiny_model: Path,
    pictures: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ahead: Callable[..., dict[str, Future[Path]]],
) -> dict[str, Future[Path]]:
    """Kind -> its LoRA file, once it is trained."""
    folder = tmp_path_factory.mktemp("kinds")
    return ahead("kind", lambda kind: train(engine, options(kind, tiny_model, pictures), folder / kind))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", kinds("sd15"))
def test_file_is_of_that_kind(trained: dict[str, Future[Path]], tensors: Tensors, kind: str) -> None:
    final = trained[kind].result()
    found = tensors(final)
    leaves = {leaf(name) for name in found}
    assert LEAVES[kind] <= leaves
    others = {one for group in LEAVES.values() for one in group} - LEAVES[kind]
    assert not leaves & others
    told = metadata(final)
    arguments = json.loads(told.get("ss_network_args", "{}"))
    assert NETWORKS[kind].fixed.items() <= arguments.items()
    assert any(name.startswith(("lora_te", "oft_te")) for name in found) == (kind not in ("oft", "full"))
    SPECIAL.get(kind, lambda *_: None)(found, tensors(final.with_name(f"{kind}-step00000001.safetensors")))
    first = tensors(final.with_name(f"{kind}-step00000001.safetensors"))
    assert any(found[name][2] != first[name][2] for name in found), "the second step taught nothing"


def convolutions(found: dict[str, Any]) -> list[str]:
    return [name for name, (_, shape, _) in found.items() if len(shape) == 4 and shape[-1] == 3]


def _plain(found: dict[str, Any], first: dict[str, Any]) -> None:
    assert not convolutions(found)
    assert changed(found, first, "lora_down.weight")
    assert not any("down_blocks_0" in name for name in found), "a block of weight 0 is left out"


def _locon(found: dict[str, Any], first: dict[str, Any]) -> None:
    assert convolutions(found)


def changed(found: dict[str, Any], first: dict[str, Any], end: str) -> list[str]:
    return [name for name in found if name.endswith(end) and found[name][2] != first[name][2]]


def _frozen_half(found: dict[str, Any], first: dict[str, Any]) -> None:
    """LoRA-FA never changes the first matrix."""
    assert changed(found, first, "lora_up.weight")
    assert not changed(found, first, "lora_down.weight")


def _few_ranks(found: dict[str, Any], first: dict[str, Any]) -> None:
    """In one step DyLoRA changes one unit of ranks, and leaves the rest at its zero start."""
    import numpy as np

    for name, (_, shape, data) in first.items():
        if name.endswith("lora_up.weight"):
            matrix = np.frombuffer(data, np.float32).reshape(shape[0], -1)
            assert np.count_nonzero(np.any(matrix != 0, axis=0)) <= 2, name


def _butterfly(found: dict[str, Any], first: dict[str, Any]) -> None:
    assert {len(shape) for name, (_, shape, _) in found.items() if name.endswith("oft_blocks")} == {4}


def _diagonal(found: dict[str, Any], first: dict[str, Any]) -> None:
    assert {len(shape) for name, (_, shape, _) in found.items() if name.endswith("oft_blocks")} == {3}


def _tucker(found: dict[str, Any], first: dict[str, Any]) -> None:
    assert any(leaf(name) == "hada_t1" for name in found)


SPECIAL: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "lora": _plain,
    "locon": _locon,
    "lora_fa": _frozen_half,
    "dylora": _few_ranks,
    "loha": _tucker,
    "boft": _butterfly,
    "diag_oft": _diagonal,
}
"""What tells a kind from others whose names are alike."""


def offered(family: str) -> list[str]:
    """Kinds that a newer family may be trained as, beside the plain ones."""
    return [kind for kind in ("loha", "lokr", "oft") if kind in kinds(family)]


def find_layers(engine: SdScriptsEngine, family: str) -> list[dict[str, int]]:
    """How many modules of which class each offered kind makes. Models have no memory for their weights."""
    asked = [
        json.dumps([networks.module(kind, family), dict(NETWORKS[kind].fixed)]) for kind in offered(family)
    ]
    script, checkout = Path(__file__).with_name("find_layers.py"), engine.installation.checkout
    done = subprocess.run(
        [str(engine.installation.python), str(script), str(checkout), family, *asked],
        env={**os.environ, "PYTHONPATH": engine.extra_path},
        capture_output=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    counts: list[dict[str, int]] = json.loads(done.stdout.splitlines()[-1])
    return counts


@pytest.fixture(scope="module")
def found_layers(
    engine: SdScriptsEngine, ahead: Callable[..., dict[str, Future[list[dict[str, int]]]]]
) -> dict[str, Future[list[dict[str, int]]]]:
    """Family -> what `find_layers` says."""
    return ahead("family", lambda family: find_layers(engine, family))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("family", ["sd3", "flux", "lumina", "hunyuan_image"])
def test_other_kinds_find_layers_in_newer_families(
    found_layers: dict[str, Future[list[dict[str, int]]]], family: str
) -> None:
    """A kind that finds no layers would train nothing."""
    classes = {"loha": "LohaModule", "lokr": "LokrModule", "oft": "OFTModule"}
    for kind, counts in zip(offered(family), found_layers[family].result(), strict=True):
        assert set(counts) == {classes[kind]}
        assert counts[classes[kind]] >= 8
