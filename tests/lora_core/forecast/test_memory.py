"""The memory model against what sd-scripts' own guides say fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lora_core.datasets.scan import DatasetScan
from lora_core.forecast import Forecast, Gpu, Verdict, forecast
from lora_core.forecast.estimate import GIB
from lora_core.options import TrainingOptions

Make = Callable[..., TrainingOptions]
Scanned = Callable[..., DatasetScan]
LEAN: dict[str, Any] = {"train_batch_size": 1, "optimizer_type": "AdamW8bit", "gradient_checkpointing": True}


@pytest.fixture
def reckoned(options: Make, scanned: Scanned) -> Callable[..., Forecast]:
    def reckon(
        family: str = "", memory: float = 24, given: TrainingOptions | None = None, **values: Any
    ) -> Forecast:
        chosen = given or options(family, **values)
        side = chosen["resolution"]
        return forecast(chosen, scanned((side, side)), gpu=Gpu("", int(memory * GIB)))

    return reckon


@pytest.mark.parametrize(
    ("gib", "family", "values"),
    [
        # docs/train_SDXL-en.md: "8GB GPU memory (10GB recommended)" with all of these
        (
            8,
            "sdxl",
            {**LEAN, "network_train_unet_only": True, "cache_text_encoder_outputs": True, "network_dim": 8},
        ),
        # docs/flux_train_network.md: the table of GPU memory, all with fp8_base
        (24, "flux", {**LEAN, "train_batch_size": 2, "fp8_base": True}),
        (12, "flux", {**LEAN, "fp8_base": True, "blocks_to_swap": 16}),
        (10, "flux", {**LEAN, "fp8_base": True, "blocks_to_swap": 22}),
        (8, "flux", {**LEAN, "fp8_base": True, "blocks_to_swap": 28}),
        # docs/hunyuan_image_train_network.md
        (40, "hunyuan_image", LEAN),
        (24, "hunyuan_image", {**LEAN, "fp8_scaled": True, "blocks_to_swap": 9}),
        (12, "hunyuan_image", {**LEAN, "fp8_scaled": True, "blocks_to_swap": 32}),
        (8, "hunyuan_image", {**LEAN, "fp8_scaled": True, "blocks_to_swap": 37}),
    ],
)
def test_what_the_guides_call_enough_is_enough(
    reckoned: Callable[..., Forecast], gib: int, family: str, values: dict[str, Any]
) -> None:
    found = reckoned(family, gib, **values)
    assert found.fit is not None
    assert found.memory is not None
    assert found.memory.estimate.value < gib * GIB, found.memory.estimate.how
    assert found.fit.verdict is not Verdict.TOO_LARGE


def test_flux_in_half_precision_does_not_fit_24_gib(reckoned: Callable[..., Forecast]) -> None:
    fit = reckoned("flux", 23.5, train_batch_size=1).fit
    assert fit is not None
    assert fit.verdict is Verdict.TOO_LARGE
    assert fit.remedies[-1].verdict is Verdict.FITS
    assert {"fp8_base": True} in [one.settings for one in fit.remedies]


def needed(found: Forecast) -> float:
    assert found.memory is not None
    return found.memory.estimate.value


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("sdxl", {"gradient_checkpointing": True}),
        ("sdxl", {"train_batch_size": 1}),
        ("sdxl", {"optimizer_type": "AdamW8bit", "network_dim": 128}),
        ("sdxl", {"fp8_base": True}),
        ("sdxl", {"cache_text_encoder_outputs": True, "network_train_unet_only": True}),
        ("sdxl", {"resolution": 768}),
        ("flux", {"blocks_to_swap": 20}),
        ("flux", {"fp8_base": True}),
        ("sd15", {"network_dim": 4, "resolution": 512}),
    ],
)
def test_each_saving_saves(reckoned: Callable[..., Forecast], family: str, values: dict[str, Any]) -> None:
    wasteful = {"train_batch_size": 2, "optimizer_type": "AdamW", "network_dim": 128}
    wasteful |= {} if family == "flux" else {"gradient_checkpointing": False}
    assert needed(reckoned(family, **{**wasteful, **values})) < needed(reckoned(family, **wasteful))


def test_without_prepared_pictures_the_vae_stays(reckoned: Callable[..., Forecast]) -> None:
    cached, not_cached = reckoned("sd15", cache_latents=True), reckoned("sd15", cache_latents=False)
    assert needed(cached) < needed(not_cached)
    assert not_cached.memory is not None
    assert "VAE" in [one.name for one in not_cached.memory.parts]


def test_remedies_come_in_order_and_end_when_it_fits(reckoned: Callable[..., Forecast]) -> None:
    values = {"gradient_checkpointing": False, "train_batch_size": 4, "optimizer_type": "AdamW"}
    fit = reckoned("sdxl", 10, **values).fit
    assert fit is not None
    assert fit.verdict is Verdict.TOO_LARGE
    assert next(iter(fit.remedies[0].settings)) == "gradient_checkpointing"
    amounts = [one.needed for one in fit.remedies]
    assert amounts == sorted(amounts, reverse=True)
    assert [one.verdict for one in fit.remedies].count(Verdict.FITS) <= 1
    assert "10.0 GB" in fit.sentence


def test_remedies_can_be_applied_as_they_are(reckoned: Callable[..., Forecast], options: Make) -> None:
    fit = reckoned("flux", 8, train_batch_size=4).fit
    assert fit is not None
    chosen = options("flux", train_batch_size=4)
    for remedy in fit.remedies:
        chosen.update(remedy.settings)
    after = reckoned(given=chosen)
    assert needed(after) == pytest.approx(fit.remedies[-1].needed)


def test_no_remedy_where_it_fits(reckoned: Callable[..., Forecast]) -> None:
    fit = reckoned("sd15", 24).fit
    assert fit is not None
    assert (fit.verdict, fit.remedies) == (Verdict.FITS, ())


def test_bounds_hold_the_value(reckoned: Callable[..., Forecast]) -> None:
    for family in ("sd15", "sd2", "sdxl", "sd3", "flux", "lumina", "hunyuan_image", "anima"):
        memory = reckoned(family).memory
        assert memory is not None
        assert memory.estimate.low < memory.estimate.value < memory.estimate.high
        assert sum(one.value for one in memory.parts) == pytest.approx(memory.estimate.value)
