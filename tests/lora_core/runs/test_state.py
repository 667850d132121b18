from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lora_core.events import State
from lora_core.runs.state import StateFile

FINAL = [state for state in State if state.is_terminal]


def test_states_only_move_forward(tmp_path: Path) -> None:
    file = StateFile(tmp_path)
    for old, new in itertools.product(State, State):
        file.path.unlink(missing_ok=True)
        assert old is State.CREATED or file.advance(old)
        taken = file.advance(new, "why", 7)
        assert taken == old.may_become(new)
        assert file.read().state is (new if taken else old)


@pytest.mark.parametrize("final", FINAL)
def test_a_final_state_is_never_left(tmp_path: Path, final: State) -> None:
    file = StateFile(tmp_path)
    assert file.advance(final, "the first reason", 3)
    before = file.path.read_bytes()
    assert not any(file.advance(state, "another") for state in State)
    assert file.path.read_bytes() == before
    assert (file.read().reason, file.read().exit_code) == ("the first reason", 3)


def test_history_keeps_every_state(tmp_path: Path) -> None:
    file = StateFile(tmp_path)
    for state in (State.STARTING, State.TRAINING, State.FAILED):
        file.advance(state, f"to {state.value}")
    told = [(entry.state, entry.reason) for entry in file.read().history[-3:]]
    assert told == [(s, f"to {s.value}") for s in (State.STARTING, State.TRAINING, State.FAILED)]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '{"state": "training"', '{"state": "dancing", "since": 1, "history": []}', "\x00\x00"],
)
def test_a_damaged_file_is_the_least_state_and_can_go_on(tmp_path: Path, text: str) -> None:
    file = StateFile(tmp_path)
    file.path.write_text(text)
    assert file.read().state is State.CREATED
    (tmp_path / "log.txt").touch()
    assert file.read().state is State.STARTING
    assert file.advance(State.FAILED, "x")
    assert file.read().state is State.FAILED


def test_many_writers_leave_one_order(tmp_path: Path) -> None:
    code = (
        "import sys, random; from pathlib import Path; from lora_core.events import State;"
        "from lora_core.runs.state import StateFile; file = StateFile(Path(sys.argv[1]));"
        "[file.advance(random.choice(list(State)[:5])) for _ in range(30)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    order = list(State)
    while any(writer.poll() is None for writer in writers):
        text = StateFile(tmp_path).path
        if text.exists():
            json.loads(text.read_text())  # a reader sees a whole file at any time
    assert [writer.wait(20) for writer in writers] == [0, 0, 0]
    seen = [order.index(entry.state) for entry in StateFile(tmp_path).read().history]
    assert seen == sorted(set(seen))
