"""Which papers a digest shows, in which order, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest.compose import MORE, compose, silence, voted_only
from bot.models import Digest, Floor, Hit, Paper, PaperId, Query
from bot.papers.query import parse

DAY = date(2026, 3, 31)
AGENTS, ROBOTS, DRONES = parse("agents"), parse("robots"), parse("drones")
TRENDING = parse("trending")


def _paper(number: int, votes: int | None = None) -> Paper:
    return Paper(
        id=PaperId(number), title=f"P{number}", url=f"https://x.test/{number}", votes=votes, listed_on=DAY
    )


def _hits(papers: Sequence[Paper]) -> tuple[Hit, ...]:
    return tuple(Hit(paper=paper, score=1.0) for paper in papers)


def _compose(candidates: Mapping[Query, Sequence[Paper]], size: int = 8, shown: Sequence[int] = ()) -> Digest:
    return compose(
        dict.fromkeys(candidates, Floor.ALL),
        {topic: _hits(papers) for topic, papers in candidates.items()},
        heats={},
        shown={PaperId(number) for number in shown},
        size=size,
        day=DAY,
    )


def _ids(digest: Digest) -> list[int]:
    return [match.paper.id or 0 for match in digest.papers]


def _more(digest: Digest) -> list[int]:
    return [match.paper.id or 0 for match in digest.more]


def test_each_topic_gives_its_best_in_turn() -> None:
    loud = [_paper(at, 1_000 - at) for at in range(1, 10)]
    quiet = [_paper(20, 5), _paper(21, 9), _paper(22)]
    digest = _compose({AGENTS: loud, ROBOTS: quiet}, size=4)
    assert _ids(digest) == [1, 2, 21, 20]
    assert _more(digest) == [3, 4, 5, 6, 7, 8, 9, 22]


def test_a_topic_that_runs_dry_leaves_its_turns_to_the_others() -> None:
    digest = _compose({AGENTS: [_paper(1, 1)], ROBOTS: [_paper(at, 100 - at) for at in range(10, 20)]}, size=5)
    assert _ids(digest) == [10, 11, 12, 13, 1]


def test_a_digest_is_ordered_by_heat() -> None:
    papers = [_paper(1), _paper(2, 0), _paper(3, 7), _paper(4, 70)]
    assert _ids(_compose({AGENTS: papers})) == [4, 3, 2, 1]


def test_what_the_channel_has_had_never_comes_again() -> None:
    papers = [_paper(at, at) for at in range(1, 6)]
    digest = _compose({AGENTS: papers, ROBOTS: papers}, size=2, shown=[5, 3])
    assert _ids(digest) == [4, 2]
    assert _more(digest) == [1]
    assert _compose({AGENTS: papers}, shown=range(1, 6)).papers == ()


def test_a_paper_of_two_topics_comes_once_with_both_names_and_both_reasons() -> None:
    by_ada, by_org = parse("author:ada"), parse("org:engines")
    paper = Paper(
        id=PaperId(1), title="P", url="https://x.test", authors=("Ada",), organization="Engines", votes=3, stars=2
    )
    (match,) = _compose({by_ada: [paper], DRONES: [_paper(2)], by_org: [paper]}, size=1).papers
    assert match.topics == ("author:ada", "org:engines")
    assert match.reasons == ("by Ada", "from Engines", "3 votes")


def test_the_words_that_were_found_are_reasons() -> None:
    hit = Hit(paper=_paper(1), score=1.0, marks=(("title", ("Agent",)),))
    digest = compose({AGENTS: Floor.ALL}, {AGENTS: [hit]}, heats={}, shown=set(), size=1, day=DAY)
    assert digest.papers[0].reasons == ("“agent” in the title",)


def test_a_summary_says_who_wrote_it() -> None:
    papers = [
        Paper(id=PaperId(1), title="One", url="", votes=3, summary="By a model.", abstract="Own words."),
        Paper(id=PaperId(2), title="Two", url="", votes=2, abstract="Own words."),
        Paper(id=PaperId(3), title="Three", url="", votes=1),
    ]
    told = [(match.summary, match.summary_by) for match in _compose({AGENTS: papers}).papers]
    assert told == [("By a model.", "Hugging Face"), ("Own words.", "abstract"), ("", "")]


def test_a_topic_without_words_follows_votes() -> None:
    papers = [_paper(1), _paper(2, 3), _paper(3, 0)]
    assert _ids(_compose({TRENDING: papers})) == [2, 3]
    assert _ids(_compose({AGENTS: papers})) == [2, 3, 1]
    assert _ids(_compose({TRENDING: papers, AGENTS: papers})) == [2, 3, 1]


def test_where_nothing_was_voted_on_a_topic_without_words_takes_all() -> None:
    papers = [_paper(1), _paper(2, 0)]
    assert _ids(_compose({TRENDING: papers})) == [2, 1]
    assert voted_only(TRENDING, ()) == []


def test_what_is_left_over_is_kept_up_to_a_limit_hottest_first() -> None:
    digest = _compose({AGENTS: [_paper(at, at) for at in range(1, 101)]}, size=10)
    assert _ids(digest) == list(range(100, 90, -1))
    assert _more(digest) == list(range(90, 90 - MORE, -1))


def test_nothing_makes_an_empty_digest() -> None:
    for digest in (_compose({}), _compose({AGENTS: ()})):
        assert digest.papers == digest.more == ()
        assert digest.day == DAY


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from((AGENTS, ROBOTS, DRONES, TRENDING)),
        st.lists(st.integers(1, 30), unique=True, max_size=20),
        min_size=1,
    ),
    st.sets(st.integers(1, 30)),
    st.integers(4, 10),
)
def test_every_topic_with_something_new_is_in_the_digest(
    candidates: dict[Query, list[int]], shown: set[int], size: int
) -> None:
    papers = {topic: [_paper(number, number % 7) for number in found] for topic, found in candidates.items()}
    digest = _compose(papers, size=size, shown=tuple(shown))
    new = {number for found in candidates.values() for number in found} - shown
    assert sorted(_ids(digest) + _more(digest)) == sorted(new)
    assert len(digest.papers) == min(size, len(new))
    told = {topic for match in digest.papers for topic in match.topics}
    assert told == {topic.text for topic, found in candidates.items() if set(found) - shown}
    assert digest.topics == tuple(topic.text for topic in candidates)


SATURDAY = date(2026, 4, 4)
TROUBLE = "Hugging Face could not be read since Monday 30 March, 12:00 UTC (it answers 503)"


@pytest.mark.parametrize(
    ("candidates", "given", "kind", "told"),
    [
        ({AGENTS: ()}, {"seen": 0}, "quiet", "no source has listed a paper since Tuesday 31 March: a holiday, or"),
        ({AGENTS: ()}, {"seen": 0, "today": SATURDAY}, "quiet", "weekend: no source has listed a paper since"),
        (
            {AGENTS: ()},
            {"seen": 0, "today": SATURDAY, "trouble": TROUBLE},
            "stale",
            f"no new papers: {TROUBLE}; what they list meanwhile folds into the next digest",
        ),
        (
            {AGENTS: (), ROBOTS: (_paper(1),)},
            {"seen": 9},
            "nothing",
            "nothing new: everything that matched since Tuesday 31 March was shown here already",
        ),
        (
            {AGENTS: (), ROBOTS: ()},
            {"seen": 1},
            "nothing",
            "nothing matched “agents”, “robots”: 1 paper seen since Tuesday 31 March",
        ),
        (
            {AGENTS: ()},
            {"seen": 34, "nearest": "“A Title” (lacks “video”)", "trouble": TROUBLE},
            "nothing",
            f"34 papers seen since Tuesday 31 March; nearest miss: “A Title” (lacks “video”); {TROUBLE}",
        ),
    ],
)
def test_silence_has_a_kind_and_a_reason(
    candidates: dict[Query, Sequence[Paper]], given: dict[str, Any], kind: str, told: str
) -> None:
    hits = {topic: _hits(papers) for topic, papers in candidates.items()}
    found, why = silence(_compose(dict.fromkeys(candidates, ())), hits, since=DAY, **{"today": DAY, **given})
    assert found == kind
    assert told in why
