"""Round-ups: which channels look back at their week, and when.

Owns: the table round_ups. A channel without a row gets none. Refuses: what is in one, and reckoning when it is
due.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, time

import aiosqlite

from bot.models import Channel, ChannelId, Occasion, PaperId, RoundUp
from storage import verdicts
from storage.database import Database, known_moment, moment, seconds

COLUMN = """(SELECT json_array(day, round_ups.post_at, round_ups.next_due, round_ups.last_due) FROM round_ups
    WHERE channel_id = channels.id) AS round_up"""
"""A channel's round-up as one value beside its columns; NULL where it has none."""


def round_up_of(value: str | None) -> RoundUp | None:
    """`COLUMN` as a noun."""
    if value is None:
        return None
    day, post_at, next_due, last_due = json.loads(value)
    return RoundUp(
        day=day, post_at=time.fromisoformat(post_at), next_due=moment(next_due), last_due=moment(last_due)
    )


async def due(db: Database, now: datetime) -> tuple[ChannelId, ...]:
    """The channels with topics whose round-up's time has come, longest waiting first.

    As for digests, one with a delivery that is still on its way waits for it: what its papers are, shown or not,
    is not known before.
    """
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT channel_id FROM round_ups JOIN channels ON channels.id = channel_id
            WHERE round_ups.next_due <= ? AND paused IS NULL
            AND EXISTS (SELECT 1 FROM topics WHERE topics.channel_id = channels.id)
            AND channels.id NOT IN (SELECT channel_id FROM deliveries WHERE state = 'claimed')
            ORDER BY round_ups.next_due, channel_id""",
            (seconds(now),),
        )
    return tuple(ChannelId(row[0]) for row in rows)


async def turn_on(db: Database, channel: Channel, round_up: RoundUp) -> bool:
    """Give the channel this round-up in place of the one it has; while it is paused, none is due. False, and
    nothing changed, where something else changed in between: it was reckoned from a `channel` that is not true
    any more."""
    async with db.write() as tx:
        if await of(tx, channel.id) != channel.round_up:
            return False
        cursor = await tx.execute(
            """INSERT INTO round_ups (channel_id, day, post_at, next_due, last_due)
            SELECT id, ?, ?, iif(paused IS NULL, ?, NULL), ? FROM channels WHERE id = ? AND zone = ?
            ON CONFLICT (channel_id) DO UPDATE SET day = excluded.day, post_at = excluded.post_at,
                next_due = excluded.next_due, last_due = excluded.last_due""",
            (
                *(round_up.day, round_up.post_at.isoformat("minutes"), seconds(round_up.next_due)),
                *(seconds(round_up.last_due), channel.id, channel.schedule.zone),
            ),
        )
        return cursor.rowcount == 1


async def turn_off(db: Database, channel_id: ChannelId, *, now: datetime) -> bool:
    """False where there was none."""
    async with db.write() as tx:
        await stop(tx, "?", (channel_id,), "turned off with /weekly off", now=now)
        cursor = await tx.execute("DELETE FROM round_ups WHERE channel_id = ?", (channel_id,))
        return cursor.rowcount == 1


async def last_due(db: Database, channel_id: ChannelId) -> datetime | None:
    """The last due moment of any round-up that the channel had."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                "SELECT max(due_at) FROM verdicts WHERE channel_id = ? AND occasion = 'weekly'", (channel_id,)
            )
        )
    return moment(rows[0][0])


# --- within another's transaction -----------------------------------------------------------------------


async def of(tx: aiosqlite.Connection, channel_id: ChannelId) -> RoundUp | None:
    """As it is now."""
    rows = await tx.execute_fetchall(f"SELECT {COLUMN} FROM channels WHERE id = ?", (channel_id,))
    return next((round_up_of(row[0]) for row in rows), None)


async def move(tx: aiosqlite.Connection, channel_id: ChannelId, next_due: datetime | None) -> None:
    """It is due then, where the channel has one. None changes nothing."""
    if next_due:
        await tx.execute("UPDATE round_ups SET next_due = ? WHERE channel_id = ?", (seconds(next_due), channel_id))


async def move_on(
    tx: aiosqlite.Connection, channel_id: ChannelId, due_at: datetime, next_due: datetime | None
) -> bool:
    """It leaves its due moment behind; False where it is not at that moment any more."""
    moved = await tx.execute(
        "UPDATE round_ups SET next_due = ?, last_due = ? WHERE channel_id = ? AND next_due = ?",
        (seconds(next_due), seconds(due_at), channel_id, seconds(due_at)),
    )
    return moved.rowcount == 1


async def stop(
    tx: aiosqlite.Connection, channels: str, numbers: tuple[int, ...], why: str, *, now: datetime
) -> None:
    """None is due any more in `channels` (ids in SQL, with its `numbers`). A due moment that no tick has seen yet
    ends with it, in a verdict that says `why`."""
    passed = await tx.execute_fetchall(
        f"SELECT channel_id, next_due FROM round_ups WHERE channel_id IN ({channels}) AND next_due <= ?",
        (*numbers, seconds(now)),
    )
    await verdicts.judge_passed(tx, passed, why, now=now, occasion=Occasion.WEEKLY)
    await tx.execute(f"UPDATE round_ups SET next_due = NULL WHERE channel_id IN ({channels})", numbers)


async def replace(tx: aiosqlite.Connection, wanted: Mapping[ChannelId, RoundUp | None]) -> None:
    """Each of these channels gets this one, or none."""
    await tx.executemany("DELETE FROM round_ups WHERE channel_id = ?", [(number,) for number in wanted])
    await tx.executemany(
        "INSERT INTO round_ups (channel_id, day, post_at, next_due, last_due) VALUES (?, ?, ?, ?, ?)",
        [
            (
                *(number, round_up.day, round_up.post_at.isoformat("minutes")),
                *(seconds(round_up.next_due), seconds(round_up.last_due)),
            )
            for number, round_up in wanted.items()
            if round_up
        ],
    )


# --- what a channel has had -----------------------------------------------------------------------------


async def shown(
    db: Database, channel_id: ChannelId, papers: Collection[PaperId], *, since: datetime
) -> tuple[dict[PaperId, datetime], int]:
    """(those of `papers` that the channel has had, with the moment when; how many of all papers it has had since
    then)."""
    async with db.snapshot() as connection:
        rows = await connection.execute_fetchall(
            """SELECT paper_id, claimed_at FROM delivery_papers JOIN deliveries ON deliveries.id = delivery_id
            WHERE delivery_papers.channel_id = ? AND shown
            AND paper_id IN (SELECT value FROM json_each(?))""",
            (channel_id, json.dumps(list(papers))),
        )
        ((count,),) = await connection.execute_fetchall(
            """SELECT count(*) FROM deliveries JOIN delivery_papers ON delivery_id = deliveries.id
            WHERE deliveries.channel_id = ? AND claimed_at >= ? AND shown""",
            (channel_id, seconds(since)),
        )
    return {PaperId(row[0]): known_moment(row[1]) for row in rows}, int(count)


async def votes(db: Database, papers: Iterable[PaperId]) -> tuple[int, ...]:
    """The votes of those of `papers` that have any, most first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT votes FROM papers WHERE id IN (SELECT value FROM json_each(?)) AND votes > 0
            ORDER BY votes DESC""",
            (json.dumps(list(papers)),),
        )
    return tuple(row[0] for row in rows)
