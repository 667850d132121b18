"""Voilà, made safe to serve: a gate in front, own files, own kernels, own page."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from voila.app import Voila
from voila.configuration import VoilaConfiguration

from app.serving import assets, words
from app.serving.gate import Gate, GatedApplication, GateIdentity
from app.serving.kernels import KernelKeeper, OwnInterpreter
from app.serving.pages import AliveHandler, DashboardPage, package_file_handlers

log = logging.getLogger(__name__)

_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_LARGEST_BODY = 2 * 1024 * 1024
_WAKE_SECONDS = 1.0


class WorkbenchVoila(Voila):  # type: ignore[misc]  # Voilà's classes carry no types
    """Serves one notebook.

    Args:
        notebook: the notebook to serve.
        gate: who may enter.
        keep_spare: keep one kernel warm for the next page.
    """

    def __init__(self, notebook: Path, gate: Gate, *, keep_spare: bool = True, **traits: Any) -> None:
        super().__init__(**traits)
        self.gate = gate
        self.keep_spare = keep_spare
        self.notebook_path = str(notebook)
        self.root_dir = str(notebook.parent)
        self._sockets: list[socket.socket] = []
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._configure()

    def _configure(self) -> None:
        self._init_asyncio_patch()
        # A kernel that died has lost the page's state: starting another under its name would hide that.
        self.config.KernelManager.autorestart = False
        self.identity_provider_class = GateIdentity
        self.token = ""  # The gate alone knows the token; nothing of Jupyter's can log or check it.
        self.cookie_secret = self.gate.cookie_secret
        self.voila_configuration = VoilaConfiguration(parent=self)
        self.voila_configuration.template = "lab"
        self.voila_configuration.allow_template_override = "NO"
        self.voila_configuration.allow_theme_override = "NO"
        self.voila_configuration.file_allowlist = []
        self.voila_configuration.file_denylist = [".*"]
        self.voila_configuration.extension_allowlist = [
            "@bokeh/jupyter_bokeh",
            "@jupyter-widgets/jupyterlab-manager",
            "@voila-dashboards/widgets-manager8",
        ]
        self.voila_configuration.show_tracebacks = False
        self.voila_configuration.kernel_spec_manager_class = OwnInterpreter
        self.voila_configuration.multi_kernel_manager_class = KernelKeeper
        self.setup_template_dirs()
        # Found first, so that our index.html.j2 is the page; Voilà's scripts come from its own template.
        # A trait, which the type checker cannot see through.
        found: list[str] = getattr(self, "template_paths", [])
        self.template_paths = [*map(str, words.FOLDERS), *found]
        # Windows takes these from its registry, where other programs have changed them.
        for ending in (".js", ".mjs"):
            mimetypes.add_type("text/javascript", ending)
        mimetypes.add_type("text/css", ".css")

    def bind(self, port: int) -> int:
        """Take the port (0: any free one) and return it.

        Raises:
            OSError: the port or the address cannot be had.
        """
        self._sockets = bind_sockets(port, self.ip)
        self.port = self._sockets[0].getsockname()[1]
        self.gate.port = self.port
        return int(self.port)

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop_soon`, then end all kernels."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.connection_dir = tempfile.mkdtemp(prefix="lora-workbench-")
        server = self._make_server()
        try:
            server.add_sockets(self._sockets)
            self.kernel_manager.keep_spare = self.keep_spare
            self.kernel_manager.begin()
            ready()
            while not self._stopping.is_set():
                # Windows notices Ctrl-C only when the loop wakes up.
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _WAKE_SECONDS)
        finally:
            server.stop()
            await self.kernel_manager.finish()
            shutil.rmtree(self.connection_dir, ignore_errors=True)

    def stop_soon(self) -> None:
        """End `run`. May be called from a signal handler or another thread."""
        if self._loop and self._stopping:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def _make_server(self) -> HTTPServer:
        self.app = GatedApplication(self.gate, **self.init_settings())
        self.app.add_handlers(".*$", self.init_handlers())
        # Importing Panel takes a second: done aside, while the server already listens.
        self.app.settings["assets_ready"] = asyncio.ensure_future(self._collect_assets())
        return HTTPServer(self.app, max_body_size=_LARGEST_BODY)

    async def _collect_assets(self) -> None:
        found = await asyncio.to_thread(assets.collect)
        self.config.VoilaConfiguration.resources = {"workbench": vars(found) | {"base_url": self.base_url}}
        self.voila_configuration.config.VoilaConfiguration.resources = (
            self.config.VoilaConfiguration.resources
        )

    def init_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().init_settings()
        settings |= {
            # The gate has checked the host already, by stricter rules.
            "allow_remote_access": True,
            "compress_response": True,
            "login_url": self.base_url + "login",
            "headers": {"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"},
        }
        return settings

    def init_handlers(self) -> list[Any]:
        ours = [
            *package_file_handlers(self.base_url, assets.folders()),
            (f"{self.base_url}workbench/alive/{_KERNEL}", AliveHandler),
        ]
        *voilas, (pattern, _page, options) = super().init_handlers()
        return [*ours, *voilas, (pattern, DashboardPage, options)]
