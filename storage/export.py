"""Everything that is kept, as records that can be carried to another machine.

Owns: what moves, and its order. Does not move: the tables validators and beats, which are of use on this machine
only, and the indexes of texts and names, which are made from the papers.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

import aiosqlite

from bot.models import (
    Channel,
    ChannelId,
    Delivery,
    FeedState,
    GuildId,
    Paper,
    Post,
    TopicId,
    Verdict,
)
from storage.channels import channel_of
from storage.database import Database, known_moment, moment
from storage.deliveries import SELECT as DELIVERIES
from storage.deliveries import delivery_of
from storage.feeds import state_of
from storage.papers import COLUMNS, paper_of
from storage.verdicts import verdict_of

SLICE = 200
"""Records held at once."""

# --- the records ------------------------------------------------------------------------------------
# With the nouns of bot.models, and beyond them what only storage knows.


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The last numbers given to a topic and to a search: old buttons name them, none is given twice."""

    last_topic: int = 0
    last_search: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFeed(FeedState):
    first_at: datetime | None = None
    """Its first successful reading: what it brought then is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """That a feed listed a paper on a day, in the feed's own calendar."""

    feed: str
    listed_on: date
    announced: bool = True
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A paper's counts at a time."""

    seen_at: datetime
    votes: int | None = None
    comments: int | None = None
    stars: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPaper(Paper):
    """A paper, by the number that deliveries name it by, with all that hangs on it."""

    feeds: tuple[str, ...] = field(default=(), metadata={"moves": False})  # the listings tell them
    counted_at: datetime | None = None
    """When its counts were seen."""
    first_seen_at: datetime
    changed_at: datetime
    identities: tuple[str, ...] = ()
    """The keys under which it is known."""
    listings: tuple[Listing, ...] = ()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildFeed:
    """A feed that a server's admin added."""

    guild_id: GuildId
    feed: str
    """Its name: "added:" and the address."""
    address: str
    title: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """What is kept of a server."""

    id: GuildId
    alerts_to: ChannelId | None = None
    """The channel that is told of trouble; None: the owner."""
    left_at: datetime | None = None
    """Since when the bot is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTopic:
    id: TopicId | None = None
    """Old buttons name it."""
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChannel(Channel):
    alerted_at: datetime | None = None
    """When somebody was told that its digests fail."""
    topics: tuple[KeptTopic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A query behind buttons, by the number that they name."""

    id: int
    query: str
    asked_at: datetime


Record = Numbers | KeptFeed | KeptPaper | GuildFeed | Guild | KeptChannel | Delivery | Verdict | Search

# --- reading them -----------------------------------------------------------------------------------

_PAPERS = f"""SELECT id, {COLUMNS}, counted_at, first_seen_at, changed_at, '[]' AS feeds,
    (SELECT json_group_array(key) FROM
        (SELECT key FROM identities WHERE paper_id = papers.id ORDER BY key)) AS identities,
    (SELECT json_group_array(json_array(feed, listed_on, announced, first_seen_at)) FROM
        (SELECT * FROM listings WHERE paper_id = papers.id ORDER BY listed_on, feed)) AS listings,
    (SELECT json_group_array(json_array(seen_at, votes, comments, stars)) FROM
        (SELECT * FROM observations WHERE paper_id = papers.id ORDER BY seen_at)) AS observations
    FROM papers ORDER BY id"""
_CHANNELS = """SELECT *, (SELECT json_group_array(json_array(id, query, created_at)) FROM
    (SELECT * FROM topics WHERE channel_id = channels.id ORDER BY id)) AS topics FROM channels ORDER BY id"""


async def everything(db: Database) -> AsyncGenerator[Sequence[Record]]:
    """All of one moment, in slices of one kind; what others refer to comes before them."""
    async with db.snapshot() as connection:
        rows = await connection.execute_fetchall("SELECT name, seq FROM sqlite_sequence")
        last = {row["name"]: row["seq"] for row in rows}
        yield (Numbers(last_topic=last.get("topics", 0), last_search=last.get("searches", 0)),)
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
    return KeptFeed(**_fields(state_of(row)), first_at=moment(row["first_at"]))


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
            KeptTopic(id=number, text=query, created_at=known_moment(created_at))
            for number, query, created_at in json.loads(row["topics"])
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
    ("SELECT * FROM feeds ORDER BY name", _feed),
    (_PAPERS, kept_paper_of),
    ("SELECT * FROM guild_feeds ORDER BY guild_id, feed", _guild_feed),
    ("SELECT * FROM guilds ORDER BY id", _guild),
    (_CHANNELS, _channel),
    (f"{DELIVERIES} ORDER BY channel_id, claimed_at, id", _delivery),
    ("SELECT * FROM verdicts ORDER BY channel_id, due_at", verdict_of),
    ("SELECT * FROM searches ORDER BY id", _search),
)
"""A query, and what a row of it is."""
