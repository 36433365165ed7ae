"""How hot a paper is, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Heat, Observation, Paper, PaperId
from bot.papers import growth
from bot.papers.trending import UNKNOWN, counted, gain, heat, order, rank, reasons, risers, short, source

DAY = date(2026, 3, 31)
MIDNIGHT = datetime.combine(DAY, time(), UTC)
HOUR = timedelta(hours=1)


def _paper(number: int, votes: int | None = None, listed_on: date | None = None) -> Paper:
    return Paper(title=f"P{number}", url="https://x.org", id=PaperId(number), votes=votes, listed_on=listed_on)


def test_votes_come_first_then_the_newest_list_then_the_latest_stored() -> None:
    new, old = date(2026, 3, 31), date(2026, 3, 1)
    expected = [
        _paper(1, 9, old),
        _paper(2, 3, new),
        _paper(4, 3, old),
        _paper(3, 3, old),
        _paper(5, 3),
        _paper(6, 0, new),
        _paper(7, None, new),
        _paper(8, None, old),
        _paper(9),
    ]
    mixed = expected[5:] + expected[:5]
    assert sorted(mixed, key=order) == expected


@given(st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.dates()), max_size=12), st.randoms())
def test_the_order_does_not_depend_on_what_came_first(
    made: list[tuple[int | None, date | None]], random: Random
) -> None:
    papers = [_paper(at, votes, day) for at, (votes, day) in enumerate(made, start=1)]
    shuffled = list(papers)
    random.shuffle(shuffled)
    assert sorted(shuffled, key=order) == sorted(papers, key=order)


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        (Paper(title="", url=""), ()),
        (Paper(title="", url="", votes=0, stars=0), ()),
        (Paper(title="", url="", votes=1), ("1 vote",)),
        (Paper(title="", url="", votes=34, repository="https://x"), ("34 votes", "code")),
        (Paper(title="", url="", repository="https://x", stars=1234), ("code, 1.2k stars",)),
        (Paper(title="", url="", feeds=("arxiv:cs.AI+cs.CL",)), ()),
        (Paper(title="", url="", feeds=("arxiv:cs.AI", "arxiv:cs.CL")), ()),
        (Paper(title="", url="", feeds=("arxiv", "huggingface")), ("also on arXiv",)),
        (
            Paper(
                title="", url="", feeds=("rss:https://a.org/feed", "arxiv", "huggingface"), categories=("cs.CL",)
            ),
            ("also on arXiv cs.CL, a.org",),
        ),
    ],
)
def test_reasons_are_told_in_words(paper: Paper, told: tuple[str, ...]) -> None:
    assert reasons(paper) == told


@pytest.mark.parametrize(
    ("feed", "name"),
    [
        ("huggingface", "Hugging Face"),
        ("arxiv", "arXiv"),
        ("arxiv:cs.AI+cs.CL", "arXiv"),
        ("rss:https://connect.biorxiv.org/biorxiv_xml.php?subject=all", "connect.biorxiv.org"),
        ("added:https://www.blog.example:8443?x=/y", "blog.example:8443"),
        ("added:http://blog.example/feed#a", "blog.example"),
        ("rss:feed.xml", "feed.xml"),
        ("other", "other"),
    ],
)
def test_a_source_has_the_name_that_people_know(feed: str, name: str) -> None:
    assert source(feed) == name


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1_000, "1k"),
        (1_049, "1k"),
        (1_250, "1.2k"),
        (9_940, "9.9k"),
        (9_999, "10k"),
        (10_000, "10k"),
        (34_999, "34k"),
        (999_999, "999k"),
    ],
)
def test_numbers_are_short(number: int, told: str) -> None:
    assert short(number) == told


def test_only_one_is_singular() -> None:
    assert [counted(number, "vote") for number in (0, 1, 2, 1_000)] == ["0 votes", "1 vote", "2 votes", "1k votes"]


# --- heat ---------------------------------------------------------------------------------------------


def _seen(*counts: tuple[float, int | None]) -> tuple[Observation, ...]:
    """(hours since the day of the list began, votes)"""
    return tuple(Observation(seen_at=MIDNIGHT + hours * HOUR, votes=votes) for hours, votes in counts)


def _heat(*counts: tuple[float, int], now: float | None = None, listed_on: date | None = DAY) -> Heat:
    hours = counts[-1][0] if now is None else now
    return heat(_paper(1, counts[-1][1], listed_on), _seen(*counts), now=MIDNIGHT + hours * HOUR)


def _expected(*counts: tuple[float, int]) -> float:
    found = _heat(*counts).expected
    assert found is not None
    return found


votes = st.integers(0, 3_000)
ages = st.floats(-30, 400, allow_nan=False)


@given(votes, votes, ages)
def test_more_votes_are_never_less_hot_and_are_not_lost(one: int, other: int, age: float) -> None:
    few, many = sorted((one, other))
    assert few - 1e-6 <= _expected((age, few)) <= _expected((age, many))


@given(votes, ages, ages)
def test_of_as_many_votes_the_younger_become_no_fewer(count: int, one: float, other: float) -> None:
    young, old = sorted((one, other))
    known = (-200.0, 0)  # long before: what it gained lately is known
    assert _expected(known, (young, count)) >= _expected(known, (old, count)) - 1e-6


@given(votes, votes, ages)
def test_what_gained_lately_is_no_less_hot(before: int, gained: int, age: float) -> None:
    rising = _expected((age - 20, before), (age, before + gained))
    assert rising >= _expected((age - 20, before + gained), (age, before + gained))


def test_votes_grow_as_they_did_in_the_weeks_that_were_measured() -> None:
    assert [round(_expected((age, 10))) for age in (-4, 8, 24, 48, 72, 999)] == [24, 24, 16, 11, 10, 10]
    assert [hours for hours, _ in growth.LEVEL] == [8.0, 24.0, 48.0, 72.0]
    assert 16 < _expected((16, 10)) < 24


def test_where_nobody_counts_nothing_is_expected() -> None:
    assert heat(_paper(1), _seen((8, None)), now=MIDNIGHT) == UNKNOWN
    assert rank([_paper(1), Paper(title="", url="", votes=3)], {}, now=MIDNIGHT) == {PaperId(1): UNKNOWN}


@pytest.mark.parametrize("listed_on", [DAY, None])
def test_a_paper_that_is_old_or_in_no_list_is_worth_its_votes(listed_on: date | None) -> None:
    found = heat(_paper(1, 34, listed_on), _seen((8, 34)) if listed_on is None else (), now=MIDNIGHT + 100 * HOUR)
    assert found.expected == pytest.approx(34)
    assert found.gained is None


@pytest.mark.parametrize(
    ("counts", "now", "gained"),
    [
        (((8, 13), (32, 34)), 32, 21),
        (((8, 13), (20, 20), (32, 34)), 33, 21),
        (((8, 13), (31, 34)), 31, None),  # nobody looked a day before
        (((8, 34), (32, 30)), 32, -4),  # spam was taken back
        (((8, 13), (32, 34)), 56, None),  # nobody has looked since: that was not yesterday
        (((8, 13), (32, 34)), 500, None),
        (((32, 34),), 32, None),
    ],
)
def test_what_was_gained_since_yesterday_is_told_only_where_it_is_known(
    counts: Sequence[tuple[float, int]], now: float, gained: int | None
) -> None:
    found = _heat(*counts, now=now)
    assert found.gained == gained
    assert gain(found.gained) == (f"+{gained} since yesterday" if gained and gained > 0 else "")


def test_what_a_wrong_clock_saw_is_left_aside() -> None:
    found = heat(_paper(1, 9, DAY), _seen((8, 3), (32, 9), (5_000, 2)), now=MIDNIGHT + 33 * HOUR)
    assert found.gained == 6


def test_a_place_is_among_the_papers_of_a_lists_day() -> None:
    before = DAY - timedelta(days=1)
    papers = [_paper(1, 5, DAY), _paper(2, 9, DAY), _paper(3, 1, before), _paper(4, None, DAY), _paper(5, 5, DAY)]
    heats = rank(papers, {}, now=MIDNIGHT + 13 * HOUR)
    places = {number: (found.place, found.of) for number, found in heats.items()}
    assert places == {1: (3, 3), 2: (1, 3), 3: (1, 1), 4: (0, 0), 5: (2, 3)}


def test_risers_are_of_the_better_two_fifths_and_rose() -> None:
    heats = {PaperId(number): Heat(expected=9.0, place=number, of=10) for number in range(1, 11)}
    heats[PaperId(11)] = UNKNOWN
    history = {PaperId(number): _seen((8, 3), (32, 4)) for number in range(1, 12)}
    assert risers(heats, history, since=MIDNIGHT + 13 * HOUR) == {1, 2, 3, 4}
    history[PaperId(1)] = _seen((8, 3), (32, 3))
    history[PaperId(2)] = _seen((8, 3), (32, 2))
    history[PaperId(3)] = _seen((20, 0))
    assert risers(heats, history, since=MIDNIGHT + 13 * HOUR) == {3, 4}
    assert risers(heats, history, since=MIDNIGHT + 32 * HOUR) == set()
    assert risers(heats, {}, since=MIDNIGHT) == set()


def test_what_nobody_has_looked_at_since_may_have_risen_where_others_were_looked_at() -> None:
    heats = {PaperId(number): Heat(expected=9.0, place=number, of=10) for number in range(1, 11)}
    history = {PaperId(number): _seen((8, 3), (20, 4)) for number in range(1, 11)}
    since = MIDNIGHT + 32 * HOUR
    assert risers(heats, history, since=since) == set(), "no source was looked at"
    history[PaperId(9)] = _seen((8, 3), (40, 3))
    assert risers(heats, history, since=since) == {1, 2, 3, 4}
    history[PaperId(2)] = _seen((8, 3), (40, 3))
    assert risers(heats, history, since=since) == {1, 3, 4}


def test_reasons_tell_what_was_gained() -> None:
    paper = Paper(title="", url="", votes=34, repository="https://x", stars=1234)
    assert reasons(paper, 21) == ("34 votes, +21 since yesterday", "code, 1.2k stars")
    assert reasons(paper, 0) == reasons(paper, -3) == reasons(paper)
