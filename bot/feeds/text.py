"""Whatever a source sent, cleaned once at the door: text, addresses, times.

Owns: what counts as clean text, and how much of it is kept.
Refuses: the meaning of any field, and escaping for Discord; text leaves here plain, not safe for markdown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

MOST_ENTRIES = 2_000
"""Entries that are read of one body: arXiv's own ceiling for a feed."""
LONGEST_ADDRESS = 2_000
LONGEST_TITLE = 500
"""Characters, as below. The longest title in a year of Hugging Face's lists has 167."""
LONGEST_TEXT = 10_000
"""Of an abstract or a summary; blogs put whole articles into their feeds."""
LONGEST_NAME = 200
MOST_AUTHORS = 10_000
"""The longest lists of authors, of particle physics and surgery, have some thousands."""

# What no reader sees: controls (but those that are white space), the soft hyphen, zero-width and
# bidirectional marks, invisible fillers, tags, non-characters, and halves of surrogate pairs, which JSON can
# carry and no database can store.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Two of them stay where they make one picture of several: a joiner between two, and the tags of the three flags
# that have some (England, Scotland, Wales). Anywhere else they would be a place to hide text in.
_PICTURE = "\u2190-\u2bff\U0001f000-\U0001faff"
_JOINED = re.compile(
    f"((?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
    "|(?<=\U0001f3f4)\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    f"|\U000e0077\U000e006c\U000e0073)\U000e007f)|{_INVISIBLE.pattern}"
)
# Normalising takes quadratic time over a pile of combining marks (5 s for 80,000): no text needs 30 in a row.
_PILE = re.compile(r"[^\w\s\x00-\x7f]{30,}")
_GENERATION = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)


def clean(text: object) -> str:
    """One line of visible text, NFC, without white space at its ends; "" for anything that is not a str."""
    if not isinstance(text, str):
        return ""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    if _INVISIBLE.search(text):
        text = " ".join(_JOINED.sub(r"\1", text).split())
    return unicodedata.normalize("NFC", _PILE.sub(_without_marks, text))


def shortened(text: str, most: int) -> str:
    """Clean text of at most so many characters, cut between words."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip("\u200d ") + "…"


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
            found[-1] = shortened(f"{found[-1]}, {name}", LONGEST_NAME)
        elif any(map(str.isalnum, name)):
            found.append(shortened(name, LONGEST_NAME))
        if len(found) == MOST_AUTHORS:
            break
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
# Python refuses to make a number of so many digits.
_ENDLESS_REFERENCE = re.compile(r"&#[0-9]{10,}+;?")


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
    parser.feed(_only_known_tags(_without_comments(_ENDLESS_REFERENCE.sub("", html))))
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
