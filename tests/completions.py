"""A server with an OpenAI-compatible API on this machine, which counts and can be told to misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fetch.servers import serving

KEY = "sk-s3cret-K3Y"
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def saying(content: object, **others: Any) -> web.Response:
    """What such a server answers."""
    message = {"role": "assistant", "content": content}
    return web.json_response({"id": "c1", "choices": [{"index": 0, "message": message}], **others})


class ModelServer:
    """Answers with `texts[title]` or `text`, unless `answer` is set; `asked` holds the titles, in their order."""

    def __init__(self) -> None:
        self.base = ""
        self.text = ""
        self.texts: dict[str, str] = {}
        self.answer: Answer | None = None
        self.gate: asyncio.Event | None = None
        """Where there is one, no answer goes out before it is set."""
        self.requests: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []
        """(method, path, headers, body)."""
        self.asked: list[str] = []
        self.came = asyncio.Event()
        """Set by the first request."""
        self.at_once = self.most_at_once = 0

    def hang(self) -> None:
        self.gate = asyncio.Event()

    def resume(self) -> None:
        if self.gate:
            self.gate.set()
        self.gate = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else {}
        self.requests.append((request.method, request.path, dict(request.headers), body))
        title = ""
        if body:
            try:
                title = json.loads(body["messages"][-1]["content"])["title"]
            except ValueError:  # no paper: a probe
                title = body["messages"][-1]["content"]
            self.asked.append(title)
        self.came.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.01)
            if self.gate:
                await self.gate.wait()
            if self.answer:
                return await self.answer(request)
            return saying(self.texts.get(title, self.text))
        finally:
            self.at_once -= 1


@asynccontextmanager
async def modelling() -> AsyncIterator[ModelServer]:
    server = ModelServer()
    async with serving(server.handle) as address:
        server.base = f"{address}/v1"
        yield server
