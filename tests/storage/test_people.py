"""What is stored about people: how many may have an inbox, whose it is, and how all of it goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import NotFound, UserError
from bot.models import (
    Channel,
    ChannelId,
    DeliveryId,
    DeliveryKind,
    GuildId,
    MessageId,
    Owner,
    Traces,
    UserId,
    Verdict,
    VerdictKind,
)
from storage import channels, deliveries, people, room, round_ups, verdicts
from storage.database import Database
from tests.making import HF, NOW, WEEKDAYS, channel, delivery, entry, rows, store

DAY = timedelta(days=1)
ADA, EVE = UserId(2**62), UserId(5)
INBOX, OTHER = ChannelId(1), ChannelId(2)
TABLES = ("topics", "deliveries", "delivery_papers", "verdicts", "round_ups")


async def get(db: Database, number: ChannelId = INBOX) -> Channel:
    found = await channels.get(db, number)
    assert found is not None
    return found


async def lived(db: Database) -> None:
    """Ada's inbox and Eve's, each with a sent digest and one on its way; and a channel that Ada paused."""
    await store(db, HF, *(entry(f"Paper Number {number}") for number in range(1, 9)))
    for number, person in ((INBOX, ADA), (OTHER, EVE)):
        await channel(db, number, "agents", "robots", person=person)
        for day, name in enumerate(("sent", "open")):
            due = NOW + day * DAY
            made = delivery(f"{name}{number}", number, due=due, at=due, shown=(1 + day, 3 + day), more=(5, 6))
            assert await deliveries.claim(db, made, next_due=due + DAY)
            if name == "sent":
                posted = Verdict(channel_id=number, due_at=due, at=due, kind=VerdictKind.POSTED, text="posted")
                await deliveries.mark_sent(db, made, MessageId(9), posted)
        async with db.write() as tx:
            await tx.execute("INSERT INTO round_ups (channel_id, day, post_at) VALUES (?, 4, '17:00')", (number,))
    await channel(db, 3, guild=7)
    assert await channels.pause(db, ChannelId(3), "by hand", now=NOW, by=ADA)


async def test_an_inbox_comes_back_as_it_was_subscribed_and_is_its_persons_alone(db: Database) -> None:
    await channel(db, INBOX, "agents", person=ADA)
    await channel(db, OTHER, "robots", person=EVE)
    await channel(db, 3, "video", guild=7)
    found = await get(db)
    assert (found.guild_id, found.person, found.owner) == (None, ADA, Owner(person=ADA))
    assert [each.id for each in await channels.of(db, Owner(person=ADA))] == [INBOX]
    assert [each.id for each in await channels.of(db, Owner(guild_id=GuildId(7)))] == [3]
    # No number of a server or a person leads to another's, nor does none at all.
    for owner in (Owner(guild_id=GuildId(ADA)), Owner(person=UserId(7)), Owner(guild_id=GuildId(0)), Owner()):
        assert await channels.of(db, owner) == ()
    (topic,) = await channels.topics(db, INBOX)
    assert await channels.topic(db, topic.id, Owner(person=ADA)) == topic
    for owner in (Owner(person=EVE), Owner(guild_id=GuildId(7)), Owner()):
        with pytest.raises(NotFound):
            await channels.topic(db, topic.id, owner)


async def test_everything_about_a_person_goes_and_nothing_else(db: Database) -> None:
    await lived(db)
    before = Traces(inbox=True, topics=2, papers=4, paused=1)
    assert await people.traces(db, ADA) == before
    assert await people.forget(db, ADA) == before
    assert await people.traces(db, ADA) == await people.forget(db, ADA) == Traces()
    assert await channels.get(db, INBOX) is None
    for table in TABLES:
        left = {number for (number,) in await rows(db, f"SELECT channel_id FROM {table}")}
        assert left - {3} == {OTHER}, table
    assert (await get(db, ChannelId(3))).paused == "by hand"
    assert await people.traces(db, EVE) == Traces(inbox=True, topics=2, papers=4)
    # In no column of no table.
    for (table,) in await rows(
        db, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    ):
        assert str(ADA) not in str(await rows(db, f"SELECT * FROM {table}")), table


async def test_who_has_no_inbox_leaves_a_pause_only(db: Database) -> None:
    assert await people.traces(db, ADA) == Traces()
    await channel(db, 3)
    await channels.pause(db, ChannelId(3), "by hand", now=NOW, by=ADA)
    assert await people.forget(db, ADA) == Traces(paused=1)


async def test_a_pause_of_ones_own_inbox_is_no_servers_channel(db: Database) -> None:
    await channel(db, INBOX, person=ADA)
    await channels.pause(db, INBOX, "by hand", now=NOW, by=ADA)
    assert (await people.traces(db, ADA)).paused == 0


# --- forgotten in the middle of a delivery --------------------------------------------------------------


@pytest.mark.parametrize("again", [False, True], ids=["gone", "begun anew"])
async def test_a_delivery_that_was_forgotten_meanwhile_leaves_no_trace(db: Database, again: bool) -> None:
    """However it ends, and also where the person has begun anew before it does."""
    await lived(db)
    made = await deliveries.get(db, DeliveryId("open1"))
    await people.forget(db, ADA)
    if again:
        await channel(db, INBOX, "video", person=ADA)
    before = await everything(db)
    for kind in (VerdictKind.POSTED, VerdictKind.WAITING, VerdictKind.PAUSED):
        verdict = Verdict(channel_id=INBOX, due_at=made.due_at, at=NOW, kind=kind, text="x")
        await deliveries.mark_sent(db, made, MessageId(4), verdict)
        await deliveries.postpone(db, made, verdict, next_try_at=NOW, trouble="a 503")
        assert not await deliveries.give_up(db, made, verdict, now=NOW, pause="closed")
        assert not await deliveries.give_up(db, made, verdict, now=NOW)
    await deliveries.abandon(db, made.id, "a bug", now=NOW)
    assert await everything(db) == before


async def everything(db: Database) -> list[object]:
    return [await rows(db, f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("channels", *TABLES)]


@pytest.mark.parametrize("name", ["scheduled", "extra", "weekly"])
async def test_nothing_is_claimed_for_who_was_forgotten(db: Database, name: str) -> None:
    await lived(db)
    await people.forget(db, ADA)
    made = delivery("late", INBOX, kind=DeliveryKind(name), shown=(7,))
    assert not await deliveries.claim(db, made, next_due=NOW + DAY)
    silence = Verdict(channel_id=INBOX, due_at=NOW, at=NOW, kind=VerdictKind.QUIET, text="weekend")
    assert not await deliveries.record_silence(db, silence, next_due=NOW + DAY)


# --- how many -----------------------------------------------------------------------------------------


async def subscribe(db: Database, number: int, *, most: int, topic: str = "agents") -> bool:
    return await channels.subscribe(
        db,
        ChannelId(number),
        Owner(person=UserId(number)),
        topic,
        schedule=WEEKDAYS,
        next_due=NOW,
        now=NOW,
        inboxes=most,
    )


async def test_no_more_people_than_allowed_have_one(db: Database) -> None:
    await channel(db, 9, guild=7)  # takes no room
    assert await subscribe(db, 1, most=2)
    assert await subscribe(db, 2, most=2)
    with pytest.raises(UserError, match=r"As many people have an inbox as this bot may serve \(2\)"):
        await subscribe(db, 3, most=2)
    with pytest.raises(UserError, match="As many people"):
        await room.ask(db, ChannelId(3), 2)
    # Who has one may follow more, also after the operator has allowed fewer.
    assert await subscribe(db, 1, most=1, topic="robots")
    await room.ask(db, ChannelId(2), 1)
    # What follows nothing takes no room.
    for topic in await channels.topics(db, ChannelId(1)):
        await channels.unsubscribe(db, topic.id)
    assert await subscribe(db, 3, most=2)
    with pytest.raises(UserError, match="As many people"):
        await subscribe(db, 1, most=2)
    assert await channels.get(db, ChannelId(1)) is not None


async def test_many_at_once_are_no_more_than_allowed(db: Database) -> None:
    made = await asyncio.gather(
        *(subscribe(db, number, most=3) for number in range(1, 11)), return_exceptions=True
    )
    assert made.count(True) == 3
    assert sum(isinstance(each, UserError) for each in made) == 7
    assert len(await channels.every(db)) == 3


async def test_none_allowed_switches_all_off(db: Database) -> None:
    await channel(db, 1, person=ADA, due=NOW - DAY)
    await channel(db, 2, person=EVE, due=NOW + DAY)
    await channel(db, 3, guild=7, due=NOW - DAY)
    await channels.pause(db, OTHER, "by hand", now=NOW - DAY, by=EVE)
    assert await people.switch_off(db, NOW) == 1
    assert await people.switch_off(db, NOW) == 0
    assert (await get(db)).paused == people.OFF
    assert (await get(db, OTHER)).paused == "by hand"
    assert (await get(db, ChannelId(3))).paused is None
    (ended,) = await verdicts.latest(db, INBOX)
    assert (ended.kind, ended.due_at) == (VerdictKind.PAUSED, NOW - DAY)
    assert await round_ups.due(db, NOW) == ()
    for number in (1, 4):
        with pytest.raises(UserError, match="switched digests in direct messages off"):
            await subscribe(db, number, most=0, topic="robots")
