"""Which words of a paper a query finds, for papers that thousands of queries find.

Owns: papers taken apart, once, by the index's tokenizer. Refuses: imitating it; what it made of a text is read
from an index of that text alone.

The index's own highlights take a paper apart again for each question, 50 us and more; here a question costs a few
look-ups for each of its words.
"""

from __future__ import annotations

import re
import sqlite3
import weakref
from array import array
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager

from bot.models import PaperId
from storage.database import TOKENIZER
from storage.extract import FIELDS, HIGHLIGHTS, MARK, Marks

_MOST_PAPERS, _MOST_WORDS = 3_000, 100_000
"""Remembered at most: some 60 MiB together."""
_WORD = re.compile(r"[^\W_]+")


class _Tokens:
    """A paper's texts as tokens, one after another, with an empty one between two fields."""

    __slots__ = ("begins", "columns", "ends", "marks", "places", "stems", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.stems: list[str] = []
        self.places: dict[str, list[int]] = {}
        self.columns, self.begins, self.ends = bytearray(), array("I"), array("I")
        self.marks: dict[str, Marks] = {}
        """Of single words, as they are asked for most."""

    def append(self, stem: str, column: int, begin: int, end: int) -> None:
        if stem:
            self.places.setdefault(stem, []).append(len(self.stems))
        self.stems.append(stem)
        self.columns.append(column)
        self.begins.append(begin)
        self.ends.append(end)


class Marker:
    """Finds words in papers; one caller at a time."""

    def __init__(self) -> None:
        self._alone = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._alone.close)
        self._alone.execute(f"CREATE VIRTUAL TABLE texts USING fts5 ({', '.join(FIELDS)}, tokenize='{TOKENIZER}')")
        self._alone.execute("CREATE VIRTUAL TABLE tokens USING fts5vocab (texts, instance)")
        self._papers: dict[PaperId, _Tokens | None] = {}
        self._stems: dict[str, tuple[str, ...]] = {}

    def marks(self, papers: Mapping[PaperId, Sequence[str]], asked: Sequence[str]) -> dict[PaperId, Marks | None]:
        """The words of each paper's texts that any of `asked`, words and phrases, finds; None where only the
        index can tell."""
        phrases = {phrase for text in asked if (phrase := self._phrase(text))}
        return {number: self._marks(number, texts, phrases) for number, texts in papers.items()}

    def _marks(self, number: PaperId, texts: Sequence[str], phrases: Set[tuple[str, ...]]) -> Marks | None:
        if number not in self._papers:
            if len(self._papers) >= _MOST_PAPERS:
                self._papers.clear()
            self._papers[number] = self._take_apart(texts)
        paper = self._papers[number]
        if paper is None:
            return None
        there = [phrase for phrase in phrases if phrase[0] in paper.places]
        if len(there) == 1 and len(there[0]) == 1:
            stem = there[0][0]
            if stem not in paper.marks:
                paper.marks[stem] = _told(paper, [(place, place) for place in paper.places[stem]])
            return paper.marks[stem]
        spans: list[tuple[int, int]] = []
        for phrase in there:
            last = len(phrase) - 1
            for place in paper.places[phrase[0]]:
                if not last or tuple(paper.stems[place : place + last + 1]) == phrase:
                    spans.append((place, place + last))
        return _told(paper, _merged(spans))

    def _phrase(self, text: str) -> tuple[str, ...]:
        """The tokens of a word or phrase. Spaces part tokens, so that each word is asked for once."""
        return tuple(stem for word in text.replace("\0", " ").split() for stem in self._word(word))

    def _word(self, word: str) -> tuple[str, ...]:
        if word not in self._stems:
            if len(self._stems) >= _MOST_WORDS:
                self._stems.clear()
            with self._only((word, "", "", "")) as tokens:
                self._stems[word] = tuple(stem for _, _, stem in tokens)
        return self._stems[word]

    @contextmanager
    def _only(self, texts: Sequence[str]) -> Iterator[list[tuple[int, int, str]]]:
        """The index has these texts, and nothing stays of them: (column, place, token) of each, in their order."""
        self._alone.execute("BEGIN")
        try:
            self._alone.execute(f"INSERT INTO texts ({', '.join(FIELDS)}) VALUES (?, ?, ?, ?)", tuple(texts))
            found = self._alone.execute("SELECT col, offset, term FROM tokens").fetchall()
            yield sorted((FIELDS.index(field), place, term) for field, place, term in found)
        finally:
            self._alone.execute("ROLLBACK")

    def _take_apart(self, texts: Sequence[str]) -> _Tokens | None:
        with self._only(texts) as tokens:
            return self._placed(texts, tokens)

    def _placed(self, texts: Sequence[str], tokens: Sequence[tuple[int, int, str]]) -> _Tokens | None:
        # Each is marked, so that the marks are its tokens. The words are a guess, and each mark holds one token
        # at least: as many marks as tokens are the tokens.
        words = {word for text in texts for word in _WORD.findall(text)}
        if not words:
            return None if tokens else _Tokens(texts)
        asked = " OR ".join(f'"{word}"' for word in words)
        rows = self._alone.execute(f"SELECT {HIGHLIGHTS} FROM texts WHERE texts MATCH ?", (asked,)).fetchall()
        marked = [
            (column, mark.start() - 2 * signs, len(mark[1]))
            for row in rows
            for column, text in enumerate(row)
            for signs, mark in enumerate(MARK.finditer(text))
        ]
        if [column for column, _, _ in marked] != [column for column, _, _ in tokens]:
            return None
        paper = _Tokens(texts)
        for (column, place, stem), (_, begin, length) in zip(tokens, marked, strict=True):
            if not place:
                paper.append("", column, 0, 0)
            paper.append(stem, column, begin, begin + length)
        return paper


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What shares a token is one mark, as in the index."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _told(paper: _Tokens, spans: Sequence[tuple[int, int]]) -> Marks:
    fields: dict[int, list[str]] = {}
    for first, last in spans:
        column = paper.columns[first]
        fields.setdefault(column, []).append(paper.texts[column][paper.begins[first] : paper.ends[last]])
    return tuple((FIELDS[column], tuple(words)) for column, words in fields.items())
