"""The pieces of the measurement of digests, on days made up here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.models import Heat, Paper, PaperId
from tests.bench.captures import Captures, Listed, Week
from tests.bench.trending import between, dcg, mean, moments, ranked, spearman

DAY = date(2025, 6, 2)
"""A Monday."""


def _at(hours: float) -> datetime:
    return datetime.combine(DAY, time(), UTC) + timedelta(hours=hours)


def _papers(**votes: int) -> list[Paper]:
    return [Paper(title="", url="", arxiv_id=key, votes=count, authors=("Ada",)) for key, count in votes.items()]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, 2, 3), (10, 20, 900), 1.0),
        ((1, 2, 3), (3, 2, 1), -1.0),
        ((1, 1, 2, 2), (5, 5, 9, 9), 1.0),
        ((1, 2, 3, 4), (1, 3, 2, 4), 0.8),
        ((1, 1, 2), (1, 2, 3), 0.866),  # half of a tie's order is right
    ],
)
def test_spearman_is_the_correlation_of_ranks(
    one: tuple[float, ...], other: tuple[float, ...], expected: float
) -> None:
    assert spearman(one, other) == pytest.approx(expected, abs=1e-3)
    assert spearman(other, one) == pytest.approx(spearman(one, other))


def test_gains_count_less_the_lower_they_stand() -> None:
    assert dcg([3, 2, 3, 0, 1, 99]) == pytest.approx(3 + 2 / 1.585 + 1.5 + 1 / 2.585, abs=1e-3)
    assert dcg([]) == 0
    assert (mean([]), mean([0.5, 1.0]), mean([1.0])) == ("-", ".750", "1.000")


def test_between_two_captures_votes_are_on_a_line_and_papers_come_in_time() -> None:
    morning = Listed(_at(8), DAY, _papers(a=10, b=0), morning=True)
    evening = Listed(_at(24), DAY, _papers(a=26, b=4, **{f"new{at}": 16 for at in range(40)}), morning=False)
    captures = Captures([morning, evening], [Week(DAY, _at(7 * 24), {"a": 30})])
    (made,) = (each for each in between(captures, 12).lists if each.at == _at(12))
    votes = {paper.key.removeprefix("arxiv:"): paper.votes for paper in made.papers}
    assert (votes["a"], votes["b"]) == (14, 1)
    new = {key: count for key, count in votes.items() if key.startswith("new")}
    assert 5 < len(new) < 30
    assert all(count is not None and 0 <= count < 16 for count in new.values())
    later = next(each for each in between(captures, 20).lists if each.at == _at(20))
    assert {paper.key for paper in made.papers} < {paper.key for paper in later.papers}


def test_places_are_by_any_score_and_digests_come_on_weekdays() -> None:
    papers = [Paper(title="", url="", id=PaperId(number), votes=0, listed_on=DAY) for number in (1, 2, 3)]
    heats = ranked(papers, {PaperId(1): 5.0, PaperId(2): 9.0, PaperId(3): 5.0})
    assert heats[PaperId(2)] == Heat(expected=9.0, place=1, of=3)
    assert [heats[PaperId(number)].place for number in (1, 3)] == [3, 2]
    captures = Captures([Listed(_at(8), DAY, _papers(a=1), morning=True)], [Week(DAY, _at(9 * 24), {"a": 3})])
    assert [at.date().weekday() for at in moments(captures, 13)] == [0, 1, 2, 3, 4, 0, 1, 2]
    assert {at.hour for at in moments(captures, 13)} == {13}
    assert {at.hour for at in moments(captures, 8)} == {9}
