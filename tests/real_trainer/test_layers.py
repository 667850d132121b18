"""The forecast's layer lists against the networks that the trainer itself makes, on models without weights."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.forecast import architecture, layers

pytestmark = pytest.mark.real_trainer
HERE = Path(__file__).parent

COUNT = """
import json, sys
sys.path[0] = {checkout!r}
import torch
from transformers import CLIPTextConfig, CLIPTextModel

def clip(width, depth):
    return CLIPTextModel._from_config(CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=depth, num_attention_heads=width // 64))

def counted(loras):
    found = {{}}
    for lora in loras:
        layer = lora.org_module
        linear = layer.__class__.__name__ == "Linear"
        shape = (layer.in_features, layer.out_features, 1) if linear else (
            layer.in_channels, layer.out_channels, layer.kernel_size[0])
        found[str(shape)] = found.get(str(shape), 0) + 1
    return found

with torch.device("meta"):
{make}
weights = sum(p.numel() for p in model.parameters())
network = Network(texts, model, 1.0, 16, 8, **more)
print(json.dumps([weights, counted(network.unet_loras), counted(network.text_encoder_loras)]))
"""

UNET = """
    from library import model_util
    from library.original_unet import UNet2DConditionModel
    from networks.lora import LoRANetwork as Network
    model = UNet2DConditionModel(**model_util.create_unet_diffusers_config({v2}, False))
    texts, more = {texts}, dict(conv_lora_dim=8, conv_alpha=4)
"""
MAKERS = {
    "sd15": UNET.format(v2=False, texts="[clip(768, 12)]"),
    "sd2": UNET.format(v2=True, texts="[clip(1024, 23)]"),
    "sdxl": """
    from library.sdxl_original_unet import SdxlUNet2DConditionModel
    from networks.lora import LoRANetwork as Network
    model, texts = SdxlUNet2DConditionModel(), [clip(768, 12), clip(1280, 32)]
    more = dict(conv_lora_dim=8, conv_alpha=4, is_sdxl=True)
""",
    "sd3": """
    from library import sd3_models
    from networks.lora_sd3 import LoRANetwork as Network
    model = sd3_models.create_sd3_mmdit(sd3_models.SD3Params(
        patch_size=2, depth=24, num_patches=36864, pos_embed_max_size=192, adm_in_channels=2048, qk_norm="rms",
        x_block_self_attn_layers=list(range(13)), context_embedder_in_features=4096,
        context_embedder_out_features=1536, model_type="3-5-medium"))
    texts, more = [clip(768, 12), clip(1280, 32)], {}
""",
    "flux": """
    from library import flux_models
    from networks.lora_flux import LoRANetwork as Network
    model, texts, more = flux_models.Flux(flux_models.configs["dev"].params), [clip(768, 12), None], {}
""",
    "lumina": """
    from library import lumina_models
    from networks.lora_lumina import LoRANetwork as Network
    from transformers import Gemma2Config, Gemma2Model
    model = lumina_models.NextDiT_2B_GQA_patch2_Adaln_Refiner()
    texts, more = [Gemma2Model._from_config(Gemma2Config())], {}
""",
    "hunyuan_image": """
    from library import hunyuan_image_models
    from networks.lora_hunyuan_image import HunyuanImageLoRANetwork as Network
    model = hunyuan_image_models.create_model("torch", False, torch.bfloat16)
    texts, more = [None, None], {}
""",
}


def trainers_own(engine: SdScriptsEngine, family: str) -> list[Any]:
    code = COUNT.format(checkout=str(engine.installation.checkout), make=MAKERS[family])
    environment = {**os.environ, "PYTHONPATH": engine.extra_path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(engine.installation.python), "-c", code],
        cwd=engine.installation.checkout,
        env=environment,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    found: list[Any] = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    return found


def counted(found: layers.Layers) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in found:
        counts[str((one.inputs, one.outputs, one.kernel))] += one.count
    return {shape: number for shape, number in counts.items() if number}


@pytest.fixture(scope="module")
def made(
    engine: SdScriptsEngine, ahead: Callable[..., dict[str, Future[list[Any]]]]
) -> dict[str, Future[list[Any]]]:
    """Family -> the trainer's own counts, once its network is made."""
    return ahead("family", lambda family: trainers_own(engine, family))


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("family", MAKERS)
def test_layers_are_the_trainers(made: dict[str, Future[list[Any]]], family: str) -> None:
    weights, picture, text = made[family].result()
    one = architecture.of_family(family)[0]
    assert counted(one.layers + one.convolutions) == picture
    assert counted(tuple(layer for t in one.texts if not t.only_if for layer in t.layers)) == text
    assert one.weights == weights
