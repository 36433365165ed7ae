"""ROUGE as the package rouge-score counts it: lower case, letters and digits of ASCII, Porter's stems, F1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import Stemmer

_STEMMER = Stemmer.Stemmer("porter")
_TOKEN = re.compile(r"[a-z0-9]+")

Scores = tuple[float, float, float]
"""ROUGE-1, ROUGE-2 and ROUGE-L, each an F1 from 0 to 1."""


@cache
def stem(word: str) -> str:
    """The stem of a word of more than three letters; a shorter one stays as it is."""
    return str(_STEMMER.stemWord(word)) if len(word) > 3 else word


def tokens(text: str) -> list[str]:
    return [stem(word) for word in _TOKEN.findall(text.lower())]


def rouge(text: str, references: Sequence[str]) -> Scores:
    """Against the reference with the highest ROUGE-1."""
    words = tokens(text)
    return max((_against(words, tokens(reference)) for reference in references), default=(0.0, 0.0, 0.0))


def rouge_1(text: str, references: Sequence[str]) -> float:
    words = tokens(text)
    return max((_overlap(words, tokens(reference), 1) for reference in references), default=0.0)


def _against(words: Sequence[str], other: Sequence[str]) -> Scores:
    return (
        _overlap(words, other, 1),
        _overlap(words, other, 2),
        _f1(_longest_common(words, other), len(words), len(other)),
    )


def _overlap(words: Sequence[str], other: Sequence[str], size: int) -> float:
    left, right = (Counter(zip(*(each[at:] for at in range(size)), strict=False)) for each in (words, other))
    return _f1((left & right).total(), left.total(), right.total())


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if common else 0.0


def _longest_common(words: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in words:
        before = 0
        for at, each in enumerate(other, 1):
            before, row[at] = row[at], before + 1 if word == each else max(row[at], row[at - 1])
    return row[-1]
