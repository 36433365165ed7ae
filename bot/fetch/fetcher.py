"""The Fetcher: a call, its redirects, its limits.

Owns: the way of one call from an address to an answer. Refuses: judging addresses, hosts and answers, each of
which has its module.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.errors import FeedError
from bot.fetch import answer, words
from bot.fetch.connection import Forbidden, session
from bot.fetch.guard import Guard, nowhere
from bot.fetch.pace import BUDGETS, PAUSES, STRANGERS, Budget, Pace, retry_after
from bot.fetch.target import Target, parse, redirected
from bot.models import Fetched, Validators

_REDIRECTS = 5


class Fetcher:
    """A `models.Fetch` for all sources: `async with Fetcher(version="1.0") as fetch: ...`.

    The Fetcher itself is for addresses that the operator set: it goes wherever they lead. `guarded` is a `Fetch`
    for all others. Both keep to the same pauses and budgets.

    `contact` is an address for the operators of sources. `max_bytes` counts a body unpacked.
    `timeout` is in seconds for one call with its redirects, without the wait for a source's pause.
    `pauses` gives the seconds between the end of one request and the start of the next, for a host and its
    subdomains; such hosts get one request at a time, all others two. `budgets` and `strangers` say how many
    requests a host gets, and how many of them for strangers.
    `resolver` finds the addresses of names. `guard` decides which of them `guarded` may connect to.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        version: str,
        max_bytes: int = 10_000_000,
        timeout: float = 60.0,
        pauses: Mapping[str, float] = PAUSES,
        budgets: Mapping[str, Budget] = BUDGETS,
        strangers: Budget = STRANGERS,
        resolver: AbstractResolver | None = None,
        guard: Guard | None = None,
    ) -> None:
        about = " ".join(contact.split())
        self._agent = f"Paperboy/{version} (+{about})" if about else f"Paperboy/{version}"
        self._max_bytes, self._seconds = max_bytes, timeout
        self._pace = Pace(pauses, budgets, strangers)
        self._resolver = resolver
        self._guard = guard or Guard()
        self._trusted: _Way | None = None
        self._strange: _Way | None = None

    async def __aenter__(self) -> Self:
        self._trusted = _Way(
            session=session(agent=self._agent, resolver=self._resolver, guard=None),
            max_bytes=self._max_bytes,
            seconds=self._seconds,
        )
        self._strange = _Way(
            session=session(agent=self._agent, resolver=self._resolver, guard=self._guard),
            max_bytes=self._guard.max_bytes,
            seconds=self._guard.seconds,
            guard=self._guard,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ways, self._trusted, self._strange = (self._trusted, self._strange), None, None
        for way in ways:
            if way is not None:
                await way.session.close()

    async def __call__(self, url: str, validators: Validators) -> Fetched:
        """GET `url`, or learn that nothing changed since the answer that `validators` came from.

        Raises FeedError, in words, for everything that is neither 200 nor 304.
        """
        return await self._fetch(self._trusted, url, validators)

    async def guarded(self, url: str, validators: Validators) -> Fetched:
        """The same for an address from a stranger: to public sites only, and within the guard's limits.

        Raises FeedError also where `url`, or a redirect of it, is refused; nothing was connected to then.
        """
        return await self._fetch(self._strange, url, validators)

    async def _fetch(self, way: _Way | None, url: str, validators: Validators) -> Fetched:
        if way is None:
            raise RuntimeError("a Fetcher is used inside of `async with`")
        first = current = parse(url, asked=url)
        spent = 0.0
        for _ in range(_REDIRECTS + 1):
            if way.guard and (why := way.guard.refusal(current)):
                raise FeedError(current.shown, why if current is first else f"{first.host} redirects: {why}")
            async with self._pace.turn(current, stranger=way.guard is not None):
                clock = asyncio.get_running_loop().time
                start = clock()
                found = await self._get(way, current, validators, way.seconds - spent)
                spent += clock() - start
            if isinstance(found, Fetched):
                return found
            current = redirected(current, found)
            if spent >= way.seconds:
                raise FeedError(current.shown, words.too_slow(current.host, way.seconds))
        raise FeedError(first.shown, f"{first.host} redirects more than {_REDIRECTS} times")

    async def _get(self, way: _Way, current: Target, validators: Validators, seconds: float) -> Fetched | str:
        """The answer, or the address that it redirects to."""
        headers = dict(current.credentials)
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        limits = aiohttp.ClientTimeout(
            total=seconds, connect=words.CONNECT_SECONDS, sock_connect=words.CONNECT_SECONDS
        )
        try:
            async with way.session.get(
                current.url, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                self._pace.heed(current.host, response.status, response.headers)
                return await answer.read(
                    current,
                    response,
                    asked=validators,
                    max_bytes=way.max_bytes,
                    retry_after=retry_after(response.status, response.headers),
                )
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            if way.guard and _leads_nowhere(error):
                raise FeedError(current.shown, nowhere(current.host)) from None
            raise FeedError(current.shown, words.trouble(current, error, seconds=way.seconds)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What tells the two trusts apart."""

    session: aiohttp.ClientSession
    max_bytes: int
    seconds: float
    guard: Guard | None = None


def _leads_nowhere(error: Exception) -> bool:
    """The name is not known, or the guard does not permit its address."""
    return isinstance(error, aiohttp.ClientConnectorDNSError) or (
        isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Forbidden)
    )
