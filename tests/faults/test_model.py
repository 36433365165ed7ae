"""The whole bot with the operator's own model beside it: one that answers, one that is dead, and a kill."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from storage.database import Database
from tests.completions import KEY, ModelServer, modelling
from tests.faults.test_gateway import assert_posted_once, assert_quiet
from tests.making import HF, entry, files, store
from tests.peer.rest import Peer
from tests.peer.running import FAST, running

ABSTRACT = "This is about models. Small models are studied here. Our method improves planning by 12.5% on 3 tasks."
GOOD = "The authors study how small models plan, and their method improves planning by 12.5%."


@pytest.fixture
async def ours(folder: Path) -> Path:
    """The folder, with three papers whose source has no summary of them at the top of the day."""
    async with Database(folder / "paperboy.sqlite") as db:
        named = [
            entry(f"Number {at}", arxiv_id=f"2603.9999{at}", votes=9_000, abstract=ABSTRACT) for at in range(3)
        ]
        await store(db, HF, *named)
    return folder


def named(server: ModelServer) -> dict[str, str]:
    return {
        "PAPERBOY_MODEL_URL": server.base,
        "PAPERBOY_MODEL": "small:3b",
        "PAPERBOY_MODEL_KEY": KEY,
        "PAPERBOY_LOG_LEVEL": "DEBUG",
    }


def told(peer: Peer) -> str:
    (message,) = peer.messages()
    return json.dumps(message, ensure_ascii=False)


async def test_the_running_bot_posts_the_model_s_summaries(peer: Peer, ours: Path) -> None:
    async with modelling() as server:
        server.text = GOOD
        async with running(peer, ours, *FAST, **named(server)) as bot:
            await bot.until(bot.posted)
            assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert_quiet(bot)
    assert told(peer).count("improves planning by 12.5%.\u00a0✧") == 3
    assert sorted(server.asked) == ["Number 0", "Number 1", "Number 2"]
    assert {headers["Authorization"] for _, _, headers, _ in server.requests} == {f"Bearer {KEY}"}
    assert [name for name, content in files(ours).items() if KEY.encode() in content] == []


@pytest.mark.parametrize("how", ["hangs", "answers 500"])
async def test_the_running_bot_posts_without_a_dead_model(peer: Peer, ours: Path, how: str) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500, text=request.headers["Authorization"])

    async with modelling() as server:
        if how == "hangs":
            server.hang()
        else:
            server.answer = broken
        async with running(peer, ours, *FAST, **named(server)) as bot:
            await bot.until(bot.posted)
            assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert_quiet(bot)
    assert told(peer).count("Small models are studied here.") == 3
    assert "✧" not in told(peer)
    assert "the abstract's own sentences" in bot.log()
    assert len(server.asked) == 3  # and then the pause
    assert [name for name, content in files(ours).items() if KEY.encode() in content] == []


async def test_told_to_stop_while_the_model_is_asked_it_does_not_wait_for_it(peer: Peer, ours: Path) -> None:
    async with modelling() as server:
        server.hang()
        async with running(peer, ours, *FAST, **named(server)) as bot:
            await bot.until(server.came.is_set)
            began = time.monotonic()
            assert await bot.stop() == 0
            assert time.monotonic() - began < 9, "a call has ten seconds"
    assert_quiet(bot)
    assert len(peer.messages()) <= 1


async def test_killed_while_the_model_is_asked_the_digest_comes_once(peer: Peer, ours: Path) -> None:
    async with modelling() as server:
        server.text = GOOD
        server.hang()
        async with running(peer, ours, *FAST, **named(server)) as bot:
            await bot.until(server.came.is_set)
            bot.process.kill()
            await bot.ended()
        assert peer.messages() == []
        with closing(sqlite3.connect(bot.database)) as connection:
            assert connection.execute("SELECT count(*) FROM deliveries").fetchall() == [(0,)]
            ((before,),) = connection.execute("SELECT calls FROM model_calls").fetchall()
        assert before >= 1
        server.resume()
        async with running(peer, ours, *FAST[:-1], "2026-03-31T13:05:00+00:00", **named(server)) as bot:
            await bot.until(bot.posted)
            assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert told(peer).count("improves planning by 12.5%.\u00a0✧") == 3
    with closing(sqlite3.connect(bot.database)) as connection:
        assert connection.execute("SELECT calls FROM model_calls").fetchall() == [(before + 3,)]
