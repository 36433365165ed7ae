"""A feed's bytes as feedparser's entries, whatever they are, within limits of time and memory.

Owns: how feedparser is used, and what may be asked of it.
Refuses: document types with their entities, everything outside the body, and the meaning of any field.

feedparser's own `parse` takes minutes to hours for bodies of a few megabytes that are made for it (measured on
6.0.14: blank lines before the first element, a line of `encoding=""`, an author of one long word, categories,
attributes or namespaces by the thousand, `xml:base`, XHTML that begins with character references), and memory
without end for entities. So its two parsers are driven here, with those places closed.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from xml.sax.expatreader import ExpatParser
from xml.sax.handler import feature_external_ges
from xml.sax.saxutils import unescape
from xml.sax.xmlreader import AttributesNSImpl, InputSource

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.mixin import _FeedParserMixin

from bot.errors import FeedError
from bot.feeds.encoding import describe, to_utf8
from bot.feeds.text import MOST_ENTRIES

log = logging.getLogger(__name__)

_MOST_ELEMENTS = 100_000
"""Of one body. A list of 2,000 papers of arXiv has 30,000."""
_MOST_ATTRIBUTES, _LONGEST_ATTRIBUTE = 50, 5_000
_MOST_NAMESPACES = 100
_MOST_CATEGORIES = 100
_LONGEST_BASE = 2_000
_LONGEST_LINE_OF_AUTHOR = 300
"""In which feedparser looks for an e-mail address, which takes quadratic time."""
_MOST_PIECES = 50_000
"""Of the text of one element, as it arrives."""
_MOST_DAMAGED_TAGS, _MOST_DAMAGED_REFERENCES = 100_000, 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What feedparser made of a body, in feedparser's own keys; the value of a key may be of any type."""

    version: str
    """ "rss20", "rss10", "atom10", ..."""
    feed: dict[str, Any]
    items: tuple[dict[str, Any], ...]
    """All of them."""

    @property
    def entries(self) -> tuple[dict[str, Any], ...]:
        """Those that are read."""
        return self.items[:MOST_ENTRIES]


def read_feed(body: bytes) -> Document:
    """Any RSS or Atom. Raises FeedError for what is no feed, and for one that breaks off: half of a list is not
    to be taken for a list. One that is damaged otherwise gives what could be read."""
    found = _START.search(markup := to_utf8(body))
    if found is None:
        raise FeedError("", f"this is not a feed: expected RSS or Atom, found {describe(body)}")
    # All white space is one blank to us; controls are no XML. What stands before the feed is no part of it:
    # declarations, comments, a document type with its entities, the warnings of a program.
    markup = markup[found.start() :].translate(_BLANKS, _CONTROLS)
    if not _ends(markup, found["root"]):
        raise FeedError("", "this feed breaks off before its end")
    try:
        reader = _strict(markup) or _loose(markup)
    except _TooMuch as error:
        raise FeedError("", str(error)) from None
    if not reader.version:
        raise FeedError("", f"this is not a feed: expected RSS or Atom, found {describe(body)}")
    # Plain dicts: FeedParserDict answers for missing keys with other ones, and warns about it.
    return Document(
        version=reader.version,
        feed=dict(reader.feeddata),
        items=tuple(dict(entry) for entry in reader.entries),
    )


def _ends(markup: bytes, root: bytes) -> bool:
    """Whether the element that a feed begins with is closed."""
    if re.match(rb"<[^<>]{0,10000}/>", markup):
        return True
    return re.search(rb"</(?:[\w.-]{1,50}:)?" + root + rb" {0,9}>", markup, re.IGNORECASE) is not None


def string(item: dict[str, Any], key: str) -> str:
    """The text of a field; "" where there is none, or something else."""
    value = item.get(key)
    return value if isinstance(value, str) else ""


def parts(item: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """What a field that may stand several times has: links, authors, tags, content."""
    value = item.get(key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


# --- feedparser, within limits --------------------------------------------------------------------

_START = re.compile(rb"<(?:[\w.-]{1,50}:)?(?P<root>rss|rdf|feed|entry)\b", re.IGNORECASE)
_BLANKS = bytes.maketrans(b"\t\n\r", b"   ")
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})


# Elements that would overwrite lists of feedparser's own, as in <authors><author>...
_OWN_NAMES = {"authors": "x_authors", "links": "x_links"}


class _TooMuch(Exception):
    """Reading on would take too long."""


class _Bounded(_FeedParserMixin):  # type: ignore[misc]
    """What both of feedparser's parsers have in common, with its slow places closed. Stands before one of them.

    An element over which feedparser stumbles costs that element.
    """

    resolve_relative_uris = False
    sanitize_html = False  # it eats maths
    elements = 0

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        self.elements += 1
        if self.elements > _MOST_ELEMENTS:
            raise _TooMuch(f"this feed is too large: it has more than {_MOST_ELEMENTS:,} elements")
        if attrs:
            room = _LONGEST_BASE - len(self.baseuri)
            attrs = [
                (name, value)
                for name, value in attrs[:_MOST_ATTRIBUTES]
                if len(value) <= (room if name in ("base", "xml:base") else _LONGEST_ATTRIBUTE)
            ]
        with suppress(Exception):
            super().unknown_starttag(_OWN_NAMES.get(tag, tag), attrs)

    def unknown_endtag(self, tag: str) -> None:
        with suppress(Exception):
            super().unknown_endtag(_OWN_NAMES.get(tag, tag))

    def handle_data(self, text: str, escape: int = 1) -> None:
        if self.elementstack:
            pieces = self.elementstack[-1][2]
            # White space at the beginning would be taken away again, piece by piece.
            if len(pieces) < _MOST_PIECES and (pieces or not text.isspace()):
                super().handle_data(text, escape)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < _MOST_NAMESPACES:
            super().track_namespace(prefix, uri)

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        if len(self._get_context().get("tags", ())) < _MOST_CATEGORIES:
            super()._add_tag(term, scheme, label)

    def _sync_author_detail(self, key: str = "author") -> None:
        context = self._get_context()
        if len(context.get(key) or "") <= _LONGEST_LINE_OF_AUTHOR:
            super()._sync_author_detail(key)
        else:
            context[f"{key}s"][-1].setdefault("name", context[key])

    def _end_dcterms_valid(self) -> None:
        self.pop("validity")


class _Strict(_Bounded, StrictFeedParser):  # type: ignore[misc]
    """For well-formed XML."""

    def startElementNS(self, name: Sequence[str | None], qname: str | None, attrs: AttributesNSImpl) -> None:
        # A namespace with a blank in it comes as several; and feedparser looks each attribute up among all.
        if attrs and (len(attrs) > _MOST_ATTRIBUTES or any(len(pair) != 2 for pair in attrs.keys())):  # noqa: SIM118
            attrs = AttributesNSImpl({}, {})
        super().startElementNS((name[0], name[-1]), qname, attrs)

    def endElementNS(self, name: Sequence[str | None], qname: str | None) -> None:
        super().endElementNS((name[0], name[-1]), qname)


class _Loose(_Bounded, LooseFeedParser):  # type: ignore[misc]
    """For everything else."""

    def handle_charref(self, ref: str) -> None:
        with suppress(ValueError, OverflowError):
            code = int(ref[1:], 16) if ref[:1] in "xX" else int(ref)
            if code in _MARKUP:
                super().handle_charref(ref)
            else:
                self.handle_data(chr(code), 0)

    def decode_entities(self, element: str, data: str) -> str:
        data = super().decode_entities(element, data)
        # It leaves to its caller what is neither title nor text: authors, links, ids.
        return data if self.contentparams else unescape(data, {"&quot;": '"', "&apos;": "'"})


_MARKUP = frozenset(map(ord, "\"&'<>"))


class _Expat(ExpatParser):
    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]  # fewer, larger pieces of text


def _strict(markup: bytes) -> _Strict | None:
    """None for what is not well-formed."""
    reader = _Strict("", None, "utf-8")
    parser = _Expat(namespaceHandling=1)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(reader)
    parser.setErrorHandler(reader)
    source = InputSource()
    source.setEncoding("utf-8")
    source.setByteStream(io.BytesIO(markup))
    try:
        parser.parse(source)
    except _TooMuch:
        raise
    except Exception:  # mostly the XML's fault; whatever it is, the other parser may do better
        return None
    return reader


# A tag that ends before the next begins, with every quotation mark closed: feedparser looks for the end of others
# through all that follows.
_NO_TAG = re.compile(
    r"""<(?! [!?] | (?=[^<>]{0,10000}+>)
             (?: /[^<>"']*+ | [a-z_] (?:[^<>"']++ | "[^<>"]*+" | '[^<>']*+')*+ ) > )""",
    re.IGNORECASE | re.VERBOSE,
)


def _loose(markup: bytes) -> _Loose:
    """As far as it can be read."""
    text = markup.decode("utf-8", "replace")
    if text.count("<") > _MOST_DAMAGED_TAGS or text.count("&") > _MOST_DAMAGED_REFERENCES:
        raise _TooMuch("this feed is damaged, and too large to be read in spite of it")
    reader = _Loose("", None, "utf-8", {})
    try:
        reader.feed(_NO_TAG.sub("&lt;", text))
    except _TooMuch:
        raise
    except Exception:  # whatever it trips over: what came before was read
        log.debug("feedparser gave up", exc_info=True)
    return reader
