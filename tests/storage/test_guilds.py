"""Servers that the bot leaves and comes back to, and the channel that is told of trouble."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.models import ChannelId, GuildId
from storage import channels, guilds
from storage.database import Database
from tests.making import NOW, channel, rows

DAY = timedelta(days=1)
SEVEN, EIGHT = GuildId(7), GuildId(8)


async def left(db: Database) -> dict[int, int | None]:
    return dict(await rows(db, "SELECT id, left_at FROM guilds"))


async def paused(db: Database) -> dict[int, str | None]:
    return {found.id: found.paused for found in await channels.every(db)}


AT = int(NOW.timestamp())


async def test_a_server_s_channels_pause_together_and_no_other_s(db: Database) -> None:
    for number, guild in ((1, 7), (2, 7), (3, 8)):
        await channel(db, number, guild=guild)
    await channels.pause(db, ChannelId(2), "for a while", now=NOW)
    await guilds.leave(db, SEVEN, NOW)
    assert await paused(db) == {1: guilds.LEFT, 2: "for a while", 3: None}
    assert await left(db) == {7: AT}
    await guilds.join(db, SEVEN)
    assert await left(db) == {7: None}
    assert (await paused(db))[1] == guilds.LEFT


async def test_a_server_of_which_nothing_is_stored_leaves_nothing(db: Database) -> None:
    await guilds.leave(db, SEVEN, NOW)
    await guilds.join(db, SEVEN)
    await guilds.drop_alerts(db, ChannelId(1))
    assert await left(db) == {}


async def test_what_happened_while_the_bot_was_off_is_caught_up_with(db: Database) -> None:
    await channel(db, 1, guild=7)
    await channel(db, 2, guild=8)
    await channel(db, 3, guild=9)
    await guilds.set_alerts(db, GuildId(10), ChannelId(4))
    await guilds.leave(db, SEVEN, NOW - 9 * DAY)
    await guilds.leave(db, EIGHT, NOW - 9 * DAY)
    await guilds.reconcile(db, {EIGHT, GuildId(11)}, NOW)
    # The first leaving counts, the return ends it, and what is news is noted now.
    assert await left(db) == {7: AT - 9 * 86400, 8: None, 9: AT, 10: AT}
    assert await paused(db) == dict.fromkeys((1, 2, 3), guilds.LEFT)
    await guilds.reconcile(db, {SEVEN, EIGHT, GuildId(9), GuildId(10)}, NOW + DAY)
    assert set((await left(db)).values()) == {None}


@pytest.mark.parametrize("how", ["resume", "subscribe"])
async def test_a_channel_that_somebody_starts_is_in_no_server_that_was_left(db: Database, how: str) -> None:
    await channel(db)
    await guilds.leave(db, SEVEN, NOW)
    found = await channels.get(db, ChannelId(1))
    assert found is not None
    if how == "resume":
        assert await channels.resume(db, found, next_due=NOW + DAY)
    else:
        (topic,) = await channels.topics(db, found.id)
        await channels.unsubscribe(db, topic.id)
        await channel(db)
    assert await left(db) == {7: None}


async def test_the_channel_for_alerts_is_set_changed_and_dropped(db: Database) -> None:
    assert await guilds.alerts_to(db, SEVEN) is None
    await guilds.set_alerts(db, SEVEN, ChannelId(5))
    await guilds.set_alerts(db, EIGHT, ChannelId(6))
    await guilds.set_alerts(db, SEVEN, ChannelId(2**62))
    assert await guilds.alerts_to(db, SEVEN) == 2**62
    await guilds.set_alerts(db, SEVEN, None)
    assert await guilds.alerts_to(db, SEVEN) is None
    await guilds.drop_alerts(db, ChannelId(7))
    assert await guilds.alerts_to(db, EIGHT) == 6
    await guilds.drop_alerts(db, ChannelId(6))
    assert await guilds.alerts_to(db, EIGHT) is None


async def test_leaving_keeps_the_channel_for_alerts(db: Database) -> None:
    await guilds.set_alerts(db, SEVEN, ChannelId(5))
    await guilds.leave(db, SEVEN, NOW)
    await guilds.join(db, SEVEN)
    assert await guilds.alerts_to(db, SEVEN) == 5


async def test_an_inbox_is_in_no_server_that_the_bot_could_leave(db: Database) -> None:
    await channel(db, 1, person=7)
    await channel(db, 2, guild=7)
    await guilds.leave(db, SEVEN, NOW)
    await guilds.reconcile(db, set(), NOW)
    assert await paused(db) == {1: None, 2: guilds.LEFT}
    assert await left(db) == {7: AT}
