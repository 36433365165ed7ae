"""The feeds that a web page names: `<link rel="alternate" type="application/rss+xml" href="...">` in its head.

Owns: finding them in any HTML. Refuses: fetching, and guessing addresses that the page does not name.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

from bot.addresses import normal, shown
from bot.feeds.text import clean, web_url
from bot.models import FeedLink

MOST = 5
_LOOKED_AT = 512 * 1024
"""Bytes: heads are far smaller, and links below them are the page's own text."""
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/rss"})


def find(body: bytes, address: str) -> tuple[FeedLink, ...]:
    """The feeds that the page at `address` names, each once, at most MOST; feeds of comments only where there is
    no other."""
    page = _Page()
    page.feed(body[:_LOOKED_AT].decode("utf-8", "replace"))
    try:
        base = urljoin(address, page.base)
    except ValueError:
        base = address
    found: dict[str, FeedLink] = {}
    for href, title in page.links:
        if (link := _link(base, href, title)) and link.address not in found:
            found[link.address] = link
    posts = [link for link in found.values() if not _of_comments(link)]
    return tuple((posts or list(found.values()))[:MOST])


def _link(base: str, href: str, title: str) -> FeedLink | None:
    try:
        address = normal(urljoin(base, clean(href)))
    except ValueError:
        return None
    if address != web_url(address) or address != shown(address):
        return None
    return FeedLink(address=address, title=clean(title))


def _of_comments(link: FeedLink) -> bool:
    return "comments" in f"{link.title} {link.address}".casefold()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}  # of two, the first counts
        if tag == "base":
            self.base = self.base or given.get("href", "").strip()
        elif tag == "link" and "alternate" in given.get("rel", "").casefold().split():
            kind = given.get("type", "").partition(";")[0].strip().casefold()
            if kind in _TYPES and given.get("href"):
                self.links.append((given["href"], given.get("title", "")))
