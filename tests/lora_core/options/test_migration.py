from __future__ import annotations

from typing import Any

import pytest

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import TrainingOptions, migration, toml_io, toml_text

PRESENT = """version = 1
unset = ["seed"]
[network]
network_dim = 7
"""

OLD = """version = 1
unset = ["begin", "max_token_length"]

[preset]
title = "Old"
family = "sdxl"

[dataset]
resolution = 640
rank = 7

[network]
train_batch_size = 3

[precision]
sdpa = false
"""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program two versions on, in which options were renamed, moved and given in another unit."""

    def halved(document: dict[str, Any]) -> dict[str, Any]:
        content = document["dataset"]
        return {**document, "dataset": {**content, "resolution": content["resolution"] // 2}}

    for module in (migration, toml_io, toml_text):
        monkeypatch.setattr(module, "VERSION", 3)
    monkeypatch.setattr(
        migration, "RENAMED", {1: {"rank": "dim", "begin": "seed"}, 2: {"dim": "network_dim"}}
    )
    monkeypatch.setattr(migration, "STEPS", {2: halved})


def test_a_file_of_version_1_loads() -> None:
    assert toml_io.loads(PRESENT).changed() == {"network_dim": 7, "seed": None}


def test_steps_are_for_versions_that_were() -> None:
    assert set(migration.RENAMED) | set(migration.STEPS) <= set(range(1, migration.VERSION))


@pytest.mark.usefixtures("later")
def test_an_old_file_goes_through_all_steps() -> None:
    expected = {
        "resolution": 320,
        "network_dim": 7,
        "train_batch_size": 3,
        "sdpa": False,
        "max_token_length": None,
        "seed": None,
    }
    assert toml_io.loads(OLD).changed() == expected
    assert toml_io.values_of(OLD) == expected
    options, left_out = toml_io.loads_leniently(OLD)
    assert (options.changed(), left_out) == (expected, [])


@pytest.mark.usefixtures("later")
def test_old_names_in_a_present_file_are_refused() -> None:
    with pytest.raises(InputError):
        toml_io.loads(OLD.replace("version = 1", "version = 3"))
    with pytest.raises(UnknownKeyError, match="netwrk_dim"):
        toml_io.loads("version = 2\n[dataset]\nresolution = 640\n[network]\nnetwrk_dim = 3\n")


@pytest.mark.parametrize(
    "tables",
    [
        {"surprise": {}},
        {"surprise": {"network_dim": 3, "other": 1}},
        {"network": 4, "steps": {"network_dim": 3}},
        {"steps": {"network_dim": 3}, "network": {"unknown": 1}},
        {"steps": {"network_dim": 3}, "network": 4},
        {"scalar": 1, "network_dim": 3},
    ],
)
def test_nothing_gets_lost_and_the_given_tables_stay(
    tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(document: dict[str, Any]) -> set[tuple[str, Any]]:
        found: set[tuple[str, Any]] = set()
        for key, value in document.items():
            found |= set(value.items()) if isinstance(value, dict) else {(key, value)}
        return found

    monkeypatch.setattr(migration, "VERSION", 2)
    before = {key: dict(value) if isinstance(value, dict) else value for key, value in tables.items()}
    assert leaves(migration.migrate(tables, 1)) == leaves(before)
    assert tables == before


def test_a_present_file_is_left_as_it_is() -> None:
    document = {"dataset": {"network_dim": 3}}
    assert migration.migrate(document, migration.VERSION) == document


def test_options_can_be_left_out() -> None:
    text = toml_io.dumps(TrainingOptions(seed=None, network_dim=3), leave_out={"seed", "image_dir"})
    values = toml_io.values_of(text)
    assert values["network_dim"] == 3
    assert not {"seed", "image_dir"} & set(values)
