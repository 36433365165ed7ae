"""The passage of a text that shows best why it was found. Pure.

Owns: choosing where to cut, and which words of the passage were found. Refuses: markup, and finding words (the
index tells them).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

Pieces = tuple[tuple[str, bool], ...]
"""A text in parts: (part, whether it is words that were found)."""

_BEFORE = 60
"""Characters before a found word that a passage may begin with."""
_MOST = 300
"""Found words of one text that are looked at."""
_SENTENCE = re.compile(r"(?<=[.!?] )(?=[A-Z0-9“\"(])")
_GLUE = re.compile(r"[ -]")


def choose(texts: Sequence[tuple[str, Collection[str]]], limit: int) -> tuple[int, Pieces] | None:
    """(which of `texts`, its passage): the one with most different words, of at most `limit` characters.

    Each text comes with the words found in it, as they stand there. Whole words; "…" where it is cut. None where
    no text has any of its words.
    """
    best: tuple[int, int, Pieces] | None = None
    for number, (written, words) in enumerate(texts):
        text = " ".join(written.split())
        marks = _places(text, words)
        if not marks:
            continue
        start, end, worth = _window(text, marks, limit)
        if worth and (best is None or worth > best[0]):
            best = worth, number, tuple(_pieces(text, marks, start, end))
    return best and best[1:]


def _places(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where `words` stand in `text`; words side by side are one place."""
    if not words:
        return []
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)
    found: list[tuple[int, int]] = []
    for place in re.finditer(rf"(?<![^\W_])(?:{either})(?![^\W_])", text) if either else ():
        if found and _GLUE.fullmatch(text, found[-1][1], place.start()):
            found[-1] = found[-1][0], place.end()
        elif len(found) < _MOST:
            found.append((place.start(), place.end()))
    return found


def _window(text: str, marks: Sequence[tuple[int, int]], limit: int) -> tuple[int, int, int]:
    """(start, end, how many different words stand there)."""
    if len(text) <= limit:
        return 0, len(text), _worth(text, marks)
    sentences = {0, *(found.start() for found in _SENTENCE.finditer(text))}
    begins = [begin for begin, _ in marks]
    best = (0, 0, False, False, False, 0, 0)
    for start in sorted({*sentences, *(_before(text, begin) for begin in begins)}):
        end = _cut(text, start, limit)
        inside = [mark for mark in marks[bisect_left(begins, start) :] if mark[1] <= end]
        # Of equals the text's own beginning, else the sentence that has them, but no mere end of the text.
        nice = (start == 0, end - start >= limit // 2, start in sentences)
        best = max(best, (_worth(text, inside), len(inside), *nice, start, end))
    return best[5], best[6], best[0]


def _worth(text: str, marks: Sequence[tuple[int, int]]) -> int:
    return len({word for begin, end in marks for word in text[begin:end].casefold().split()})


def _before(text: str, begin: int) -> int:
    """The first word that begins not more than _BEFORE characters before `begin`."""
    if begin <= _BEFORE:
        return 0
    space = text.find(" ", begin - _BEFORE, begin)
    return space + 1 if space >= 0 else begin


def _cut(text: str, start: int, limit: int) -> int:
    """Where a passage from `start` ends, with room for "…" at its ends."""
    end = start + limit - 2
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", start + limit // 2, end + 1)
    return space if space >= 0 else end


def _pieces(text: str, marks: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[str, bool]]:
    at, last = start, len(text[:end].rstrip(" ,;:-(")) if end < len(text) else end
    lead = "…" if start else ""
    for begin, stop in marks:
        if begin < start or stop > last:
            continue
        if lead or begin > at:
            yield lead + text[at:begin], False
        yield text[begin:stop], True
        lead, at = "", stop
    rest = text[at:last] + ("…" if end < len(text) else "")
    if rest:
        yield lead + rest, False
