"""The feeds that a web page names: `<link rel="alternate" type="application/rss+xml" href="...">` in its head.

Owns: finding them in any HTML. Refuses: fetching, and guessing addresses that the page does not name.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import islice
from urllib.parse import urljoin

from bot.addresses import normal, shown
from bot.feeds.text import clean, web_url
from bot.models import FeedLink

MOST = 5
_LOOKED_AT = 512 * 1024
"""Bytes: heads are far smaller, and links below them are the page's own text."""
_MOST_TAGS = 500
# One whole tag, its quoted values with any sign in them; possessive, so that no page takes quadratic time.
_TAG = re.compile(r"""<(?:link|base)\b(?:[^<>"']++|"[^"]{0,2000}+"|'[^']{0,2000}+')*+>""", re.IGNORECASE)
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/rss"})


def find(body: bytes, address: str) -> tuple[FeedLink, ...]:
    """The feeds that the page at `address` names, each once, at most MOST; feeds of comments only where there is
    no other."""
    page = _Page()
    for tag in islice(_TAG.finditer(_without_comments(body[:_LOOKED_AT].decode("utf-8", "replace"))), _MOST_TAGS):
        page.feed(tag[0])
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


def _without_comments(html: str) -> str:
    return " ".join(part.partition("-->")[2] if at else part for at, part in enumerate(html.split("<!--")))


class _Page(HTMLParser):
    """Fed with tags of two kinds only: over a whole page Python's parser trips where a section is malformed."""

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
