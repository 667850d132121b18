"""The plan as text for people."""

from __future__ import annotations

from lora_core.engines.base import LaunchPlan
from lora_core.engines.sd_scripts.environment import REMOVED


def plan(*names: str) -> LaunchPlan:
    return LaunchPlan("practice", "/runs/one", ("python", "-m", "x y"), "/here", env_remove=names)


def about_removed(*names: str) -> list[str]:
    lines = plan(*names).describe().splitlines()
    return lines[lines.index("cd /here") + 1 : lines.index("python -m 'x y'")]


def test_many_variables_to_take_out_are_one_line_with_their_number_and_patterns() -> None:
    (line,) = about_removed(*REMOVED)
    assert str(len(REMOVED)) in line
    of_accelerate = sum(name.startswith("ACCELERATE_") for name in REMOVED)
    assert f"ACCELERATE_* ({of_accelerate})" in line
    assert len(line) < 200


def test_the_numbers_in_that_line_add_up() -> None:
    (line,) = about_removed("A_ONE", "A_TWO", "__B", "C", "D_ONE", "E")
    assert line.startswith("# 6 environment variables are taken out: A_* (2), 4 others.")
    assert about_removed("A_1", "A_2", "A_3", "A_4", "A_5")[0].count("others") == 0


def test_few_variables_are_all_named_and_none_needs_no_line() -> None:
    assert about_removed("RANK", "A_B") == ["unset RANK A_B"]
    assert about_removed() == []


def test_json_names_every_variable() -> None:
    assert LaunchPlan.from_json(plan(*REMOVED).to_json()).env_remove == REMOVED
