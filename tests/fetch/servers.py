"""Real servers on this machine that count and can be told to fail, names as a test knows them, and a watch over
every connection that this process makes.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import FeedError
from bot.fetch import Fetcher
from bot.models import Fetched, Validators

NONE = Validators()
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The address of a real HTTP server with one handler."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answering(*args: Any, **options: Any) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(*args, **options)

    return handler


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """The address of a server that need not speak HTTP; what it still says at the end is cut off."""
    speaking: set[asyncio.Task[None]] = set()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        speaking.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            speaking.remove(task)

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in (left := tuple(speaking)):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@asynccontextmanager
async def raw(
    answer: bytes, *, reset: bool = False, again: bool = False
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that writes `answer` as it is (`again` and again) and hangs up, and the requests that it saw: ""
    for a connection that asked nothing.
    """
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError as error:
            requests.append(error.partial)
            return
        writer.write(answer)
        await writer.drain()
        while again:
            writer.write(answer)
            await writer.drain()
        if reset:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    async with listening(serve) as base:
        yield base, requests


class Names(AbstractResolver):
    """Finds what a test says, and nothing for all other names."""

    def __init__(self, find: Callable[[str], Sequence[str]] = lambda _: ("127.0.0.1",)) -> None:
        self.find = find
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.find(host)
        if not found:
            raise OSError(None, f"no such name: {host}:{port} ({family})")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


_watched: list[list[object]] = []


def _see(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watched:
        _watched[-1].append(arguments[1])


sys.addaudithook(_see)


@contextmanager
def watching() -> Iterator[list[object]]:
    """The addresses that this process connects to, or tries to, meanwhile."""
    _watched.append([])
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


async def get(url: str, validators: Validators = NONE, *, guarded: bool = False, **options: Any) -> Fetched:
    async with Fetcher(version="1.0", **options) as fetch:
        return await (fetch.guarded if guarded else fetch)(url, validators)


async def failure(url: str, **options: Any) -> FeedError:
    with pytest.raises(FeedError) as caught:
        await get(url, **options)
    assert "Error" not in str(caught.value)
    assert "object at" not in str(caught.value)
    return caught.value
