"""Two rankings made one, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import PaperId
from bot.papers import fusion, ranking
from bot.papers.meaning import Floats


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


def order(words: Floats, near: Floats, *strict: int, wider: int = 9) -> tuple[list[int], list[int], set[int]]:
    scores = fusion.fused(words, near)
    before = scores.copy()
    asked = [PaperId(one) for one in strict]
    answers, others = ranking.best(scores, asked, len(asked)), ranking.others(scores, asked, wider)
    assert np.array_equal(scores, before)
    return [*answers], [*others], {each for each in others if each >= len(words) or words[each] <= 0}


def test_each_counts_as_a_share_of_its_best() -> None:
    found = fusion.fused(floats(0, 10, 5, 0), floats(0, 0.2, 0.4, 0))
    assert found == pytest.approx([0, 1 + 0.15, 0.5 + 0.3, 0])


def test_without_meaning_the_words_keep_their_order_and_without_words_the_nearest_come() -> None:
    words = floats(0, 3, 9, 6)
    assert order(words, floats()) == ([], [2, 3, 1], set())
    assert order(floats(), floats(0, 0.3, 0.5)) == ([], [2, 1], {1, 2})
    assert order(floats(), floats()) == ([], [], set())


def test_what_answers_strictly_comes_first_and_what_has_no_word_is_marked() -> None:
    words = floats(0, 1, 9, 8, 0, 0)
    near = floats(0, 0.1, 0.1, 0.9, 0.8, 0.2, 0.85)
    # 5 is too far from the nearest.
    assert order(words, near, 1, 2) == ([2, 1], [3, 6, 4], {4, 6})
    assert order(words, near, 1, 2, wider=1) == ([2, 1], [3], set())


def test_only_the_nearest_come_by_meaning_alone() -> None:
    near = np.linspace(0.9, 1, 2 * fusion.NEAREST, dtype=np.float32)
    words = np.zeros(3, np.float32)
    words[1] = 1
    _, wider, alone = order(words, near, wider=10**6)
    assert len(alone) == fusion.NEAREST
    assert wider[0] == 1
    assert min(alone) == fusion.NEAREST


def test_of_equal_ones_the_newest_comes_first() -> None:
    assert fusion.nearest(floats(0, 1, 1, 2, 1), 3).tolist() == [3, 4, 2]
    assert order(floats(0, 0, 0), floats(), 1, 2)[0] == [2, 1]


@given(
    st.lists(st.floats(0, 1, width=32), max_size=20),
    st.lists(st.floats(-1, 1, width=32), max_size=20),
    st.sets(st.integers(0, 25)),
    st.integers(0, 8),
)
def test_nothing_comes_twice_nothing_strict_is_lost(
    words: list[float], near: list[float], strict: set[int], wider: int
) -> None:
    answers, others, alone = order(floats(*words), floats(*near), *sorted(strict), wider=wider)
    assert sorted(answers) == sorted(strict)
    assert len(set(others)) == len(others) <= wider
    assert not set(answers) & set(others)
    assert alone <= set(others)
    assert all(one >= len(words) or words[one] <= 0 for one in alone)
