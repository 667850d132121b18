"""The card that finds settings."""

from __future__ import annotations

import pytest

from app.components import Message
from app.forms import Form
from app.widgets.training.finder import SHOWN, Finder, search
from lora_core.options import GROUPS, TrainingOptions

OPTIONS = list(TrainingOptions())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("min snr", "min_snr_gamma"),
        ("MIN_SNR_GAMMA", "min_snr_gamma"),
        ("min-snr", "min_snr_gamma"),
        ("network_dim", "network_dim"),
        ("rank", "network_dim"),
        ("loha", "network_type"),
        ("prodigy", "optimizer_type"),
        ("block swap", "blocks_to_swap"),
        ("netwrk_dim", "network_dim"),
    ],
)
def test_the_setting_that_is_meant_is_among_the_first(words: str, name: str) -> None:
    assert name in [match.option.name for match in search(words, OPTIONS)[:SHOWN]]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_setting_is_found_by_the_trainers_name_and_by_ours(option) -> None:
    for words in (option.key, option.label):
        assert option.name in [match.option.name for match in search(words, OPTIONS)]


def test_nothing_is_found_for_nothing_and_for_nonsense() -> None:
    assert search("  ", OPTIONS) == []
    assert search("qqqqqqqqqqqqqqq", OPTIONS) == []


def find(form: Form, words: str) -> str:
    finder = Finder(form)
    assert finder.take(Message("set", field="find", value=words))
    return str(finder.render())


def test_a_setting_out_of_use_says_what_it_goes_with() -> None:
    html = find(Form(TrainingOptions(family="flux")), "min_snr_gamma")
    assert "Not in use now. It goes with Model family:" in html
    assert 'data-arg="min_snr_gamma"' not in html


def test_going_to_a_setting_opens_its_fold() -> None:
    form = Form(TrainingOptions())
    html = find(form, "min_snr_gamma")
    assert 'data-goto="f-min_snr_gamma"' in html
    noise = next(kind for kind in GROUPS if kind.key() == "noise")
    assert 'id="f-min_snr_gamma"' not in form.group(noise)
    assert Finder(form).take(Message("go-to", arg="min_snr_gamma"))
    assert 'id="f-min_snr_gamma"' in form.group(noise)


def test_changed_settings_are_listed() -> None:
    form = Form(TrainingOptions(network_dim=31))
    form.take(Message("set", field="train_batch_size", value="some"))
    html = find(form, "")
    assert "Changed from the default (2)" in html
    assert ": 31" in html
    assert "half typed" in html


def test_what_is_typed_is_shown_as_text() -> None:
    assert "<script" not in find(Form(TrainingOptions()), "<script>alert(1)</script>")
