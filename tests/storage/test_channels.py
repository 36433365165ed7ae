"""Channels, their schedules and topics: what subscribing, pausing and removing leave behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from bot.errors import NotFound, UserError
from bot.models import (
    Channel,
    ChannelId,
    Floor,
    GuildId,
    Owner,
    Schedule,
    TopicId,
    Traces,
    UserId,
    Verdict,
    VerdictKind,
)
from storage import channels, deliveries, people
from storage.database import Database
from tests.making import NOW, WEEKDAYS, channel

DAY = timedelta(days=1)
SERVER = Owner(guild_id=GuildId(7))
ONE = ChannelId(1)
KOLKATA = Schedule(post_at=time(18, 30), zone="Asia/Kolkata", days=frozenset({0, 6}), size=3)


async def get(db: Database, number: int = 1) -> Channel:
    found = await channels.get(db, ChannelId(number))
    assert found is not None
    return found


async def texts(db: Database, number: int = 1) -> list[str]:
    return [topic.text for topic in await channels.topics(db, ChannelId(number))]


async def test_a_channel_comes_back_as_it_was_subscribed(db: Database) -> None:
    assert await channels.get(db, ONE) is None
    new = await channels.subscribe(db, ONE, SERVER, "agents", schedule=KOLKATA, next_due=NOW, now=NOW - DAY)
    assert new
    assert await get(db) == Channel(
        id=ONE, guild_id=GuildId(7), schedule=KOLKATA, next_due=NOW, created_at=NOW - DAY
    )
    (topic,) = await channels.topics(db, ONE)
    assert (topic.channel_id, topic.text) == (ONE, "agents")
    assert await channels.topic(db, topic.id, SERVER) == topic
    with pytest.raises(NotFound):
        await channels.topic(db, topic.id, Owner(guild_id=GuildId(8)))


async def test_discord_s_long_ids_fit(db: Database) -> None:
    number = 2**63 - 1
    await channel(db, number, guild=number)
    assert (await get(db, number)).guild_id == number


async def test_a_second_topic_keeps_the_channel_s_schedule(db: Database) -> None:
    await channel(db, 1, "agents")
    await channel(db, 1, "robots", schedule=KOLKATA, due=NOW + DAY)
    assert await texts(db) == ["agents", "robots"]
    assert (await get(db)).schedule == WEEKDAYS
    assert (await get(db)).next_due == NOW


async def test_the_same_topic_again_is_no_second_one_whatever_its_capitals(db: Database) -> None:
    await channel(db, 1, "Agents")
    new = await channels.subscribe(db, ONE, SERVER, "agents", schedule=WEEKDAYS, next_due=NOW, now=NOW)
    assert not new
    assert await texts(db) == ["Agents"]


async def test_a_channel_whose_topics_are_gone_begins_anew_and_runs(db: Database) -> None:
    await channel(db, 1, "agents")
    await channels.pause(db, ONE, "for a while", now=NOW)
    (topic,) = await channels.topics(db, ONE)
    await channels.unsubscribe(db, topic.id)
    await channel(db, 1, "robots", schedule=KOLKATA, due=NOW + DAY, created=NOW)
    found = await get(db)
    assert (found.schedule, found.next_due, found.paused, found.created_at) == (KOLKATA, NOW + DAY, None, NOW)


async def test_only_channels_with_topics_whose_time_has_come_are_due_longest_waiting_first(db: Database) -> None:
    for number, due in ((1, NOW), (2, NOW - DAY), (3, NOW + timedelta(seconds=1)), (4, NOW), (5, NOW)):
        await channel(db, number, due=due)
    await channels.pause(db, ChannelId(4), "for a while", now=NOW)
    for topic in await channels.topics(db, ChannelId(5)):
        await channels.unsubscribe(db, topic.id)
    assert [found.id for found in await channels.due(db, NOW)] == [2, 1]
    assert [found.id for found in await channels.every(db)] == [2, 1, 5, 3, 4]


async def test_a_pause_keeps_its_first_reason_and_ends_by_resuming(db: Database) -> None:
    await channel(db)
    assert await channels.pause(db, ONE, "no permission", now=NOW)
    assert not await channels.pause(db, ONE, "by hand", now=NOW)
    assert not await channels.pause(db, ChannelId(99), "unknown", now=NOW)
    found = await get(db)
    assert (found.paused, found.next_due) == ("no permission", None)
    assert await channels.resume(db, found, next_due=NOW + DAY)
    assert not await channels.resume(db, found, next_due=NOW + 2 * DAY)
    found = await get(db)
    assert (found.paused, found.next_due) == (None, NOW + DAY)


async def test_a_new_schedule_leaves_a_paused_channel_paused(db: Database) -> None:
    await channel(db)
    await channels.pause(db, ONE, "for a while", now=NOW)
    assert await channels.reschedule(db, await get(db), KOLKATA, next_due=NOW + DAY)
    found = await get(db)
    assert (found.schedule, found.paused, found.next_due) == (KOLKATA, "for a while", None)


async def test_what_was_reckoned_before_a_digest_came_changes_nothing_after_it(db: Database) -> None:
    await channel(db)
    before = await get(db)
    silence = Verdict(channel_id=ONE, due_at=NOW, at=NOW, kind=VerdictKind.NOTHING, text="nothing")
    assert await deliveries.record_silence(db, silence, next_due=NOW + DAY)
    assert not await channels.reschedule(db, before, KOLKATA, next_due=NOW + timedelta(hours=1))
    await channels.pause(db, ONE, "for a while", now=NOW)
    assert not await channels.resume(db, before, next_due=NOW + timedelta(hours=1))
    found = await get(db)
    assert (found.schedule, found.paused) == (WEEKDAYS, "for a while")
    assert await channels.resume(db, found, next_due=NOW + DAY)


async def test_a_channel_follows_as_many_topics_as_a_menu_lists(db: Database) -> None:
    await channel(db, 1, *(f"topic {number}" for number in range(channels.MAX_TOPICS)))
    with pytest.raises(UserError, match=f"{channels.MAX_TOPICS} topics"):
        await channel(db, 1, "one more")
    assert len(await texts(db)) == channels.MAX_TOPICS


async def test_a_server_s_channels_are_listed_oldest_first(db: Database) -> None:
    for number, guild in ((1, 7), (2, 7), (3, 8)):
        await channel(db, number, guild=guild, created=NOW - number * DAY)
    assert [found.id for found in await channels.of(db, SERVER)] == [2, 1]


async def test_who_paused_is_known_until_it_runs_again_or_they_ask_to_be_forgotten(db: Database) -> None:
    ada, max_ = UserId(2**62), UserId(5)
    for number, person in ((1, ada), (2, ada), (3, max_)):
        await channel(db, number, guild=number)
        assert await channels.pause(db, ChannelId(number), "by hand", now=NOW, by=person)
    assert not await channels.pause(db, ONE, "by hand", now=NOW, by=max_)
    assert [(await get(db, number)).paused_by for number in (1, 2, 3)] == [ada, ada, max_]

    assert await channels.resume(db, await get(db), next_due=NOW + DAY)
    assert (await get(db)).paused_by is None
    assert (await people.forget(db, ada)).paused == 1
    assert (await people.forget(db, ada)) == Traces()
    assert [((await get(db, number)).paused, (await get(db, number)).paused_by) for number in (1, 2, 3)] == [
        (None, None),
        ("by hand", None),
        ("by hand", max_),
    ]
    (topic,) = await channels.topics(db, ChannelId(3))
    await channels.unsubscribe(db, topic.id)
    await channel(db, 3)
    assert (await get(db, 3)).paused_by is None


async def test_an_edited_topic_swallows_its_equal(db: Database) -> None:
    await channel(db, 1, "agents", "robots")
    first, second = await channels.topics(db, ONE)
    await channels.edit_topic(db, second.id, "Agents", Floor.ELITE)
    assert await channels.topics(db, ONE) == (replace(second, text="Agents", floor=Floor.ELITE),)
    with pytest.raises(NotFound):
        await channels.topic(db, first.id, SERVER)


async def test_a_topic_that_is_gone_says_so(db: Database) -> None:
    await channel(db, 1, "agents")
    (topic,) = await channels.topics(db, ONE)
    await channels.unsubscribe(db, topic.id)
    with pytest.raises(NotFound, match="/subscriptions"):
        await channels.unsubscribe(db, topic.id)
    with pytest.raises(NotFound):
        await channels.edit_topic(db, topic.id, "robots", Floor.ALL)
    with pytest.raises(NotFound):
        await channels.topic(db, TopicId(99), SERVER)


async def test_the_button_of_a_removed_topic_never_means_a_later_one(db: Database) -> None:
    await channel(db, 1, "agents")
    (old,) = await channels.topics(db, ONE)
    await channels.unsubscribe(db, old.id)
    await channel(db, 2, "robots")
    with pytest.raises(NotFound):
        await channels.topic(db, old.id, SERVER)
