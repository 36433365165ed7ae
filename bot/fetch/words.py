"""What went wrong on the way, in words for people. Never the error's own text: it may repeat a secret."""

from __future__ import annotations

import errno
import math
import zlib

import aiohttp

from bot.fetch.target import Target

CONNECT_SECONDS = 10.0
"""The longest wait for one connection."""


def status(host: str, code: int) -> str:
    if code == 429:
        return f"{host} asks us to slow down (HTTP 429)"
    if code in (401, 403, 407, 451):
        return f"{host} refuses access (HTTP {code})"
    if code in (404, 410):
        return f"{host} has nothing at this address (HTTP {code})"
    if code >= 500:
        return f"{host} has trouble of its own (HTTP {code})"
    return f"{host} answered with HTTP {code} instead of the feed"


def trouble(target: Target, error: Exception, *, seconds: float) -> str:
    """`seconds` is what the whole call had."""
    host = target.host
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"could not connect to {host} within {CONNECT_SECONDS:.0f} seconds"
    if isinstance(error, TimeoutError):
        return too_slow(host, seconds)
    # UnicodeError: Python finds that no name can look like that.
    if isinstance(error, aiohttp.ClientConnectorDNSError | UnicodeError):
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


def too_slow(host: str, seconds: float) -> str:
    return f"{host} did not answer in full within {seconds:g} seconds"


def size(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= 100_000 else f"{count:,} bytes"


def span(seconds: float) -> str:
    """Rounded up: "1 second", "12 minutes", "3 hours"."""
    for length, name in ((3600, "hours"), (60, "minutes")):
        if seconds > 1.5 * length:
            return f"{math.ceil(seconds / length)} {name}"
    count = max(1, math.ceil(seconds))
    return f"{count} second" + ("" if count == 1 else "s")
