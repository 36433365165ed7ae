"""The order of answers: what the formula says, reckoned by hand from the texts."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest

from bot.models import PaperId, Texts
from bot.papers import ranking, terms
from bot.pipeline import ranking as pipeline
from storage import postings
from storage.database import Database
from tests.storage.test_postings import put

WORDS = ["graph", "graphs", "attention", "attentive", "robot", "robots", "the", "of", "deep", "deeper"]


def by_hand(said: list[str], papers: dict[int, Texts]) -> dict[int, float]:
    counts = {number: terms.count(texts) for number, texts in papers.items()}
    every = {*said, *(word for words in counts.values() for word in words)}
    stem = dict(zip(every, postings.stems([*every]), strict=True))
    stems = {number: Counter(stem[word] for word in words.elements()) for number, words in counts.items()}
    mean = sum(words.total() for words in counts.values()) / len(papers)

    def bm25(word: str, number: int, of: dict[int, Counter[str]]) -> float:
        times = of[number][word]
        room = 1.2 * (1 - 0.75 + 0.75 * counts[number].total() / mean)
        return idf(word, of) * times * 2.2 / (times + room)

    def idf(word: str, of: dict[int, Counter[str]]) -> float:
        having = sum(word in words for words in of.values())
        return math.log(1 + (len(papers) - having + 0.5) / (having + 0.5))

    telling = terms.telling(said)
    asked = Counter(stem[word] for word in telling)
    whole = sum(idf(word, stems) for word in asked)
    found = {}
    for number in papers:
        score = sum(times * bm25(word, number, stems) for word, times in asked.items())
        score += sum(0.5 * times * bm25(word, number, counts) for word, times in Counter(telling).items())
        covered = sum(idf(word, stems) for word in asked if stems[number][word])
        found[number] = score * (1 + covered / whole)
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_scores_are_what_the_formula_says(db: Database, seed: int) -> None:
    chance = random.Random(seed)
    papers = {
        number: Texts(*(" ".join(chance.choices(WORDS, k=chance.randrange(1, 9))) for _ in range(4)))
        for number in (1, 2, 3, 5, 4095, 4096, 9000)
    }
    for number, texts in papers.items():
        await put(db, number, texts)
    await pipeline.catch_up(db)
    for _ in range(10):
        said = chance.choices([*WORDS, "zebra"], k=chance.randrange(1, 6))
        ranked = await pipeline.rank(db, said)
        expected = by_hand(said, papers)
        assert {number: ranked.scores[number] for number in papers} == pytest.approx(expected, rel=1e-4)
        assert np.count_nonzero(ranked.scores) == sum(score > 0 for score in expected.values())
        stems = postings.stems(terms.telling(said))
        have = {number: {*postings.stems([*terms.count(texts)])} for number, texts in papers.items()}
        assert {*ranked.words.every.tolist()} == {number for number in papers if have[number] >= {*stems}}


async def test_the_heaviest_words_of_a_long_question_are_scored(db: Database) -> None:
    rare, common = [f"rare{at}" for at in range(40)], [f"common{at}" for at in range(20)]
    for number, word in enumerate(rare, 1):
        await put(db, number, Texts("", " ".join((word, *common)), "", ""))
    await pipeline.catch_up(db)
    asked = ranking.question([*common, *rare, "nowhere"], await postings.forms(db, [*common, *rare, "nowhere"]))
    assert len(asked.times) == ranking.LONGEST
    assert {*asked.times} <= {*rare}


def test_side_by_side_means_with_no_other_word_between() -> None:
    asked = ranking.pairs(["deep", "world", "model", "of", "a", "world"])
    assert asked == (("deep", "world"), ("world", "model"))
    worth = {"deep": 1.0, "world": 2.0, "model": 4.0}
    texts = [
        Texts("World-Model, deep", "", "", ""),
        Texts("a world", "model", "deep", "world"),
        Texts("worlds models", "underworld model", "world modelling", ""),
        Texts("the deep WORLD model", "World models and a wörld_model", "", ""),
    ]
    assert ranking.gains(asked, worth, texts) == [3.0, 0.0, 0.0, 4.5]


def test_the_best_and_the_others() -> None:
    scores = np.array([0, 3, 0, 5, 3, 1], np.float32)
    ids = [PaperId(each) for each in (1, 2, 4, 9)]
    assert ranking.best(scores, ids, 3) == [4, 1, 9], "of equal ones the newest, and last what has no score"
    assert ranking.others(scores, ids, 9) == [3, 5]
    assert ranking.others(scores, [], 2) == [3, 4]
    nothing = np.zeros(0, np.float32)
    assert (ranking.best(nothing, ids, 2), ranking.others(nothing, ids, 2)) == ([9, 4], [])
