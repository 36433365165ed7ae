"""Hostile bytes on the whole way, from a server into a database file: stored whole, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from random import Random

import pytest

from bot.errors import FeedError
from bot.feeds import arxiv
from bot.models import FeedKind, FeedOutcome
from bot.pipeline.reading import parse
from storage.database import Database
from tests.fuzz import worst
from tests.fuzz.mutation import made
from tests.fuzz.promises import check_archive
from tests.making import NOW, TODAY, rows
from tests.pipeline.sources import World, announcement, listed, says, serving
from tests.pipeline.test_ingest import BLOG_PATH, DAY, HF_PATH, HOUR, poll

PATHS = {
    FeedKind.HUGGINGFACE: [HF_PATH],
    FeedKind.ARXIV: [arxiv.address("", ("cs.CL", "cs.LG"), attempt=attempt) for attempt in range(4)],
    FeedKind.RSS: [BLOG_PATH],
}
STORED = ("papers", "identities", "listings", "observations")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(World()) as served:
        served.days = {TODAY: [listed(1, TODAY), listed(2, TODAY)]}
        served.arxiv = [announcement(1), announcement(4)]
        served.posts = [("A Post", "/1")]
        yield served


async def stored(db: Database) -> list[object]:
    return [await rows(db, f"SELECT * FROM {table} ORDER BY 1, 2") for table in STORED]


async def ask(db: Database, world: World, kind: FeedKind, at: datetime) -> FeedOutcome:
    """Read one source now. (Hugging Face's lists of three days, all the same.)"""
    outcome, *_ = await poll(db, world, at, only=kind, days=1)
    return outcome


@pytest.mark.parametrize("kind", PATHS)
async def test_a_body_that_cannot_be_read_changes_nothing(db: Database, world: World, kind: FeedKind) -> None:
    await poll(db, world, backfill=1)
    before = await stored(db)
    bodies = [
        *(b"", b"\0" * 100, b"<!DOCTYPE html><title>Sign in</title><form>", b'{"error": "no"}', b"null", b"\xff"),
        *(b"[1, 2, 3]", b'[{"paper": {"id": 1}}]', b"<rss><channel><item><title>T</title></item></channel></rss>"),
        *(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/><entry/></feed>', b"[" * 5_000, b"<rss>" * 110_000),
        worst.FEEDS["damaged tags"](800_000),
    ]
    for hours, body in enumerate(bodies, start=1):
        world.faults = dict.fromkeys(PATHS[kind], says(body))
        outcome = await ask(db, world, kind, NOW + hours * HOUR)
        assert outcome.error, body[:60]
        assert await stored(db) == before
    check_archive(db.path)
    world.faults = {}
    assert (await ask(db, world, kind, NOW + 2 * DAY)).error is None


@pytest.mark.parametrize("kind", PATHS)
async def test_any_body_is_stored_whole_or_not_at_all(db: Database, world: World, kind: FeedKind) -> None:
    read = 0
    for seed in range(25):
        body = made(Random(seed), kind)
        world.faults = dict.fromkeys(PATHS[kind], says(body))
        world.paths()
        before = await stored(db)
        outcome = await ask(db, world, kind, NOW + seed * DAY)
        try:
            entries, error = len(parse(kind, body, TODAY).entries), None
        except FeedError as refusal:
            entries, error = 0, str(refusal)
        assert outcome.error == error
        if error:
            assert await stored(db) == before
        else:
            assert outcome.new + outcome.updated + outcome.unchanged <= entries * len(world.paths())
            read += entries
    assert read > 10
    check_archive(db.path)
    ((newest,),) = await rows(db, "SELECT max(listed_on) FROM papers")
    assert newest <= (NOW + 26 * DAY).date().isoformat(), "a date of years ahead stays the newest"
