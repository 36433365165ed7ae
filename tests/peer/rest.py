"""Discord's REST side over real sockets, with its stored messages, its limits, and faults on demand."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.peer import shapes
from tests.peer.door import Door
from tests.peer.faults import Fault, fail, refuses, says
from tests.peer.gateway import Gateway
from tests.peer.limits import Limits
from tests.peer.shapes import HISTORY, SEND, VIEW, Json, TextChannel

_API = "/api/v10"
_DM = 900_000_000_000_000_000
"""Where the numbers of direct channels begin."""


class Peer:
    """One server with `channels` text channels, numbered from 1, and the bot in it."""

    def __init__(
        self, *, channels: int = 1, latency: tuple[float, float] = (0.0, 0.0), limited: bool = False
    ) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.channels = {number: TextChannel(number) for number in range(1, channels + 1)}
        self.direct: dict[int, TextChannel] = {}
        """User -> the channel of direct messages."""
        self.latency = latency
        """Of an answer, least and most, in seconds."""
        self.nonce_window = timedelta(seconds=180)
        """How long Discord remembers a nonce."""
        self.commands: list[Json] = []
        self.faults: list[Fault] = []
        """The first that fits takes the request."""
        self.requests: list[tuple[str, str]] = []
        """(method, path) of all that came."""
        self.limits = Limits(enforced=limited)
        self.valid = True
        """Whether the token is."""
        self.hanging = asyncio.Event()
        """Set by the first request that hangs."""
        self.gateway = Gateway(self._guilds, lambda: self.valid)
        self._released = asyncio.Event()
        self._kept: list[asyncio.Event] = []
        self._nonces: dict[tuple[int, str], tuple[datetime, Json]] = {}
        self._stored = 0
        app = web.Application()
        app.router.add_route("*", "/control/{what}", self._controlled)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.door = Door(app)

    @property
    def rest(self) -> str:
        """What `discord.http.Route.BASE` has to be."""
        return f"http://127.0.0.1:{self.door.port}{_API}"

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.door.port}/control"

    # --- what a test asks and does --------------------------------------------------------------------

    def messages(self, channel: int = 1) -> list[Json]:
        return self.channels[channel].messages

    def say(self, channel: int, text: str) -> None:
        """Somebody else writes in a channel."""
        message = self._store(self.channels[channel], {"content": text})
        message["author"] = shapes.user(shapes.OWNER)

    def fail(self, match: tuple[str, str], **how: Any) -> Fault:
        """Add a fault; its fields are those of `Fault`."""
        fault = Fault(match, **how)
        self.faults.append(fault)
        return fault

    def asked(self, match: tuple[str, str]) -> int:
        """How many such requests came."""
        return sum(method == match[0] and bool(re.fullmatch(match[1], path)) for method, path in self.requests)

    def release(self) -> None:
        """What hangs is answered, now and from now on."""
        self._released.set()

    def keep(self) -> asyncio.Event:
        """What hangs now is not answered by `release` any more, but when this event is set, or at the end."""
        self._kept.append(self._released)
        self._released = asyncio.Event()
        return self._kept[-1]

    def end(self) -> None:
        for event in (self._released, *self._kept):
            event.set()

    def mend(self) -> None:
        self.faults.clear()
        self.release()

    async def revoke(self) -> None:
        """Somebody pressed "Reset Token"."""
        self.valid = False
        await self.gateway.close(4004)

    def delete(self, channel: int) -> None:
        del self.channels[channel]

    # --- requests ------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        method, path = request.method, request.path.removeprefix(_API)
        self.requests.append((method, path))
        self.limits.came()
        await self._travel()
        fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
        if fault:
            fault.taken()
            response = await self._failing(fault, request, body)
        elif not self.valid:
            response = refuses(401, 0, "401: Unauthorized")
        else:
            response = self._limited(request, path, body)
        self.limits.answered(response.status)
        await self._travel()
        return response

    async def _travel(self) -> None:
        if self.latency[1]:
            await asyncio.sleep(random.uniform(*self.latency) / 2)

    async def _failing(self, fault: Fault, request: web.Request, body: bytes) -> web.StreamResponse:
        path = request.path.removeprefix(_API)
        if fault.what == "limit":
            self.limits.counts["429 scripted"] += 1
        done = self._handle(request, path, body) if fault.stored else None
        if fault.what == "hang":
            self.hanging.set()
            await self._released.wait()
            return done or self._handle(request, path, body)
        return await fail(fault, request, done)

    def _limited(self, request: web.Request, path: str, body: bytes) -> web.Response:
        channel = re.match(r"/channels/(\d+)", path)
        route = re.sub(r"\d{2,}", "id", path) if channel is None else re.sub(r"\d+", "id", path)
        key = f"{request.method}{route.replace('/', '-')}:{channel[1] if channel else ''}"
        if refused := self.limits.refusal(key):
            return refused
        response = self._handle(request, path, body)
        self.limits.sign(response, key)
        return response

    def _handle(self, request: web.Request, path: str, body: bytes) -> web.Response:
        data: Any = json.loads(body) if body and request.content_type == "application/json" else None
        match request.method, path.strip("/").split("/"):
            case "GET", ["users", "@me"]:
                return says(shapes.user(shapes.BOT))
            case "GET", ["oauth2", "applications", "@me"]:
                return says(shapes.application())
            case "PUT", ["applications", _, *_, "commands"]:
                self.commands = [self._command(number, command) for number, command in enumerate(data, 1)]
                return says(self.commands)
            case "GET", ["users", number]:
                return says(shapes.user(int(number)))
            case "POST", ["users", "@me", "channels"]:
                return says(self._open(int(data["recipient_id"])))
            case method, ["channels", number, "messages"]:
                return self._in_channel(method, int(number), data, request)
        return refuses(404, 0, "404: Not Found")

    def _in_channel(self, method: str, number: int, data: Json | None, request: web.Request) -> web.Response:
        direct = {channel.id: channel for channel in self.direct.values()}
        channel = self.channels.get(number) or direct.get(number)
        if channel is None:
            return refuses(404, 10003, "Unknown Channel")
        if channel.denied & VIEW:
            return refuses(403, 50001, "Missing Access")
        if method == "GET":
            return says([] if channel.denied & HISTORY else self._history(channel, request))
        if channel.denied & SEND:
            return refuses(403, 50013, "Missing Permissions")
        if data is None or shapes.is_empty(data) or len(str(data.get("nonce") or "")) > 25:
            return refuses(400, 50035, "Invalid Form Body")
        if shapes.mixes_content_and_components(data):
            return refuses(400, 50035, "Invalid Form Body")
        return says(self._store(channel, data))

    def _store(self, channel: TextChannel, data: Json) -> Json:
        """The new message, or the one that came with the same nonce a moment ago."""
        now, nonce = self.clock(), data.get("nonce")
        key = (channel.id, str(nonce))
        if data.get("enforce_nonce") and nonce is not None and key in self._nonces:
            at, known = self._nonces[key]
            if now - at <= self.nonce_window:
                return {**known, "nonce": nonce}
        self._stored += 1
        message = shapes.message(shapes.snowflake(now, self._stored), channel.id, data, now)
        channel.messages.append(message)
        if nonce is None:
            return message
        self._nonces[key] = (now, message)
        return {**message, "nonce": nonce}

    def _history(self, channel: TextChannel, request: web.Request) -> list[Json]:
        """Newest first, whichever end is asked for."""
        limit = int(request.query.get("limit", 50))
        found = sorted(channel.messages, key=lambda message: int(message["id"]))
        if before := request.query.get("before"):
            found = [message for message in found if int(message["id"]) < int(before)]
        if after := request.query.get("after"):
            found = [message for message in found if int(message["id"]) > int(after)][:limit]
        return found[::-1][:limit]

    def _open(self, person: int) -> Json:
        channel = self.direct.setdefault(person, TextChannel(_DM + person))
        return {"id": str(channel.id), "type": 1, "last_message_id": None, "recipients": [shapes.user(person)]}

    def _command(self, number: int, command: Json) -> Json:
        return {**command, "id": str(number), "application_id": str(shapes.BOT), "version": "1"}

    def _guilds(self) -> list[Json]:
        return [shapes.guild(self.channels.values(), self.clock())]

    # --- for other processes ---------------------------------------------------------------------------

    async def _controlled(self, request: web.Request) -> web.Response:
        if request.match_info["what"] == "faults":
            given = await request.json()
            unknown = set(given) - {field.name for field in fields(Fault)}
            if unknown:
                return says({"unknown": sorted(unknown)}, 400)
            self.fail(tuple(given.pop("match")), **given)
            return says({})
        counts = [len(channel.messages) for channel in self.channels.values()]
        several = sum(number > 1 for number in counts)
        return says({**self.limits.stats(), "messages": sum(counts), "channels with several messages": several})


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[Peer]:
    await peer.door.open()
    await peer.gateway.door.open()
    try:
        yield peer
    finally:
        peer.end()
        await peer.door.close()
        await peer.gateway.door.close()
