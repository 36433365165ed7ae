"""The gateway: sessions that outlive their connection, and every way in which Discord ends one."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.peer.door import Door
from tests.peer.shapes import BOT, Json, user


@dataclass
class Session:
    id: str
    socket: web.WebSocketResponse | None
    """None while nobody is connected."""
    events: list[Json] = field(default_factory=list)
    """All that it was sent or missed."""

    async def send(self, event: str, data: Json) -> None:
        payload = {"op": 0, "t": event, "s": len(self.events) + 1, "d": data}
        self.events.append(payload)
        if self.socket and not self.socket.closed:
            await self.socket.send_json(payload)


class Gateway:
    def __init__(self, guilds: Callable[[], Iterable[Json]], valid: Callable[[], bool]) -> None:
        self._guilds, self._valid = guilds, valid
        self.sessions: dict[str, Session] = {}
        self._lost: list[web.WebSocketResponse] = []
        """Connected still, with a session that is forgotten."""
        self.at_connect: list[int] = []
        """HTTP statuses that refuse the next handshakes."""
        self.at_identify: list[int | bool] = []
        """What the next IDENTIFYs get in place of READY: a close code, or "invalid session" that may be resumed
        (True) or not (False)."""
        self.deaf = False
        """Whether a farewell is left without an answer."""
        self.log: list[str] = []
        """connect, refuse, identify, resume, resumed, invalid, in order."""
        app = web.Application()
        app.router.add_get("/", self._serve)
        self.door = Door(app)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.door.port}/"

    # --- what happens to those who are connected ------------------------------------------------------

    async def push(self, event: str, data: Json) -> None:
        """Send an event, or keep it for who resumes."""
        for session in self.sessions.values():
            await session.send(event, data)

    async def close(self, code: int) -> None:
        await asyncio.gather(*(socket.close(code=code) for socket in self._sockets()))

    async def invalidate(self, *, resumable: bool) -> None:
        """Op 9."""
        if not resumable:
            self.forget()
        for socket in self._sockets():
            await socket.send_json({"op": 9, "d": resumable})

    async def reconnect(self) -> None:
        """Op 7."""
        for socket in self._sockets():
            await socket.send_json({"op": 7, "d": None})

    def forget(self) -> None:
        """A RESUME is answered with "invalid session" from now on."""
        self._lost = [session.socket for session in self.sessions.values() if session.socket]
        self.sessions.clear()

    def _sockets(self) -> list[web.WebSocketResponse]:
        held = [session.socket for session in self.sessions.values() if session.socket]
        return [socket for socket in (*held, *self._lost) if not socket.closed]

    # --- one connection ------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.at_connect:
            self.log.append("refuse")
            return web.Response(status=self.at_connect.pop(0))
        # discord.py never answers a close frame that it can handle: do not wait for that.
        socket = web.WebSocketResponse(timeout=0.2, autoclose=not self.deaf)
        try:  # the other side may die at any moment
            await socket.prepare(request)
        except ConnectionResetError:
            return web.Response()
        self.log.append("connect")
        try:
            with suppress(ConnectionResetError):
                await self._talk(socket)
            if self.deaf:
                await asyncio.Event().wait()
        finally:
            for session in self.sessions.values():
                if session.socket is socket:
                    session.socket = None
        return socket

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41250}})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            asked = json.loads(frame.data)
            match asked["op"]:
                case 1:
                    await socket.send_json({"op": 11, "d": None})
                case 2:
                    await self._identify(socket)
                case 6:
                    await self._resume(socket, asked["d"])

    async def _identify(self, socket: web.WebSocketResponse) -> None:
        self.log.append("identify")
        if not self._valid():
            await socket.close(code=4004)
            return
        if self.at_identify:
            instead = self.at_identify.pop(0)
            if isinstance(instead, bool):
                await socket.send_json({"op": 9, "d": instead})
            else:
                await socket.close(code=instead)
            return
        session = Session(secrets.token_hex(16), socket)
        self.sessions[session.id] = session
        guilds = list(self._guilds())
        ready: Json = {
            "v": 10,
            "user": user(BOT),
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(BOT), "flags": 0},
        }
        await session.send("READY", ready)
        for guild in guilds:
            await session.send("GUILD_CREATE", guild)

    async def _resume(self, socket: web.WebSocketResponse, asked: Json) -> None:
        self.log.append("resume")
        if not self._valid():
            await socket.close(code=4004)
            return
        session = self.sessions.get(asked["session_id"] or "")
        if session is None:
            self.log.append("invalid")
            await socket.send_json({"op": 9, "d": False})
            return
        session.socket = socket
        for payload in session.events[asked["seq"] or 0 :]:
            await socket.send_json(payload)
        await session.send("RESUMED", {})
        self.log.append("resumed")
