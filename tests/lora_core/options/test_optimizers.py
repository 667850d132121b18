"""The table of optimizers, and their arguments as typed values."""

from __future__ import annotations

import ast
import math

import pytest

from lora_core.errors import InputError, Level
from lora_core.options import TrainingOptions
from lora_core.options.optimizer_table import OMITTED_OF_FORK
from lora_core.options.optimizers import OMITTED, OPTIMIZERS, info, parse, problems, recommended, write
from lora_core.options.rules import check

KINDS = {"bool", "int", "float", "floats", "choice", "text"}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_entry_is_complete(name: str) -> None:
    one = OPTIMIZERS[name]
    assert all((one.title, one.group, one.doc.count(". "))), "a title, a heading and two sentences"
    assert bool(one.recommended) <= bool(one.source), "numbers have a source"
    for argument in one.arguments.values():
        assert argument.kind in KINDS
        assert argument.label
        assert argument.doc.count(". ") >= 1
        assert argument.default is not None or argument.optional
    options = TrainingOptions(optimizer_type=name, optimizer_args=write(one.recommended))
    assert [p for p in problems(options) if "optimizer_args" in p.fields] == []


def test_defaults_are_within_their_own_limits() -> None:
    for name, one in OPTIMIZERS.items():
        given = {key: argument.default for key, argument in one.arguments.items()}
        options = TrainingOptions(optimizer_type=name, optimizer_args=write(given))
        assert [p.what for p in problems(options) if "optimizer_args" in p.fields] == [], name


def test_titles_differ_and_common_ones_come_first() -> None:
    titles = [one.title for one in OPTIMIZERS.values()]
    assert len(set(titles)) == len(titles)
    assert list(OPTIMIZERS)[:3] == ["AdamW", "AdamW8bit", "Prodigy"]
    groups = [one.group for one in OPTIMIZERS.values()]
    assert groups == sorted(groups, key=groups.index), "the entries of a heading stand together"


def test_the_option_offers_them_all() -> None:
    assert set(TrainingOptions.option("optimizer_type").choices.values()) == set(OPTIMIZERS)


def test_left_out_classes_are_not_offered() -> None:
    assert not {f"pytorch_optimizer.{name}" for name in OMITTED} & set(OPTIMIZERS)


def test_what_is_written_is_read_back_as_the_trainer_reads_it() -> None:
    values = {"a": 1, "b": 0.1, "c": True, "d": (0.9, 0.99), "e": "text", "f": None, "g": 1e-30}
    written = write(values)
    assert parse(written) == values
    for item in written:  # how sd-scripts does it
        key, value = item.split("=")
        read = ast.literal_eval(value)
        assert (tuple(read) if isinstance(read, list) else read) == values[key]
    assert math.isinf(parse(write({"growth_rate": math.inf}))["growth_rate"])


def test_spellings_of_other_tools_are_read() -> None:
    assert parse(["betas=0.9,0.999", "decouple=True"]) == {"betas": (0.9, 0.999), "decouple": True}


@pytest.mark.parametrize("item", ["weight_decay", "=1", "a=b=c", "mode=fast", "x=(", ""])
def test_what_cannot_be_read_is_refused(item: str) -> None:
    with pytest.raises(InputError) as caught:
        parse([item])
    assert caught.value.field == "optimizer_args"
    assert caught.value.remedy


def test_an_equals_sign_cannot_be_written() -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write({"rule": "a=b"})


@pytest.mark.parametrize(
    ("name", "item", "said", "fixed"),
    [
        ("AdamW", "weight_decai=0.1", "weight_decai", ["weight_decay=0.1"]),
        ("AdamW", "momentum=0.9", "no argument 'momentum'", []),
        ("AdamW", "lr=1", "no argument 'lr'", []),
        ("SGDNesterov", "nesterov=True", "no argument 'nesterov'", []),
        ("AdamW", "betas=0.9", "cannot be 0.9", []),
        ("AdamW", "betas=[0.9,1.5]", "Betas", []),
        ("AdamW", "weight_decay=-1", "Weight decay", []),
        ("AdamW", "weight_decay=True", "Weight decay", []),
        ("AdamW", "amsgrad=1", "AMSGrad", []),
        ("Prodigy", "slice_p=1.5", "slice_p", []),
        ("Prodigy", "d_coef=None", "d_coef", []),
        ("pytorch_optimizer.MARS", "mars_type='adam'", "Kind of MARS", []),
        ("AdamW", "eps =1e-7", "space too many", ["eps=1e-7"]),
    ],
)
def test_a_wrong_argument_is_named_and_mended(name: str, item: str, said: str, fixed: list[str]) -> None:
    options = TrainingOptions(optimizer_type=name, optimizer_args=["weight_decay=0.1", item])
    (found,) = problems(options)
    assert found.level is Level.ERROR
    assert said in found.what
    assert all((found.why, found.remedy))
    assert found.fix == {"optimizer_args": ["weight_decay=0.1", *fixed]}
    options.update(found.fix)
    assert problems(options) == []


def test_several_are_told_at_once_and_unreadable_ones_do_not_stop_it() -> None:
    found = problems(TrainingOptions(optimizer_args=["nonsense", "weight_decai=1", "betas=2"]))
    assert len(found) == 3


def test_fitting_arguments_are_no_problem() -> None:
    fits = {"weight_decay": 0, "betas": (0.9, 0.99), "eps": 1e-8, "fused": None, "amsgrad": True}
    assert problems(TrainingOptions(optimizer_args=write(fits))) == []


def test_a_further_package_is_asked_for() -> None:
    options = TrainingOptions(optimizer_type="DAdaptAdam")
    (unknown,) = problems(options)
    (missing,) = problems(options, packages=["torch"])
    assert (unknown.level, missing.level) == (Level.WARNING, Level.ERROR)
    assert "dadaptation" in missing.what
    assert problems(options, packages=["torch", "DAdaptation"]) == []
    own = TrainingOptions(optimizer_type="LoraEasyCustomOptimizer.compass.Compass")
    assert "custom_scheduler" in problems(own)[0].remedy
    assert problems(own, packages=["loraeasycustomoptimizer"]) == []
    adv = TrainingOptions(optimizer_type="adv_optm.optim.Lion_adv.Lion_adv")
    assert problems(adv, packages=["adv-optm"]) == []


FORK = {"loraeasycustomoptimizer": "1.0.0", "loraeasycustomoptimizer-fork": "1.0.0"}
"""The fork as an installation reports it."""
RIGHT = {"torchao": "0.13.0", "adv-optm": "2.2.3"}


@pytest.mark.parametrize(
    ("name", "installed", "said"),
    [
        ("ocgopt.OCGOpt", {"loraeasycustomoptimizer": "1.0.0"}, ["with the fork"]),
        ("came.CAME", {"loraeasycustomoptimizer": "1.0.0"}, ["with the fork"]),
        ("compass.Compass", {"loraeasycustomoptimizer": "1.0.0"}, []),
        ("ocgopt.OCGOpt", FORK | RIGHT, []),
        ("compass.Compass", FORK | RIGHT, []),
        ("ocgopt.OCGOpt", FORK | {"adv-optm": "2.2.3"}, ["torchao"]),
        ("compass.Compass", FORK | {"torchao": "0.13.0"}, ["adv-optm"]),
        ("compass.Compass", FORK | RIGHT | {"adv-optm": "2.5.16"}, ["adv-optm"]),
        ("compass.Compass", FORK | RIGHT | {"adv-optm": "unknown"}, []),
        ("scorn.SCORN", FORK, ["torchao", "adv-optm"]),
    ],
)
def test_the_two_packages_of_one_name_are_told_apart(
    name: str, installed: dict[str, str], said: list[str]
) -> None:
    """Tried in environments of either: without what the fork loads, nothing of it can be imported."""
    options = TrainingOptions(optimizer_type=f"LoraEasyCustomOptimizer.{name}")
    found = problems(options, installed)
    assert [one.level for one in found] == [Level.ERROR] * len(said)
    assert all(word in problem.what for word, problem in zip(said, found, strict=True))


def test_without_either_package_it_is_told_where_they_are() -> None:
    fork = TrainingOptions(optimizer_type="LoraEasyCustomOptimizer.scorn.SCORN")
    for packages in (None, ["torch"]):
        (problem,) = problems(fork, packages)
        assert problem.level is Level.WARNING
        assert problem.what.endswith("needs the package LoraEasyCustomOptimizer.")
        assert "fork" in problem.remedy


def test_the_checks_are_told_what_is_installed() -> None:
    options = TrainingOptions(optimizer_type="DAdaptAdam")
    assert any("dadaptation" in found.what for found in check(options, packages=["torch"]))
    assert not any("dadaptation" in found.what for found in check(options, packages=["dadaptation"]))


def test_what_the_fork_cannot_run_is_not_offered() -> None:
    offered = {name.rsplit(".", 1)[1] for name, one in OPTIMIZERS.items() if name.startswith("LoraEasy")}
    assert not offered & set(OMITTED_OF_FORK)


def test_names_are_found_whatever_their_case() -> None:
    assert info("adamw8BIT").name == "AdamW8bit"
    with pytest.raises(InputError, match="AdamW'"):
        info("AdamWW")


def test_what_finds_its_rate_and_what_needs_no_schedule() -> None:
    own = {name for name, one in OPTIMIZERS.items() if one.own_rate}
    assert {"Prodigy", "DAdaptLion", "prodigyplus.ProdigyPlusScheduleFree"} <= own
    assert all("finds its own rate" in OPTIMIZERS[name].title for name in own)
    free = {name for name, one in OPTIMIZERS.items() if one.schedule_free}
    assert {"AdamWScheduleFree", "prodigyplus.ProdigyPlusScheduleFree"} <= free
    assert not {"AdamW", "Prodigy"} & free


def test_recommended_is_a_copy() -> None:
    recommended("AdamW8bit")["weight_decay"] = 9
    assert recommended("AdamW8bit") == {"weight_decay": 0.1, "betas": (0.9, 0.99)}
