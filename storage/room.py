"""Whether there is room for one more inbox: the operator says how many people may have one.

Refuses: the tables, which are `storage.channels`'.
"""

from __future__ import annotations

import aiosqlite

from bot.errors import UserError
from bot.models import ChannelId
from storage.database import Database


async def ask(db: Database, channel_id: ChannelId, inboxes: int) -> None:
    """Raises UserError where this inbox would be one more than `inboxes`, or none is allowed."""
    async with db.read() as connection:
        await require(connection, channel_id, inboxes)


async def require(connection: aiosqlite.Connection, channel_id: ChannelId, inboxes: int) -> None:
    """`ask`, within another's transaction. What follows nothing takes no room."""
    if not inboxes:
        raise UserError(
            "Whoever runs this bot has switched digests in direct messages off (`PAPERBOY_INBOXES` is 0). In a "
            "server, `/subscribe` gives a channel one."
        )
    ((taken, here),) = await connection.execute_fetchall(
        """SELECT count(*), max(id = ?) FROM channels WHERE person IS NOT NULL
        AND EXISTS (SELECT 1 FROM topics WHERE channel_id = channels.id)""",
        (channel_id,),
    )
    if taken >= inboxes and not here:
        raise UserError(
            f"As many people have an inbox as this bot may serve ({inboxes}). Whoever runs it can allow more "
            "(`PAPERBOY_INBOXES`)."
        )
