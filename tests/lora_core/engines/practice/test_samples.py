from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lora_core.engines.practice import loading, samples
from lora_core.engines.practice.samples import Painter, Prompt
from lora_core.errors import InputError


@pytest.fixture(scope="module")
def painter(base: Path) -> Painter:
    return loading.painter(loading.open_base(base))


def test_prompt_line() -> None:
    line = "a cat, sitting --w 96 --h 64 --d 0 --s 5 --l 2.5 --n bad, ugly --ss euler"
    assert samples.parse(line) == Prompt("a cat, sitting", "bad, ugly", 96, 64, 5, 2.5, 0, "euler")


def test_prompt_sizes_are_brought_into_range() -> None:
    found = samples.parse("cat --w 70 --h 2000 --s 0")
    assert (found.width, found.height, found.steps) == (64, 256, 1)


def test_prompt_with_a_broken_number_is_refused() -> None:
    with pytest.raises(InputError, match=r"1\.2\.3"):
        samples.parse("cat --l 1.2.3")


def test_prompt_file_skips_comments(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("# a note\n\na cat --d 1\n  dog\n", encoding="utf-8")
    assert [prompt.text for prompt in samples.read_prompts(tmp_path / "p.txt")] == ["a cat", "dog"]


def test_same_seed_same_picture_and_the_global_state_is_left_alone(painter: Painter) -> None:
    state = torch.get_rng_state()
    one = np.asarray(painter.draw(Prompt("a red circle", seed=1, steps=3)))
    again = np.asarray(painter.draw(Prompt("a red circle", seed=1, steps=3)))
    other = np.asarray(painter.draw(Prompt("a red circle", seed=2, steps=3)))
    assert (one == again).all()
    assert (one != other).any()
    assert one.shape == (64, 64, 3)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("sampler", samples.SAMPLERS)
def test_every_sampler_draws(painter: Painter, sampler: str) -> None:
    assert painter.draw(Prompt("a star", seed=1, steps=2, width=96), sampler).size == (96, 64)


def test_preview_names_and_no_leftovers(painter: Painter, tmp_path: Path) -> None:
    prompts = [Prompt("a", seed=7, steps=1), Prompt("b", steps=1)]
    samples.save_previews(painter, prompts, tmp_path, "zib", step=8, epoch=None, sampler="ddim")
    samples.save_previews(painter, prompts[:1], tmp_path, "zib", step=8, epoch=1, sampler="ddim")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3
    assert re.fullmatch(r"zib_000008_00_\d{14}_7\.png", names[0])
    assert re.fullmatch(r"zib_000008_01_\d{14}\.png", names[1])
    assert re.fullmatch(r"zib_e000001_00_\d{14}_7\.png", names[2])


def test_clip_skip_reads_an_earlier_layer(base: Path) -> None:
    pipeline = loading.open_base(base)
    last, one, two = (
        samples.encode(pipeline.text_encoder, pipeline.tokenizer, ["a red circle"], skip)
        for skip in (None, 1, 2)
    )
    assert torch.allclose(last, one, atol=1e-5)
    assert not torch.allclose(last, two, atol=1e-3)
