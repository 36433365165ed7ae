"""What is remembered of how feeds are: what each list last held, whose days' lists were had, their fields.

Owns: the tables health, batches and fields. Refuses: the judgement.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import aiosqlite

from bot.models import Batch, Health, HealthState, Sighting
from storage.database import Database, day, known_moment, moment, seconds, split
from storage.papers import is_added


def health_of(row: sqlite3.Row) -> Health:
    return Health(
        state=HealthState(row["state"]),
        told=row["told"],
        since=moment(row["since"]),
        sighting=Sighting(
            category=row["category"],
            day=day(row["day"]),
            entries=row["entries"],
            new=row["new"],
            items=row["items"],
            repeats=day(row["repeats"]),
        ),
    )


def batch_of(row: sqlite3.Row) -> Batch:
    return Batch(
        category=row["category"],
        day=date.fromisoformat(row["day"]),
        entries=row["entries"],
        items=row["items"],
        first_at=known_moment(row["first_at"]),
        whole=bool(row["whole"]),
    )


async def of_feeds(db: Database) -> dict[str, tuple[Health, ...]]:
    """Feed -> how it is, by category."""
    found: dict[str, list[Health]] = {}
    async with db.read() as connection:
        for row in await connection.execute_fetchall(
            """SELECT feed, category, state, told, since, day, entries, new, items, repeats
            FROM health ORDER BY feed, category"""
        ):
            found.setdefault(row["feed"], []).append(health_of(row))
    return {feed: tuple(healths) for feed, healths in found.items()}


async def batches(db: Database, feed: str, *, since: date) -> tuple[Batch, ...]:
    """The lists of a feed's days, of all its categories, oldest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT category, day, entries, items, first_at, whole FROM batches
            WHERE feed = ? AND day >= ? ORDER BY day, category""",
            (feed, since.isoformat()),
        )
    return tuple(batch_of(row) for row in rows)


async def first_days(db: Database, feed: str) -> dict[str, date]:
    """Category -> the day of its first list."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT category, min(day) AS day FROM batches WHERE feed = ? GROUP BY category", (feed,)
        )
    return {row["category"]: date.fromisoformat(row["day"]) for row in rows}


async def first_read(db: Database, since: datetime, *, day: date) -> dict[str, tuple[Batch, ...]]:
    """Feed -> the lists of `day` and later of which something was first read after `since`; what was listed before
    a feed's first reading is its past."""
    found: dict[str, list[Batch]] = {}
    async with db.read() as connection:
        for row in await connection.execute_fetchall(
            """SELECT batches.feed, category, day, batches.entries, items, batches.first_at, whole
            FROM batches JOIN feeds ON feeds.name = batches.feed
            WHERE batches.first_at > ? AND batches.first_at > feeds.first_at AND batches.entries
            AND day >= max(?, date(feeds.first_at, 'unixepoch')) ORDER BY day""",
            (seconds(since), day.isoformat()),
        ):
            found.setdefault(row["feed"], []).append(batch_of(row))
    return {feed: tuple(lists) for feed, lists in found.items()}


async def listed(
    db: Database, feed: str, keys: Iterable[str], *, before: date
) -> dict[str, tuple[date, tuple[str, ...]]]:
    """Those of the identity keys whose paper `feed` announced on a day before -> the last such day, and the
    categories that the paper is known to have. A feed's past, read without dates, was announced as well."""
    # What a server's admin added knows its entries by keys of its own.
    known = "(SELECT key, paper_id FROM claims WHERE feed = ?2)" if is_added(feed) else "identities"
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT key, max(listings.listed_on) AS day, categories
            FROM {known} JOIN listings USING (paper_id) JOIN papers ON papers.id = paper_id
            WHERE key IN (SELECT value FROM json_each(?1)) AND feed = ?2 AND (announced OR feed != 'arxiv')
            AND listings.listed_on < ?3 GROUP BY key""",
            (json.dumps(sorted(keys)), feed, before.isoformat()),
        )
    return {row["key"]: (date.fromisoformat(row["day"]), split(row["categories"])) for row in rows}


async def fields(db: Database, feed: str) -> dict[str, date]:
    """The fields that every item of some answer had -> the last day of one."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall("SELECT field, seen_on FROM fields WHERE feed = ?", (feed,))
    return {row["field"]: date.fromisoformat(row["seen_on"]) for row in rows}


async def record(db: Database, feed: str, healths: Sequence[Health], *, now: datetime) -> None:
    """How a feed is now, in place of what was told before."""
    async with db.write() as tx:
        await tx.execute(
            "DELETE FROM health WHERE feed = ? AND category NOT IN (SELECT value FROM json_each(?))",
            (feed, json.dumps([health.sighting.category for health in healths])),
        )
        await tx.executemany(
            """INSERT INTO health (feed, category, state, told, since, day, entries, new, items, repeats)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (feed, category) DO UPDATE SET
                since = iif(state = excluded.state, since, excluded.since),
                (state, told, day, entries, new, items, repeats) = (?3, ?4, ?6, ?7, ?8, ?9, ?10)""",
            [_health_row(feed, health, since=now) for health in healths],
        )


async def record_batches(
    db: Database, feed: str, lists: Sequence[Batch], always: Mapping[str, date] | None = None
) -> None:
    """Days' lists, each as full as it was ever seen, and the fields that all items of an answer had. A list that
    was not whole counts as first read when it became so."""
    async with db.write() as tx:
        await tx.executemany(
            """INSERT INTO batches (feed, category, day, entries, items, first_at, whole)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (feed, category, day) DO UPDATE SET
                entries = max(entries, excluded.entries), items = max(items, excluded.items),
                first_at = iif(whole < excluded.whole, max(first_at, excluded.first_at), first_at),
                whole = max(whole, excluded.whole)""",
            [_batch_row(feed, batch) for batch in lists],
        )
        await _record_fields(tx, feed, always or {})


async def merge(
    tx: aiosqlite.Connection,
    feed: str,
    healths: Iterable[Health],
    lists: Iterable[Batch],
    always: Mapping[str, date],
) -> None:
    """What another database remembers of a feed joins what is known here, within another's transaction.

    How a list was when it was last read stays as it is here. A day's list is as full as either side had it; it
    was first read when the side that had it whole did so, the earlier one where both are alike.
    """
    await tx.executemany(
        """INSERT OR IGNORE INTO health (feed, category, state, told, since, day, entries, new, items, repeats)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [_health_row(feed, health, since=health.since) for health in healths],
    )
    await tx.executemany(
        """INSERT INTO batches (feed, category, day, entries, items, first_at, whole)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (feed, category, day) DO UPDATE SET
            entries = max(entries, excluded.entries), items = max(items, excluded.items),
            first_at = CASE whole - excluded.whole
                WHEN 0 THEN min(first_at, excluded.first_at) WHEN 1 THEN first_at ELSE excluded.first_at END,
            whole = max(whole, excluded.whole)""",
        [_batch_row(feed, batch) for batch in lists],
    )
    await _record_fields(tx, feed, always)


async def _record_fields(tx: aiosqlite.Connection, feed: str, always: Mapping[str, date]) -> None:
    await tx.executemany(
        """INSERT INTO fields (feed, field, seen_on) VALUES (?, ?, ?)
        ON CONFLICT (feed, field) DO UPDATE SET seen_on = max(seen_on, excluded.seen_on)""",
        [(feed, name, seen_on.isoformat()) for name, seen_on in always.items()],
    )


def _health_row(feed: str, health: Health, *, since: datetime | None) -> tuple[object, ...]:
    seen = health.sighting
    return (
        *(feed, seen.category, health.state, health.told, seconds(since)),
        *(_iso(seen.day), seen.entries, seen.new, seen.items, _iso(seen.repeats)),
    )


def _batch_row(feed: str, batch: Batch) -> tuple[object, ...]:
    return (
        *(feed, batch.category, batch.day.isoformat(), batch.entries, batch.items),
        *(seconds(batch.first_at), batch.whole),
    )


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None
