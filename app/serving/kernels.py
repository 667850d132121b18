"""Kernels of the page: always this interpreter, one kept warm, none left behind."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import PeriodicCallback

from app.serving.shared import REQUEST_FILE

log = logging.getLogger(__name__)

LAUNCHER = Path(__file__).resolve().parent / "kernel_main.py"
NAME = "python3"


class OwnInterpreter(KernelSpecManager):  # type: ignore[misc]  # Jupyter's classes carry no types
    """Knows one kernel: the interpreter that runs the server, whatever is installed elsewhere."""

    def find_kernel_specs(self) -> dict[str, str]:
        return {NAME: str(LAUNCHER.parent)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, str(LAUNCHER), "-f", "{connection_file}"],
            display_name="LoRA Workbench",
            language="python",
            resource_dir=str(LAUNCHER.parent),
        )

    def get_all_specs(self) -> dict[str, Any]:
        spec = self.get_kernel_spec(NAME)
        return {NAME: {"resource_dir": spec.resource_dir, "spec": spec.to_dict()}}


class KernelKeeper(AsyncMappingKernelManager):  # type: ignore[misc]
    """Starts kernels for pages and ends those that no page is connected to.

    One spare kernel waits with the libraries imported, and the next page gets it. It has not run the
    notebook yet, so it knows nothing of an earlier page. What a page was asked with reaches its kernel
    through a small file, since a waiting process cannot be given environment variables.
    """

    keep_spare = True
    lonely_limit = 900.0
    """Seconds that a kernel may be without a page: a laptop's short sleep should not end it."""
    look_every = 15.0
    refill_after = 3.0
    """Seconds to wait before the next spare starts, so that it does not slow the page just opened."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._spare: str | None = None
        self._requests: dict[str, Path] = {}
        self._lonely_since: dict[str, float] = {}
        self._reaper: PeriodicCallback | None = None
        self._filling: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the spare kernel and the look-out for lonely ones. Call it once the loop runs."""
        self._reaper = PeriodicCallback(self.end_lonely, self.look_every * 1000)
        self._reaper.start()
        self._refill(0.0)

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """A kernel for a page: the spare one if it is there, else a new one."""
        asked = kwargs.pop("env", {}) or {}
        kernel_id, self._spare = self._spare, None
        if kernel_id is None or not await self.running(kernel_id):
            kernel_id = await self._launch()
        self._requests[kernel_id].write_text(json.dumps({"query": asked.get("QUERY_STRING", "")}), "utf-8")
        self._lonely_since[kernel_id] = time.monotonic()
        self._refill(self.refill_after)
        return kernel_id

    async def running(self, kernel_id: str) -> bool:
        """Whether this kernel's process is alive."""
        if kernel_id not in self:
            return False
        manager: Any = self.get_kernel(kernel_id)
        return bool(await manager.is_alive())

    async def end_lonely(self) -> None:
        """End kernels whose page has been gone for too long, and forget those that died."""
        now = time.monotonic()
        for kernel_id in self.list_kernel_ids():
            if kernel_id == self._spare:
                continue
            if self._kernel_connections.get(kernel_id, 0) > 0:
                self._lonely_since[kernel_id] = now
            elif now - self._lonely_since.setdefault(kernel_id, now) > self.lonely_limit:
                log.info("Ending kernel %s: no page is connected to it.", kernel_id)
                await self.shutdown_kernel(kernel_id, now=True)

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, *args: Any, **kwargs: Any
    ) -> None:
        self._lonely_since.pop(kernel_id, None)
        if path := self._requests.pop(kernel_id, None):
            path.unlink(missing_ok=True)
        await super().shutdown_kernel(kernel_id, *args, **kwargs)

    async def finish(self) -> None:
        """End everything."""
        self.keep_spare = False
        if self._reaper:
            self._reaper.stop()
        if self._filling:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        await self.shutdown_all(now=True)

    async def _launch(self) -> str:
        request = Path(self.connection_dir) / f"page-{uuid.uuid4().hex}.json"
        env = {**os.environ, REQUEST_FILE: str(request), "SERVER_SOFTWARE": "voila/lora-workbench"}
        kernel_id: str = await super().start_kernel(kernel_name=NAME, cwd=str(Path.cwd()), env=env)
        self._requests[kernel_id] = request
        return kernel_id

    def _refill(self, delay: float) -> None:
        if self.keep_spare and (self._filling is None or self._filling.done()):
            self._filling = asyncio.ensure_future(self._fill(delay))

    async def _fill(self, delay: float) -> None:
        await asyncio.sleep(delay)
        if self._spare is None:
            self._spare = await self._launch()
