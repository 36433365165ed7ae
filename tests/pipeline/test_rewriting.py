"""Digests with summaries by the operator's own model: over real sockets, a real database, and a Discord."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.digest import markup
from bot.errors import StorageError
from bot.fetch import Completions
from bot.models import ChannelId, Delivery, Paper, PaperId
from bot.pipeline import deliver, draft
from bot.pipeline.rewriting import Writer
from storage import channels, deliveries, papers, rewritings
from storage.database import Database
from tests.completions import KEY, ModelServer, modelling, saying
from tests.making import HF, NOW, TODAY, channel, committed, entry, files, rows, store
from tests.pipeline.test_deliver import DAY, MINUTE, ONE, Crash, Discord, judged, papers_shown

M = "small:3b"
ABSTRACT = "This is about models. Small models are studied here. Our method improves planning by 12.5% on 3 tasks."
GOOD = "The authors study how small models plan, and their method improves planning by 12.5%."
BAD = "The authors study how small models plan, and their method improves planning by 99%."


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with modelling() as opened:
        opened.text = GOOD
        yield opened


@pytest.fixture
def discord() -> Discord:
    return Discord()


@asynccontextmanager
async def writing(
    db: Database, base: str, *, daily: int = 100, patience: float = 5.0, name: str = M, **options: Any
) -> AsyncIterator[Writer]:
    options = {"key": KEY, "version": "1", "seconds": 5.0, **options}
    async with (
        Completions(base, name, **options) as model,
        Writer(db, model, daily=daily, patience=patience) as made,
    ):
        yield made


async def fill(db: Database, count: int = 3, *, start: int = 0, **fields: Any) -> tuple[Paper, ...]:
    """`count` papers without a summary of their source, in their order."""
    titles = [f"Paper Number {number}" for number in range(start, start + count)]
    made = [
        entry(title, arxiv_id=f"2603.{at + start:05}", votes=900 - at, abstract=ABSTRACT, **fields)
        for at, title in enumerate(titles)
    ]
    await store(db, HF, *made)
    ids = dict(await rows(db, "SELECT title, id FROM papers"))
    return await papers.get(db, [PaperId(ids[title]) for title in titles])


def posted(discord: Discord, number: ChannelId = ONE) -> str:
    """The last post of a channel, as text on one line."""
    return " ".join(markup.as_text([*discord.posts[number].values()][-1]).split())


# --- what is asked and kept -----------------------------------------------------------------------


async def test_papers_without_a_summary_are_asked_about_once(db: Database, server: ModelServer) -> None:
    made = await fill(db, 3)
    with_summary = replace(made[0], id=PaperId(98), summary="The source's.")
    without_text = replace(made[0], id=PaperId(99), abstract="")
    async with writing(db, server.base) as writer:
        found = await writer.write((*made, with_summary, without_text), NOW)
        assert found == {paper.id: GOOD for paper in made}
        assert sorted(server.asked) == [paper.title for paper in made]
        assert await writer.write(made, NOW + DAY) == found
    async with writing(db, server.base) as writer:  # after a restart
        assert await writer.write(made, NOW + DAY) == found
    assert len(server.asked) == 3


async def test_a_text_that_may_not_be_shown_is_not_asked_for_again(
    db: Database, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made = await fill(db, 8)
    server.texts = {
        "Paper Number 1": BAD,
        "Paper Number 2": "Gemini improves planning of small models by 12.5%.",
        "Paper Number 3": f"{GOOD[:-1]}, see https://evil.example/.",
        "Paper Number 4": f"{GOOD[:-1]} @everyone.",
        "Paper Number 5": "x" * 5_000,
        "Paper Number 6": "I cannot summarise this paper, as there is no text.",
        "Paper Number 7": f"<think>12, 13</think>\n\n“{GOOD}”",
    }
    async with writing(db, server.base) as writer:
        for _ in range(2):
            assert await writer.write(made, NOW) == {made[0].id: GOOD, made[7].id: GOOD}
    assert len(server.asked) == 8
    assert "paper 2: what the model said is not shown: 'by 99%' is neither in the title nor in the abstract" in (
        caplog.text
    )
    kept = await rows(db, "SELECT count(text), sum(text IS NULL), sum(why != '') FROM rewritings")
    assert kept == [(2, 6, 6)]


async def test_another_model_is_asked_anew_and_so_is_a_changed_paper(db: Database, server: ModelServer) -> None:
    (paper,) = await fill(db, 1)
    for name in (M, "another", "another"):
        async with writing(db, server.base, name=name) as writer:
            assert await writer.write([paper], NOW)
    assert [body["model"] for *_, body in server.requests] == [M, "another"]
    await store(db, HF, entry(paper.title, arxiv_id=paper.arxiv_id, abstract=f"{ABSTRACT} And more."))
    (changed,) = await papers.get(db, [paper.id] if paper.id else [])
    async with writing(db, server.base, name="another") as writer:
        assert await writer.write([changed], NOW)
    assert len(server.asked) == 3


async def test_a_paper_that_changes_while_it_is_asked_about_is_not_kept(db: Database, server: ModelServer) -> None:
    (paper,) = await fill(db, 1)
    server.gate = asyncio.Event()
    async with writing(db, server.base) as writer:
        waiting = asyncio.create_task(writer.write([paper], NOW))
        await server.came.wait()
        await store(db, HF, entry(paper.title, arxiv_id=paper.arxiv_id, abstract="Quite another text."))
        server.gate.set()
        assert await waiting == {paper.id: GOOD}  # for this digest, which shows the paper as it was
    assert committed(db, "SELECT * FROM rewritings") == []


async def test_the_same_paper_is_never_asked_about_twice_at_a_time_and_few_at_once(
    db: Database, server: ModelServer
) -> None:
    made = await fill(db, 10)
    async with writing(db, server.base) as writer:
        found = await asyncio.gather(*(writer.write(made, NOW) for _ in range(20)))
    assert all(each == {paper.id: GOOD for paper in made} for each in found)
    assert len(server.asked) == 10
    assert 1 < server.most_at_once <= 4


# --- how much ---------------------------------------------------------------------------------------


async def test_the_budget_of_a_day_is_kept_also_over_restarts(
    db: Database, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    made = await fill(db, 8)
    server.texts = {made[0].title: BAD}
    async with writing(db, server.base, daily=3) as writer:
        assert len(await writer.write(made, NOW)) == 2  # one is refused, and counts
    async with writing(db, server.base, daily=3) as writer:
        assert len(await writer.write(made, NOW + timedelta(hours=10))) == 2
    assert len(server.asked) == 3
    assert caplog.text.count("the model was asked 3 times today, as often as PAPERBOY_MODEL_DAILY allows") == 2
    async with writing(db, server.base, daily=3) as writer:
        assert len(await writer.write(made, NOW + DAY)) == 5  # a new day of UTC
        assert len(await writer.write(made, NOW + DAY)) == 5
    assert len(server.asked) == 6


async def test_calls_that_fail_count_and_are_made_again(db: Database, server: ModelServer) -> None:
    (paper,) = await fill(db, 1)
    for bad in (web.Response(status=500), web.Response(text="<html>"), saying(None)):

        async def answer(request: web.BaseRequest, bad: web.Response = bad) -> web.StreamResponse:
            return bad

        server.answer = answer
        async with writing(db, server.base) as writer:
            assert await writer.write([paper], NOW) == {}
    assert (await rewritings.tally(db, M, TODAY)).calls == 3
    server.answer = None
    async with writing(db, server.base) as writer:
        assert await writer.write([paper], NOW) == {paper.id: GOOD}
    assert (await rewritings.tally(db, M, TODAY)).calls == 4


async def test_a_dead_server_is_told_once_and_then_left_alone(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    made = await fill(db, 10)
    async with writing(db, "http://127.0.0.1:9/v1") as writer:
        for _ in range(3):
            assert await writer.write(made, NOW) == {}
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "could not connect to 127.0.0.1: it refused the connection" in record.getMessage()
    assert (await rewritings.tally(db, M, TODAY)).calls <= 5


async def test_a_bug_and_a_full_disk_are_logged_and_end_nothing(
    db: Database, server: ModelServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageError("the disk is full")

    made = await fill(db, 2)
    async with writing(db, server.base) as writer:
        with monkeypatch.context() as broken:
            broken.setattr(rewritings, "keep", None)
            assert await writer.write(made, NOW) == {}
        assert caplog.text.count("the model's summary failed") == 2
        with monkeypatch.context() as broken:
            broken.setattr(rewritings, "known", None)
            assert await writer.write(made, NOW) == {}
        assert await writer.write(made, NOW) == {paper.id: GOOD for paper in made}
        caplog.clear()
        with monkeypatch.context() as broken:
            broken.setattr(rewritings, "known", full)
            for _ in range(2):
                assert await writer.write(made, NOW) == {}
        (record,) = caplog.records
        assert record.getMessage() == "digests go out without summaries by the model: the disk is full"


# --- how long -----------------------------------------------------------------------------------------


async def test_a_digest_waits_so_long_and_no_longer_and_what_was_begun_is_there_later(
    db: Database, server: ModelServer
) -> None:
    made = await fill(db, 8)
    server.gate = asyncio.Event()
    clock = asyncio.get_running_loop().time
    async with writing(db, server.base, patience=0.3) as writer:
        began = clock()
        assert await writer.write(made, NOW) == {}
        assert 0.25 < clock() - began < 3
        begun = len(server.asked)
        assert begun <= 4
        server.gate.set()
        async with asyncio.timeout(5):
            while (await rewritings.tally(db, M, TODAY)).kept < begun:  # noqa: ASYNC110 - the file tells
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert len(server.asked) == begun  # nobody waits for the others


async def test_what_is_under_way_ends_with_the_writer(db: Database, server: ModelServer) -> None:
    made = await fill(db, 2)
    server.gate = asyncio.Event()
    before = asyncio.all_tasks()
    async with writing(db, server.base, patience=0.1) as writer:
        assert await writer.write(made, NOW) == {}
    await asyncio.sleep(0.1)
    assert {task for task in asyncio.all_tasks() - before if "Writer" in repr(task)} == set()
    assert committed(db, "SELECT * FROM rewritings") == []


async def test_all_digests_of_a_tick_wait_together(db: Database, server: ModelServer, discord: Discord) -> None:
    await fill(db, 40)
    for number in range(1, 80):  # more than are handled at a time, one paper in each
        await channel(db, number, f"title {number % 40}", "number")
    server.gate = asyncio.Event()
    clock = asyncio.get_running_loop().time
    async with writing(db, server.base, patience=0.5) as writer:
        began = clock()
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 79
        assert clock() - began < 0.5 + 10
        assert len(server.asked) <= 4
    assert all(discord.count(ChannelId(number)) == 1 for number in range(1, 80))


async def test_a_dead_server_costs_a_tick_one_timeout_at_most(
    db: Database, server: ModelServer, discord: Discord
) -> None:
    server.gate = asyncio.Event()
    clock = asyncio.get_running_loop().time
    for start in range(4):
        (paper,) = await fill(db, 1, start=start)
        await channel(db, start + 1, f'"{paper.title}"')
    async with writing(db, server.base, seconds=0.4, patience=30) as writer:
        began = clock()
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 4
        assert 0.4 <= clock() - began < 8
        asked = len(server.asked)
        assert await writer.write(await fill(db, 1, start=9), NOW) == {}
        assert len(server.asked) == asked
    assert [discord.count(ChannelId(number)) for number in range(1, 5)] == [1] * 4


# --- in a digest --------------------------------------------------------------------------------------


async def test_a_digest_shows_the_model_s_summaries_and_marks_them(
    db: Database, server: ModelServer, discord: Discord
) -> None:
    made = await fill(db, 10)
    await store(
        db,
        HF,
        entry(
            "One With a Summary",
            arxiv_id="2603.11111",
            votes=999,
            abstract=ABSTRACT,
            summary="Hugging Face's model says that it plans.",
        ),
    )
    server.texts = {made[1].title: BAD}
    await channel(db)
    async with writing(db, server.base) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 1
    told = posted(discord)
    assert "✧ those by small:3b, checked against the abstract" in told
    assert "✦ marks summaries by Hugging Face’s model" in told
    assert told.count(f"{GOOD} ✧") == 6
    assert told.count("says that it plans. ✦") == 1
    assert "99%" not in told
    assert told.count("Small models are studied here.") == 1  # the one that was refused
    assert len(await papers_shown(db)) == 8
    assert len(server.asked) == 7  # neither the one with a summary nor what is behind "n more"
    kept = await rows(db, "SELECT post FROM deliveries")
    assert GOOD in kept[0][0]  # claimed as it was sent


async def test_two_digests_at_once_ask_once(db: Database, server: ModelServer, discord: Discord) -> None:
    made = await fill(db, 4)
    for number in (1, 2, 3):
        await channel(db, number)
    async with writing(db, server.base) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 3
    assert sorted(server.asked) == [paper.title for paper in made]
    assert all(posted(discord, ChannelId(number)).count(f"{GOOD} ✧") == 4 for number in (1, 2, 3))


@pytest.mark.parametrize("dead", ["refuses", "answers 500", "hangs"])
async def test_with_a_dead_server_the_digest_comes_as_without(
    db: Database, server: ModelServer, discord: Discord, dead: str
) -> None:
    await fill(db, 4)
    await channel(db)

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500)

    server.answer = broken if dead == "answers 500" else None
    server.gate = asyncio.Event() if dead == "hangs" else None
    base = "http://127.0.0.1:9/v1" if dead == "refuses" else server.base
    async with writing(db, base, seconds=0.3) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 1
    told = posted(discord)
    assert told.count("Small models are studied here.") == 4
    assert "✧" not in told
    assert len(await papers_shown(db)) == 4


async def test_an_extra_digest_has_them_too(db: Database, server: ModelServer, discord: Discord) -> None:
    await fill(db, 2)
    await channel(db, due=NOW + DAY)
    found = await channels.get(db, ONE)
    assert found
    async with writing(db, server.base) as writer:
        made = await deliver.deliver_now(db, discord, found, now=NOW, writer=writer)
    assert len(made.shown) == 2
    assert posted(discord).count(f"{GOOD} ✧") == 2


async def test_a_preview_shows_what_is_there_and_asks_nobody(db: Database, server: ModelServer) -> None:
    made = await fill(db, 2)
    async with writing(db, server.base) as writer:
        await writer.write(made[:1], NOW)
        digest, _ = await draft.preview(db, ["trending"], now=NOW)
        shown = await writer.kept(digest)
    assert [match.summary_by for match in shown.papers] == ["model: small:3b", "abstract"]
    assert len(server.asked) == 1


async def test_killed_while_a_digest_waits_nothing_is_claimed_and_it_comes_once(
    db: Database, server: ModelServer, discord: Discord
) -> None:
    made = await fill(db, 3)
    await channel(db)
    server.gate = asyncio.Event()
    async with writing(db, server.base) as writer:
        tick = asyncio.create_task(deliver.deliver_due(db, discord, now=NOW, writer=writer))
        await server.came.wait()
        tick.cancel()  # as the end of the process does it
        with pytest.raises(asyncio.CancelledError):
            await tick
    assert committed(db, "SELECT count(*) FROM deliveries") == [(0,)]
    assert discord.tries == 0
    assert (await rewritings.tally(db, M, TODAY)).calls >= 1  # a call that was begun has cost something
    server.gate = None
    async with writing(db, server.base) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW + MINUTE, writer=writer) == 1
        assert await deliver.deliver_due(db, discord, now=NOW + 2 * MINUTE, writer=writer) == 0
    assert discord.count(ONE) == 1
    assert posted(discord).count(f"{GOOD} ✧") == 3
    assert sorted(await papers_shown(db)) == sorted(paper.id for paper in made if paper.id)


async def test_killed_between_summaries_and_claim_nothing_is_lost_or_doubled(
    db: Database, server: ModelServer, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, 3)
    await channel(db)

    async def dying(*_: object, **__: object) -> bool:
        raise Crash

    async with writing(db, server.base) as writer:
        with monkeypatch.context() as patched:
            patched.setattr(deliveries, "claim", dying)
            with pytest.raises(Crash):
                await deliver.deliver_due(db, discord, now=NOW, writer=writer)
    async with writing(db, server.base) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW + MINUTE, writer=writer) == 1
    assert discord.count(ONE) == 1
    assert len(server.asked) == 3  # what was written is there after the restart


async def test_a_digest_by_hand_while_the_scheduled_one_waits_shows_nothing_twice(
    db: Database, server: ModelServer, discord: Discord
) -> None:
    await fill(db, 12)
    await channel(db)
    server.gate = asyncio.Event()
    async with writing(db, server.base) as writer:
        tick = asyncio.create_task(deliver.deliver_due(db, discord, now=NOW, writer=writer))
        await server.came.wait()
        found = await channels.get(db, ONE)
        assert found
        made: Delivery = await deliver.deliver_now(db, discord, found, now=NOW)
        server.gate.set()
        await tick
        assert await judged(db) == []  # it was quicker: the scheduled one is made anew at the next tick
        assert await deliver.deliver_due(db, discord, now=NOW + MINUTE, writer=writer) == 1
    shown = await papers_shown(db)
    assert len(shown) == len(set(shown)) == 12
    assert len(made.shown) == 8


# --- the key --------------------------------------------------------------------------------------------


async def test_the_key_is_nowhere(
    db: Database, server: ModelServer, discord: Discord, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    await fill(db, 3)
    await channel(db)

    async def repeating(request: web.BaseRequest) -> web.StreamResponse:
        if len(server.asked) == 1:
            return web.Response(status=401, text=f"no such key: {request.headers['Authorization']}")
        return saying(f"The authors study how small models plan with {request.headers['Authorization']}.")

    server.answer = repeating
    async with writing(db, server.base) as writer:
        assert await deliver.deliver_due(db, discord, now=NOW, writer=writer) == 1
        assert KEY not in repr(writer)
    assert server.requests[0][2]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in posted(discord)
    assert KEY not in caplog.text
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not any(KEY.encode() in content for content in files(tmp_path).values())
