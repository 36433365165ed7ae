"""Hugging Face's search is asked over a real server on this machine; what it finds is kept and is no news."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import UserError
from bot.fetch import Fetcher
from bot.models import ChannelId, GuildId
from bot.papers.query import parse
from bot.pipeline import ask, deliver, draft, outside, ranking
from bot.pipeline.outside import Outside
from storage import postings, questions, upkeep, verdicts
from storage.database import Database
from tests.making import ARXIV, HF, NOW, TODAY, channel, entry, rows, store
from tests.pipeline.house import pack, unpack
from tests.pipeline.sources import World, listed, serving, unless_known
from tests.pipeline.test_deliver import Discord

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ONE, TWO = GuildId(1), GuildId(2)


class Hub(World):
    """With the search: what it finds, whatever it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.finds: list[Any] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/papers/search" and request.path not in self.faults:
            self.asked.append(request)
            return unless_known(request, json.dumps(self.finds[: int(request.query["limit"])]).encode())
        return await super().answer(request)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with serving(Hub()) as served:
        assert isinstance(served, Hub)
        yield served


@pytest.fixture
async def way(hub: Hub) -> AsyncIterator[Outside]:
    async with Fetcher(version="0") as fetch:
        yield Outside(fetch=fetch, address=hub.base, seconds=20)


def found(number: int, title: str = "", **fields: Any) -> dict[str, Any]:
    """As the search wraps a paper: of some day long ago."""
    return listed(number, TODAY - 40 * DAY, title=title, **fields)


def flat(number: int, title: str) -> dict[str, Any]:
    paper: dict[str, Any] = found(number, title)["paper"]
    return paper


async def asked(
    db: Database, way: Outside, text: str, guild: GuildId = ONE, at: timedelta = timedelta()
) -> list[str]:
    papers = await outside.ask(db, way, parse(text), guild=guild, now=NOW + at)
    return [paper.title for paper in papers]


async def test_what_is_found_comes_in_its_order_and_stays_in_the_archive(
    db: Database, hub: Hub, way: Outside
) -> None:
    hub.finds = [found(2, "Zebra Fish"), flat(1, "Zebra Crossings"), {"paper": {"id": "2603.00009"}}, "x"]
    assert await asked(db, way, "zebra") == ["Zebra Fish", "Zebra Crossings"]
    assert hub.paths() == ["/api/papers/search?q=zebra&limit=10"]
    answer = await ask.search(db, "zebra", now=NOW)
    assert {hit.paper.title for hit in answer.hits} == {"Zebra Fish", "Zebra Crossings"}
    assert await rows(db, "SELECT count(*) FROM unranked") == [(0,)]
    # No source that is polled: nothing of it has a health or a time.
    assert await rows(db, "SELECT count(*) FROM feeds") == [(0,)]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("Zebra author:lee votes:>=5 -horse since:7d", "zebra"),
        ('"zebra fish" OR (crossing since:7d)', "zebra fish crossing"),
        ("c++ & ?x=1#y", None),
        ("zé", ""),
        ("author:lee", ""),
        (" ".join(["zebra"] * 60), " ".join(["zebra"] * 33)),
        ("z" * 300, "z" * 200),
    ],
)
async def test_only_words_are_sent(db: Database, hub: Hub, way: Outside, query: str, sent: str | None) -> None:
    words = outside.words(parse(query))
    if sent is not None:
        assert words == sent
    if words:
        assert await asked(db, way, query) == []
        assert [request.query["q"] for request in hub.asked] == [words]
    else:
        with pytest.raises(UserError, match="longer word"):
            await asked(db, way, query)
        assert hub.asked == []


async def test_a_known_paper_stays_the_same_one(db: Database, hub: Hub, way: Outside) -> None:
    await store(db, ARXIV, entry("Zebra Fish by arXiv", arxiv_id="2603.00002", on=TODAY))
    hub.finds = [found(2, "Zebra Fish", votes=34)]
    (paper,) = await outside.ask(db, way, parse("zebra"), guild=ONE, now=NOW)
    assert (paper.title, paper.votes, paper.listed_on) == ("Zebra Fish by arXiv", 34, TODAY)
    assert await rows(db, "SELECT count(*) FROM papers") == [(1,)]
    # It stands in no list of Hugging Face's for that.
    for query, hits in (("zebra source:huggingface", 0), ("zebra source:huggingface-search", 1)):
        assert (await ask.search(db, query, now=NOW)).total == hits


async def test_it_is_no_news_until_a_feed_carries_it(db: Database, hub: Hub, way: Outside) -> None:
    await channel(db, 1, "zebra", due=NOW)
    hub.finds = [replace_day(found(2, "Zebra Fish"))]
    assert await asked(db, way, "zebra") == ["Zebra Fish"]
    digest, _ = await draft.preview(db, ["zebra"], now=NOW, size=8)
    assert (digest.papers, digest.more) == ((), ())
    discord = Discord()
    assert await deliver.deliver_due(db, discord, now=NOW) == 1
    assert not discord.posts.get(ChannelId(1))
    tomorrow = NOW + DAY
    await store(db, HF, entry("Zebra Fish", arxiv_id="2603.00002", on=tomorrow.date()), at=tomorrow - HOUR)
    assert await deliver.deliver_due(db, discord, now=tomorrow) == 1
    (post,) = discord.posts[ChannelId(1)].values()
    assert "Zebra Fish" in str(post)
    told = await verdicts.latest(db, ChannelId(1))
    assert sorted(str(verdict.kind) for verdict in told) == ["posted", "quiet"]


def replace_day(item: dict[str, Any]) -> dict[str, Any]:
    """Listed today, says the search itself."""
    item["paper"]["submittedOnDailyAt"] = f"{TODAY}T00:00:00.000Z"
    return item


async def test_an_answer_holds_for_a_day_whatever_its_capitals_and_for_every_server(
    db: Database, hub: Hub, way: Outside
) -> None:
    hub.finds = [found(2, "Zebra Fish")]
    for text, guild, at in (("zebra", ONE, 0 * HOUR), ("Zebra", TWO, HOUR), ("zebra since:7d", ONE, DAY - SECOND)):
        assert await asked(db, way, text, guild, at) == ["Zebra Fish"]
    assert len(hub.paths()) == 1
    assert await asked(db, way, "zebra", ONE, DAY) == ["Zebra Fish"]
    assert len(hub.paths()) == 1
    assert (await upkeep.prune(db, NOW + DAY + SECOND)).questions == 1
    assert await rows(db, "SELECT count(*) FROM questions") == [(1,)]


async def test_budgets_of_a_server_and_of_all_end_in_a_sentence(db: Database, hub: Hub, way: Outside) -> None:
    async def use(guild: int, times: int) -> None:
        for number in range(times):
            await asked(db, way, f"zebra {guild} {number}", GuildId(guild), guild * SECOND)

    await use(1, questions.OF_GUILD)
    with pytest.raises(
        UserError, match="10 times within the hour, as often as this server may: ask again in 60 minutes"
    ):
        await asked(db, way, "one more", ONE, 2 * SECOND)
    assert await asked(db, way, "zebra 1 0", ONE, 2 * SECOND) == []  # what is known costs nothing
    for guild in (2, 3):
        await use(guild, questions.OF_GUILD)
    assert len(hub.paths()) == questions.MOST
    with pytest.raises(UserError, match="30 times within the hour, as often as this bot may"):
        await asked(db, way, "one more", GuildId(4), 4 * SECOND)
    assert hub.paths() == []
    assert await asked(db, way, "one more", GuildId(4), HOUR + SECOND) == []
    # Who asks in a direct message is not kept: they share one budget.
    await use(0, questions.OF_GUILD)
    with pytest.raises(UserError, match="10 times within the hour, as often as all direct messages together may"):
        await asked(db, way, "one more of them", GuildId(0), 2 * SECOND)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (429, b"slow down"),
        (404, b"{}"),
        (200, b'{"error": "Query too short"}'),
        (200, b"<html>hello"),
        (200, b'[{"paper": {"nothing": 1}}]'),
        (200, b"[" * 100_000),
        (200, b""),
    ],
)
async def test_any_trouble_is_one_quiet_line_and_no_answer_is_remembered(
    db: Database, hub: Hub, way: Outside, status: int, body: bytes
) -> None:
    async def fault(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    hub.faults["/api/papers/search"] = fault
    with pytest.raises(UserError) as told:
        await asked(db, way, "zebra")
    assert str(told.value) == "Hugging Face does not answer now: try again later."
    assert await rows(db, "SELECT papers FROM questions") == [(None,)]
    assert await rows(db, "SELECT count(*) FROM papers") == [(0,)]


async def test_neither_a_slow_answer_nor_the_pause_before_a_request_is_waited_for(db: Database, hub: Hub) -> None:
    never = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with Fetcher(version="0", pauses={"127.0.0.1": 3600.0}) as fetch:
        way = Outside(fetch=fetch, address=hub.base, seconds=20)
        assert await asked(db, way, "zebra") == []
        with pytest.raises(UserError, match="does not answer now"):
            await asked(db, replace(way, seconds=0.05), "zebra fish")
    assert len(hub.paths()) == 1
    hub.faults["/api/papers/search"] = slow
    async with Fetcher(version="0") as fetch:
        with pytest.raises(UserError, match="does not answer now"):
            await asked(db, Outside(fetch=fetch, address=hub.base, seconds=0.05), "zebra fish")
    never.set()


async def test_a_server_that_cannot_be_reached_is_told_the_same(db: Database) -> None:
    async with Fetcher(version="0") as fetch:
        with pytest.raises(UserError, match="does not answer now"):
            await asked(db, Outside(fetch=fetch, address="http://127.0.0.1:1"), "zebra")


async def test_a_paper_that_two_take_into_the_inverted_file_at_once_is_taken_once(db: Database) -> None:
    await store(db, HF, entry("Zebra Fish"))
    changes = await postings.unranked(db, limit=9)
    await ranking.catch_up(db)
    before = await rows(
        db, "SELECT word, papers, body FROM words JOIN postings ON word_id = words.id ORDER BY word"
    )
    counted = {change.after: Counter({"zebra": 1}) for change in changes if change.after}
    await postings.store(db, changes, counted)
    after = await rows(
        db, "SELECT word, papers, body FROM words JOIN postings ON word_id = words.id ORDER BY word"
    )
    assert before == after


async def test_what_was_found_moves_house_and_is_no_news_there_either(
    db: Database, hub: Hub, way: Outside, tmp_path: Path
) -> None:
    hub.finds = [replace_day(found(2, "Zebra Fish"))]
    assert await asked(db, way, "zebra") == ["Zebra Fish"]
    await pack(db, tmp_path / "moved")
    async with Database(tmp_path / "house.sqlite") as house:
        await unpack(house, tmp_path / "moved")
        assert await rows(house, "SELECT feed, announced FROM listings") == [("huggingface-search", 0)]
        digest, _ = await draft.preview(house, ["zebra"], now=NOW, size=8)
        assert (digest.papers, digest.more) == ((), ())


async def test_a_server_s_own_paper_that_it_finds_becomes_everybody_s_and_comes_once(
    db: Database, hub: Hub, way: Outside
) -> None:
    await store(db, "added:https://blog.example/feed", entry("Zebra Fish", arxiv_id="2603.00002"))
    assert (await ask.search(db, "zebra", now=NOW)).total == 0
    hub.finds = [found(2, "Zebra Fish")]
    assert await asked(db, way, "zebra") == ["Zebra Fish"]
    for own in ((), ("added:https://blog.example/feed",)):
        assert (await ask.search(db, "zebra", now=NOW, own=own)).total == 1
