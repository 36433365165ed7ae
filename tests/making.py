"""Entries, channels and deliveries in one line, stored the way the pipeline stores them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from bot.models import (
    ChannelId,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Entry,
    GuildId,
    Hit,
    Owner,
    Paper,
    PaperId,
    Post,
    Query,
    Schedule,
    Text,
    UserId,
    Validators,
)
from bot.papers import identity
from storage import channels, feeds, search
from storage.database import Database

NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
"""A Tuesday."""
TODAY = NOW.date()
HF, ARXIV, BLOG = "huggingface", "arxiv", "rss:https://blog.example/feed"


def entry(
    title: str = "Attention Is All You Need",
    *,
    arxiv_id: str | None = None,
    url: str | None = None,
    on: date | None = TODAY,
    announced: bool = True,
    **fields: Any,
) -> Entry:
    """One line of a feed."""
    address = url or (f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else f"https://site.example/{title}")
    paper = Paper(title=title, url=address, arxiv_id=arxiv_id, listed_on=on, **fields)
    return Entry(paper=paper, listed_on=on, announced=announced)


async def store(
    db: Database,
    feed: str,
    *entries: Entry,
    at: datetime = NOW,
    validators: Mapping[str, Validators] | None = None,
) -> tuple[int, int, int]:
    """(new, updated, unchanged), as `bot.pipeline.ingest` stores one answer of a feed."""
    keyed = [(entry, identity.keys(entry.paper)) for entry in entries]
    return await feeds.record_entries(db, feed, keyed, seen_at=at, validators=validators or {})


async def rows(db: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What a SELECT says of the committed rows."""
    async with db.read() as connection:
        return [tuple(row) for row in await connection.execute_fetchall(sql, values)]


def committed(db: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """The same through a connection of the test's own."""
    connection = sqlite3.connect(db.path)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


WEEKDAYS = Schedule(post_at=time(13), zone="UTC", days=frozenset(range(5)))


async def channel(
    db: Database,
    number: int = 1,
    *topics: str,
    guild: int = 7,
    person: int | None = None,
    due: datetime = NOW,
    created: datetime = datetime(2026, 3, 30, 12, tzinfo=UTC),
    schedule: Schedule = WEEKDAYS,
) -> ChannelId:
    """A subscribed channel, or a person's inbox; without topics it follows everything."""
    owner = Owner(guild_id=GuildId(guild)) if person is None else Owner(person=UserId(person))
    for topic in topics or ("trending",):
        await channels.subscribe(
            db, ChannelId(number), owner, topic, schedule=schedule, next_due=due, now=created, inboxes=1_000
        )
    return ChannelId(number)


def delivery(
    name: str = "d1",
    number: int = 1,
    *,
    kind: DeliveryKind = DeliveryKind.SCHEDULED,
    due: datetime = NOW,
    at: datetime = NOW,
    shown: tuple[int, ...] = (),
    more: tuple[int, ...] = (),
) -> Delivery:
    return Delivery(
        id=DeliveryId(name),
        channel_id=ChannelId(number),
        kind=kind,
        due_at=due,
        claimed_at=at,
        state=DeliveryState.CLAIMED,
        post=Post((Text(f"post {name}"),)),
        shown=tuple(map(PaperId, shown)),
        more=tuple(map(PaperId, more)),
    )


async def observations(db: Database, paper_id: PaperId) -> tuple[tuple[datetime, int | None, int | None], ...]:
    """(time, votes, stars) of a paper, oldest first."""
    async with db.read() as connection:
        found = await connection.execute_fetchall(
            "SELECT seen_at, votes, stars FROM observations WHERE paper_id = ? ORDER BY seen_at", (paper_id,)
        )
    return tuple((datetime.fromtimestamp(row[0], UTC), row[1], row[2]) for row in found)


async def answered(
    db: Database, query: Query, *, today: date, limit: int, offset: int = 0, own: Sequence[str] = ()
) -> tuple[tuple[Hit, ...], int]:
    """(a page of the strict answer, by votes; how many there are)."""
    ids, total = await search.listed(db, query, today=today, limit=limit, offset=offset, own=own)
    assert sorted(await search.answering(db, query, today=today, own=own))[:limit] == sorted(ids) or total > limit
    return await search.hits(db, query, ids, own=own), total
