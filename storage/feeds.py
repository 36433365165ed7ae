"""What is remembered of feeds: when they were polled, how it went, and their cache validators.

Owns: the tables feeds and validators. A validator is stored in the transaction of the data it vouches for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.models import Entry, FeedState, Health, Identity, Validators
from storage import health, papers, private
from storage.database import Database, moment, seconds

_KEPT = timedelta(days=30)
"""Validators of addresses that were not asked for so long are dropped (a day's list has its own)."""


def state_of(row: sqlite3.Row, how: tuple[Health, ...] = ()) -> FeedState:
    return FeedState(
        name=row["name"],
        next_poll_at=moment(row["next_poll_at"]),
        polled_at=moment(row["polled_at"]),
        succeeded_at=moment(row["succeeded_at"]),
        failures=row["failures"],
        error=row["error"],
        entries=row["entries"],
        stalls=row["stalls"],
        health=how,
    )


async def states(db: Database) -> dict[str, FeedState]:
    """Every feed ever polled, by name."""
    how = await health.of_feeds(db)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT name, next_poll_at, polled_at, succeeded_at, failures, error, entries, stalls
            FROM feeds ORDER BY name"""
        )
    return {row["name"]: state_of(row, how.get(row["name"], ())) for row in rows}


async def validators(db: Database, url: str) -> Validators:
    """What `url` gave us to ask "has it changed since?"."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall("SELECT etag, last_modified FROM validators WHERE url = ?", (url,))
        )
    return Validators(etag=rows[0]["etag"], last_modified=rows[0]["last_modified"]) if rows else Validators()


async def record_entries(
    db: Database,
    feed: str,
    entries: Sequence[tuple[Entry, Identity]],
    *,
    seen_at: datetime,
    validators: Mapping[str, Validators],
) -> tuple[int, int, int]:
    """Store what one answer carried, with the validators that vouch for it: (new, updated, unchanged)."""
    async with db.write() as tx:
        if papers.is_added(feed):
            counted = await private.store(tx, feed, entries, seen_at=seen_at)
        else:
            counted = await papers.store(tx, feed, entries, seen_at=seen_at)
            await private.give_way(tx, [identity for _, identity in entries])
        await tx.executemany(
            """INSERT INTO validators (url, etag, last_modified, stored_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (url) DO UPDATE SET etag = excluded.etag,
                last_modified = excluded.last_modified, stored_at = excluded.stored_at""",
            [(url, value.etag, value.last_modified, seconds(seen_at)) for url, value in validators.items()],
        )
        await tx.execute("DELETE FROM validators WHERE stored_at < ?", (seconds(seen_at - _KEPT),))
    return counted


async def record_poll(
    db: Database,
    feed: str,
    *,
    now: datetime,
    next_poll_at: datetime,
    error: str | None,
    entries: int | None,
    stalls: int = 0,
) -> None:
    """Note how a poll ended. `entries` None: nothing was read (an error, or not modified)."""
    async with db.write() as tx:
        await tx.execute(
            """INSERT INTO feeds
                (name, first_at, polled_at, succeeded_at, next_poll_at, failures, error, entries, stalls)
            VALUES (
                :name, iif(:error IS NULL, :now, NULL), :now, iif(:error IS NULL, :now, NULL), :next,
                iif(:error IS NULL, 0, 1), :error, coalesce(:entries, 0), :stalls)
            ON CONFLICT (name) DO UPDATE SET
                first_at = coalesce(first_at, excluded.first_at),
                polled_at = :now,
                succeeded_at = iif(:error IS NULL, :now, succeeded_at),
                next_poll_at = :next,
                failures = iif(:error IS NULL, 0, failures + 1),
                error = :error,
                entries = coalesce(:entries, entries),
                stalls = :stalls""",
            {
                "name": feed,
                "now": seconds(now),
                "next": seconds(next_poll_at),
                "error": error,
                "entries": entries,
                "stalls": stalls,
            },
        )
