"""How well each paper of the archive answers a question, from the postings of the question's words.

Owns: the weights. Refuses: which papers answer strictly, and who may see them (storage), and words (`terms`).

A paper's score is BM25 (Robertson and Zaragoza 2009) over stems, each as often as the question says it, plus half
of BM25 over the words as they were said; all of it up to twice as much, the more of its weight the paper
covers. Of the best, those gain that have two words side by side as the question has them. The README tells what
each is worth and what was left out; `python -m tests.bench.search` measures it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log1p

import numpy as np
from numpy.typing import NDArray

from bot.models import BLOCK, Form, PaperId, Postings, Texts, Vocabulary
from bot.papers import terms
from bot.papers.fusion import nearest

K1, B = 1.2, 0.75
"""BM25's usual ones: others in their neighbourhood differ by less than the noise."""
FORMS = 0.5
"""The weight of a word as it was said, beside its stem."""
COVER = 1.0
LONGEST = 32
"""Words of a question that are scored: of a pasted text the heaviest. More are no better on any collection."""
PAIRS = 20
"""The best so many are looked at for pairs of words."""

_POSTING = np.dtype([("at", "<u2"), ("times", "u1")])
_APART = " 0x0 "
"""Between two fields: their words are not side by side."""
_ROUNDING = 1e-4
_COMMON = 20
"""Where one paper in so many has a word it costs less to pass over all than to sort those."""

Papers = tuple[NDArray[np.intp], NDArray[np.float32]]
"""(ids, how often each has a word)"""
Scores = NDArray[np.float32]
"""By the paper's id; 0 where nothing is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What of a question is scored."""

    said: tuple[str, ...]
    """All its words, in order."""
    times: Mapping[str, int]
    """Each stem that tells something, and how often it is said."""
    forms: tuple[Form, ...]
    """The words of the archive that have these stems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How well papers answer a question."""

    by_paper: Scores
    worth: Mapping[str, float]
    """What each of its words and stems weighs."""
    every: NDArray[np.intp]
    """The papers that have all of its words, as far as they are scored."""


def question(said: Sequence[str], known: Vocabulary) -> Question:
    """The telling words of a question, of a long one those that tell most."""
    times = Counter(known.stems[word] for word in terms.telling(said))
    having: Counter[str] = Counter()
    for form in known.forms:
        having[form.stem] += form.papers
    # What no paper has comes last: it finds nothing.
    heavy = sorted(times, key=lambda stem: -times[stem] * idf(known.papers, having[stem] or known.papers))[
        :LONGEST
    ]
    kept = {stem: times[stem] for stem in times if stem in {*heavy}}
    return Question(said=tuple(said), times=kept, forms=tuple(form for form in known.forms if form.stem in kept))


def idf(papers: int, having: int) -> float:
    """What a word that `having` of all papers have is worth: Lucene's variant, never negative."""
    return log1p((max(papers, having) - having + 0.5) / (having + 0.5))


def score(asked: Question, found: Postings) -> Scored:
    """How well each paper answers."""
    size = (1 + max((block for block, _ in found.lengths), default=-1)) * BLOCK
    lengths = np.zeros(size, np.float32)
    for block, body in found.lengths:
        lengths[block * BLOCK : (block + 1) * BLOCK] = np.frombuffer(body, "<u2")
    papers = int(np.count_nonzero(lengths))
    room = K1 * (1 - B + B / (lengths.sum() / max(1, papers) or 1) * lengths)
    forms: dict[str, list[Form]] = {stem: [] for stem in asked.times}
    for form in asked.forms:
        forms[form.stem].append(form)
    said = Counter(asked.said)
    scores, cover = np.zeros(size, np.float32), np.zeros(size, np.float32)
    worth: dict[str, float] = {}
    for stem, times in asked.times.items():
        ids, often = _together([row for form in forms[stem] for row in found.of.get(form.id, ())], size)
        weight = idf(papers, int(np.count_nonzero(often)))
        worth |= dict.fromkeys((stem, *(form.word for form in forms[stem])), weight)
        cover[ids] += weight * (often > 0)
        scores[ids] += times * weight * _saturated(often, room[ids])
        for form in forms[stem]:
            if form.word in said:
                ids, often = _unpacked(found.of.get(form.id, ()))
                weight = FORMS * said[form.word] * idf(papers, ids.size)
                scores[ids] += weight * _saturated(often, room[ids])
    whole = sum(worth[stem] for stem in asked.times)
    scores *= 1 + COVER / (whole or 1) * cover
    return Scored(by_paper=scores, worth=worth, every=np.flatnonzero(cover >= whole * (1 - _ROUNDING)))


def best(scores: Scores, ids: Sequence[PaperId], number: int) -> list[PaperId]:
    """The best so many of `ids`; of equal ones the newest, and last those that are not ranked yet."""
    every = np.array(ids, np.intp)
    known = np.zeros(every.size, np.float32)
    ranked = every < scores.size
    known[ranked] = scores[every[ranked]]
    return [PaperId(each) for each in every[np.lexsort((-every, -known))[:number]].tolist()]


def others(scores: Scores, ids: Sequence[PaperId], number: int) -> list[PaperId]:
    """The best so many that have a score and are none of `ids`; of equal ones the newest."""
    left = scores.copy()
    left[[each for each in ids if each < scores.size]] = 0
    return [PaperId(each) for each in nearest(left, number).tolist()]


def _unpacked(rows: Sequence[tuple[int, bytes]]) -> Papers:
    postings = np.frombuffer(b"".join(body for _, body in rows), _POSTING)
    blocks = np.repeat(
        np.array([block * BLOCK for block, _ in rows], np.intp),
        [len(body) // _POSTING.itemsize for _, body in rows],
    )
    return blocks + postings["at"], postings["times"].astype(np.float32)


def _together(
    rows: Sequence[tuple[int, bytes]], size: int
) -> tuple[NDArray[np.intp] | slice, NDArray[np.float32]]:
    """(the papers that have any form of a word, how often all forms together); of a common word all papers."""
    ids, times = _unpacked(rows)
    if ids.size * _COMMON > size:
        return slice(None), np.bincount(ids, times, size).astype(np.float32)
    ids, place = np.unique(ids, return_inverse=True)
    return ids, np.bincount(place, times, ids.size).astype(np.float32)


def _saturated(often: NDArray[np.float32], room: NDArray[np.float32]) -> NDArray[np.float32]:
    return often * np.float32(K1 + 1) / (often + room)


def pairs(said: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The telling words that stand side by side in a question; `said` are all of its words."""
    told = (pair for pair in pairwise(said) if not terms.FUNCTION_WORDS.intersection(pair))
    return tuple(dict.fromkeys(told))


def gains(asked: Sequence[tuple[str, str]], worth: Mapping[str, float], papers: Sequence[Texts]) -> list[float]:
    """What each paper gains by having pairs of a question's words side by side."""
    ones, others = ("|".join(dict.fromkeys(words)) for words in zip(*asked, strict=True))
    # One pass over a text is quicker by far than taking it apart.
    side_by_side = re.compile(rf"(?<![^\W_])({ones})[\W_]+(?=({others})(?![^\W_]))")
    weighs = {pair: (worth.get(pair[0], 0) + worth.get(pair[1], 0)) / 2 for pair in asked}
    return [
        sum(weighs.get(pair, 0.0) for pair in {*side_by_side.findall(terms.plain(_APART.join(texts)))})
        for texts in papers
    ]
