"""The bodies that cost the most, at any size: each aims at one place where a parser could take quadratic time.

`python -m tests.fuzz --worst` measures them at the cap of the fetcher.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

CAP = 10_000_000
"""bot.fetch's."""

_RSS = b'<rss version="2.0"><channel><title>T</title>'
_OPEN = _RSS + b"<item><title>T</title><link>https://example.org/1</link>"
_CLOSE = b"</item></channel></rss>"
_DAMAGED = _CLOSE + b"<"
"""No XML any more: feedparser's other parser reads it."""
_XHTML = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://example.org/1</id><content type="xhtml">'
_ENTITY = b'<!DOCTYPE x [\n<!ENTITY a "%s">\n%s]>\n'

Maker = Callable[[int], bytes]


def _in(before: bytes, unit: bytes, after: bytes = _CLOSE) -> Maker:
    """One place filled with repetitions."""
    return lambda size: before + unit * (max(0, size - len(before) - len(after)) // len(unit)) + after


def _text(tag: bytes, unit: bytes) -> Maker:
    return _in(_OPEN + b"<" + tag + b">", unit, b"</" + tag.split()[0] + b">" + _CLOSE)


def _numbered(before: bytes, unit: str, after: bytes) -> Maker:
    """Repetitions that differ."""

    def made(size: int) -> bytes:
        count = size // (len(unit) + 4)
        return before + b"".join((unit % number).encode() for number in range(count)) + after

    return made


def _entities(size: int) -> bytes:
    """Quadratic: one long entity, named often."""
    return (
        _ENTITY % (b"a" * (size // 3), b"")
        + _OPEN
        + b"<description>"
        + b"&a;" * (size // 40)
        + b"</description>"
        + _CLOSE
    )


def _laughs(_size: int) -> bytes:
    """Exponential: each entity is ten of the one before."""
    nested = b"".join(b'<!ENTITY a%d "%s">\n' % (at, b"&a%d;" % (at - 1) * 10) for at in range(1, 12))
    nested = nested.replace(b"&a0;", b"&a;")
    return _ENTITY % (b"a" * 10, nested) + _OPEN + b"<description>&a11;</description>" + _CLOSE


FEEDS: Mapping[str, Maker] = {
    "the same category": _in(_OPEN, b"<category>a</category>"),
    "other categories": _numbered(_OPEN, "<category>%d</category>", _CLOSE),
    "keywords": _numbered(
        _OPEN + b'<k:keywords xmlns:k="http://search.yahoo.com/mrss/">', "%d,", b"</k:keywords>" + _CLOSE
    ),
    "authors": _in(_OPEN, b"<author>a</author>"),
    "an author of one word": _text(b"author", b"a"),
    "an author with generations": _text(b"author", b"A B, Jr., "),
    "a line of authors": _text(b"author", b"A B, "),
    "authors with brackets": _text(b"author", b"A (B, "),
    "a long base": lambda size: (
        _OPEN + b'<a xml:base="http://x.org/%s">' % (b"a" * (size // 2)) + b"<b/>" * (size // 8) + b"</a>" + _CLOSE
    ),
    "a base in a base": lambda size: (
        _OPEN
        + b'<a xml:base="http://x.org/">'
        + b'<a base="b/">' * (size // 18)
        + b"</a>" * (size // 18 + 1)
        + _CLOSE
    ),
    "a long language": lambda size: (
        _OPEN
        + b'<a xml:lang="%s">' % (b"a_" * (size // 4))
        + b"<title>a</title>" * (size // 32)
        + b"</a>"
        + _CLOSE
    ),
    "attributes": _numbered(_OPEN + b"<a ", 'a%d="" ', b"/>" + _CLOSE),
    "namespaces": lambda size: (
        _numbered(_OPEN + b"<a ", 'xmlns:a%d="u" ', b">")(size // 2)
        + b'<b xmlns="q"/>' * (size // 28)
        + b"</a>"
        + _CLOSE
    ),
    "empty items": _in(_RSS, b"<item/>", b"</channel></rss>"),
    "elements": _in(_OPEN, b"<a/>"),
    "depth": lambda size: _OPEN + b"<a>" * (size // 7) + b"</a>" * (size // 7) + _CLOSE,
    "depth without end": _in(_OPEN, b"<a>", _DAMAGED),
    "lines before": _in(b"<?xml version='1.0'?>", b"\n", _OPEN + _CLOSE),
    "entities never closed": _in(b"<?xml version='1.0'?>", b"\n<!ENTITY", _OPEN + _CLOSE),
    "encodings": _in(b"<?xml ", b'encoding="" ', _OPEN + _CLOSE),
    "a slow encoding": _in(
        b'<?xml version="1.0" encoding="punycode"?>' + _OPEN + b"<description>", b"abcd-", _CLOSE
    ),
    "one long entity": _entities,
    "a billion laughs": _laughs,
    "lines in XHTML": _in(_XHTML, b"&#32;", b"x</content></entry></feed>"),
    "damaged lines in XHTML": _in(_XHTML, b"<?a?> ", b"x</content></entry></feed><"),
    "long text": _text(b"description", b"word "),
    "one long word": _text(b"description", b"x"),
    "a long title": _text(b"title", b"word "),
    "lines": _text(b"description", b"a\n"),
    "less than": _text(b"description", b"&lt;"),
    "tags never closed": _text(b"description", b"&lt;a x=&quot;"),
    "comments never closed": _text(b"description", b"&lt;!--"),
    "paragraphs": _text(b"description", b"&lt;p&gt;"),
    "ampersands": _text(b"description", b"&amp;amp;"),
    "a reference without end": _in(_OPEN + b"<description>&amp;#", b"9", b"</description>" + _CLOSE),
    "marks": _text(b"description", "\u0300\u0316".encode()),
    "marks and letters": _text(b"description", ("a" + "\u0300\u0316" * 14).encode()),
    "emoji": _text(b"description", "👩\u200d🔬".encode()),
    "DOIs": _text(b"description", b"10.1000/x) "),
    "arXiv ids": _text(b"description", b"arXiv:2401.00001v1 "),
    "bytes of another encoding": _text(b"description", b"\xe9a"),
    "a long date": _text(b"pubDate", b"1 "),
    "a date of digits": _in(_OPEN + b"<pubDate>Mon, 1 Jan ", b"1", b"</pubDate>" + _CLOSE),
    "validity": _text(b'd:valid xmlns:d="http://purl.org/dc/terms/"', b"start=1;"),
    "a long link": _in(_RSS + b"<item><link>https://example.org/", b"../", b"</link>" + _CLOSE),
    "links": _in(_OPEN, b"<link>/a</link>"),
    "sources": _in(_OPEN, b"<source>a</source>"),
    "contents": _in(_OPEN, b"<content>a</content>"),
    "a long tag": _in(_OPEN + b"<a ", b"a", _DAMAGED),
    "quotes in a tag": _in(_OPEN + b"<a ", b'" ', b">&" + _CLOSE),
    "damaged tags": _in(_OPEN, b"<a x='", _DAMAGED),
    "short tags": _in(_OPEN, b"<a/", _DAMAGED),
    "damaged references": _in(_OPEN + b"<description>", b"&", _DAMAGED),
    "brackets": _in(_OPEN + b"<description>", b"<", _DAMAGED),
    "declarations": _in(_OPEN + b"<description>", b"<!", _DAMAGED),
    "CDATA never closed": _in(_OPEN + b"<description>", b"<![CDATA[", _DAMAGED),
    "as many damaged tags as are read": _in(_OPEN, b"<a x='" + b"y" * 100, _DAMAGED),
    "as many tags as are read": _in(_OPEN, b'<b c="d">' + b"e" * 100, _DAMAGED),
    "quotes around tags": _in(_OPEN, b'<a "\'" b=\'"\' c="<" \'' + b"d" * 300, _DAMAGED),
    "as many references as are read": _in(_XHTML, b"&#33;" + b"e" * 30, b"x</content></entry></feed><"),
    "as many blanks as are read": _in(_XHTML, b"&#32;" + b" " * 30, b"x</content></entry></feed><"),
    "damaged items": _in(_RSS, b"<item><title>a", _DAMAGED),
    "junk": lambda size: _OPEN + Random(1).randbytes(size) + _CLOSE,
}

LISTS: Mapping[str, Maker] = {
    "JSON: depth": _in(b"", b"[", b""),
    "JSON: objects in objects": _in(b"[", b'{"a":', b""),
    "JSON: empty objects": _in(b"[", b"{},", b"{}]"),
    "JSON: empty lists": _in(b"[", b"[],", b"[]]"),
    "JSON: bare papers": _numbered(b"[", '{"id":"x%d","title":"t"},', b"{}]"),
    "JSON: a number": _in(b'[{"id":"x","title":"t","upvotes":', b"9", b"}]"),
    "JSON: a fraction": _in(b'[{"id":"x","title":"t","upvotes":0.', b"9", b"}]"),
    "JSON: numbers": _in(b"[", b"99999999999999999999999,", b"0]"),
    "JSON: half pairs": _in(b'[{"id":"x","title":"', b"\\ud800", b'"}]'),
    "JSON: a long summary": _in(b'[{"id":"x","title":"t","summary":"', b"word ", b'"}]'),
    "JSON: marks": _in(b'[{"id":"x","title":"a', b"\\u0300\\u0316", b'"}]'),
    "JSON: authors": _in(b'[{"id":"x","title":"t","authors":[', b'{"name":"A B"},', b"0]}]"),
    "JSON: the same key": _in(b"[{", b'"id":"x",', b'"title":"t"}]'),
    "JSON: other keys": _numbered(b"[{", '"%d":0,', b'"id":"x","title":"t"}]'),
}


def body(parser: str, name: str, size: int = CAP) -> bytes:
    made = (LISTS if parser == "huggingface" else FEEDS)[name](size)
    # arXiv's parser reads on only where there is a paper of arXiv.
    return (
        made.replace(b"https://example.org/1", b"https://arxiv.org/abs/2604.00001") if parser == "arxiv" else made
    )
