"""How every due moment of every channel ended, in words that a person can read.

Owns: the table verdicts. A moment has one verdict from the transaction on in which its channel leaves it; where a
digest and a round-up are due at once, one each. How a channel fares is judged by its digests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import aiosqlite

from bot.models import ChannelId, Occasion, Verdict, VerdictKind
from storage.database import Database, known_moment, moment, seconds

ALARMING = 3
"""Due moments in a row that fail before somebody is told: one or two may be an outage."""
_WELL = (VerdictKind.POSTED.value, VerdictKind.NOTHING.value, VerdictKind.QUIET.value)


def verdict_of(row: sqlite3.Row) -> Verdict:
    return Verdict(
        channel_id=ChannelId(row["channel_id"]),
        due_at=known_moment(row["due_at"]),
        at=known_moment(row["at"]),
        kind=VerdictKind(row["kind"]),
        text=row["text"],
        occasion=Occasion(row["occasion"]),
    )


def row_of(verdict: Verdict) -> tuple[object, ...]:
    """The values of channel_id, due_at, occasion, at, kind and text."""
    return (
        *(verdict.channel_id, seconds(verdict.due_at), verdict.occasion),
        *(seconds(verdict.at), verdict.kind, verdict.text),
    )


async def judge(tx: aiosqlite.Connection, *told: Verdict) -> None:
    """Within another's transaction; in place of what was said of those due moments before."""
    await tx.executemany(
        """INSERT OR REPLACE INTO verdicts (channel_id, due_at, occasion, at, kind, text)
        VALUES (?, ?, ?, ?, ?, ?)""",
        map(row_of, told),
    )


async def judge_passed(
    tx: aiosqlite.Connection,
    passed: Iterable[sqlite3.Row],
    text: str,
    *,
    now: datetime,
    occasion: Occasion = Occasion.DIGEST,
) -> None:
    """Due moments that no tick has seen yet, of (channel, moment), end with a pause: each in a verdict."""
    ended = (
        Verdict(
            channel_id=ChannelId(channel_id),
            due_at=known_moment(due_at),
            at=now,
            kind=VerdictKind.PAUSED,
            text=text,
            occasion=occasion,
        )
        for channel_id, due_at in passed
    )
    await judge(tx, *ended)


async def latest(db: Database, channel_id: ChannelId, limit: int = 10) -> tuple[Verdict, ...]:
    """How the channel's last due moments ended, newest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT channel_id, due_at, occasion, at, kind, text FROM verdicts
            WHERE channel_id = ? ORDER BY due_at DESC, occasion LIMIT ?""",
            (channel_id, limit),
        )
    return tuple(map(verdict_of, rows))


async def first_since(db: Database, channel_id: ChannelId, moment: datetime) -> Verdict | None:
    """How the channel's first digest that was due from then on ended."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT * FROM verdicts WHERE channel_id = ? AND due_at >= ? AND occasion = 'digest'
            ORDER BY due_at LIMIT 1""",
            (channel_id, seconds(moment)),
        )
    return next(map(verdict_of, rows), None)


async def last_well(db: Database, channel_id: ChannelId, now: datetime) -> datetime | None:
    """The last due moment of the channel's digest whose papers are told: posted, or there were none. One that is
    still to come was told by a clock that was wrong."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                f"""SELECT max(due_at) FROM verdicts
                WHERE channel_id = ? AND occasion = 'digest' AND kind IN {_WELL} AND due_at <= ?""",
                (channel_id, seconds(now)),
            )
        )
    return moment(rows[0][0])


async def failing(db: Database, channel_id: ChannelId) -> str | None:
    """The newest verdict's text where the last three digests whose due moments are over all failed, and nobody
    has been told (`storage.channels.mark_alerted`) since the channel last was well."""
    async with db.read() as connection:
        newest = list(
            await connection.execute_fetchall(
                """SELECT kind, text FROM verdicts WHERE channel_id = ? AND occasion = 'digest'
                AND kind != 'waiting' ORDER BY due_at DESC LIMIT ?""",
                (channel_id, ALARMING),
            )
        )
        told = list(
            await connection.execute_fetchall(
                f"""SELECT 1 FROM channels WHERE id = ?1 AND alerted_at > coalesce(
                    (SELECT max(at) FROM verdicts
                    WHERE channel_id = ?1 AND occasion = 'digest' AND kind IN {_WELL}), -1)""",
                (channel_id,),
            )
        )
    failed = [row["text"] for row in newest if row["kind"] == VerdictKind.FAILED]
    return None if told or len(failed) < ALARMING else str(failed[0])
