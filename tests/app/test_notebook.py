"""A widget alone in a notebook's cell, in a real kernel. What the page makes of it takes a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

LOAD, SHOW = "application/vnd.holoviews_load.v0+json", "application/vnd.holoviews_exec.v0+json"
MAKE = (
    "from app.widgets.execution import ExecutionWidget; from app.widgets.training import TrainingWidget;"
    "from lora_core.session import Session; session = Session()\n"
)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "LORA_WORKBENCH_HOME": str(tmp_path), "PYTHONPATH": str(root)}
    manager, client = start_new_kernel(kernel_name="python3", env=env, cwd=str(tmp_path))
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """What a cell shows, each as text by type; an error fails."""
    shown: list[dict[str, Any]] = []

    def take(message: dict[str, Any]) -> None:
        content = message["content"]
        assert message["msg_type"] not in ("error", "stream"), content
        if message["msg_type"] in ("display_data", "execute_result"):
            shown.append(content["data"])

    client.execute_interactive(code, timeout=120, output_hook=take)
    return shown


def test_a_widget_alone_brings_what_its_page_needs(kernel: BlockingKernelClient) -> None:
    shown = run(kernel, MAKE + "TrainingWidget(session)")
    assert SHOW in shown[-1]
    scripts = [data[LOAD] for data in shown if LOAD in data]
    assert max(map(len, scripts)) > 1_000_000
    fetched = [found for text in scripts for found in re.findall(r"js_\w+ = (\[.*?\]|\{.*?\});", text)]
    assert fetched
    assert not [found for found in fetched if "http" in found]


def test_the_next_widget_does_not_bring_it_again(kernel: BlockingKernelClient) -> None:
    run(kernel, MAKE + "TrainingWidget(session)")
    shown = run(kernel, "ExecutionWidget(session)")
    assert SHOW in shown[-1]
    assert not [data for data in shown if LOAD in data]
