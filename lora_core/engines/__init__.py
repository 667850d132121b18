"""The engines: options in, a `LaunchPlan` out. Loaded only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lora_core.errors import InputError

if TYPE_CHECKING:
    from lora_core.engines.base import Engine
    from lora_core.workspace import Workspace

ENGINE_NAMES = ("practice", "sd-scripts")


def get_engine(name: str, workspace: Workspace) -> Engine:
    """An engine by name.

    Args:
        name: one of `ENGINE_NAMES`.
        workspace: where the engine's own installation is looked for.

    Raises:
        InputError: there is no such engine.
    """
    if name == "practice":
        from lora_core.engines.practice.engine import PracticeEngine

        return PracticeEngine(workspace)
    if name == "sd-scripts":
        from lora_core.engines.sd_scripts.engine import SdScriptsEngine

        return SdScriptsEngine.from_workspace(workspace)
    raise InputError(
        f"{name!r} is not an engine.",
        remedy=f"Choose one of: {', '.join(ENGINE_NAMES)}.",
        field="engine",
        value=name,
    )
