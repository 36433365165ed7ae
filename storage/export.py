"""Everything that is kept, as records that can be carried to another machine.

Owns: what moves, and its order. Does not move: the tables validators and beats, which are of use on this machine
only; looks, whose buttons are short-lived; readings, because what comes in is read as it comes; and the indexes
of texts and names, which are made from the papers.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import date
from typing import Any, cast

import aiosqlite

from bot.models import Delivery, FeedState, Floor, GuildId, Observation, Post
from storage.channels import channel_of
from storage.database import Database, known_moment, moment
from storage.deliveries import SELECT as DELIVERIES
from storage.deliveries import delivery_of
from storage.feeds import state_of
from storage.health import batch_of, health_of
from storage.papers import COLUMNS, paper_of
from storage.records import (
    Claim,
    Guild,
    GuildFeed,
    KeptChannel,
    KeptFeed,
    KeptPaper,
    KeptTopic,
    Listing,
    Numbers,
    Record,
    Search,
)
from storage.round_ups import COLUMN
from storage.verdicts import verdict_of

SLICE = 200
"""Records held at once."""

# A list that was read from a file may be of a feed that was never polled.
_FEEDS = """SELECT *,
    (SELECT json_group_array(json_object('category', category, 'state', state, 'told', told, 'since', since,
        'day', day, 'entries', entries, 'new', new, 'items', items, 'repeats', repeats)) FROM
        (SELECT * FROM health WHERE feed = known.name ORDER BY category)) AS health,
    (SELECT json_group_array(json_object('category', category, 'day', day, 'entries', entries, 'items', items,
        'first_at', first_at, 'whole', whole)) FROM
        (SELECT * FROM batches WHERE feed = known.name ORDER BY day, category)) AS batches,
    (SELECT json_group_object(field, seen_on) FROM
        (SELECT * FROM fields WHERE feed = known.name ORDER BY field)) AS fields
    FROM (SELECT name FROM feeds UNION SELECT feed FROM health UNION SELECT feed FROM batches
        UNION SELECT feed FROM fields) AS known
    LEFT JOIN feeds USING (name) ORDER BY name"""
_PAPERS = f"""SELECT id, {COLUMNS}, counted_at, first_seen_at, changed_at, '[]' AS feeds,
    (SELECT json_group_array(key) FROM
        (SELECT key FROM identities WHERE paper_id = papers.id ORDER BY key)) AS identities,
    (SELECT json_group_array(json_array(feed, listed_on, announced, first_seen_at)) FROM
        (SELECT * FROM listings WHERE paper_id = papers.id ORDER BY listed_on, feed)) AS listings,
    (SELECT json_group_array(json_array(seen_at, votes, comments, stars)) FROM
        (SELECT * FROM observations WHERE paper_id = papers.id ORDER BY seen_at)) AS observations,
    (SELECT feed FROM private_papers WHERE paper_id = papers.id) AS private_to,
    (SELECT json_group_array(json_array(feed, key, strong)) FROM
        (SELECT * FROM claims WHERE paper_id = papers.id ORDER BY feed, key)) AS claims
    FROM papers ORDER BY id"""
_CHANNELS = f"""SELECT *, (SELECT json_group_array(json_array(id, query, created_at, floor)) FROM
    (SELECT * FROM topics WHERE channel_id = channels.id ORDER BY id)) AS topics, {COLUMN}
    FROM channels ORDER BY id"""


async def count(db: Database) -> int:
    """Papers, with every server's private ones."""
    async with db.read() as connection:
        (row,) = await connection.execute_fetchall("SELECT count(*) FROM papers")
    return int(row[0])


async def everything(db: Database) -> AsyncGenerator[Sequence[Record]]:
    """All of one moment, in slices of one kind; what others refer to comes before them."""
    async with db.snapshot() as connection:
        rows = await connection.execute_fetchall("SELECT name, seq FROM sqlite_sequence")
        last = {row["name"]: row["seq"] for row in rows}
        yield (
            Numbers(
                last_topic=last.get("topics", 0),
                last_search=last.get("searches", 0),
                last_look=last.get("looks", 0),
            ),
        )
        for sql, record in _KINDS:
            # Closed with this one: a statement at work would hold on to the moment.
            async with aclosing(_slices(connection, sql, record)) as slices:
                async for records in slices:
                    yield records


async def _slices(
    connection: aiosqlite.Connection, sql: str, record: Callable[[sqlite3.Row], Record]
) -> AsyncGenerator[Sequence[Record]]:
    async with connection.execute(sql) as cursor:
        while rows := await cursor.fetchmany(SLICE):
            yield await asyncio.to_thread(list, map(record, rows))


def _feed(row: sqlite3.Row) -> KeptFeed:
    never = FeedState(name=row["name"])
    state = never if row["failures"] is None else state_of(row)
    told = cast(list[sqlite3.Row], json.loads(row["health"]))
    lists = cast(list[sqlite3.Row], json.loads(row["batches"]))
    return KeptFeed(
        **{**_fields(state), "health": tuple(map(health_of, told))},
        first_at=moment(row["first_at"]),
        batches=tuple(map(batch_of, lists)),
        fields={name: date.fromisoformat(seen_on) for name, seen_on in json.loads(row["fields"]).items()},
    )


def kept_paper_of(row: sqlite3.Row) -> KeptPaper:
    return KeptPaper(
        **_fields(paper_of(row)),
        counted_at=moment(row["counted_at"]),
        first_seen_at=known_moment(row["first_seen_at"]),
        changed_at=known_moment(row["changed_at"]),
        identities=tuple(json.loads(row["identities"])),
        listings=tuple(
            Listing(
                feed=feed,
                listed_on=date.fromisoformat(listed_on),
                announced=bool(announced),
                first_seen_at=known_moment(first_seen_at),
            )
            for feed, listed_on, announced, first_seen_at in json.loads(row["listings"])
        ),
        observations=tuple(
            Observation(seen_at=known_moment(seen_at), votes=votes, comments=comments, stars=stars)
            for seen_at, votes, comments, stars in json.loads(row["observations"])
        ),
        private_to=row["private_to"],
        claims=tuple(
            Claim(feed=feed, key=key, strong=bool(strong)) for feed, key, strong in json.loads(row["claims"])
        ),
    )


def _guild_feed(row: sqlite3.Row) -> GuildFeed:
    return GuildFeed(
        guild_id=GuildId(row["guild_id"]),
        feed=row["feed"],
        address=row["address"],
        title=row["title"],
        added_at=known_moment(row["added_at"]),
    )


def _guild(row: sqlite3.Row) -> Guild:
    return Guild(id=GuildId(row["id"]), alerts_to=row["alerts_to"], left_at=moment(row["left_at"]))


def _channel(row: sqlite3.Row) -> KeptChannel:
    return KeptChannel(
        **_fields(channel_of(row)),
        alerted_at=moment(row["alerted_at"]),
        topics=tuple(
            KeptTopic(id=number, text=query, created_at=known_moment(created_at), floor=Floor(floor))
            for number, query, created_at, floor in json.loads(row["topics"])
        ),
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    try:
        return delivery_of(row)
    except (ValueError, KeyError, TypeError):  # a post that nobody can read: all but its text is of use
        return delivery_of(cast(sqlite3.Row, {**row, "post": json.dumps(Post(()).as_data())}))


def _search(row: sqlite3.Row) -> Search:
    return Search(id=row["id"], query=row["query"], asked_at=known_moment(row["asked_at"]))


def _fields(noun: Any) -> dict[str, Any]:
    return {field.name: getattr(noun, field.name) for field in dataclasses.fields(noun)}


_KINDS: tuple[tuple[str, Callable[[sqlite3.Row], Record]], ...] = (
    (_FEEDS, _feed),
    (_PAPERS, kept_paper_of),
    ("SELECT * FROM guild_feeds ORDER BY guild_id, feed", _guild_feed),
    ("SELECT * FROM guilds ORDER BY id", _guild),
    (_CHANNELS, _channel),
    (f"{DELIVERIES} ORDER BY channel_id, claimed_at, id", _delivery),
    ("SELECT * FROM verdicts ORDER BY channel_id, due_at, occasion", verdict_of),
    ("SELECT * FROM searches ORDER BY id", _search),
)
"""A query, and what a row of it is."""
