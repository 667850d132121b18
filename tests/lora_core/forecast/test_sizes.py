from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lora_core.forecast import architecture, sizes
from lora_core.forecast.estimate import Reader
from lora_core.forecast.layers import Layer
from lora_core.options import TrainingOptions

Make = Callable[..., TrainingOptions]


def count(options: TrainingOptions) -> sizes.NetworkSize:
    return sizes.network_size(Reader(options), architecture.of_family(options["family"])[0])


def bytes_of(options: TrainingOptions) -> Any:
    return sizes.lora_size(Reader(options), architecture.of_family(options["family"]))


@pytest.mark.parametrize(
    ("family", "values", "numbers"),
    [
        # rank 16: counted in the trainer's own network (see tests/real_trainer/test_layers.py)
        ("sd15", {}, 9_437_184 + 264),
        ("sd15", {"network_train_unet_only": True}, 6_782_976 + 192),
        ("sd15", {"network_train_text_encoder_only": True}, 2_654_208 + 72),
        ("sdxl", {}, 57_008_128 + 986),
        ("flux", {}, 76_578_816 + 304),
        # LyCORIS 3.4.0, rank 16 and convolutions of rank 8, counted in its network
        ("sd15", {"network_type": "diag_oft", "conv_dim": 8}, 6_053_226),
    ],
)
def test_numbers_in_the_file(options: Make, family: str, values: dict[str, Any], numbers: int) -> None:
    assert count(options(family, network_dim=16, **values)).stored == numbers


def test_rank_and_precision_scale_the_file(options: Make) -> None:
    half = bytes_of(options(network_dim=16, save_precision="fp16"))
    assert 18.8e6 < half.value < 19.1e6
    assert bytes_of(options(network_dim=16, save_precision="float")).value == pytest.approx(
        2 * half.value, rel=0.01
    )
    assert bytes_of(options(network_dim=32)).value == pytest.approx(2 * half.value, rel=0.01)
    assert half.low <= half.value <= half.high < half.value * 1.01


def test_without_a_precision_it_is_saved_as_trained(options: Make) -> None:
    plain = bytes_of(options(save_precision=None)).value
    assert bytes_of(options(save_precision=None, full_fp16=True)).value == pytest.approx(plain / 2, rel=0.01)


def test_locon_adds_convolutions(options: Make) -> None:
    locon = count(options(network_type="locon", network_dim=16, conv_dim=8))
    assert locon.modules == 350
    assert locon.stored > count(options(network_dim=16)).stored
    assert locon.doubt == ""


def test_loha_is_twice_lora_and_lora_fa_learns_half(options: Make) -> None:
    values = {"network_dim": 16, "lycoris_preset": "attn-mlp"}
    lora = count(options(network_dim=16))
    assert count(options(network_type="loha", **values)).trained == 2 * lora.trained
    frozen = count(options(network_type="lora_fa", network_dim=16))
    assert frozen.stored == lora.stored
    assert frozen.trained < lora.trained


def test_lokr_shrinks_with_its_factor(options: Make) -> None:
    values = {"network_type": "lokr", "network_dim": 16}
    small = count(options(**values, lokr_factor=8)).stored
    assert small < count(options(**values, lokr_factor=2)).stored < count(options(network_dim=16)).stored * 2


@pytest.mark.parametrize(
    ("number", "factor", "sides"), [(128, -1, (8, 16)), (512, 4, (4, 128)), (127, 8, (1, 127))]
)
def test_split_as_lycoris_does(number: int, factor: int, sides: tuple[int, int]) -> None:
    assert sizes.split(number, factor) == sides


@pytest.mark.parametrize(
    ("kind", "values", "linear", "convolution"),
    [
        # numbers of one layer's module of lycoris-lora 3.4.0 at rank 16: 320 -> 2560, and 640 -> 320 of 3 x 3
        ("loha", {}, 92_161, 194_561),
        ("lokr", {"lokr_factor": 8}, 5_825, 12_225),
        ("lokr", {}, 1_985, 6_081),
        ("lokr", {"lokr_factor": 8, "full_matrix": True}, 12_865, 28_865),
        ("lokr", {"decompose_both": True, "unbalanced_factorization": True}, 2_241, 5_009),
        ("lokr", {"lokr_factor": 8, "use_tucker": True}, 5_825, 4_289),
        ("lokr", {"lokr_factor": 8, "lycoris_dora": True}, 8_385, 12_545),
        ("lokr", {"lokr_factor": 8, "lycoris_dora": True, "wd_on_output": False}, 6_145, 12_865),
        ("loha", {"use_tucker": True}, 92_161, 35_329),
        ("loha", {"lycoris_dora": True}, 94_721, 194_881),
        ("dora", {"use_tucker": True}, 48_641, 17_985),
        ("boft", {}, 230_401, 19_201),
        ("dora", {}, 48_641, 97_601),
        ("full", {}, 821_760, 1_843_520),
    ],
)
def test_lycoris_layers(
    options: Make, kind: str, values: dict[str, Any], linear: int, convolution: int
) -> None:
    chosen = options(network_type=kind, network_dim=16, conv_dim=16, network_train_unet_only=True, **values)

    def stored(layer: Layer) -> int:
        one = replace(
            architecture.of_family("sd15")[0], layers=(layer,), convolutions=(), more_for_lycoris=()
        )
        return sizes.network_size(Reader(chosen), one).stored

    assert stored(Layer(320, 2560)) == linear
    assert stored(Layer(640, 320, kernel=3)) == convolution


def test_ia3_is_tiny(options: Make) -> None:
    assert bytes_of(options(network_type="ia3")).high < 1e6


def test_picked_layers_make_it_uncertain(options: Make) -> None:
    sure = bytes_of(options("flux"))
    picked = bytes_of(options("flux", train_blocks="double"))
    assert picked.low < sure.low / 5
    assert "not counted" in picked.how


def test_versions_of_a_family_widen_the_bounds(options: Make) -> None:
    found = bytes_of(options("sd3"))
    assert found.low < found.value * 0.95
    assert found.high > found.value * 1.5


def test_a_rank_taken_from_a_file_gives_that_files_size(options: Make, tmp_path: Any) -> None:
    earlier = tmp_path / "earlier.safetensors"
    earlier.write_bytes(b"x" * 5000)
    found = bytes_of(options(network_weights=str(earlier), dim_from_weights=True))
    assert found.value == 5000


def test_the_practice_lora(options: Make) -> None:
    """A file that the practice engine wrote at rank 8 in fp16 has 729,496 bytes."""
    read = Reader(options(network_dim=8, save_precision="fp16"))
    found = sizes.lora_size(read, architecture.find("sd15", "", None, "practice"))
    assert found.value == pytest.approx(729_496, rel=0.01)
