"""The news in an index of their own answer as the archive does: the same papers, order, marks and texts."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.errors import InvalidQuery
from bot.models import Hit, PaperId, Query
from bot.papers import query
from storage import marking, search
from storage.database import Database
from storage.matching import News
from tests.making import ARXIV, HF, TODAY, entry, rows, store

EVE, ANN = "added:https://evil.example/feed", "added:https://ann.example/feed"
SINCE, UNSEEN = date(2026, 3, 18), datetime(2026, 3, 31, 13, tzinfo=UTC)
FIELDS = ("title", "abstract", "summary", "keywords")


async def furnish(db: Database) -> None:
    """Private papers, of one work in two added feeds among them, and texts that no tokenizer expects."""
    same: dict[str, Any] = {"doi": "10.1000/same", "authors": ("Eve",), "abstract": "zebra models of c++"}
    await store(db, EVE, entry("Secret Plan of agents", abstract="zebra agents", categories=("eels",)))
    await store(db, EVE, entry("Same Work", **same))
    await store(db, ANN, entry("Same Work", **same), entry("Agents of Ann", votes=3))
    await store(
        db,
        HF,
        entry(
            "Ünïcode_agents: modèle\u0301s 语言模型 a-b_c",
            abstract="It's\nc++ & f# in models, models of models",
            votes=7,
        ),
        entry(
            "\x07 of models",
            abstract="𝒜gents ﬁne\u00adtuned \U0001fae8 İstanbul models",
            keywords=("a ; b", "c++"),
        ),
    )
    await store(db, ARXIV, entry("Agents", arxiv_id="2603.09999", categories=("cs.CL",)))


def made_up(chance: random.Random, words: Sequence[str], depth: int = 0) -> str:
    """A question of the whole grammar."""
    kind = chance.random()
    if depth < 3 and kind < 0.3:
        parts = [made_up(chance, words, depth + 1) for _ in range(chance.randint(2, 4))]
        return f"({chance.choice((' ', ' OR ')).join(parts)})"
    if kind < 0.4:
        return "-" + made_up(chance, words, depth + 1)
    if kind < 0.52:
        at = chance.randrange(len(words) - 3)
        return f'"{" ".join(words[at : at + chance.randint(2, 3)])}"'
    if kind < 0.7:
        return chance.choice(
            (
                *("author:eve", "author:li", "cat:cs", "cat:cs.CL", "cat:eels", "org:nvidia", "source:hf"),
                *("source:evil", "source:added", "source:arxiv", "votes:>=5", "votes:<3", "since:1d", "since:2w"),
                *("c++", "models", "agents", "zebra", "f#", "trending", '"of models"', '"models of models"'),
            )
        )
    return chance.choice(words)


async def questions(db: Database, number: int) -> list[Query]:
    texts = await rows(db, "SELECT title || ' ' || abstract || ' ' || summary || ' ' || keywords FROM papers")
    words = re.findall(r"[^\s\"()]+", " ".join(text for (text,) in texts))
    chance = random.Random(4)
    found: dict[object, Query] = {}
    while len(found) < number:
        try:
            parsed = query.parse(" ".join(made_up(chance, words) for _ in range(chance.randint(1, 3))))
        except InvalidQuery:
            continue
        found[parsed.root] = parsed
    return list(found.values())


async def marked(db: Database, asked: Query, ids: Sequence[PaperId | None]) -> list[tuple[Any, ...]]:
    """The archive's own highlights of a question's words, by paper and field."""
    spellings = " OR ".join('"' + text.replace('"', '""') + '"' for text in asked.spellings)
    if not spellings:
        return []
    columns = ", ".join(f"highlight(texts, {column}, '<<', '>>')" for column in range(4))
    found = await rows(db, f"SELECT rowid, {columns} FROM texts WHERE texts MATCH ? ORDER BY rowid", spellings)
    return [
        (number, *(tuple(re.findall("<<(.*?)>>", text, re.DOTALL)) for text in texts))
        for number, *texts in found
        if number in ids
    ]


@pytest.mark.parametrize("own", [(), (EVE,), (ANN,), (ANN, EVE)], ids=len)
async def test_the_news_answer_as_the_archive_does(archive: Database, own: tuple[str, ...]) -> None:
    await furnish(archive)
    asked = await questions(archive, 250)
    news = News(archive, today=TODAY, own=own)
    everything = [PaperId(number) for (number,) in await rows(archive, "SELECT id FROM papers")]
    some = await search.news(archive, today=TODAY, since=SINCE, unseen=UNSEEN, own=own)
    answered = 0
    for name, ids, limit in (("news", some, 300), ("all", everything, 10)):
        # What one may not see is no answer, whoever holds it.
        held = await news.hold(name, ids)
        found = await asyncio.gather(*(news.match(each, held, limit=limit) for each in asked))
        for each, hits in zip(asked, found, strict=True):
            expected = await search.announced(archive, each, today=TODAY, among=ids, limit=limit, own=own)
            assert hits == expected, each.text
            told: list[tuple[Any, ...]] = [
                (hit.paper.id, *(dict(hit.marks).get(field, ()) for field in FIELDS)) for hit in hits if hit.marks
            ]
            assert sorted(told) == await marked(archive, each, [hit.paper.id for hit in hits])
            answered += len(hits)
    assert answered > 1_000


async def test_a_bad_question_spoils_no_other(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(db, HF, entry("One"))
    news = News(db, today=TODAY)
    held = await news.hold("all", [PaperId(1)])
    marks = marking.Marker.marks

    def stumbling(marker: marking.Marker, papers: Mapping[PaperId, Sequence[str]], asked: Sequence[str]) -> object:
        if asked == ("stumble",):
            raise ZeroDivisionError
        return marks(marker, papers, asked)

    monkeypatch.setattr(marking.Marker, "marks", stumbling)
    bad, good = query.parse("stumble OR one"), query.parse("one")
    monkeypatch.setattr(Query, "spellings", property(lambda self: ("stumble",) if self is bad else self.words))
    answers: list[tuple[Hit, ...] | BaseException] = await asyncio.gather(
        *(news.match(each, held, limit=5) for each in (good, bad, good)), return_exceptions=True
    )
    assert isinstance(answers[1], ZeroDivisionError)
    assert answers[0] == answers[2]
    assert answers[0]


async def test_a_paper_is_read_once_and_a_set_for_its_name(db: Database) -> None:
    await store(db, HF, entry("One"), entry("Two"), entry("Three"))
    news = News(db, today=TODAY)
    first, second = await asyncio.gather(
        news.hold("first", [PaperId(1), PaperId(2)]), news.hold("second", [PaperId(2), PaperId(3)])
    )
    assert await news.hold("first", []) == first
    one, two = [await news.match(query.parse("trending"), each, limit=9) for each in (first, second)]
    assert [hit.paper.title for hit in one] == ["Two", "One"]
    assert [hit.paper.title for hit in two] == ["Three", "Two"]
    assert one[0].paper is two[1].paper
    assert await news.match(query.parse("trending"), await news.hold("none", []), limit=9) == ()
