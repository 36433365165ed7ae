"""What is kept, and for how long.

Owns: the ages at which rows go, and their going, over all tables. Refuses: the rows of `delivery_papers` that
were shown; they are the promise "at most once, ever" and live as long as their channel.
Every age is told in the README, with its reason.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time, timedelta

from bot.models import Pruned
from storage import additions, heartbeat, private
from storage.database import Database, seconds

VERDICTS = timedelta(days=400)
"""A year can be looked back on, with a month in hand."""
POSTS = timedelta(days=30)
"""The text of a message that is in its channel (or never will be) is only of use while somebody asks why it
looked so."""
MORE = timedelta(days=90)
"""Nobody presses "n more" under last season's digest; `/search` finds those papers."""
OBSERVATIONS = timedelta(days=30)
"""For so long each change of a paper's votes is kept; of older days the last one of each."""
LOOKS = timedelta(days=1)
"""The buttons under a feed that was looked at work for so long."""
QUESTIONS = timedelta(days=1)
"""For so long an answer of Hugging Face's search stands for asking it again; the budgets look back an hour."""
SEARCHES = timedelta(days=90)
"""The buttons under an answer work for so long after the query was last asked."""
LEFT_GUILDS = timedelta(days=30)
"""Long enough to notice that the bot was removed by mistake; no longer, because nobody there can ask for it."""
EMPTY_INBOXES = timedelta(days=30)
"""For so long an inbox that follows nothing knows what it was shown, should its person come back: no digest
reaches back half as far."""
PAUSED_INBOXES = VERDICTS
"""Nobody waits for an inbox that stood still for so long. Its person may share no server with the bot any more,
and could not even ask for it to be forgotten."""

EVERY = timedelta(days=1)
_BEAT = "upkeep"
_SLICE = 500
"""Rows changed in one transaction: a digest in a hurry waits for milliseconds."""
_FOUND = 10 * _SLICE
"""Rows looked up at once: a first run over years of rows needs little memory."""
_EMPTY = json.dumps({"blocks": []})

_Rows = Sequence[tuple[object, ...]]


async def daily(db: Database, now: datetime) -> Pruned | None:
    """`prune` where its last whole run is a day ago or more, whatever was restarted meanwhile; else None."""
    last = await heartbeat.last(db, _BEAT)
    # A run in the future was told by a clock that was wrong.
    if last is not None and timedelta(0) <= now - last < EVERY:
        return None
    pruned = await prune(db, now)
    await heartbeat.beat(db, _BEAT, now)
    return pruned


async def prune(db: Database, now: datetime) -> Pruned:
    """Let go of everything that is older than it may be, in transactions of a few rows each."""
    channels, guilds = await _left(db, seconds(now - LEFT_GUILDS))
    # Whole days only: today's midnight less the days.
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    return Pruned(
        verdicts=await _each(
            db,
            "SELECT channel_id, due_at FROM verdicts WHERE due_at < ? LIMIT ?",
            "DELETE FROM verdicts WHERE channel_id = ? AND due_at = ?",
            seconds(now - VERDICTS),
        ),
        posts=await _each(
            db,
            f"""SELECT id FROM deliveries
            WHERE state IN ('sent', 'refused') AND claimed_at < ? AND post != '{_EMPTY}' LIMIT ?""",
            f"UPDATE deliveries SET post = '{_EMPTY}' WHERE id = ?",
            seconds(now - POSTS),
        ),
        more=await _each(
            db,
            """SELECT delivery_id, position FROM delivery_papers JOIN deliveries ON deliveries.id = delivery_id
            WHERE NOT shown AND state IN ('sent', 'refused') AND claimed_at < ? LIMIT ?""",
            "DELETE FROM delivery_papers WHERE delivery_id = ? AND position = ? AND NOT shown",
            seconds(now - MORE),
        ),
        observations=await _each(
            db,
            """SELECT paper_id, seen_at FROM observations AS early WHERE seen_at < ? AND EXISTS (
                SELECT 1 FROM observations WHERE paper_id = early.paper_id
                AND seen_at > early.seen_at AND seen_at < (early.seen_at / 86400 + 1) * 86400) LIMIT ?""",
            "DELETE FROM observations WHERE paper_id = ? AND seen_at = ?",
            seconds(midnight - OBSERVATIONS),
        ),
        searches=await _each(
            db,
            "SELECT id, asked_at FROM searches WHERE asked_at < ? LIMIT ?",
            "DELETE FROM searches WHERE id = ? AND asked_at = ?",  # not one that was asked again meanwhile
            seconds(now - SEARCHES),
        ),
        looks=await _each(
            db,
            "SELECT id FROM looks WHERE looked_at < ? LIMIT ?",
            "DELETE FROM looks WHERE id = ?",
            seconds(now - LOOKS),
        ),
        questions=await _each(
            db,
            "SELECT id FROM questions WHERE asked_at < ? LIMIT ?",
            "DELETE FROM questions WHERE id = ?",
            seconds(now - QUESTIONS),
        ),
        channels=channels,
        guilds=guilds,
        inboxes=await _deserted(db, "id NOT IN (SELECT channel_id FROM topics)", now - EMPTY_INBOXES)
        + await _deserted(db, "paused IS NOT NULL", now - PAUSED_INBOXES),
        papers=await private.trim(db),
    )


async def _each(db: Database, find: str, change: str, before: int | None) -> int:
    """`change` every row that `find` names, slice by slice; how many there were."""
    changed = 0
    async for found in _found(db, find, before):
        for start in range(0, len(found), _SLICE):
            async with db.write() as tx:
                changed += (await tx.executemany(change, found[start : start + _SLICE])).rowcount
    return changed


async def _found(db: Database, find: str, before: int | None) -> AsyncIterator[_Rows]:
    """What `find` names before it is changed, again and again until little is left."""
    size = _FOUND
    while size == _FOUND:
        async with db.read() as connection:
            rows = [tuple(row) for row in await connection.execute_fetchall(find, (before, _FOUND))]
        size = len(rows)
        yield rows


async def _left(db: Database, before: int | None) -> tuple[int, int]:
    """Forget the servers that the bot left before then: (channels, servers).

    A channel goes as a whole, or "at most once" would be half remembered. Each is asked for again in its own
    transaction: the bot may be invited meanwhile.
    """
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT channels.id FROM channels JOIN guilds ON guilds.id = guild_id WHERE left_at < ?", (before,)
        )
    channels = 0
    for (channel_id,) in rows:
        async with db.write() as tx:
            # Its topics, deliveries, papers and verdicts go with it.
            gone = await tx.execute(
                """DELETE FROM channels WHERE id = ?
                AND guild_id IN (SELECT id FROM guilds WHERE left_at < ?)""",
                (channel_id, before),
            )
            channels += gone.rowcount
    async with db.write() as tx:
        await tx.execute(
            "DELETE FROM guild_feeds WHERE guild_id IN (SELECT id FROM guilds WHERE left_at < ?)", (before,)
        )
        await additions.drop_unread(tx)
        gone = await tx.execute(
            """DELETE FROM guilds WHERE left_at < ?
            AND NOT EXISTS (SELECT 1 FROM channels WHERE guild_id = guilds.id)""",
            (before,),
        )
        return channels, gone.rowcount


async def _deserted(db: Database, condition: str, before: datetime) -> int:
    """Forget the inboxes of this condition whose last digest was due before then; how many. Each is asked for
    again in its own transaction: its person may come back meanwhile."""
    which = f"person IS NOT NULL AND {condition} AND max(created_at, coalesce(last_due, 0)) < ?"
    async with db.read() as connection:
        rows = await connection.execute_fetchall(f"SELECT id FROM channels WHERE {which}", (seconds(before),))
    gone = 0
    for (channel_id,) in rows:
        async with db.write() as tx:
            gone += (
                await tx.execute(f"DELETE FROM channels WHERE id = ? AND {which}", (channel_id, seconds(before)))
            ).rowcount
    return gone
