"""What is stored about people: their inboxes, and who paused which channel.

Owns: telling it, and its going, over all tables. Refuses: what an inbox has in common with every channel
(`storage.channels`).
"""

from __future__ import annotations

from datetime import datetime

import aiosqlite

from bot.models import Traces, UserId
from storage import channels
from storage.database import Database

OFF = (
    "whoever runs this bot has switched digests in direct messages off. Should they be on again, use /digest "
    "resume here"
)
"""Why inboxes are paused where the operator allows none."""


async def traces(db: Database, person: UserId) -> Traces:
    """What is stored about a person."""
    async with db.read() as connection:
        return await _traces(connection, person)


async def forget(db: Database, person: UserId) -> Traces:
    """All of it goes; what it was. Channels of servers stay paused."""
    async with db.write() as tx:
        found = await _traces(tx, person)
        # Its topics, deliveries, papers, verdicts and round-up go with it.
        await tx.execute("DELETE FROM channels WHERE person = ?", (person,))
        await tx.execute("UPDATE channels SET paused_by = NULL WHERE paused_by = ?", (person,))
        return found


async def _traces(connection: aiosqlite.Connection, person: UserId) -> Traces:
    (row,) = await connection.execute_fetchall(
        """WITH inboxes AS (SELECT id FROM channels WHERE person = ?1)
        SELECT (SELECT count(*) FROM inboxes),
            (SELECT count(*) FROM topics WHERE channel_id IN inboxes),
            (SELECT count(*) FROM delivery_papers WHERE channel_id IN inboxes AND shown),
            (SELECT count(*) FROM channels WHERE paused_by = ?1 AND person IS NULL)""",
        (person,),
    )
    inboxes, topics, papers, paused = row
    return Traces(inbox=inboxes > 0, topics=topics, papers=papers, paused=paused)


async def switch_off(db: Database, now: datetime) -> int:
    """Pause every inbox that runs; how many there were."""
    async with db.write() as tx:
        return await channels.stop(tx, "person IS NOT NULL", (), OFF, now=now)
