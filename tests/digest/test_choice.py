"""Which of what waits has a place in a digest: floors, turns, late ones, organisations, near-duplicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest.compose import OF_ONE_ORGANIZATION, compose, silence
from bot.models import Digest, Floor, Heat, Hit, Paper, PaperId, Query, VerdictKind
from bot.papers.query import parse

DAY = date(2026, 3, 31)
AGENTS, ROBOTS, DRONES, OWLS = (parse(word) for word in ("agents", "robots", "drones", "owls"))
TRENDING = parse("trending")
LONG = " ".join(f"word{number}" for number in range(60))


def _paper(number: int, votes: int | None = 0, **fields: Any) -> Paper:
    given = {"title": f"Paper {number}", "url": f"https://x.test/{number}", "votes": votes, "listed_on": DAY}
    return Paper(id=PaperId(number), **{**given, **fields})


def _compose(
    candidates: Mapping[Query, Sequence[Paper]],
    *,
    floors: Mapping[Query, Floor] | None = None,
    places: Mapping[int, tuple[int, int]] | None = None,
    late: Sequence[int] = (),
    **given: Any,
) -> Digest:
    return compose(
        {topic: (floors or {}).get(topic, Floor.ALL) for topic in candidates},
        {topic: [Hit(paper=paper, score=0.0) for paper in papers] for topic, papers in candidates.items()},
        heats={
            PaperId(number): Heat(expected=of / place, place=place, of=of)
            for number, (place, of) in (places or {}).items()
        },
        late=frozenset(map(PaperId, late)),
        risers=frozenset(map(PaperId, late)),
        **{"shown": frozenset(), "size": 8, "day": DAY, **given},
    )


def _ids(digest: Digest) -> list[int]:
    return [match.paper.id or 0 for match in digest.papers]


def _held(digest: Digest) -> dict[int, str]:
    return {match.paper.id or 0: match.held for match in digest.more}


# --- floors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("floor", "of", "passing"),
    [
        *((Floor.ALL, 40, 40), (Floor.NORMAL, 40, 20), (Floor.SELECTIVE, 40, 8), (Floor.ELITE, 40, 2)),
        *((Floor.NORMAL, 3, 2), (Floor.SELECTIVE, 3, 1), (Floor.ELITE, 3, 1)),
        *((Floor.NORMAL, 1, 1), (Floor.SELECTIVE, 1, 1), (Floor.ELITE, 1, 1), (Floor.ELITE, 21, 2)),
    ],
)
def test_a_floor_lets_the_upper_part_of_a_day_pass(floor: Floor, of: int, passing: int) -> None:
    papers = [_paper(number, 100 - number) for number in range(1, of + 1)]
    places = {number: (number, of) for number in range(1, of + 1)}
    digest = _compose({AGENTS: papers}, floors={AGENTS: floor}, places=places, size=40)
    assert sorted(_ids(digest)) == list(range(1, passing + 1))
    assert set(_held(digest)) == set(range(passing + 1, of + 1))
    first = f"the first {passing} pass"
    assert all(f"below the floor “{floor}”: place" in why and first in why for why in _held(digest).values())


@pytest.mark.parametrize(
    ("floor", "votes", "held"),
    [
        (Floor.ALL, None, ""),
        (Floor.NORMAL, None, ""),
        (Floor.SELECTIVE, None, "below the floor “selective”: nobody votes on it"),
        (Floor.ELITE, None, "below the floor “elite”: nobody votes on it"),
        (Floor.ELITE, 9, "below the floor “elite”: nothing of its day is there to compare it with"),
    ],
)
def test_where_nobody_votes_only_the_upper_floors_leave_out(floor: Floor, votes: int | None, held: str) -> None:
    digest = _compose({AGENTS: [_paper(1, votes)]}, floors={AGENTS: floor})
    assert _ids(digest) == ([] if held else [1])
    assert _held(digest) == ({1: held} if held else {})


def test_what_passes_one_topics_floor_is_shown_whatever_another_asks() -> None:
    floors = {AGENTS: Floor.ELITE, ROBOTS: Floor.NORMAL}
    digest = _compose({topic: [_paper(1)] for topic in floors}, floors=floors, places={1: (4, 10)})
    assert (_ids(digest), _held(digest)) == ([1], {})


def test_silence_names_the_nearest_of_what_fell_below_the_floor() -> None:
    papers = [_paper(1, 9), _paper(2, 3)]
    digest = _compose({AGENTS: papers}, floors={AGENTS: Floor.ELITE}, places={1: (3, 40), 2: (30, 40)})
    hits = {AGENTS: [Hit(paper=paper, score=0.0) for paper in papers]}
    assert silence(digest, hits, seen=40, since=DAY, today=DAY) == (
        VerdictKind.NOTHING,
        "2 papers matched, and none passed; nearest: “Paper 1” (below the floor “elite”: place 3 of its day’s 40, "
        "the first 2 pass)",
    )


# --- late ones -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "late", "new", "expected"),
    [
        (8, 20, 20, (2, 6)),
        (8, 20, 2, (6, 2)),
        (8, 20, 0, (8, 0)),
        (8, 1, 20, (1, 7)),
        (5, 20, 20, (1, 4)),
        (1, 20, 20, (1, 0)),
    ],
)
def test_risers_take_a_quarter_and_what_is_left(size: int, late: int, new: int, expected: tuple[int, int]) -> None:
    papers = [_paper(number, 900 - number) for number in range(1, late + 1)]
    fresh = [_paper(100 + number, 100 - number) for number in range(1, new + 1)]
    digest = _compose({AGENTS: [*fresh, *papers]}, late=range(1, late + 1), size=size)
    assert [match.late for match in digest.papers] == [True] * expected[0] + [False] * expected[1]
    assert set(_held(digest).values()) <= {f"all {size} places were taken"}
    assert len(digest.papers) + len(digest.more) == late + new


def test_a_topic_whose_best_is_late_is_not_passed_over() -> None:
    """Where the late ones' places are gone it has its turn with its next one."""
    candidates = {
        topic: [_paper(10 * at, 90), _paper(10 * at + 1, 5)]
        for at, topic in enumerate((AGENTS, ROBOTS, DRONES, OWLS), start=1)
    }
    digest = _compose(candidates, late=(10, 20, 30, 40), size=4)
    assert {topic for match in digest.papers for topic in match.topics} == {topic.text for topic in candidates}


def test_a_topic_whose_best_may_not_stand_there_has_its_next_one() -> None:
    best = [_paper(at, 50 - at, organization="Lab") for at in range(1, 9)]
    digest = _compose({AGENTS: best[:4], ROBOTS: [*best[4:], _paper(20, 1)]}, size=4)
    assert 20 in _ids(digest)
    assert len(digest.papers) == 4


# --- turns ------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(1, 25), st.integers(1, 10), st.integers(0, 500))
def test_no_topic_waits_longer_than_two_rounds(number: int, size: int, first: int) -> None:
    topics = [parse(f"topic{at}") for at in range(number)]
    candidates = {topic: [_paper(at + 1)] for at, topic in enumerate(topics)}
    rounds = -(-number // size)
    told = Counter[str]()
    for turn in range(first, first + 2 * rounds):
        told.update(topic for match in _compose(candidates, size=size, turn=turn).papers for topic in match.topics)
    assert told.keys() == {topic.text for topic in topics}


@pytest.mark.parametrize(("number", "size", "due"), [(25, 5, 1), (20, 4, 1), (16, 8, 2), (10, 1, 1), (12, 6, 7)])
def test_a_topic_whose_papers_come_on_one_weekday_has_its_turn_on_it(number: int, size: int, due: int) -> None:
    topics = [parse(f"topic{at}") for at in range(number)]
    waiting = {topic: at % 5 for at, topic in enumerate(topics)}
    told, turn = Counter[str](), 0
    for days in range(0, 400 * due, due):
        weekday = (DAY + timedelta(days=days)).weekday()
        if weekday > 4:
            continue
        # One that has something on a day only, all others always.
        rare = topics[number // 2]
        candidates = {
            topic: [_paper(at + 1)] if topic is not rare or weekday == waiting[rare] else []
            for at, topic in enumerate(topics)
        }
        digest = _compose(candidates, size=size, turn=turn)
        told.update(topic for match in digest.papers for topic in match.topics)
        turn += 1
    assert all(told[topic.text] for topic in topics), told


def test_over_a_year_each_topic_has_about_its_share() -> None:
    chance, topics = Random(3), [parse(f"topic{at}") for at in range(13)]
    told, of = Counter[str](), Counter[str]()
    for turn in range(250):
        candidates = {
            topic: [_paper(100 * at + each, chance.randrange(900)) for each in range(1, 4)]
            for at, topic in enumerate(topics)
        }
        for match in _compose(candidates, size=5, turn=turn, late=[101, 201, 301, 401]).papers:
            told.update(match.topics)
        of.update(topic.text for topic in topics)
    share = [told[topic.text] / (250 * 5) for topic in topics]
    assert 0.9 / 13 < min(share) <= max(share) < 1.1 / 13


# --- side by side --------------------------------------------------------------------------------------


def test_at_most_three_of_one_organization_however_it_is_spelled() -> None:
    names = ("Deep Lab", "DeepLab", "deep-lab", "DEEP LAB", "Deep  Lab.", "", "")
    papers = [_paper(number, 90 - number, organization=name) for number, name in enumerate(names, start=1)]
    digest = _compose({AGENTS: papers})
    assert _ids(digest) == [1, 2, 3, 6, 7]
    assert _held(digest) == {
        number: f"{OF_ONE_ORGANIZATION} papers of {names[number - 1]} stand there already" for number in (4, 5)
    }


def test_whoever_asks_for_an_organization_gets_it() -> None:
    papers = [_paper(number, organization="Lab") for number in range(1, 7)]
    for text in ("org:lab", "agents org:lab", "(org:lab OR org:other) robots"):
        assert len(_compose({parse(text): papers}).papers) == 6
    for text in ("-org:other", "agents"):
        assert len(_compose({parse(text): papers}).papers) == 3


def test_near_duplicates_do_not_stand_side_by_side() -> None:
    papers = [
        _paper(1, 9, title="A Long Story", abstract=LONG),
        _paper(2, 8, title="The Same Again", abstract=LONG),
        _paper(3, 7),
    ]
    digest = _compose({AGENTS: papers, ROBOTS: papers[1:]})
    assert _ids(digest) == [1, 3]
    assert _held(digest) == {2: "nearly the same as “A Long Story”"}
    # Shown before, it stands in nobody's way.
    assert _ids(_compose({AGENTS: papers}, shown={PaperId(1)})) == [2, 3]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.booleans(), st.integers(1, 30)), max_size=40),
    st.integers(1, 10),
    st.integers(0, 9),
    st.sampled_from(Floor),
)
def test_nothing_is_lost_nothing_twice_and_all_is_explained(
    made: list[tuple[int, int, bool, int]], size: int, turn: int, floor: Floor
) -> None:
    papers = [
        _paper(at, votes, organization="Lab" if votes % 2 else "", abstract=LONG if votes == 9 else "")
        for at, (_, votes, _, _) in enumerate(made, start=1)
    ]
    topics = (AGENTS, ROBOTS, DRONES, TRENDING)
    candidates = {
        topic: [papers[at] for at, each in enumerate(made) if each[0] >= rank] for rank, topic in enumerate(topics)
    }
    digest = _compose(
        candidates,
        floors=dict.fromkeys(topics, floor),
        places={at: (place, 30) for at, (_, _, _, place) in enumerate(made, start=1)},
        late=[at for at, each in enumerate(made, start=1) if each[2]],
        size=size,
        turn=turn,
    )
    every = _ids(digest) + list(_held(digest))
    assert sorted(every) == [paper.id for paper in papers]
    assert all(_held(digest).values())
    assert len(digest.papers) <= size
    assert bool(digest.papers) or all("below the floor" in why for why in _held(digest).values())
    assert sum(paper.paper.organization == "Lab" for paper in digest.papers) <= OF_ONE_ORGANIZATION
    if any("places were taken" in why for why in _held(digest).values()):
        assert len(digest.papers) == size
