"""Channels, their schedules and their topics; a person's inbox is one of them.

Owns: the tables channels and topics. A channel's row stays when its topics go: it remembers what was
shown there. Its round-up (`storage.round_ups`) stops and goes on with it, in the same transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime, time
from typing import Literal

import aiosqlite

from bot.errors import NotFound, UserError
from bot.models import Channel, ChannelId, Floor, GuildId, Owner, Schedule, Topic, TopicId, UserId
from storage import room, round_ups, verdicts
from storage.database import Database, known_moment, moment, seconds

MAX_TOPICS = 25
"""Of one channel: as many as a Discord menu can list."""

_SELECT = (
    "SELECT id, guild_id, person, post_at, zone, days, size, late_risers, next_due, last_due, paused, paused_by,"
    f" created_at, {round_ups.COLUMN} FROM channels"
)


def channel_of(row: sqlite3.Row) -> Channel:
    return Channel(
        id=ChannelId(row["id"]),
        guild_id=None if row["guild_id"] is None else GuildId(row["guild_id"]),
        person=None if row["person"] is None else UserId(row["person"]),
        schedule=Schedule(
            post_at=time.fromisoformat(row["post_at"]),
            zone=row["zone"],
            days=frozenset(map(int, row["days"])),
            size=row["size"],
            late_risers=bool(row["late_risers"]),
        ),
        next_due=moment(row["next_due"]),
        last_due=moment(row["last_due"]),
        paused=row["paused"],
        paused_by=None if row["paused_by"] is None else UserId(row["paused_by"]),
        created_at=known_moment(row["created_at"]),
        round_up=round_ups.round_up_of(row["round_up"]),
    )


def _topic(row: sqlite3.Row) -> Topic:
    return Topic(
        id=TopicId(row["id"]),
        channel_id=ChannelId(row["channel_id"]),
        text=row["query"],
        floor=Floor(row["floor"]),
    )


def schedule_row(schedule: Schedule) -> tuple[str, str, str, int, bool]:
    """The values of post_at, zone, days, size and late_risers."""
    days = "".join(map(str, sorted(schedule.days)))
    return schedule.post_at.isoformat("minutes"), schedule.zone, days, schedule.size, schedule.late_risers


async def get(db: Database, channel_id: ChannelId) -> Channel | None:
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall(f"{_SELECT} WHERE id = ?", (channel_id,)))
    return channel_of(rows[0]) if rows else None


async def of(db: Database, owner: Owner) -> tuple[Channel, ...]:
    """The channels of a server, or a person's inbox; the oldest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"{_SELECT} WHERE guild_id IS ? AND person IS ? ORDER BY created_at, id",
            (owner.guild_id, owner.person),
        )
    return tuple(map(channel_of, rows))


async def every(db: Database) -> tuple[Channel, ...]:
    """All channels, by their next due time."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(f"{_SELECT} ORDER BY next_due IS NULL, next_due, id")
    return tuple(map(channel_of, rows))


async def due(db: Database, now: datetime) -> tuple[Channel, ...]:
    """The channels with topics whose time has come, longest waiting first.

    One with a delivery that is still on its way waits for it: whether its papers were shown, and whether the
    next digest has to bring them, is not known before.
    """
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""{_SELECT} WHERE next_due <= ? AND paused IS NULL
            AND EXISTS (SELECT 1 FROM topics WHERE channel_id = channels.id)
            AND id NOT IN (SELECT channel_id FROM deliveries WHERE state = 'claimed') ORDER BY next_due, id""",
            (seconds(now),),
        )
    # Ten thousand may be due in one minute: not on the event loop.
    return await asyncio.to_thread(lambda: tuple(map(channel_of, rows)))


async def topics(db: Database, channel_id: ChannelId) -> tuple[Topic, ...]:
    """A channel's topics, in the order of subscription."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT id, channel_id, query, floor FROM topics WHERE channel_id = ? ORDER BY id", (channel_id,)
        )
    return tuple(map(_topic, rows))


async def topic(db: Database, topic_id: TopicId, owner: Owner) -> Topic:
    """Raises NotFound, also for a topic of another server or person."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                """SELECT id, channel_id, query, floor FROM topics WHERE id = ?
                AND channel_id IN (SELECT id FROM channels WHERE guild_id IS ? AND person IS ?)""",
                (topic_id, owner.guild_id, owner.person),
            )
        )
    if not rows:
        raise _gone()
    return _topic(rows[0])


async def subscribe(
    db: Database,
    channel_id: ChannelId,
    owner: Owner,
    query: str,
    *,
    schedule: Schedule,
    next_due: datetime,
    now: datetime,
    round_up_due: datetime | None = None,
    inboxes: int = 0,
) -> bool:
    """Add a topic to a channel; False where it is there already. Raises UserError at MAX_TOPICS, and for an inbox
    where no more than `inboxes` people may have one.

    A channel without topics takes `schedule` and `next_due`, and `round_up_due` for its round-up where it has one,
    and runs again; one with topics keeps its own.
    """
    async with db.write() as tx:
        ((known,),) = await tx.execute_fetchall("SELECT count(*) FROM topics WHERE channel_id = ?", (channel_id,))
        if known >= MAX_TOPICS:
            raise UserError(
                f"{MAX_TOPICS} topics are the most that can be followed here: remove one with `/subscriptions`, "
                "or join two by OR."
            )
        if owner.person is not None:
            await room.require(tx, channel_id, inboxes)
        if not known:
            await tx.execute(
                """INSERT INTO channels
                    (id, guild_id, person, post_at, zone, days, size, late_risers, next_due, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET
                    guild_id = excluded.guild_id, person = excluded.person,
                    post_at = excluded.post_at, zone = excluded.zone,
                    days = excluded.days, size = excluded.size, late_risers = excluded.late_risers,
                    next_due = excluded.next_due, created_at = excluded.created_at,
                    paused = NULL, paused_by = NULL""",
                (
                    *(channel_id, owner.guild_id, owner.person, *schedule_row(schedule)),
                    *(seconds(next_due), seconds(now)),
                ),
            )
            await round_ups.move(tx, channel_id, round_up_due)
            await _there(tx, channel_id)
        cursor = await tx.execute(
            "INSERT OR IGNORE INTO topics (channel_id, query, created_at) VALUES (?, ?, ?)",
            (channel_id, query, seconds(now)),
        )
        return cursor.rowcount == 1


async def edit_topic(db: Database, topic_id: TopicId, query: str, floor: Floor) -> None:
    """Raises NotFound; a topic that the channel has already swallows this one."""
    async with db.write() as tx:
        cursor = await tx.execute(
            "UPDATE OR REPLACE topics SET query = ?, floor = ? WHERE id = ?", (query, floor, topic_id)
        )
        if cursor.rowcount == 0:
            raise _gone()


async def unsubscribe(db: Database, topic_id: TopicId) -> None:
    """Raises NotFound."""
    async with db.write() as tx:
        cursor = await tx.execute("DELETE FROM topics WHERE id = ?", (topic_id,))
        if cursor.rowcount == 0:
            raise _gone()


async def reschedule(
    db: Database,
    channel: Channel,
    schedule: Schedule,
    *,
    next_due: datetime,
    round_up_due: datetime | None = None,
) -> bool:
    """A paused channel stays paused. False, and nothing changed, where a digest or another change came in
    between: `schedule` and the due times were reckoned from a `channel` that is not true any more."""
    async with db.write() as tx:
        if await round_ups.of(tx, channel.id) != channel.round_up:
            return False
        cursor = await tx.execute(
            """UPDATE channels SET post_at = ?, zone = ?, days = ?, size = ?, late_risers = ?,
                next_due = iif(paused IS NULL, ?, NULL)
            WHERE id = ? AND last_due IS ? AND next_due IS ?
                AND (post_at, zone, days, size, late_risers) = (?, ?, ?, ?, ?)""",
            (
                *schedule_row(schedule),
                seconds(next_due),
                channel.id,
                seconds(channel.last_due),
                seconds(channel.next_due),
                *schedule_row(channel.schedule),
            ),
        )
        if cursor.rowcount == 1 and not channel.paused:
            await round_ups.move(tx, channel.id, round_up_due)
        return cursor.rowcount == 1


async def pause(
    db: Database, channel_id: ChannelId, reason: str, *, now: datetime, by: UserId | None = None
) -> bool:
    """Post nothing until resumed; False where there was nothing to pause. `reason` is plain text, without
    names: who did it is `by`, which `forget` can take back."""
    async with db.write() as tx:
        return await stop(tx, "id = ?", (channel_id,), reason, now=now, by=by) == 1


async def stop(
    tx: aiosqlite.Connection,
    which: Literal["id = ?", "guild_id = ?", "person IS NOT NULL"],
    numbers: tuple[int, ...],
    reason: str,
    *,
    now: datetime,
    by: UserId | None = None,
) -> int:
    """`pause` within another's transaction, for one channel, a server's or all inboxes; how many it stopped. A due
    moment that no tick has seen yet ends with it, in a verdict, and so does a round-up's."""
    going = f"channels WHERE {which} AND paused IS NULL"
    passed = await tx.execute_fetchall(
        f"SELECT id, next_due FROM {going} AND next_due <= ?", (*numbers, seconds(now))
    )
    await verdicts.judge_passed(tx, passed, f"paused: {reason}", now=now)
    await round_ups.stop(tx, f"SELECT id FROM {going}", numbers, f"paused: {reason}", now=now)
    stopped = await tx.execute(
        f"UPDATE channels SET paused = ?, paused_by = ?, next_due = NULL WHERE {which} AND paused IS NULL",
        (reason, by, *numbers),
    )
    return stopped.rowcount


async def mark_alerted(db: Database, channel_id: ChannelId, now: datetime) -> None:
    """Somebody was told that its digests fail (`storage.verdicts.failing`)."""
    async with db.write() as tx:
        await tx.execute("UPDATE channels SET alerted_at = ? WHERE id = ?", (seconds(now), channel_id))


async def resume(
    db: Database, channel: Channel, *, next_due: datetime, round_up_due: datetime | None = None
) -> bool:
    """False, and nothing changed, where a digest or another change came since `channel` was read, or it is not
    paused any more."""
    async with db.write() as tx:
        if await round_ups.of(tx, channel.id) != channel.round_up:
            return False
        cursor = await tx.execute(
            """UPDATE channels SET paused = NULL, paused_by = NULL, next_due = ?
            WHERE id = ? AND last_due IS ? AND paused IS NOT NULL""",
            (seconds(next_due), channel.id, seconds(channel.last_due)),
        )
        if cursor.rowcount == 1:
            await round_ups.move(tx, channel.id, round_up_due)
            await _there(tx, channel.id)
        return cursor.rowcount == 1


async def _there(tx: aiosqlite.Connection, channel_id: ChannelId) -> None:
    """Somebody in its server starts it: whatever was missed, the bot is not gone from there."""
    await tx.execute(
        "UPDATE guilds SET left_at = NULL WHERE id = (SELECT guild_id FROM channels WHERE id = ?)", (channel_id,)
    )


def _gone() -> NotFound:
    return NotFound("This subscription is gone already. See `/subscriptions` for what is there.")
