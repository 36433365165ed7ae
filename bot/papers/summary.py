"""The one or two sentences that a reader gets, and who wrote them. Pure.

Owns: choosing and shortening. Refuses: rewriting; every word is the source's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.models import Paper

LIMIT = 300
"""Characters of a summary."""

# A full stop ends no sentence behind these, behind an initial, or inside a number.
_SHORT = re.compile(
    r"(?:\b(?:et al|e\.g|i\.e|w\.r\.t|s\.t|a\.k\.a|[Cc]f|vs|viz|resp|approx|etc|Figs?|Eqs?|Secs?|Tabs?|Refs?"
    r"|No|Dr|Prof|St)|\b[A-Z])\.$"
)
_END = re.compile(r"[.!?]+[\"')\]”’]*(?=\s+[\"'(\[“‘$\\]?[A-Z0-9])")
# "underexplored.In this work": the feed lost the space.
_GLUED = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]*\s)")


def summarise(paper: Paper) -> tuple[str, str]:
    """(text, author): the source's own summary, else the abstract's first sentences, at most LIMIT
    characters; the author is "Hugging Face", "abstract", or "" where there is no text at all."""
    if paper.summary:
        return _lead(paper.summary), "Hugging Face"
    if paper.abstract:
        return _lead(paper.abstract), "abstract"
    return "", ""


def sentences(text: str) -> tuple[str, ...]:
    """`text` cut into sentences; joined with spaces they give the text back (with glued ones parted)."""
    text = _GLUED.sub(" ", text)
    found, start = [], 0
    for end in _END.finditer(text):
        if _SHORT.search(text[start : end.end()]):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return tuple(sentence for sentence in found if sentence)


# The day's papers stand in the digests of many channels.
@lru_cache(maxsize=2_048)
def _lead(text: str) -> str:
    """The first two sentences if they fit, else the first, else as many of its words as fit."""
    parts = sentences(text)
    if not parts:
        return ""
    two = " ".join(parts[:2])
    if len(two) <= LIMIT:
        return two
    return shorten(parts[0], LIMIT)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words, with an ellipsis where something is left out."""
    if len(text) <= limit:
        return text
    if limit < 2:
        return "…"[:limit]
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:-(") + "…"
