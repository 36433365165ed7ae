"""Two rankings become one: by words and by meaning.

Owns: how much meaning counts, and what is found by meaning alone. Pure: arrays by paper id, 0 where there is
nothing; who may see which paper is decided before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.papers.meaning import Floats

BY_MEANING = "by meaning"
"""The reason of a paper that has none of the words."""
WEIGHT = 0.3
"""Of meaning, beside words with 1. Mean nDCG@10 on four collections, words alone .580: .592 with a good static
model, .580 with a bad one; at 0.5 the bad one costs .011. Reciprocal ranks fall to .538 and .432, because they
forget how sure the words are: a search for a known paper loses .14 with the good one."""
NEAREST = 100
"""Papers found by meaning alone, at most."""
_FLOOR = 0.5
"""Of the nearest paper's similarity: what is further away only fills the page."""


def fused(words: Floats, meaning: Floats) -> Floats:
    """The score by paper id: words and meaning, each as a share of its best, added up; 0 where a paper has
    neither.

    Papers without any of the words are taken where they are among the nearest.
    """
    size = max(len(words), len(meaning))
    by_words, by_meaning = _shares(words, size), _shares(meaning, size)
    alone = np.where(by_words > 0, np.float32(0), by_meaning)
    near = nearest(alone, NEAREST)
    kept = np.zeros(size, np.bool_)
    kept[near[alone[near] >= _FLOOR]] = True
    return np.where((by_words > 0) | kept, by_words + np.float32(WEIGHT) * by_meaning, np.float32(0))


def nearest(scores: Floats, limit: int) -> NDArray[np.int64]:
    """The ids of the highest scores above 0, best first; of equal ones the newest."""
    ids = np.flatnonzero(scores > 0)
    if len(ids) > limit:
        least = np.partition(scores[ids], -limit)[-limit] if limit else np.inf
        ids = ids[scores[ids] >= least]
    return ids[np.lexsort((-ids, -scores[ids]))][:limit]


def _shares(scores: Floats, size: int) -> Floats:
    shares = np.zeros(size, np.float32)
    best = scores.max(initial=0.0)
    if best > 0:
        shares[: len(scores)] = np.maximum(scores, 0) / best
    return shares
