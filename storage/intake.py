"""What was exported comes in, into an empty database or one that has papers and channels already.

Owns: what becomes of two records of the same thing. What a channel was shown on either side counts as shown; a
channel that both know is as the side has it whose last due moment is later, with the topics of both.
All or nothing: one transaction. Taking the same in again changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast

import aiosqlite

from bot.models import Delivery, DeliveryState, PaperId, Taken, Verdict
from storage import round_ups
from storage.channels import MAX_TOPICS, schedule_row
from storage.database import Database, moment, seconds
from storage.deliveries import papers_of
from storage.merging import Papers
from storage.records import Guild, GuildFeed, KeptChannel, KeptFeed, KeptPaper, Numbers, Record, Search
from storage.verdicts import row_of

Id = TypeVar("Id", int, str)

_NEVER = datetime.min.replace(tzinfo=UTC)
_CACHE = 32_768
"""KiB of pages held while it goes on: keys come in no order, and each touches a page of its own."""


async def take(db: Database, slices: AsyncIterator[Sequence[Record]]) -> Taken:
    """Merge `slices`, each of one kind, in the order of `storage.export.everything`.

    Stores nothing where `slices` raises. Raises UserError where two papers have one number, and StorageError.
    """
    async with db.write() as tx:
        ((before,),) = await tx.execute_fetchall("PRAGMA cache_size")
        await tx.execute(f"PRAGMA cache_size = -{_CACHE}")
        try:
            intake = _Intake(tx)
            await intake.papers.begin()
            async for records in slices:
                await intake.take(records)
            await intake.papers.end()
        finally:
            await tx.execute(f"PRAGMA cache_size = {before}")
        return Taken(papers=intake.papers.new, enriched=intake.papers.changed, **intake.counted)


class _Intake:
    def __init__(self, tx: aiosqlite.Connection) -> None:
        self._tx, self.papers = tx, Papers(tx)
        self.counted: Counter[str] = Counter()
        """By the names that `Taken` has for it."""

    async def take(self, records: Sequence[Record]) -> None:
        match records[0]:
            case KeptFeed():
                await self.papers.take_feeds(cast(Sequence[KeptFeed], records))
            case KeptPaper():
                await self.papers.take(cast(Sequence[KeptPaper], records))
            case KeptChannel():
                await self._channels(cast(Sequence[KeptChannel], records))
            case Delivery():
                await self._deliveries(cast(Sequence[Delivery], records))
            case Verdict():
                await self._verdicts(cast(Sequence[Verdict], records))
            case GuildFeed():
                await self._guild_feeds(cast(Sequence[GuildFeed], records))
            case Guild():
                await self._guilds(cast(Sequence[Guild], records))
            case Search():
                await self._searches(cast(Sequence[Search], records))
            case Numbers():
                await self._numbers(cast(Sequence[Numbers], records))

    async def _numbers(self, records: Sequence[Numbers]) -> None:
        for record in records:
            for table, number in (
                ("topics", record.last_topic),
                ("searches", record.last_search),
                ("looks", record.last_look),
            ):
                if number:
                    await self._tx.execute(
                        """INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0
                        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)""",
                        (table,),
                    )
                    await self._tx.execute(
                        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table)
                    )

    async def _guild_feeds(self, feeds: Sequence[GuildFeed]) -> None:
        await self._tx.executemany(
            "INSERT OR IGNORE INTO guild_feeds (guild_id, feed, address, title, added_at) VALUES (?, ?, ?, ?, ?)",
            [(feed.guild_id, feed.feed, feed.address, feed.title, seconds(feed.added_at)) for feed in feeds],
        )

    async def _guilds(self, guilds: Sequence[Guild]) -> None:
        # Whether the bot is in a server that is known here, is known better here.
        await self._tx.executemany(
            """INSERT INTO guilds (id, alerts_to, left_at) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET alerts_to = coalesce(alerts_to, excluded.alerts_to)""",
            [(guild.id, guild.alerts_to, seconds(guild.left_at)) for guild in guilds],
        )

    async def _searches(self, searches: Sequence[Search]) -> None:
        await self._tx.executemany(
            """INSERT INTO searches (id, query, asked_at)
            SELECT iif(EXISTS (SELECT 1 FROM searches WHERE id = ?1), NULL, ?1), ?2, ?3
            WHERE NOT EXISTS (SELECT 1 FROM searches WHERE query = ?2)""",
            [(search.id, search.query, seconds(search.asked_at)) for search in searches],
        )
        await self._tx.executemany(
            "UPDATE searches SET asked_at = max(asked_at, ?) WHERE query = ?",
            [(seconds(search.asked_at), search.query) for search in searches],
        )

    # --- channels -----------------------------------------------------------------------------------

    async def _channels(self, channels: Sequence[KeptChannel]) -> None:
        here = {
            row["id"]: moment(row["last_due"])
            for row in await self._tx.execute_fetchall(
                "SELECT id, last_due FROM channels WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps([channel.id for channel in channels]),),
            )
        }
        new = {channel.id for channel in channels} - here.keys()
        later = {
            channel.id: channel.round_up
            for channel in channels
            if channel.id in new or (channel.last_due and channel.last_due > (here[channel.id] or _NEVER))
        }
        self.counted["channels"] += len(new)
        self.counted["known_channels"] += len(here)
        # The side that saw more due moments end knows how the channel is; in doubt this one.
        await self._tx.executemany(
            """INSERT INTO channels (id, guild_id, person, post_at, zone, days, size, late_risers, next_due,
                last_due, paused, paused_by, alerted_at, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                guild_id = excluded.guild_id, person = excluded.person,
                post_at = excluded.post_at, zone = excluded.zone,
                days = excluded.days, size = excluded.size, late_risers = excluded.late_risers,
                next_due = excluded.next_due, last_due = excluded.last_due,
                paused = excluded.paused, paused_by = excluded.paused_by, alerted_at = excluded.alerted_at,
                created_at = excluded.created_at
            WHERE excluded.last_due > coalesce(last_due, excluded.last_due - 1)""",
            [
                (
                    *(channel.id, channel.guild_id, channel.person, *schedule_row(channel.schedule)),
                    *(seconds(channel.next_due), seconds(channel.last_due), channel.paused, channel.paused_by),
                    *(seconds(channel.alerted_at), seconds(channel.created_at)),
                )
                for channel in channels
            ],
        )
        # Paused or not, and in which zone, is of the same side.
        await round_ups.replace(self._tx, later)
        topics = [
            (topic.id, channel.id, topic.text, seconds(topic.created_at), topic.floor)
            for channel in channels
            for topic in channel.topics
        ]
        added = await self._tx.executemany(
            f"""INSERT INTO topics (id, channel_id, query, created_at, floor)
            SELECT iif(EXISTS (SELECT 1 FROM topics WHERE id = ?1), NULL, ?1), ?2, ?3, ?4, ?5
            WHERE NOT EXISTS (SELECT 1 FROM topics WHERE channel_id = ?2 AND query = ?3)
            AND (SELECT count(*) FROM topics WHERE channel_id = ?2) < {MAX_TOPICS}""",
            topics,
        )
        self.counted["topics"] += max(added.rowcount, 0)
        ((missing,),) = await self._tx.execute_fetchall(
            """SELECT count(*) FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM topics
                WHERE channel_id = json_extract(value, '$[1]') AND query = json_extract(value, '$[2]'))""",
            (json.dumps(topics),),
        )
        self.counted["topics_left_out"] += missing

    # --- the ledger ---------------------------------------------------------------------------------

    async def _deliveries(self, deliveries: Sequence[Delivery]) -> None:
        numbers = await self.papers.numbers(
            {paper_id for delivery in deliveries for paper_id in delivery.shown + delivery.more}
        )
        channels = await self._there("channels", {delivery.channel_id for delivery in deliveries})
        known = await self._there("deliveries", {delivery.id for delivery in deliveries})
        rows, papers, arrived = [], [], []
        for delivery in deliveries:
            if delivery.channel_id not in channels:
                self.counted["left_out"] += 1
                continue
            if delivery.id in known:
                if delivery.state is DeliveryState.SENT:
                    arrived.append(delivery)
                continue
            known.add(delivery.id)
            rows.append(_delivery_row(delivery))
            told = papers_of(delivery)
            found = [(numbers[paper_id], *rest) for paper_id, *rest in told if paper_id in numbers]
            self.counted["left_out"] += len(told) - len(found)
            papers += [(delivery.id, at, delivery.channel_id, *paper) for at, paper in enumerate(found)]
        self.counted["deliveries"] += len(rows)
        # Where both sides gave a due moment its digest, theirs was one more.
        await self._tx.executemany(
            """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post, attempts,
                next_try_at, trouble, note, beyond, message_id)
            SELECT ?1, ?2, iif(EXISTS (SELECT 1 FROM deliveries
                WHERE channel_id = ?2 AND due_at = ?4 AND kind = ?3), 'extra', ?3),
                ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13""",
            rows,
        )
        await self._tx.executemany(
            """INSERT INTO delivery_papers (delivery_id, position, channel_id, paper_id, shown, held)
            SELECT ?1, ?2, ?3, ?4, ?5 AND NOT EXISTS (
                SELECT 1 FROM delivery_papers WHERE channel_id = ?3 AND paper_id = ?4 AND shown), ?6""",
            papers,
        )
        await self._mark(arrived, numbers)

    async def _mark(self, arrived: Sequence[Delivery], numbers: Mapping[PaperId, PaperId]) -> None:
        """What is known here too, and is in its channel for certain, whatever was thought of it here."""
        await self._tx.executemany(
            """UPDATE deliveries SET state = 'sent', message_id = ?, next_try_at = NULL
            WHERE id = ? AND state != 'sent'""",
            [(delivery.message_id, delivery.id) for delivery in arrived],
        )
        await self._tx.executemany(
            """UPDATE delivery_papers SET shown = 1 WHERE delivery_id = ?1 AND paper_id = ?2 AND NOT shown
            AND NOT EXISTS (SELECT 1 FROM delivery_papers other WHERE other.channel_id = delivery_papers.channel_id
                AND other.paper_id = ?2 AND other.shown)""",
            [
                (delivery.id, numbers[paper_id])
                for delivery in arrived
                for paper_id in delivery.shown
                if paper_id in numbers
            ],
        )

    async def _verdicts(self, verdicts: Sequence[Verdict]) -> None:
        # The verdict here stays, unless it waits for what has ended there.
        await self._tx.executemany(
            """INSERT INTO verdicts (channel_id, due_at, occasion, at, kind, text)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM channels WHERE id = ?1)
            ON CONFLICT (channel_id, due_at, occasion) DO UPDATE SET at = excluded.at, kind = excluded.kind,
                text = excluded.text WHERE verdicts.kind = 'waiting'""",
            [row_of(verdict) for verdict in verdicts],
        )

    async def _there(self, table: str, ids: Collection[Id]) -> set[Id]:
        """Which of `ids` the table has."""
        rows = await self._tx.execute_fetchall(
            f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return {row[0] for row in rows}


def _delivery_row(delivery: Delivery) -> tuple[object, ...]:
    return (
        *(delivery.id, delivery.channel_id, delivery.kind, seconds(delivery.due_at), seconds(delivery.claimed_at)),
        *(delivery.state, json.dumps(delivery.post.as_data(), ensure_ascii=False), delivery.attempts),
        *(seconds(delivery.next_try_at), delivery.trouble, delivery.note),
        *(delivery.beyond, delivery.message_id),
    )
