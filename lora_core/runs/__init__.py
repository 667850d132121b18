"""Runs: make one, start it, follow it, stop it, find it again. The run directory is the truth."""

from lora_core.runs.follow import Follower
from lora_core.runs.run import Run, attach, create, list_runs
from lora_core.runs.state import Entry, Status

__all__ = ["Entry", "Follower", "Run", "Status", "attach", "create", "list_runs"]
