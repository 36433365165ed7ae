"""Whatever a source sent, cleaned once at the door: text, addresses, times, and the feed document itself.

Owns: what counts as clean text, and the one way in which feedparser is called.
Refuses: the meaning of any field, and escaping for Discord; text leaves here plain, not safe for markdown.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import feedparser

from bot.errors import FeedError

MOST_ENTRIES = 2_000
"""Entries that are read of one body: arXiv's own ceiling for a feed."""
LONGEST_ADDRESS = 2_000

# What no reader sees: controls (but those that are white space), the soft hyphen, zero-width and
# bidirectional marks, invisible fillers, tags, non-characters, and halves of surrogate pairs, which JSON can
# carry and no database can store.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Normalising takes quadratic time over a pile of combining marks (5 s for 80,000): no text needs 30 in a row.
_PILE = re.compile(r"[^\w\s\x00-\x7f]{30,}")
_GENERATION = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)


def clean(text: object) -> str:
    """One line of visible text, NFC, without white space at its ends; "" for anything that is not a str."""
    if not isinstance(text, str):
        return ""
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _PILE.sub(_without_marks, text))
    return " ".join(text.split())


def _without_marks(pile: re.Match[str]) -> str:
    return "".join(character for character in pile[0] if not unicodedata.combining(character))


def without_brackets(line: str) -> str:
    """A line of names without what stands in brackets: "A B (X, Y), C D" -> "A B , C D"."""
    kept, depth = [], 0
    for character in line:
        if character in "([":
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    # A bracket that is never closed would take the other names with it.
    return "".join(kept) if not depth else re.sub(r"[()\[\]]", " ", line)


def names(pieces: Iterable[str]) -> tuple[str, ...]:
    """Clean names, each once, with "Jr." or "III" back at its name, without what is no name (a lone ":")."""
    found: list[str] = []
    for name in map(clean, pieces):
        if found and _GENERATION.fullmatch(name):
            found[-1] = f"{found[-1]}, {name}"
        elif any(map(str.isalnum, name)):
            found.append(name)
    return tuple(dict.fromkeys(found))


# --- HTML -----------------------------------------------------------------------------------------

_BLOCK = frozenset(
    """address article aside audio blockquote body br caption center dd details dialog div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html img legend li main menu nav
    object ol option p picture pre section select summary table tbody td tfoot th thead tr ul video""".split()  # noqa: SIM905
)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big button cite code data del dfn em embed font i input ins kbd label link
    mark meta param q rp rt ruby s samp small source span strike strong sub sup svg time tt u var wbr
    math mfrac mi mn mo mrow msqrt mstyle msub msubsup msup mtext semantics""".split()  # noqa: SIM905
)
_NAMES = "|".join(sorted(_BLOCK | _INLINE, key=len, reverse=True))
# A whole, well-formed tag of HTML, or of the JATS and MathML that journals put into feeds. A paper's text is
# full of other things in angle brackets: "$a<b$", "p<0.05", "<think>". Possessive, so that no input takes
# quadratic time.
_TAG = re.compile(
    rf"""<(?: (?:(?P<name>/?+(?:{_NAMES}|(?:jats|mml):[a-z-]++)) | (?P<dropped>script|style)
                | /?+(?:script|style|iframe))
              (?:\s++ [a-z_:][\w:.-]*+ \s*+=\s*+ (?:"[^"]*+"|'[^']*+'|[^\s"'<>=]++))*+
              (?:\s++(?:controls|allowfullscreen|hidden|disabled|open|async|defer|download))*+ \s*+/?>
            | !doctype\b[^<>]*+> )""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _BLOCK:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCK:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(html: str) -> str:
    """The text of a piece of HTML, clean: tags gone, entities resolved, the end of a block a space.

    Only whole tags that HTML knows are tags; every other "<" is text, as in `$x<y$ and p<0.05`. (feedparser's
    own sanitiser and browsers would swallow everything up to the next ">".)
    """
    if "<" not in html and "&" not in html:
        return clean(html)
    parser = _Text()
    parser.feed(_only_known_tags(_without_comments(html)))
    parser.close()
    return clean("".join(parser.parts))


def _only_known_tags(html: str) -> str:
    """The same HTML with every other "<" escaped, and without scripts and styles.

    The parser would do neither, and what it makes of malformed HTML differs between versions of Python.
    """
    kept: list[str] = []
    at = 0
    unclosed: set[str] = set()
    for tag in _TAG.finditer(html):
        if tag.start() < at:
            continue
        kept.append(html[at : tag.start()].replace("<", "&lt;"))
        at = tag.end()
        dropped = tag["dropped"]
        if dropped is None:
            kept.append(tag[0] if tag["name"] else "")
        elif dropped.lower() not in unclosed:
            end = re.compile(rf"</{dropped}\s*+>", re.IGNORECASE).search(html, at)
            if end:
                at = end.end()
            else:  # then it is a word in angle brackets, and only the tag itself goes
                unclosed.add(dropped.lower())
    return "".join([*kept, html[at:].replace("<", "&lt;")])


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        kept.append(html[at:start])
        at = end + 3
    return "".join([*kept, html[at:]])


# --- addresses and times --------------------------------------------------------------------------

_UNSAFE = str.maketrans({"<": "%3C", ">": "%3E", '"': "%22", "`": "%60", "\\": "%5C"})


def web_url(value: object) -> str | None:
    """An absolute http(s) address that can be shown and opened; None for everything else.

    Not accepted: user info, white space, control characters, more than 2,000 characters.
    """
    address = clean(value)
    if not address or " " in address:
        return None
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    if not host or not any(character.isalnum() for character in host):
        return None
    address = address.translate(_UNSAFE)
    return address if len(address) <= LONGEST_ADDRESS else None


def parse_time(value: object) -> datetime | None:
    """An ISO 8601 time ("2026-08-20T00:00:00.000Z") in UTC; one without offset is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_day(value: object) -> date | None:
    """The UTC day of an ISO 8601 time or date."""
    time = parse_time(value)
    return time.date() if time else None


# --- feeds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What feedparser made of a body, in feedparser's own keys."""

    version: str
    """ "rss20", "rss10", "atom10", ..."""
    feed: dict[str, Any]
    entries: tuple[dict[str, Any], ...]
    left_out: int
    """Entries beyond `MOST_ENTRIES`."""


def read_feed(body: bytes) -> Document:
    """Any RSS or Atom. Raises FeedError for what is no feed; a damaged one gives what could be read.

    feedparser's `bozo` is no verdict: a truncated feed sets it, an empty body does not (measured on 6.0.14).
    """
    try:
        # A BytesIO, because bytes that look like a path would be opened as one. Without sanitising, which
        # eats maths, and without resolving links inside of HTML, which is thrown away here anyway.
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # feedparser over hostile bytes: whatever it trips over, this body is unreadable
        raise FeedError("", f"the feed could not be read; found {describe(body)}") from error
    version = found.get("version") or ""
    if not version:
        raise FeedError("", f"this is not a feed: expected RSS or Atom, found {describe(body)}")
    entries = found.get("entries") or []
    # Plain dicts: FeedParserDict answers for missing keys with other ones, and warns about it.
    return Document(
        version=version,
        feed=dict(found.get("feed") or {}),
        entries=tuple(dict(entry) for entry in entries[:MOST_ENTRIES]),
        left_out=max(0, len(entries) - MOST_ENTRIES),
    )


def describe(body: bytes) -> str:
    """What a body looks like, in words that complete "found ..."."""
    start = body[:20_000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not start:
        return "an empty body"
    if start[0] in "{[":
        return "JSON"
    lower = start.lower()
    if lower.startswith(("<!doctype html", "<html")) or "<body" in lower:
        title = re.search(r"<title[^<>]*>([^<]*)", start, re.IGNORECASE)
        name = plain(title[1])[:80] if title else ""
        return f"an HTML page titled “{name}”" if name else "an HTML page"
    for signature, name in (("%PDF", "a PDF"), ("\x1f", "compressed data"), ("PK\x03\x04", "a ZIP archive")):
        if start.startswith(signature):
            return name
    if start[0] == "<":
        return "XML of another kind"
    if "\x00" in start or start.count("\ufffd") > len(start) // 10:
        return "binary data"
    words = clean(start)
    return f"text that begins “{words[:60]}”" if words else "unreadable data"
