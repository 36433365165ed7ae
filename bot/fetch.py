"""The only way out to the network over HTTP: one conditional GET at a time, bounded and polite.

Owns: byte, time and redirect limits, the pauses that sources ask for, credentials in addresses, and saying in
words what went wrong.
Refuses: retries and their timing (the caller's), the meaning of a body, anything that is not http or https.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.addresses import shown
from bot.errors import FeedError
from bot.models import Fetched, Validators

PAUSES: Mapping[str, float] = MappingProxyType({"arxiv.org": 3.0, "huggingface.co": 0.6})
"""Seconds between two requests to a host and all its subdomains together.

arXiv asks for one request every three seconds on one connection, over API and RSS together (help/api/tou).
Hugging Face answers 500 calls in five minutes.
"""

_CONNECT_SECONDS = 10.0
_REDIRECTS = 5
_LONGEST_WAIT = 86_400.0
_AT_ONCE = 2
_PIECE = 65_536


class Fetcher:
    """A `models.Fetch` with one session for all sources: `async with Fetcher(version="1.0") as fetch: ...`.

    `contact` is an address for the operators of sources. `max_bytes` counts a body unpacked.
    `timeout` is in seconds for one call with its redirects, without the wait for a source's pause.
    `pauses` gives the seconds between the end of one request and the start of the next, for a host and its
    subdomains; such hosts get one request at a time, all others two.
    `resolver` decides which addresses may be connected to.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        version: str,
        max_bytes: int = 10_000_000,
        timeout: float = 60.0,
        pauses: Mapping[str, float] = PAUSES,
        resolver: AbstractResolver | None = None,
    ) -> None:
        about = " ".join(contact.split())
        self._agent = f"Paperboy/{version} (+{about})" if about else f"Paperboy/{version}"
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._pauses = dict(pauses)
        self._resolver = resolver
        self._gates: dict[str, _Gate] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # A connection of its own for each request: polls are an hour apart, and a reused connection that
            # the server has just closed looks like an outage.
            connector=aiohttp.TCPConnector(resolver=self._resolver, force_close=True, limit=0),
            headers={"User-Agent": self._agent, "Accept-Encoding": "gzip, deflate"},
            cookie_jar=aiohttp.DummyCookieJar(),
            # Unpacked below, where the cap counts.
            auto_decompress=False,
            middlewares=(_once,),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __call__(self, url: str, validators: Validators) -> Fetched:
        """GET `url`, or learn that nothing changed since the answer that `validators` came from.

        Raises FeedError, in words, for everything that is neither 200 nor 304.
        """
        target = _target(url, url)
        spent = 0.0
        for _ in range(_REDIRECTS + 1):
            async with self._gate(target.host).turn():
                clock = asyncio.get_running_loop().time
                start = clock()
                answer = await self._get(target, validators, self._timeout - spent)
                spent += clock() - start
            if isinstance(answer, Fetched):
                return answer
            target = _redirected(target, answer)
            if spent >= self._timeout:
                raise FeedError(target.shown, _too_slow(target, self._timeout))
        raise FeedError(shown(url), f"{_target(url, url).host} redirects more than {_REDIRECTS} times")

    def _gate(self, host: str) -> _Gate:
        for paused, seconds in self._pauses.items():
            if host == paused or host.endswith(f".{paused}"):
                return self._gates.setdefault(paused, _Gate(1, seconds))
        return self._gates.setdefault(host, _Gate(_AT_ONCE, 0.0))

    async def _get(self, target: _Target, validators: Validators, seconds: float) -> Fetched | str:
        """The answer, or the address that it redirects to."""
        if self._session is None:
            raise RuntimeError("a Fetcher is used inside of `async with`")
        headers = dict(target.credentials)
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        limits = aiohttp.ClientTimeout(total=seconds, connect=_CONNECT_SECONDS, sock_connect=_CONNECT_SECONDS)
        try:
            async with self._session.get(
                target.url, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                return await self._read(target, response, validators)
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise FeedError(target.shown, _in_words(target, error, self._timeout)) from error

    async def _read(self, target: _Target, response: aiohttp.ClientResponse, asked: Validators) -> Fetched | str:
        if response.status in (301, 302, 303, 307, 308) and "Location" in response.headers:
            return response.headers["Location"]
        given = Validators(
            etag=_kept(response.headers.get("ETag")),
            last_modified=_kept(response.headers.get("Last-Modified")),
        )
        if response.status == 304 and asked != Validators():
            return Fetched(
                url=target.shown, body=b"", not_modified=True, validators=given if given != Validators() else asked
            )
        if response.status != 200:
            raise FeedError(target.shown, _status_in_words(target, response), retry_after=_retry_after(response))
        body = await self._body(target, response)
        return Fetched(url=target.shown, body=body, validators=given, next_url=_next(target, response.headers))

    async def _body(self, target: _Target, response: aiohttp.ClientResponse) -> bytes:
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            raise FeedError(target.shown, f"{target.host} packed its answer in a way that was not asked for")
        unpack = None if coding in ("identity", "") else _Unpack()
        body = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            body += unpack(piece, self._max_bytes + 1 - len(body)) if unpack else piece
            if len(body) > self._max_bytes:
                response.close()
                raise FeedError(
                    target.shown, f"the answer of {target.host} is larger than {_size(self._max_bytes)}"
                )
        if unpack and not unpack.complete:
            raise aiohttp.ClientPayloadError("packed body ended early")
        return bytes(body)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp sends a GET a second time when the connection breaks. That would be a request without its pause.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError("connection lost") from error


class _Gate:
    """Lets at most `at_once` requests through, each at least `pause` seconds after the end of the last."""

    def __init__(self, at_once: int, pause: float) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._pause = pause
        self._open_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        clock = asyncio.get_running_loop().time
        async with self._slots:
            # In a loop, because a sleep may end a moment early.
            while self._pause and (wait := self._open_at - clock()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self._open_at = clock() + self._pause


class _Unpack:
    """gzip or deflate, with or without the zlib header that many servers forget."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._started = False

    def __call__(self, piece: bytes, most: int) -> bytes:
        """At most `most` bytes; raises zlib.error when the bytes are not packed as promised."""
        try:
            return self._inflate.decompress(self._inflate.unconsumed_tail + piece, max(1, most))
        except zlib.error:
            if self._started:
                raise
        finally:
            self._started = True
        self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        return self(piece, most)

    @property
    def complete(self) -> bool:
        return self._inflate.eof or not self._started


# --- addresses ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    url: str
    """Without credentials."""
    host: str
    shown: str
    credentials: Mapping[str, str] = field(default_factory=dict)


def _target(url: str, asked: str) -> _Target:
    """Raises FeedError, with the address that was `asked` for, for anything that is no http(s) address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise FeedError(shown(asked), f"not an address that can be opened: {shown(url)}") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\]", url) or not url.isprintable():
        raise FeedError(shown(asked), f"not an address that can be opened: {shown(url)}")
    user, at, place = parts.netloc.rpartition("@")
    credentials = {}
    if at:
        pair = base64.b64encode(unquote(user).encode()).decode()
        credentials["Authorization"] = f"Basic {pair}"
    clean = parts._replace(netloc=place, fragment="").geturl()
    return _Target(url=clean, host=host.rstrip("."), shown=shown(clean), credentials=credentials)


def _redirected(target: _Target, location: str) -> _Target:
    try:
        address = urljoin(target.url, location)
    except ValueError:
        address = location
    there = _target(address, target.shown)
    old, new = urlsplit(target.url), urlsplit(there.url)
    # Credentials stay with the server that they were given for, and go over no weaker connection.
    same = (old.hostname, old.port) == (new.hostname, new.port) and new.scheme in (old.scheme, "https")
    return replace(there, credentials=target.credentials) if same else there


def _next(target: _Target, headers: Mapping[str, str]) -> str | None:
    """The address of `Link: <...>; rel="next"`."""
    for link, parameters in re.findall(r"<([^<>]*)>([^<]*)", headers.get("Link", "")):
        relation = re.search(r"""\brel\s*=\s*(?:"([^"]*)"|([^\s";,]+))""", parameters, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            try:
                return _target(urljoin(target.url, link), target.shown).url
            except (FeedError, ValueError):
                return None
    return None


def _kept(value: str | None) -> str | None:
    """A validator that can be stored and sent back as it is."""
    return value if value and len(value) <= 1_000 and value.isascii() and value.isprintable() else None


# --- in words -------------------------------------------------------------------------------------


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds, at most a day. The date form counts from the answer's own date: clocks differ."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))
        return min(max(wait.total_seconds(), 0.0), _LONGEST_WAIT)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    # Hugging Face: `RateLimit: "api";r=0;t=123`, without Retry-After (hub-docs, rate-limits.md).
    left = re.search(r";\s*t=([0-9]{1,12})\b", response.headers.get("RateLimit", ""))
    return min(float(left[1]), _LONGEST_WAIT) if left and response.status == 429 else None


def _status_in_words(target: _Target, response: aiohttp.ClientResponse) -> str:
    status, host = response.status, target.host
    if status == 429:
        return f"{host} asks us to slow down (HTTP 429)"
    if status in (401, 403, 407, 451):
        return f"{host} refuses access (HTTP {status})"
    if status in (404, 410):
        return f"{host} has nothing at this address (HTTP {status})"
    if status >= 500:
        return f"{host} has trouble of its own (HTTP {status})"
    return f"{host} answered with HTTP {status} instead of the feed"


def _in_words(target: _Target, error: Exception, seconds: float) -> str:
    host = target.host
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"could not connect to {host} within {_CONNECT_SECONDS:.0f} seconds"
    if isinstance(error, TimeoutError):
        return _too_slow(target, seconds)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"could not connect to {host}: its name was not found"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"could not connect to {host}: its certificate is not valid"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"could not connect to {host}: no secure connection was possible"
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = error.os_error.errno == errno.ECONNREFUSED
        return f"could not connect to {host}" + (": it refused the connection" if refused else "")
    if isinstance(error, zlib.error):
        return f"the packed answer of {host} is damaged"
    if isinstance(error, aiohttp.InvalidURL):
        return f"not an address that can be opened: {target.shown}"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError | OSError):
        return f"the connection to {host} broke off before the answer was complete"
    return f"{host} sent an answer that is not valid HTTP"


def _too_slow(target: _Target, seconds: float) -> str:
    return f"{target.host} did not answer in full within {seconds:g} seconds"


def _size(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= 100_000 else f"{count:,} bytes"
