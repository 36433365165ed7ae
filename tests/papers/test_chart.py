"""Votes gained in a period, and how a place is compared with the period before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Observation, PaperId, Rise
from bot.papers.chart import STANDS, Candidate, Span, of_list, of_span, ranked

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = datetime(2026, 3, 31, 13, tzinfo=UTC)
BEGIN = END - 7 * DAY
WEEK = Span(begin=BEGIN, end=END, open=BEGIN.date())
BEFORE = Span(begin=BEGIN - 7 * DAY, end=BEGIN, open=BEGIN.date() - 7 * DAY)
LONG_AGO, IN_WEEK = date(2026, 1, 5), date(2026, 3, 25)
Count = tuple[datetime, int | None]


def _paper(number: int, listed: date | None, *counts: Count) -> Candidate:
    history = tuple(Observation(seen_at=at, votes=votes, stars=3) for at, votes in counts)
    votes = next((votes for _, votes in reversed(counts) if votes is not None), 0)
    return Candidate(paper_id=PaperId(number), votes=votes, listed=listed, history=history)


@pytest.mark.parametrize(
    ("listed", "counts", "gained"),
    [
        pytest.param(LONG_AGO, [(BEGIN - DAY, 40), (END - DAY, 90)], 50, id="known at the begin"),
        pytest.param(LONG_AGO, [(BEGIN, 40), (BEGIN + HOUR, 41), (END, 90)], 50, id="seen at begin and end"),
        pytest.param(LONG_AGO, [(BEGIN - STANDS, 40), (END, 90)], 50, id="old, but it stands"),
        pytest.param(
            LONG_AGO, [(BEGIN - STANDS - HOUR, 40), (END - DAY, 90), (END, 92)], 2, id="too old: of any time"
        ),
        pytest.param(LONG_AGO, [(END - DAY, 90)], 0, id="first seen within, of before"),
        pytest.param(LONG_AGO, [(END - 2 * DAY, 90), (END - DAY, 97)], 7, id="from its first count"),
        pytest.param(IN_WEEK, [(END - DAY, 60)], 60, id="joined: began with none"),
        pytest.param(IN_WEEK, [(BEGIN - 60 * DAY, 10), (END, 60)], 50, id="joined, but counted before"),
        pytest.param(BEGIN.date(), [(BEGIN + HOUR, 30), (END, 60)], 30, id="on the list that was open"),
        pytest.param(None, [(END - DAY, 60), (END, 61)], 1, id="in no list"),
        pytest.param(IN_WEEK, [(END + HOUR, 60)], None, id="counted later only"),
        pytest.param(IN_WEEK, [(END, 8), (END + HOUR, 60)], 8, id="what comes later does not count"),
        pytest.param(LONG_AGO, [(BEGIN - DAY, 40)], None, id="nobody counted within"),
        pytest.param(IN_WEEK, [(END - DAY, None)], None, id="stars only"),
        pytest.param(LONG_AGO, [(BEGIN - DAY, 40), (BEGIN + DAY, None), (END, 44)], 4, id="stars between"),
        pytest.param(LONG_AGO, [(BEGIN - DAY, 40), (END, 30)], -10, id="taken back"),
        pytest.param(IN_WEEK, [], None, id="never counted"),
    ],
)
def test_votes_are_gained_from_the_begin_of_a_period_to_its_end(
    listed: date | None, counts: list[Count], gained: int | None
) -> None:
    assert _paper(1, listed, *counts).gained(WEEK) == gained


def test_a_place_is_compared_with_the_period_before() -> None:
    rose = _paper(1, LONG_AGO, (BEGIN - 8 * DAY, 0), (BEGIN - DAY, 10), (END, 110))
    fell = _paper(2, LONG_AGO, (BEGIN - 8 * DAY, 0), (BEGIN - DAY, 30), (END, 60))
    stood = _paper(3, LONG_AGO, (BEGIN - 8 * DAY, 0), (BEGIN - DAY, 15), (END, 40))
    woke = _paper(4, LONG_AGO, (BEGIN - 8 * DAY, 5), (BEGIN - DAY, 5), (END, 15))
    joined = _paper(5, IN_WEEK, (END, 9))
    slept = _paper(6, LONG_AGO, (BEGIN - 8 * DAY, 0), (BEGIN - DAY, 20), (END, 20))
    rises, compared = of_span([slept, joined, woke, stood, fell, rose], WEEK, BEFORE)
    assert compared
    told = [(rise.paper_id, rise.place, rise.gained, rise.before, rise.new) for rise in rises]
    assert told == [
        (1, 1, 100, 4, False),
        (2, 2, 30, 1, False),
        (3, 3, 25, 3, False),
        (4, 4, 10, None, False),
        (5, 5, 9, None, True),
    ]


def test_without_counts_of_the_period_before_nothing_is_compared() -> None:
    rises, compared = of_span([_paper(1, LONG_AGO, (BEGIN + HOUR, 3), (END, 9))], WEEK, BEFORE)
    assert rises == (Rise(paper_id=PaperId(1), place=1, gained=6),)
    assert not compared


def test_a_paper_of_the_list_that_gained_nothing_lately_says_so_and_an_uncounted_one_nothing() -> None:
    friday = date(2026, 3, 27)
    now = datetime(2026, 3, 29, 13, tzinfo=UTC)
    opened = datetime(2026, 3, 27, 1, 30, tzinfo=UTC)
    since = Span(begin=opened, end=now, open=friday - DAY)
    last_day = Span(begin=now - DAY, end=now, open=date(2026, 3, 28))
    still = _paper(1, friday, (opened + HOUR, 50), (now - HOUR, 50))
    grew = _paper(2, friday, (opened + HOUR, 1), (now - 25 * HOUR, 30), (now - HOUR, 42))
    unseen = _paper(3, friday, (opened + HOUR, 9))
    assert of_list([unseen, grew, still], since, last_day) == (
        Rise(paper_id=PaperId(1), place=1, gained=50, lately=0),
        Rise(paper_id=PaperId(2), place=2, gained=42, lately=12),
        Rise(paper_id=PaperId(3), place=3, gained=9),
    )


def test_a_paper_that_stood_on_an_earlier_list_begins_with_what_it_had() -> None:
    listed_again = _paper(1, date(2026, 3, 10), (END - 2 * DAY, 80), (END, 85))
    opened = Span(begin=END - 12 * HOUR, end=END, open=END.date() - DAY)
    assert ranked([listed_again], opened) == {PaperId(1): 5}


def test_of_equals_the_one_with_more_votes_then_the_later_listed_then_the_later_stored() -> None:
    old = _paper(1, LONG_AGO, (BEGIN, 50), (END, 55))
    early = _paper(4, date(2026, 3, 25), (END, 5))
    late = _paper(2, date(2026, 3, 26), (END, 5))
    later = _paper(3, date(2026, 3, 26), (END, 5))
    unlisted = _paper(9, None, (END - DAY, 0), (END, 5))
    assert list(ranked([unlisted, early, late, later, old], WEEK)) == [1, 3, 2, 4, 9]


counts = st.lists(
    st.tuples(st.integers(-30 * 24, 24).map(lambda hours: END + hours * HOUR), st.none() | st.integers(0, 9)),
    max_size=8,
    unique_by=lambda count: count[0],
).map(lambda found: sorted(found, key=lambda count: count[0]))


@given(
    st.lists(st.tuples(st.none() | st.dates(date(2026, 3, 1), date(2026, 3, 31)), counts), max_size=12),
    st.randoms(),
)
def test_a_chart_has_only_gains_in_order_and_does_not_depend_on_what_came_first(
    made: list[tuple[date | None, list[Count]]], random: Random
) -> None:
    papers = [_paper(number, listed, *history) for number, (listed, history) in enumerate(made, 1)]
    rises, _ = of_span(papers, WEEK, BEFORE)
    assert [rise.place for rise in rises] == list(range(1, len(rises) + 1))
    gains = [rise.gained for rise in rises]
    assert gains == sorted(gains, reverse=True)
    assert all(gained > 0 for gained in gains)
    assert {rise.paper_id for rise in rises} == {each.paper_id for each in papers if (each.gained(WEEK) or 0) > 0}
    random.shuffle(papers)
    assert of_span(papers, WEEK, BEFORE)[0] == rises
