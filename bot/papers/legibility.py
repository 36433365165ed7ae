"""A paper as people read it.

Owns: which of its texts are read, and that none is lost. Refuses: how a text is read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from bot.models import Paper
from bot.papers.latex import readable

AnyPaper = TypeVar("AnyPaper", bound=Paper)

READER = 1
"""Grows whenever texts come to be read in another way: what is stored is then read again."""

FIELDS = ("title", "abstract", "summary", "keywords", "authors")
"""What is read."""


def legible(paper: AnyPaper) -> AnyPaper:
    """`paper` with readable texts, whoever read it before; what its source wrote is kept in `written`."""
    read: dict[str, str | tuple[str, ...]] = {}
    written: dict[str, str | tuple[str, ...]] = {}
    for name in FIELDS:
        source: str | tuple[str, ...] = paper.written.get(name) or getattr(paper, name)
        read[name] = readable(source) if isinstance(source, str) else tuple(map(readable, source))
        if read[name] != source:
            written[name] = source
    return replace(paper, **read, written=written)  # type: ignore[arg-type]
