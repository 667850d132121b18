from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.bridge import Bridge


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge(period=0.01)
    made.start()
    yield made
    made.stop()


def drained(bridge: Bridge, wanted: int) -> int:
    """Drain until so many changes were carried out."""
    done = 0
    pause = threading.Event()
    for _ in range(500):
        done += bridge.drain()
        if done >= wanted:
            break
        pause.wait(0.01)
    return done


def test_work_is_done_in_the_background_and_its_result_on_the_page(bridge: Bridge) -> None:
    seen: dict[str, int] = {}

    def work() -> object:
        seen["work"] = threading.get_ident()
        return lambda: seen.update(page=threading.get_ident())

    bridge.soon("x", work, 0)  # type: ignore[arg-type]
    assert drained(bridge, 1) == 1
    assert seen["page"] == threading.get_ident() != seen["work"]


def test_nothing_is_handed_over_when_nothing_changed(bridge: Bridge) -> None:
    looks = threading.Semaphore(0)
    bridge.watch("x", looks.release)
    for _ in range(5):
        assert looks.acquire(timeout=5)
    assert bridge.drain() == 0


def test_asked_again_the_work_is_done_once(bridge: Bridge) -> None:
    done = []
    for number in range(5):
        bridge.soon("x", lambda n=number: lambda: done.append(n), 0.05)  # type: ignore[misc]
    assert drained(bridge, 1) == 1
    assert done == [4]


def test_failing_work_does_not_end_the_others(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    bridge.watch("bad", lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    bridge.soon("good", lambda: lambda: None, 0.02)
    assert drained(bridge, 1) == 1
    assert bridge.alive
    assert "ZeroDivisionError" in caplog.text


def test_a_failing_change_does_not_end_the_others(bridge: Bridge) -> None:
    done = []
    bridge.soon("a", lambda: lambda: 1 / 0, 0)
    bridge.soon("b", lambda: lambda: done.append(1), 0.01)
    drained(bridge, 2)
    assert done == [1]


def test_stopping_ends_the_thread_and_drops_the_rest() -> None:
    bridge = Bridge(period=0.01)
    bridge.start()
    looks = threading.Semaphore(0)
    bridge.watch("x", lambda: looks.release() or (lambda: None))  # type: ignore[func-returns-value]
    assert looks.acquire(timeout=5)
    bridge.stop()
    assert bridge._thread is not None
    bridge._thread.join(5)
    assert not bridge.alive
    bridge.drain()
    assert bridge.drain() == 0
