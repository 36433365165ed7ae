"""Sequences of days as they come: holidays, small categories, errors half way, stops, papers that come again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from aiohttp import web

from bot.fetch import Fetcher
from bot.models import FeedOutcome
from bot.pipeline import draft, ingest
from storage.database import Database
from tests.feeds.test_arxiv import rss
from tests.pipeline.sources import World, announcement, serving, unless_known
from tests.pipeline.test_sources import (
    BOTH,
    HOUR,
    TUE,
    at,
    days_listed,
    poll,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(World()) as served:
        yield served


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, list[str]]:
    """Category -> the items of its list: each category is a call of its own."""
    lists: dict[str, list[str]] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        category = request.path.rpartition("/")[2]
        return unless_known(request, rss([category], *lists[category]))

    def calls(categories: tuple[str, ...], _: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
        return tuple((category,) for category in categories)

    monkeypatch.setattr("bot.feeds.arxiv.calls", calls)
    for category in BOTH:
        world.faults[f"/rss/{category}"] = world.faults[f"/atom/{category}"] = answer
    return lists


async def poll_of(db: Database, world: World, now: datetime, *categories: str) -> tuple[FeedOutcome, ...]:
    """A poll where other categories are followed."""
    sources = [replace(source, categories=categories) for source in world.feeds() if source.name == "arxiv"]
    async with Fetcher(version="test", pauses={}, timeout=5) as fetch:
        return await ingest.ingest(db, fetch, sources, now=now, poll=HOUR, backfill_days=1, jitter=lambda: 0.0)


def asked_of_the_api(world: World) -> list[str]:
    return [path for path in world.paths() if path.startswith("/api/query")]


async def note(db: Database, now: datetime, last: datetime) -> str:
    """What a verdict at `now` says of late lists; the last digest was at `last`."""
    return await draft.Candidates(db, now).late(draft.Reach.after(last))


# --- papers ---------------------------------------------------------------------------------------


async def test_a_cross_listing_is_news_though_another_call_says_replaced(
    db: Database, world: World, apart: dict[str, list[str]]
) -> None:
    apart["cs.CL"] = [announcement(7, day=TUE, categories=BOTH, kind="replace")]
    apart["cs.LG"] = [announcement(7, day=TUE, categories=BOTH, kind="cross")]
    await poll(db, world, at(TUE))
    assert await days_listed(db) == [(str(TUE), 1)]
