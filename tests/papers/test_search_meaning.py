"""What a query means to the archive: a few papers made by hand, one question after another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

import pytest

from bot.models import Entry, Paper
from bot.papers import identity
from bot.papers.query import parse
from bot.pipeline import ask, ranking
from storage import feeds, search
from storage.database import Database
from tests.making import NOW, answered

TODAY = date(2026, 3, 31)
ADA = "Ada Lovelace"


def _paper(title: str, number: int, **more: object) -> Paper:
    return Paper(title=title, url=f"https://papers.test/{number}", **more)  # type: ignore[arg-type]


PAPERS = (
    (
        "huggingface",
        TODAY,
        _paper(
            "diffusion",
            1,
            abstract="Diffusion models make a video out of noise.",
            authors=(ADA, "Jürgen Müller"),
            organization="NVIDIA Research",
            categories=("cs.CV", "cs.CL"),
            votes=50,
        ),
    ),
    (
        "huggingface",
        date(2026, 3, 28),
        _paper(
            "survey",
            2,
            abstract="A survey of diffusion for video.",
            keywords=("overview", "chain of thought"),
            authors=("Geoffrey Hinton", "Yann LeCun"),
            votes=5,
        ),
    ),
    (
        "arxiv:cs.CL",
        date(2026, 3, 20),
        _paper("robots", 3, abstract="Robots think in chains of thoughts.", categories=("cs.RO",), votes=0),
    ),
    (
        "rss:https://connect.biorxiv.org/x",
        TODAY,
        _paper("cells", 4, abstract="How cells of C grow.", summary="Drones watch.", categories=("q-bio.CB",)),
    ),
    ("arxiv", date(2026, 3, 1), _paper("compiler", 5, abstract="A compiler for C++20 and F#.", votes=20)),
)


@pytest.fixture
async def few(db: Database) -> Database:
    for feed, day, paper in PAPERS:
        entry = Entry(paper=paper, listed_on=day)
        await feeds.record_entries(
            db,
            feed,
            [(entry, identity.keys(paper))],
            seen_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            validators={},
        )
    return db


async def _strict(db: Database, text: str) -> list[str]:
    hits, total = await answered(db, parse(text), today=TODAY, limit=50)
    assert total == len(hits)
    assert not any(hit.wider for hit in hits)
    return [hit.paper.title for hit in hits]


async def _wide(db: Database, text: str) -> set[str]:
    await ranking.catch_up(db)
    answer = await ask.search(db, text, now=NOW, limit=50)
    assert answer.wider == sum(hit.wider for hit in answer.hits)
    return {hit.paper.title for hit in answer.hits if hit.wider}


async def _announced(db: Database, text: str, since: date = date(2026, 1, 1)) -> list[str]:
    news = await search.news(db, today=TODAY, since=since, unseen=datetime.combine(since, time(), UTC))
    hits = await search.announced(db, parse(text), today=TODAY, among=news, limit=50)
    return [hit.paper.title for hit in hits]


EVERYTHING = {"diffusion", "survey", "robots", "cells", "compiler"}

QUESTIONS: tuple[tuple[str, Iterable[str]], ...] = (
    ("trending", EVERYTHING),
    # words: all of them, anywhere, in any form
    ("diffusion", {"diffusion", "survey"}),
    ("diffusion noise", {"diffusion"}),
    ("diffusion nothing", set()),
    ("DIFFUSION Models", {"diffusion"}),
    ("model", {"diffusion"}),
    ("overview", {"survey"}),
    ("drone", {"cells"}),
    ("hinton", set()),
    # phrases
    ('"diffusion models"', {"diffusion"}),
    ('"models diffusion"', set()),
    ('"chain of thought"', {"survey", "robots"}),
    ("chain-of-thought", {"survey", "robots"}),
    # either, not, groups
    ("noise OR drone", {"diffusion", "cells"}),
    ("diffusion noise OR drone", {"diffusion", "cells"}),
    ("diffusion (noise OR drone)", {"diffusion"}),
    ("diffusion -survey", {"diffusion"}),
    ("-diffusion", {"robots", "cells", "compiler"}),
    ("-(diffusion OR robot)", {"cells", "compiler"}),
    ("-(diffusion noise)", {"survey", "robots", "cells", "compiler"}),
    ('-"diffusion models"', EVERYTHING - {"diffusion"}),
    ("video -(-noise)", {"diffusion"}),
    ("video (noise OR -models)", {"diffusion", "survey"}),
    # authors
    ("author:lovelace", {"diffusion"}),
    ('author:"ada lovelace"', {"diffusion"}),
    ("author:muller", {"diffusion"}),
    ("author:MÜLLER", {"diffusion"}),
    ('author:"yann lecun"', {"survey"}),
    ('author:"lecun yann"', set()),
    ('author:"hinton yann"', set()),
    ('author:"hinton ; yann"', set()),
    ("author:love", set()),
    ("author:nvidia", set()),
    ("-author:ada", EVERYTHING - {"diffusion"}),
    # organisations, categories, sources
    ("org:nvidia", {"diffusion"}),
    ('org:"nvidia research"', {"diffusion"}),
    ("org:cs", set()),
    ("cat:cs.CL", {"diffusion"}),
    ("cat:cs", {"diffusion", "robots"}),
    ("cat:q-bio", {"cells"}),
    ("cat:cs.LG", set()),
    ("source:hf", {"diffusion", "survey"}),
    ("source:arxiv", {"robots", "compiler"}),
    ("source:bioRxiv", {"cells"}),
    ("source:a%v", set()),
    ("source:h_ggingface", set()),
    # votes: a paper without a count has none
    ("votes:>=20", {"diffusion", "compiler"}),
    ("votes:20", {"diffusion", "compiler"}),
    ("votes:>20", {"diffusion"}),
    ("votes:<=5", {"survey", "robots", "cells"}),
    ("votes:<5", {"robots", "cells"}),
    ("votes:=0", {"robots", "cells"}),
    ("votes:=5", {"survey"}),
    # announced within the last days
    ("since:1d", {"diffusion", "cells"}),
    ("since:3d", {"diffusion", "survey", "cells"}),
    ("since:2w", {"diffusion", "survey", "robots", "cells"}),
    ("-since:3d", {"robots", "compiler"}),
    ("since:9999w", EVERYTHING),
    # signs that the index does not keep
    ("c++", {"compiler"}),
    ("C++20", {"compiler"}),
    ("f#", {"compiler"}),
    ("c", {"cells", "compiler"}),
    ("c -c++", {"cells"}),
    ("c++ compiler", {"compiler"}),
    ("c++ OR drone", {"compiler", "cells"}),
    ("c++ cells", set()),
    # all together
    ("(author:lovelace OR diffusion) -survey votes:>=5", {"diffusion"}),
    ("(author:hinton OR robot) votes:>=5", {"survey"}),
    ("author:hinton OR cat:q-bio OR robot", {"survey", "cells", "robots"}),
    ("(video votes:>=20) OR (chain cat:cs.RO)", {"diffusion", "robots"}),
    ("video -(author:hinton OR votes:>9)", set()),
    ("video since:1d source:hf cat:cs org:nvidia author:ada votes:50", {"diffusion"}),
)


@pytest.mark.parametrize(("text", "expected"), QUESTIONS)
async def test_a_query_is_answered_by(few: Database, text: str, expected: set[str]) -> None:
    assert set(await _strict(few, text)) == expected
    assert set(await _announced(few, text)) == expected, "a topic means the same as a search"


@pytest.mark.parametrize(
    ("text", "strict", "wider"),
    [
        ("diffusion noise", {"diffusion"}, {"survey"}),
        ("noise robots compiler", set(), {"diffusion", "robots", "compiler"}),
        ("diffusion robots -survey", set(), {"diffusion", "robots"}),
        ("diffusion (robots -survey)", set(), {"diffusion", "robots"}),
        ("noise robots votes:>=5", set(), {"diffusion"}),
        ("noise (robots votes:>=5)", set(), {"diffusion"}),
        ("video drone source:hf", set(), {"diffusion", "survey"}),
        ("video drone -author:hinton", set(), {"diffusion", "cells"}),
        ("(author:hinton OR noise OR video) votes:>=5", {"diffusion", "survey"}, set()),
        ("(author:hinton OR noise) (cat:cs OR overview)", {"diffusion", "survey"}, set()),
        ("c++ cells", set(), {"compiler", "cells"}),
        ('"diffusion models" robots', set(), {"diffusion", "robots", "survey"}),
    ],
)
async def test_wider_answers_share_words_keep_filters_and_are_never_strict_ones(
    few: Database, text: str, strict: set[str], wider: set[str]
) -> None:
    assert set(await _strict(few, text)) == strict
    assert await _wide(few, text) == wider


async def test_answers_with_words_come_by_relevance_then_the_newest_first(db: Database) -> None:
    filler = "and then some more text about other things"
    papers = (
        _paper("Once, loved", 1, abstract=f"A penguin {filler}.", votes=900),
        _paper("Penguins of penguin islands", 2, abstract="A penguin.", votes=1),
        _paper("Twin A", 3, abstract=f"Some penguin {filler} far away.", votes=3),
        _paper("Twin B", 4, abstract=f"Some penguin {filler} far away.", votes=7),
        _paper("Twin C", 5, abstract=f"Some penguin {filler} far away."),
        *(_paper(f"Other {at}", at, abstract=filler) for at in range(10, 20)),
    )
    entries = [(Entry(paper=paper, listed_on=TODAY), identity.keys(paper)) for paper in papers]
    await feeds.record_entries(
        db, "huggingface", entries, seen_at=datetime(2026, 3, 31, tzinfo=UTC), validators={}
    )
    await ranking.catch_up(db)
    answer = await ask.search(db, "penguin", now=NOW)
    found = [hit.paper.title for hit in answer.hits]
    assert found[0] == "Penguins of penguin islands"
    assert found[-3:] == ["Twin C", "Twin B", "Twin A"]
    assert (await _announced(db, "penguin"))[:2] == ["Once, loved", "Twin B"]


async def test_answers_without_words_come_by_votes(few: Database) -> None:
    expected = ["diffusion", "compiler", "survey", "robots", "cells"]
    assert await _announced(few, "trending") == expected
    found = await _strict(few, "trending")
    assert found[:3] == expected[:3]
    assert set(found) == EVERYTHING
    assert await _strict(few, "votes:>=5") == ["diffusion", "compiler", "survey"]


async def test_pages_follow_each_other_without_a_gap(few: Database) -> None:
    whole = await _strict(few, "trending")
    pages = []
    for offset in range(0, 6, 2):
        hits, total = await answered(few, parse("trending"), today=TODAY, limit=2, offset=offset)
        assert total == 5
        pages += [hit.paper.title for hit in hits]
    assert pages == whole


async def test_candidates_are_announced_since_their_day(few: Database) -> None:
    assert await _announced(few, "trending", TODAY) == ["diffusion", "cells"]
    assert await _announced(few, "trending", date(2026, 3, 28)) == ["diffusion", "survey", "cells"]


async def test_a_replacement_of_an_old_paper_is_no_news(few: Database) -> None:
    _, _, paper = PAPERS[4]
    entry = Entry(paper=paper, listed_on=TODAY, announced=False)
    await feeds.record_entries(
        few,
        "arxiv:cs.CL",
        [(entry, identity.keys(paper))],
        seen_at=datetime(2026, 3, 31, 12, tzinfo=UTC),
        validators={},
    )
    assert "compiler" not in await _announced(few, "trending", TODAY)
    assert "compiler" not in await _strict(few, "since:7d")
    assert await _strict(few, "compiler") == ["compiler"]


async def test_marks_are_the_words_that_the_index_found(few: Database) -> None:
    hits, _ = await answered(few, parse("diffusing videos -survey"), today=TODAY, limit=5)
    assert [dict(hit.marks) for hit in hits] == [
        {"title": ("diffusion",), "abstract": ("Diffusion", "video")},
    ]
    filtered, _ = await answered(few, parse("author:ada"), today=TODAY, limit=5)
    assert [hit.marks for hit in filtered] == [()]
