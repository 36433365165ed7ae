"""Feeds that servers' admins added, and the addresses they looked at before.

Owns: the tables guild_feeds and looks. Refuses: fetching, and knowing who asked: an addition is its server's.
What is remembered of a feed between polls goes when its last server does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiosqlite

from bot.errors import NotFound, UserError
from bot.models import Feed, FeedKind, FeedLink, GuildFeed, GuildId
from storage.database import Database, known_moment, seconds

LOOKS, LOOKS_WITHIN = 5, timedelta(minutes=10)
"""Addresses that a server may have looked at within so long: Paperboy is no way to fetch anything."""

_HERE = "guild_id NOT IN (SELECT id FROM guilds WHERE left_at IS NOT NULL)"
"""Nothing is fetched for a server that the bot was removed from."""


def name_of(address: str) -> str:
    """How the feed at an address is stored, for however many servers."""
    return f"added:{address}"


# --- what servers have ------------------------------------------------------------------------------


async def of_guild(db: Database, guild_id: GuildId) -> tuple[GuildFeed, ...]:
    """A server's own feeds, oldest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT feed, address, title, added_at FROM guild_feeds WHERE guild_id = ? ORDER BY added_at, feed",
            (guild_id,),
        )
    return tuple(
        GuildFeed(
            name=row["feed"], address=row["address"], title=row["title"], added_at=known_moment(row["added_at"])
        )
        for row in rows
    )


async def own(db: Database, guild_id: GuildId) -> tuple[str, ...]:
    """The names of a server's own feeds: what it sees besides what everybody does."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT feed FROM guild_feeds WHERE guild_id = ? ORDER BY feed", (guild_id,)
        )
    return tuple(feed for (feed,) in rows)


async def own_of_all(db: Database) -> dict[GuildId, tuple[str, ...]]:
    """`own` of every server that has any."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT guild_id, json_group_array(feed) FROM guild_feeds GROUP BY guild_id"
        )
    return {GuildId(guild_id): tuple(sorted(json.loads(feeds))) for guild_id, feeds in rows}


async def every(db: Database) -> tuple[Feed, ...]:
    """Each feed once, however many servers have it."""
    return await _feeds(db, "true", ())


async def due(db: Database, now: datetime) -> tuple[Feed, ...]:
    """Those to poll, longest waiting first. A poll in the future means that the host's clock was set back."""
    at = seconds(now)
    return await _feeds(db, "next_poll_at IS NULL OR next_poll_at <= ? OR polled_at > ?", (at, at))


async def _feeds(db: Database, condition: str, values: Sequence[object]) -> tuple[Feed, ...]:
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT feed, min(address) AS address FROM guild_feeds
            LEFT JOIN feeds ON feeds.name = feed WHERE ({condition}) AND {_HERE}
            GROUP BY feed ORDER BY max(next_poll_at), feed""",
            values,
        )
    return tuple(
        # Its title is a stranger's word: an operator reads the address.
        Feed(kind=FeedKind.RSS, name=row["feed"], label=row["feed"], address=row["address"], trusted=False)
        for row in rows
    )


async def add(db: Database, guild_id: GuildId, link: FeedLink, *, limit: int, now: datetime) -> bool:
    """False where the server has it already. Raises UserError where it has `limit` feeds."""
    async with db.write() as tx:
        rows = await tx.execute_fetchall("SELECT feed FROM guild_feeds WHERE guild_id = ?", (guild_id,))
        known = [feed for (feed,) in rows]
        if name_of(link.address) in known:
            return False
        if len(known) >= limit:
            raise full(limit)
        await tx.execute(
            "INSERT INTO guild_feeds (guild_id, feed, address, title, added_at) VALUES (?, ?, ?, ?, ?)",
            (guild_id, name_of(link.address), link.address, link.title, seconds(now)),
        )
        # Somebody in the server did that: whatever was missed, the bot is not gone from there.
        await tx.execute("UPDATE guilds SET left_at = NULL WHERE id = ?", (guild_id,))
    return True


def full(limit: int) -> UserError:
    """The answer to one feed too many."""
    if not limit:
        return UserError("Whoever runs this bot has switched added feeds off (`PAPERBOY_FEEDS_PER_SERVER` is 0).")
    return UserError(f"This server has {limit} of {limit} feeds: `/feeds remove` makes room for another.")


async def remove(db: Database, guild_id: GuildId, name: str) -> None:
    """What only this server's feed carried is not seen there any more at once. Raises NotFound."""
    async with db.write() as tx:
        gone = await tx.execute("DELETE FROM guild_feeds WHERE guild_id = ? AND feed = ?", (guild_id, name))
        if gone.rowcount == 0:
            raise NotFound("This server does not have that feed any more. `/feeds list` shows what it has.")
        await drop_unread(tx)


async def drop_unread(tx: aiosqlite.Connection) -> None:
    """Forget how added feeds were that no server has any more, within another's transaction. A poll that was
    under way may have left some."""
    remembered = (
        *(("feeds", "name"), ("validators", "url")),
        *(("health", "feed"), ("batches", "feed"), ("fields", "feed")),
    )
    for table, column in remembered:
        await tx.execute(
            f"""DELETE FROM {table} WHERE {column} >= 'added:' AND {column} < 'added;'
            AND {column} NOT IN (SELECT feed FROM guild_feeds)"""
        )


# --- what was looked at -----------------------------------------------------------------------------


async def begin_look(db: Database, guild_id: GuildId, *, now: datetime) -> int:
    """A number for one look at an address, before it is fetched. Raises UserError where there were LOOKS just
    now."""
    async with db.write() as tx:
        ((count, first),) = await tx.execute_fetchall(
            """SELECT count(*), min(looked_at) FROM (
                SELECT looked_at FROM looks WHERE guild_id = ? AND looked_at > ? AND looked_at <= ?
                ORDER BY looked_at DESC LIMIT ?)""",
            (guild_id, seconds(now - LOOKS_WITHIN), seconds(now), LOOKS),
        )
        if count >= LOOKS:
            wait = known_moment(first) + LOOKS_WITHIN - now
            minutes = max(1, -(-wait // timedelta(minutes=1)))
            raise UserError(
                f"{LOOKS} addresses were looked at just now: ask again in {minutes} minute{'s'[: minutes > 1]}."
            )
        cursor = await tx.execute(
            "INSERT INTO looks (guild_id, looked_at, found) VALUES (?, ?, '[]')", (guild_id, seconds(now))
        )
        return int(cursor.lastrowid or 0)


async def end_look(db: Database, number: int, found: Sequence[FeedLink]) -> None:
    """What was there, for the buttons under the answer (`storage.upkeep` tells for how long)."""
    async with db.write() as tx:
        links = json.dumps([[link.address, link.title] for link in found])
        await tx.execute("UPDATE looks SET found = ? WHERE id = ?", (links, number))


async def seen(db: Database, guild_id: GuildId, number: int, place: int) -> FeedLink:
    """One of the feeds that a look found. Raises NotFound, also for another server's."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                "SELECT found FROM looks WHERE id = ? AND guild_id = ?", (number, guild_id)
            )
        )
    links = json.loads(rows[0][0]) if rows else []
    if not 0 <= place < len(links):
        raise NotFound("This look is too old: please ask again with `/feeds add`.")
    address, title = links[place]
    return FeedLink(address=address, title=title)
