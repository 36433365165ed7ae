"""Which characters the bytes of a body are, and what it looks like when it is nothing that was expected.

Owns: the character encodings that feeds are written in. Refuses: reading the body any further.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from bot.feeds.text import clean, plain, shortened

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    # Without a mark, the "<" that a feed begins with tells.
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""", re.IGNORECASE)
# Those that feeds are really written in. Python knows more: ones that are no charset, ones of quadratic time.
_CHARSET = re.compile(
    r"(?:iso[-_]?8859[-_]?(?!1$)|iso[-_]?2022[-_]|windows[-_]?|cp[-_]?|koi8[-_]|mac[-_]?|euc[-_]|big5|gb|hz|shift|s?jis|tis|ks)"
    r"[\w-]*",
    re.IGNORECASE,
)
_SEVEN_BIT = re.compile(r"iso[-_]?2022|hz", re.IGNORECASE)
_WINDOWS = {0xDC80 + at: bytes([0x80 + at]).decode("cp1252", "replace") for at in range(0x80)}
"""Bytes that are no UTF-8, as Python lets them through, -> what they are in windows-1252."""


def to_utf8(body: bytes) -> bytes:
    """The text in UTF-8. What is UTF-8 stays so, whatever it says of itself; most that is not is windows-1252."""
    for mark, name in _MARKS:
        if body.startswith(mark) and name != "utf-8":
            return body.decode(name, "replace").encode("utf-8", "replace")
    declared = _DECLARED.match(body[:1_000])
    charset = declared[1].decode("ascii", "replace") if declared else ""
    known = bool(_CHARSET.fullmatch(charset))
    if not (known and _SEVEN_BIT.match(charset)):
        with suppress(UnicodeDecodeError):
            body.decode()
            return body
    if known:
        with suppress(LookupError):
            return body.decode("gb18030" if charset.lower() == "gb2312" else charset, "replace").encode(
                "utf-8", "replace"
            )
    return body.decode("utf-8", "surrogateescape").translate(_WINDOWS).encode()


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
        name = shortened(plain(title[1]), 80) if title else ""
        return f"an HTML page titled “{name}”" if name else "an HTML page"
    for signature, name in (("%PDF", "a PDF"), ("\x1f", "compressed data"), ("PK\x03\x04", "a ZIP archive")):
        if start.startswith(signature):
            return name
    if start[0] == "<":
        return "XML of another kind"
    if "\x00" in start or start.count("\ufffd") > len(start) // 10:
        return "binary data"
    words = clean(start)
    return f"text that begins “{shortened(words, 60)}”" if words else "unreadable data"
