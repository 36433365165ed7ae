"""Trouble is told: whom, in which words, and how often."""

from __future__ import annotations

from datetime import datetime

from bot.models import Channel, Publisher
from storage import channels, guilds, verdicts
from storage.database import Database


async def tell(db: Database, publisher: Publisher, channel: Channel, sentence: str) -> bool:
    """Tell the server's people that the channel's digest `sentence` (as "is paused: ..."); whether somebody
    was reached. An inbox is no server's business: its person sees it in `/status`."""
    if channel.guild_id is None:
        return False
    to = await guilds.alerts_to(db, channel.guild_id)
    return await publisher.tell(channel.guild_id, channel.id, sentence, to)


async def if_failing(db: Database, publisher: Publisher, channel: Channel, now: datetime) -> bool:
    """After a verdict that failed: the third in a row is told, once until the channel has been well again.

    Where nobody could be reached, the next one tries again.
    """
    why = await verdicts.failing(db, channel.id)
    if why is None or not await tell(db, publisher, channel, f"has failed on three due days: {why}"):
        return False
    await channels.mark_alerted(db, channel.id, now)
    return True
