"""A paper as people read it.

Owns: which of its texts are read, and that none is lost. Refuses: how a text is read.
"""

from __future__ import annotations

from dataclasses import replace

from bot.models import Paper
from bot.papers.latex import readable

READER = 1
"""Grows whenever texts come to be read in another way: what is stored is then read again."""

_FIELDS = ("title", "abstract", "summary", "keywords", "authors")


def legible(paper: Paper) -> Paper:
    """`paper` with readable texts, whoever read it before; what its source wrote is kept in `written`."""
    read: dict[str, str | tuple[str, ...]] = {}
    written: dict[str, str | tuple[str, ...]] = {}
    for name in _FIELDS:
        source: str | tuple[str, ...] = paper.written.get(name) or getattr(paper, name)
        read[name] = readable(source) if isinstance(source, str) else tuple(map(readable, source))
        if read[name] != source:
            written[name] = source
    return replace(paper, **read, written=written)  # type: ignore[arg-type]
