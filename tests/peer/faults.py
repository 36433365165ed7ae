"""How a request to the peer can fail: scripted, one by one or until further notice."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from tests.peer.shapes import Json

What = Literal["status", "limit", "reset", "close", "half", "hang"]

SEND = ("POST", r"/channels/\d+/messages")
LOOK = ("GET", r"/channels/\d+/messages")
LOGIN = ("GET", r"/users/@me")


@dataclass
class Fault:
    """`status`: an answer with `status`, and with `code` where Discord itself would give one (None: a page in
    HTML, as of a proxy). `limit`: 429, for all routes with `everywhere`. `reset` and `close` answer nothing,
    `half` breaks off in the middle of the answer, `hang` answers after `Peer.release()`.
    """

    match: tuple[str, str]
    """Method, and the path as a regular expression."""
    what: What = "status"
    times: int | None = 1
    """How many requests fail so; None: all that come."""
    stored: bool = False
    """Whether Discord has done what was asked before it fails."""
    status: int = 500
    code: int | None = None
    retry_after: float = 1.0
    everywhere: bool = False
    via: bool = True
    """Of a limit: Discord's own proxies sign an answer; what stops a request before them does not."""

    def fits(self, method: str, path: str) -> bool:
        return self.times != 0 and method == self.match[0] and re.fullmatch(self.match[1], path) is not None

    def taken(self) -> None:
        if self.times is not None:
            self.times -= 1


def says(data: object, status: int = 200, **headers: str) -> web.Response:
    """As Discord answers: no charset behind the type, which discord.py would take for text."""
    signed = {"Via": "1.1 google", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return web.Response(
        body=json.dumps(data).encode(), status=status, content_type="application/json", headers=signed
    )


def refuses(status: int, code: int, text: str) -> web.Response:
    return says({"message": text, "code": code}, status)


def limits(retry_after: float, *, everywhere: bool, via: bool = True) -> web.Response:
    """Discord's 429; without `via` the one of the shield before it, whose body is no JSON."""
    whole = str(math.ceil(retry_after))
    if not via:
        return web.Response(status=429, text="error code: 1015", headers={"Retry-After": whole})
    body: Json = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere}
    response = says(body, 429, Retry_After=whole, X_RateLimit_Scope="global" if everywhere else "user")
    if everywhere:
        response.headers["X-RateLimit-Global"] = "true"
    return response


async def fail(fault: Fault, request: web.Request, done: web.Response | None) -> web.StreamResponse:
    """`done`: what would have been answered, where it was done."""
    match fault.what:
        case "status" if fault.code is None:
            page = f"<html><title>{fault.status}</title></html>"
            return web.Response(status=fault.status, text=page, content_type="text/html")
        case "status":
            return refuses(fault.status, fault.code or 0, "as scripted")
        case "limit":
            return limits(fault.retry_after, everywhere=fault.everywhere, via=fault.via)
        case "reset":
            _reset(request)
        case "half":
            return await _half(request, done)
        case _:
            if request.transport:
                request.transport.close()
    return web.Response()


def _reset(request: web.Request) -> None:
    """A real RST: the other side reads ECONNRESET."""
    transport = request.transport
    if transport is None:
        return
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _half(request: web.Request, done: web.Response | None) -> web.StreamResponse:
    body = done.body if done and isinstance(done.body, bytes) else b'{"id": "1", "content": "'
    headers = {"Content-Length": str(len(body) + 100), "Content-Type": "application/json", "Via": "1.1 google"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response
