"""Servers: whether the bot is still there, and which channel is told of trouble.

Owns: the table guilds. Most servers need no row: one is made where there is something to say.
"""

from __future__ import annotations

import json
from collections.abc import Set
from datetime import datetime

import aiosqlite

from bot.models import ChannelId, GuildId
from storage import channels
from storage.database import Database, seconds

LEFT = "I was removed from this server. Invite me again, then use /digest resume"
"""Why the channels of a server without the bot are paused."""


async def alerts_to(db: Database, guild_id: GuildId) -> ChannelId | None:
    """The channel that is told of trouble; None: the owner."""
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall("SELECT alerts_to FROM guilds WHERE id = ?", (guild_id,)))
    return ChannelId(rows[0][0]) if rows and rows[0][0] is not None else None


async def set_alerts(db: Database, guild_id: GuildId, channel_id: ChannelId | None) -> None:
    async with db.write() as tx:
        await tx.execute(
            """INSERT INTO guilds (id, alerts_to) VALUES (?, ?)
            ON CONFLICT (id) DO UPDATE SET alerts_to = excluded.alerts_to""",
            (guild_id, channel_id),
        )


async def drop_alerts(db: Database, channel_id: ChannelId) -> None:
    """The channel is gone: the owner is told from now on."""
    async with db.write() as tx:
        await tx.execute("UPDATE guilds SET alerts_to = NULL WHERE alerts_to = ?", (channel_id,))


async def leave(db: Database, guild_id: GuildId, now: datetime) -> None:
    """The bot was removed: its channels there pause, and what is stored of the server waits for its end
    (`storage.upkeep`) or for the bot's return."""
    async with db.write() as tx:
        await _leave(tx, guild_id, now)


async def join(db: Database, guild_id: GuildId) -> None:
    """The bot is there (again): everything is kept. Its channels stay paused until somebody resumes them."""
    async with db.write() as tx:
        await tx.execute("UPDATE guilds SET left_at = NULL WHERE id = ? AND left_at IS NOT NULL", (guild_id,))


async def reconcile(db: Database, present: Set[GuildId], now: datetime) -> None:
    """Catch up with what happened while the bot was off. `present` holds every server that Discord counts the
    bot in, unavailable ones too: any other one that is known here has been left."""
    async with db.write() as tx:
        known = await tx.execute_fetchall(
            """SELECT guild_id FROM channels WHERE person IS NULL
            UNION SELECT guild_id FROM guild_feeds UNION SELECT id FROM guilds"""
        )
        for (guild_id,) in known:
            if guild_id not in present:
                await _leave(tx, GuildId(guild_id), now)
        await tx.execute(
            """UPDATE guilds SET left_at = NULL
            WHERE left_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))""",
            (json.dumps(list(present)),),
        )


async def _leave(tx: aiosqlite.Connection, guild_id: GuildId, now: datetime) -> None:
    # A server of which nothing is stored leaves nothing.
    await tx.execute(
        """INSERT INTO guilds (id, left_at) SELECT ?1, ?2 WHERE EXISTS (
            SELECT 1 FROM channels WHERE guild_id = ?1 UNION ALL SELECT 1 FROM guild_feeds WHERE guild_id = ?1
            UNION ALL SELECT 1 FROM guilds WHERE id = ?1)
        ON CONFLICT (id) DO UPDATE SET left_at = coalesce(left_at, excluded.left_at)""",
        (guild_id, seconds(now)),
    )
    await channels.stop(tx, "guild_id = ?", (guild_id,), LEFT, now=now)
