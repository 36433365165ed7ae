"""Feeds between polls; a cache validator moves with the data that it vouches for."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from bot.models import FeedState, PaperId, Validators
from bot.papers import identity
from storage import feeds, papers
from storage.database import Database
from tests.making import HF, NOW, entry, observations, rows, store

DAY = timedelta(days=1)
URL = "https://huggingface.co/api/daily_papers?date=2026-03-31&limit=100"
TAGGED = Validators(etag='W/"abc"', last_modified="Tue, 31 Mar 2026 12:00:00 GMT")


async def poll(db: Database, at: datetime, *, error: str | None = None, entries: int | None = None) -> FeedState:
    await feeds.record_poll(db, HF, now=at, next_poll_at=at + DAY, error=error, entries=entries)
    return (await feeds.states(db))[HF]


async def test_a_validator_is_stored_with_its_papers(db: Database) -> None:
    assert await feeds.validators(db, URL) == Validators()
    assert await store(db, HF, entry(), validators={URL: TAGGED}) == (1, 0, 0)
    assert await feeds.validators(db, URL) == TAGGED
    newer = Validators(etag='"def"')
    await store(db, HF, entry(), validators={URL: newer})
    assert await feeds.validators(db, URL) == newer


async def test_a_failing_store_leaves_neither_papers_nor_validator(db: Database) -> None:
    await store(db, HF, entry("Known Before"), validators={URL: Validators(etag='"old"')})
    broken = entry("Broken", votes="a lot", doi="10.1000/1")
    # An integer column takes any text in SQLite; a list it refuses, behind the papers before it.
    unfit = entry("Unfit", summary=["a list"])
    keyed = [(given, identity.keys(given.paper)) for given in (entry("Fine"), broken, unfit)]
    with pytest.raises(sqlite3.Error):
        await feeds.record_entries(db, HF, keyed, seen_at=NOW, validators={URL: TAGGED})
    assert await feeds.validators(db, URL) == Validators(etag='"old"')
    assert await rows(db, "SELECT title FROM papers") == [("Known Before",)]
    assert await rows(db, "SELECT count(*) FROM listings") == [(1,)]


async def test_a_failing_validator_takes_its_papers_along(db: Database) -> None:
    with pytest.raises(sqlite3.Error):
        await store(db, HF, entry(), validators={URL: Validators(etag=["no text"])})  # type: ignore[arg-type]
    assert await papers.count(db) == 0
    assert await observations(db, PaperId(1)) == ()


async def test_validators_of_a_month_ago_are_dropped(db: Database) -> None:
    await store(db, HF, validators={"https://old.example": TAGGED}, at=NOW - 31 * DAY)
    await store(db, HF, validators={URL: TAGGED}, at=NOW - 29 * DAY)
    await store(db, HF, at=NOW)
    assert await rows(db, "SELECT url FROM validators") == [(URL,)]


async def test_polls_are_remembered_with_their_failures(db: Database) -> None:
    assert await feeds.states(db) == {}
    assert await poll(db, NOW, error="down") == FeedState(
        name=HF, next_poll_at=NOW + DAY, polled_at=NOW, failures=1, error="down"
    )
    assert (await poll(db, NOW + DAY, error="still down")).failures == 2
    well = await poll(db, NOW + 2 * DAY, entries=40)
    assert well == FeedState(
        name=HF, next_poll_at=NOW + 3 * DAY, polled_at=NOW + 2 * DAY, succeeded_at=NOW + 2 * DAY, entries=40
    )
    unmodified = await poll(db, NOW + 3 * DAY)
    assert (unmodified.entries, unmodified.succeeded_at) == (40, NOW + 3 * DAY)
    failed = await poll(db, NOW + 4 * DAY, error="down")
    assert (failed.entries, failed.succeeded_at, failed.failures) == (40, NOW + 3 * DAY, 1)


async def test_a_first_poll_that_went_well_counts(db: Database) -> None:
    state = await poll(db, NOW, entries=7)
    assert (state.succeeded_at, state.failures, state.error, state.entries) == (NOW, 0, None, 7)
