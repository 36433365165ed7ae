"""An HTTP answer becomes a `Fetched`, or the address that it redirects to.

Owns: what counts as success, unpacking, the byte limit. Refuses: connections, and what a body means.
"""

from __future__ import annotations

import zlib

import aiohttp

from bot.errors import FeedError
from bot.fetch import words
from bot.fetch.target import Target, next_page
from bot.models import Fetched, Validators

_PIECE = 65_536


async def read(
    target: Target,
    response: aiohttp.ClientResponse,
    *,
    asked: Validators,
    max_bytes: int,
    retry_after: float | None,
) -> Fetched | str:
    """The answer, or the address that it redirects to.

    `max_bytes` counts the body as it was sent, and unpacked. Raises FeedError, with `retry_after`, for
    everything else, and what aiohttp and zlib raise where the body breaks off or is damaged.
    """
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
        raise FeedError(target.shown, words.status(target.host, response.status), retry_after=retry_after)
    body = await body_of(target, response, max_bytes)
    return Fetched(url=target.shown, body=body, validators=given, next_url=next_page(target, response.headers))


async def body_of(target: Target, response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The whole body, unpacked. Raises FeedError where it is larger than `max_bytes` or packed oddly, and what
    aiohttp and zlib raise."""
    # Packed twice is two codings, in one header or in two.
    coding = ",".join(response.headers.getall("Content-Encoding", ())).strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise FeedError(target.shown, f"{target.host} packed its answer in a way that was not asked for")
    unpack = None if coding in ("identity", "") else _Unpack()
    body, received = bytearray(), 0
    async for piece in response.content.iter_chunked(_PIECE):
        received += len(piece)
        body += unpack(piece, max_bytes + 1 - len(body)) if unpack else piece
        # Packed bytes may unpack to nothing, without end.
        if max(received, len(body)) > max_bytes:
            response.close()
            raise FeedError(target.shown, f"the answer of {target.host} is larger than {words.size(max_bytes)}")
    if unpack and not unpack.complete:
        raise aiohttp.ClientPayloadError("packed body ended early")
    return bytes(body)


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


def _kept(value: str | None) -> str | None:
    """A validator that can be stored and sent back as it is."""
    return value if value and len(value) <= 1_000 and value.isascii() and value.isprintable() else None
