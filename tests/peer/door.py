"""A port on this machine that can be shut and opened again, and that nobody else gets in between."""

from __future__ import annotations

import socket

from aiohttp import web


class Door:
    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        self._site: web.SockSite | None = None
        # Bound for good and never listening: it keeps the number while the door is shut.
        self._keeper = _bound(0)
        self.port: int = self._keeper.getsockname()[1]

    async def open(self) -> None:
        if self._runner.server is None:
            await self._runner.setup()
        self._site = web.SockSite(self._runner, _bound(self.port))
        await self._site.start()

    async def shut(self) -> None:
        """Drop who is connected; from now on a connection is refused."""
        if self._site:
            await self._site.stop()
            self._site = None
        if self._runner.server:
            await self._runner.server.shutdown(0.01)

    async def close(self) -> None:
        await self._runner.cleanup()
        self._keeper.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made
