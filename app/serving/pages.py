"""The dashboard's page, and the answer to "is my kernel still there?"."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from voila.tornado.handler import TornadoVoilaHandler

from app.serving import words
from app.serving.kernels import KernelKeeper

THEME_COOKIE = "lora-workbench-theme"
THEMES = ("light", "dark")


class DashboardPage(TornadoVoilaHandler):  # type: ignore[misc]  # Voilà's classes carry no types
    """The notebook, run in a kernel of its own."""

    @property
    def content_security_policy(self) -> str:
        return words.DASHBOARD_POLICY

    @web.authenticated
    async def get(self, path: str = "") -> None:
        if path:
            raise web.HTTPError(404)
        if "prefetch" in self.request.headers.get("Sec-Purpose", ""):
            # A browser that guesses where its owner will go next should not start a kernel.
            raise web.HTTPError(503)
        theme = self.get_query_argument("theme", "") or self.get_cookie(THEME_COOKIE, "")
        if theme not in THEMES:
            # Only the browser knows which colours its owner prefers: ask it before a kernel is used.
            self.finish(words.page("choose_theme.html", cookie=THEME_COOKIE))
            return
        self.request.query = f"theme={theme}"
        # Reading it sets the cookie without which the page's request to end its kernel is refused.
        assert self.xsrf_token
        await asyncio.shield(self.settings["assets_ready"])
        await super().get(path)


class AliveHandler(JupyterHandler):  # type: ignore[misc]
    """Tells the page whether its kernel still runs."""

    @web.authenticated
    async def get(self, kernel_id: str) -> None:
        self.set_header("Cache-Control", "no-store")
        keeper = cast(KernelKeeper, self.kernel_manager)
        self.set_status(204 if await keeper.running(kernel_id) else 410)
        self.finish()


class PackageFiles(web.StaticFileHandler):
    """Files of an installed package. Behind the gate like everything else."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, max-age=3600")


def package_file_handlers(base_url: str, folders: dict[str, Path]) -> list[tuple[Any, ...]]:
    """One handler for each folder of `assets.folders`."""
    return [
        (f"{base_url}{prefix}/(.*)", PackageFiles, {"path": str(path)}) for prefix, path in folders.items()
    ]
