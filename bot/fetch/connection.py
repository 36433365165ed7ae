"""The one session of a trust: how names become addresses and addresses connections.

Owns: aiohttp's settings, and asking the guard at each step. Refuses: what is sent, and judging an address.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.fetch.guard import Guard


class Forbidden(OSError):
    """The guard does not permit this address. Without text: it stays inside."""


def session(*, agent: str, resolver: AbstractResolver | None, guard: Guard | None) -> aiohttp.ClientSession:
    """With a guard no connection leads to an address that it does not permit.

    The guard sees what the resolver answers; then the very address that a socket is made for, because aiohttp
    asks no resolver for a literal address; then the peer, before a byte of the request is sent, because
    0.0.0.0 leads to the loopback.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_Guarded(resolver or aiohttp.ThreadedResolver(), guard) if guard else resolver,
            socket_factory=_sockets(guard) if guard else None,
            use_dns_cache=guard is None,
            # A connection of its own for each request: polls are an hour apart, and a reused connection that
            # the server has just closed looks like an outage.
            force_close=True,
            limit=0,
        ),
        request_class=_requests(guard) if guard else aiohttp.ClientRequest,
        headers={"User-Agent": agent, "Accept-Encoding": "gzip, deflate"},
        cookie_jar=aiohttp.DummyCookieJar(),
        # Unpacked in `answer`, where the limit counts.
        auto_decompress=False,
        middlewares=(_once,),
        # No proxy and no password of the host's environment.
        trust_env=False,
    )


class _Guarded(AbstractResolver):
    """Refuses a name that has a forbidden address among others: no public site needs one, and it is how names are
    made to lead inside."""

    def __init__(self, resolver: AbstractResolver, guard: Guard) -> None:
        self._resolver, self._guard = resolver, guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not all(self._guard.permits(result["host"], port) for result in found):
            raise Forbidden
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _sockets(guard: Guard) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    def make(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = address
        if not guard.permits(str(place[0]), int(place[1])):
            raise Forbidden
        return socket.socket(family, kind, protocol)

    return make


def _requests(guard: Guard) -> type[aiohttp.ClientRequest]:
    class Checked(aiohttp.ClientRequest):
        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            peer = conn.transport.get_extra_info("peername") if conn.transport else None
            if not peer or not guard.permits(peer[0], peer[1]):
                raise aiohttp.ClientConnectorError(self.connection_key, Forbidden())
            return await super().send(conn)

    return Checked


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp sends a GET a second time when the connection breaks. That would be a request without its pause.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError("connection lost") from error
