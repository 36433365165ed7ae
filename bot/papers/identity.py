"""One paper across sources and versions.

Owns: the keys under which a work is known. Two papers that share a key are the same work; storage keeps
the keys unique and so joins them. Refuses: looking anything up.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from bot.addresses import without_tracking
from bot.models import Identity, Paper

_AUTHORS = 8
"""Authors that make weak keys: sources that shorten a list keep its head, and a few are enough to share one."""

_ENOUGH = 30
"""Different words of an abstract that tells something; a feed may have one line for all its entries."""


def keys(paper: Paper) -> Identity:
    """Every key of `paper`: its identifiers, and its title with each of its first authors.

    Titles alone are no identity ("Editorial"); a single word is none even with an author.
    """
    strong = []
    if paper.arxiv_id:
        strong.append(f"arxiv:{paper.arxiv_id}")
    if paper.doi:
        strong.append(f"doi:{paper.doi}")
    if not paper.arxiv_id:
        strong.append(f"url:{address(paper.url)}")
    title = letters(paper.title)
    weak: list[str] = []
    if len(paper.title.split()) > 1 and len(title) >= 8:
        digest = hashlib.sha256(title.encode()).hexdigest()[:16]
        names = paper.authors[:_AUTHORS] + paper.authors[-1:]
        weak = [f"title:{digest}:{author}" for author in dict.fromkeys(map(_author, names)) if author]
    return Identity(strong=tuple(strong), weak=tuple(weak))


def letters(text: str) -> str:
    """Lower-case letters and digits only, without accents: how two typesettings of a title agree."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def _author(name: str) -> str:
    """Family name and first initial: "Diederik P. Kingma" and "D. Kingma" are one."""
    parts = [letters(part) for part in re.split(r"[\s.]+", name)]
    parts = [part for part in parts if part]
    if not parts:
        return ""
    return f"{parts[-1]} {parts[0][0]}" if len(parts) > 1 else parts[0]


def address(url: str) -> str:
    """The address as it is compared: without scheme, "www." and tracking."""
    parts = urlsplit(without_tracking(url))
    query = f"?{parts.query}" if parts.query else ""
    # Some pages are a feed of their own, one entry a fragment.
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}{query}{fragment}"


def alike(one: Paper, other: Paper) -> bool:
    """Whether two papers tell so much in the same words that one beside the other tells nothing.

    Of 610,851 pairs of papers of one week only one shared more than .29 of its words: .95, with the abstract of
    another paper.
    """
    titles, texts = (_words(one.title), _words(other.title)), (_words(one.abstract), _words(other.abstract))
    if min(map(len, texts)) >= _ENOUGH:
        return _shared(titles[0] | texts[0], titles[1] | texts[1])
    if titles[0] != titles[1]:
        return False
    # "Editorial", "Weekly round-up": a title that comes again tells something only where the texts do not differ.
    return _shared(*texts) if all(texts) else len(titles[0]) > 1


def _shared(words: frozenset[str], others: frozenset[str]) -> bool:
    """Whether they have more than half of their words in common."""
    return 2 * len(words & others) > len(words | others)


@lru_cache(maxsize=64)  # what was chosen is compared with each that waits
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))
