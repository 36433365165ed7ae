"""An address taken apart for one request: where it leads, and the credentials that go into a header.

Owns: what can be opened at all, where a redirect and the next page lead. Refuses: judging who may go there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urljoin, urlsplit

from bot.addresses import shown
from bot.errors import FeedError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    url: str
    """Without credentials."""
    host: str
    """Lower case, without a dot at its end."""
    port: int
    shown: str
    """Fit for logs and people."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Headers."""


def parse(url: str, *, asked: str) -> Target:
    """Raises FeedError, with the address that was `asked` for, for anything that is no http(s) address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise FeedError(shown(asked), f"not an address that can be opened: {shown(url)}") from None
    if parts.scheme not in _PORTS or not host or re.search(r"[\s\\]", url) or not url.isprintable():
        raise FeedError(shown(asked), f"not an address that can be opened: {shown(url)}")
    user, at, place = parts.netloc.rpartition("@")
    credentials = {}
    if at:
        pair = base64.b64encode(unquote(user).encode()).decode()
        credentials["Authorization"] = f"Basic {pair}"
    clean = parts._replace(netloc=place, fragment="").geturl()
    return Target(
        url=clean,
        host=host.rstrip("."),
        port=_PORTS[parts.scheme] if port is None else port,
        shown=shown(clean),
        credentials=credentials,
    )


def redirected(old: Target, location: str) -> Target:
    """Where `location` leads from an answer of `old`. Raises FeedError like `parse`."""
    try:
        address = urljoin(old.url, location)
    except ValueError:
        address = location
    new = parse(address, asked=old.shown)
    # Credentials stay with the server that they were given for, and go over no weaker connection.
    here, there = urlsplit(old.url), urlsplit(new.url)
    same = (here.hostname, here.port) == (there.hostname, there.port) and there.scheme in (here.scheme, "https")
    return replace(new, credentials=old.credentials) if same and not new.credentials else new


def next_page(current: Target, headers: Mapping[str, str]) -> str | None:
    """The address of `Link: <...>; rel="next"`."""
    for link, parameters in re.findall(r"<([^<>]*)>([^<]*)", headers.get("Link", "")):
        relation = re.search(r"""\brel\s*=\s*(?:"([^"]*)"|([^\s";,]+))""", parameters, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            try:
                return parse(urljoin(current.url, link), asked=current.shown).url
            except (FeedError, ValueError):
                return None
    return None
