"""Round-ups: each due moment judged once, beside the digest's, and in step with the channel."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from bot.models import (
    Channel,
    ChannelId,
    DeliveryKind,
    GuildId,
    MessageId,
    Occasion,
    Owner,
    RoundUp,
    TopicId,
    Verdict,
    VerdictKind,
)
from storage import channels, deliveries, guilds, round_ups, verdicts
from storage.database import Database
from tests.making import HF, NOW, WEEKDAYS, channel, committed, delivery, entry, rows, store

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
ONE, TWO = ChannelId(1), ChannelId(2)
TUESDAYS = RoundUp(day=1, post_at=time(13), next_due=NOW)


@pytest.fixture
async def ready(db: Database) -> Database:
    """Two channels that are due, both with a round-up at the same minute, and four papers."""
    for number in (1, 2):
        await channel(db, number)
        assert await round_ups.turn_on(db, await get(db, ChannelId(number)), TUESDAYS)
    await store(db, HF, *(entry(f"Paper Number {number}", votes=number) for number in range(1, 5)))
    return db


async def get(db: Database, number: ChannelId = ONE) -> Channel:
    found = await channels.get(db, number)
    assert found is not None
    return found


async def kinds(db: Database, number: ChannelId = ONE) -> list[tuple[Occasion, VerdictKind, datetime]]:
    return [(found.occasion, found.kind, found.due_at) for found in await verdicts.latest(db, number)]


def judged(kind: VerdictKind, due: datetime = NOW, occasion: Occasion = Occasion.WEEKLY) -> Verdict:
    return Verdict(channel_id=ONE, due_at=due, at=due, kind=kind, text=f"{kind}", occasion=occasion)


async def test_one_that_is_turned_on_is_the_channels(ready: Database) -> None:
    assert (await get(ready)).round_up == TUESDAYS
    changed = RoundUp(day=6, post_at=time(9, 30), next_due=NOW + DAY, last_due=NOW - WEEK)
    assert await round_ups.turn_on(ready, await get(ready), changed)
    assert [found.round_up for found in await channels.every(ready)] == [changed, TUESDAYS]
    assert await round_ups.turn_off(ready, ONE, now=NOW - HOUR)
    assert not await round_ups.turn_off(ready, ONE, now=NOW)
    assert (await get(ready)).round_up is None
    assert await kinds(ready) == []


async def test_what_was_reckoned_from_a_channel_of_before_changes_nothing(ready: Database) -> None:
    before = await get(ready)
    assert await round_ups.turn_on(ready, before, replace(TUESDAYS, day=4))
    assert not await round_ups.turn_on(ready, before, replace(TUESDAYS, day=5))
    now = await get(ready)
    assert not await channels.reschedule(ready, before, before.schedule, next_due=NOW, round_up_due=NOW + DAY)
    moved = replace(now.schedule, zone="Asia/Tokyo")
    assert await channels.reschedule(ready, now, moved, next_due=NOW, round_up_due=NOW + DAY)
    assert not await round_ups.turn_on(ready, now, TUESDAYS), "it was reckoned in another zone"
    assert (await get(ready)).round_up == replace(TUESDAYS, day=4, next_due=NOW + DAY)
    assert not await round_ups.turn_on(ready, replace(now, id=ChannelId(99), round_up=None), TUESDAYS)


async def test_those_are_due_whose_time_has_come_and_whose_channel_can_have_one(ready: Database) -> None:
    assert await round_ups.due(ready, NOW - timedelta(seconds=1)) == ()
    assert await round_ups.due(ready, NOW) == (ONE, TWO)
    assert await round_ups.turn_on(ready, await get(ready), replace(TUESDAYS, next_due=NOW + HOUR))
    assert await round_ups.due(ready, NOW + DAY) == (TWO, ONE)
    await channels.pause(ready, TWO, "by hand", now=NOW)
    assert await round_ups.due(ready, NOW + DAY) == (ONE,)
    await deliveries.claim(ready, delivery(shown=(1,)), next_due=NOW + DAY)
    assert await round_ups.due(ready, NOW + DAY) == (), "whether its papers were shown is not known yet"
    await deliveries.mark_sent(ready, delivery(), MessageId(5), None)
    assert await round_ups.due(ready, NOW + DAY) == (ONE,)
    await channels.unsubscribe(ready, TopicId(1))
    assert await round_ups.due(ready, NOW + DAY) == ()


# --- the ledger ---------------------------------------------------------------------------------------


async def test_a_moment_is_claimed_once_and_leaves_the_digests_alone(ready: Database) -> None:
    claims = [
        deliveries.claim(
            ready, delivery(f"w{number}", kind=DeliveryKind.WEEKLY, shown=(number,)), next_due=NOW + WEEK
        )
        for number in range(1, 5)
    ]
    silences = [
        deliveries.record_silence(ready, judged(VerdictKind.NOTHING), next_due=NOW + WEEK) for _ in range(4)
    ]
    won = await asyncio.gather(*claims, *silences)
    assert won.count(True) == 1
    found = await get(ready)
    assert found.round_up == replace(TUESDAYS, next_due=NOW + WEEK, last_due=NOW)
    assert (found.next_due, found.last_due) == (NOW, None)
    ((occasion, _, due),) = await kinds(ready)
    assert (occasion, due) == (Occasion.WEEKLY, NOW)


async def test_the_database_itself_refuses_a_second_one_for_a_moment(ready: Database) -> None:
    assert await deliveries.claim(ready, delivery("w1", kind=DeliveryKind.WEEKLY), next_due=NOW + WEEK)
    copy = """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post)
        SELECT 'w2', channel_id, kind, due_at, claimed_at, state, post FROM deliveries"""
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: deliveries\.channel_id"):
        committed(ready, copy)


async def test_a_digest_and_a_round_up_of_one_minute_have_a_verdict_each(ready: Database) -> None:
    digest, weekly = delivery("d", shown=(1,)), delivery("w", kind=DeliveryKind.WEEKLY, shown=(2,))
    assert await deliveries.claim(ready, digest, next_due=NOW + DAY)
    assert await deliveries.claim(ready, weekly, next_due=NOW + WEEK)
    assert await kinds(ready) == [
        (Occasion.DIGEST, VerdictKind.WAITING, NOW),
        (Occasion.WEEKLY, VerdictKind.WAITING, NOW),
    ]
    posted = judged(VerdictKind.POSTED)
    await deliveries.mark_sent(ready, weekly, MessageId(5), posted)
    await deliveries.give_up(
        ready, digest, replace(posted, kind=VerdictKind.FAILED, occasion=Occasion.DIGEST), now=NOW
    )
    assert [(kind, due) for _, kind, due in await kinds(ready)] == [
        (VerdictKind.FAILED, NOW),
        (VerdictKind.POSTED, NOW),
    ]
    assert [found.told for found in await verdicts.latest(ready, ONE)] == ["posted", "round-up: posted"]


async def test_a_paper_that_a_digest_showed_is_not_shown_again_and_the_other_way_round(ready: Database) -> None:
    assert await deliveries.claim(ready, delivery("d", shown=(1,), more=(2,)), next_due=NOW + DAY)
    weekly = delivery("w", kind=DeliveryKind.WEEKLY, shown=(1,))
    assert not await deliveries.claim(ready, weekly, next_due=NOW + WEEK)
    assert (await get(ready)).round_up == TUESDAYS
    assert await deliveries.claim(
        ready, replace(weekly, shown=(*delivery(shown=(2, 3)).shown,)), next_due=NOW + WEEK
    )
    extra = delivery("x", kind=DeliveryKind.EXTRA, shown=(3,))
    assert not await deliveries.claim(ready, extra, next_due=None)
    assert await deliveries.shown(ready, ONE, delivery(shown=(1, 2, 3, 4)).shown) == {1, 2, 3}


async def test_how_a_channel_fares_is_judged_by_its_digests(ready: Database) -> None:
    async with ready.write() as tx:
        for days in range(3):
            await verdicts.judge(tx, judged(VerdictKind.FAILED, NOW + days * DAY))
    assert await verdicts.failing(ready, ONE) is None
    async with ready.write() as tx:
        for days in range(3):
            await verdicts.judge(tx, judged(VerdictKind.FAILED, NOW + days * DAY, Occasion.DIGEST))
        await verdicts.judge(tx, judged(VerdictKind.POSTED, NOW + 2 * DAY))
        await verdicts.judge(tx, judged(VerdictKind.POSTED, NOW + 3 * DAY))
    assert await verdicts.failing(ready, ONE) == "failed"
    assert await verdicts.last_well(ready, ONE, NOW + 9 * DAY) is None
    assert await round_ups.last_due(ready, ONE) == NOW + 3 * DAY
    assert await round_ups.last_due(ready, TWO) is None


async def test_one_that_cannot_be_read_back_is_given_up_as_what_it_was(ready: Database) -> None:
    for name, kind in (("w", DeliveryKind.WEEKLY), ("x", DeliveryKind.EXTRA)):
        assert await deliveries.claim(ready, delivery(name, kind=kind), next_due=NOW + WEEK)
        await deliveries.abandon(ready, delivery(name).id, "an error", now=NOW)
    assert await kinds(ready) == [(Occasion.WEEKLY, VerdictKind.FAILED, NOW)]


# --- in step with the channel ---------------------------------------------------------------------------


async def test_a_pause_ends_the_moment_that_has_come_and_resuming_brings_the_next(ready: Database) -> None:
    assert await round_ups.turn_on(ready, await get(ready, TWO), replace(TUESDAYS, next_due=NOW + DAY))
    for number in (ONE, TWO):
        assert await channels.pause(ready, number, "by hand", now=NOW)
        found = await get(ready, number)
        assert found.round_up == replace(TUESDAYS, next_due=None)
    assert (Occasion.WEEKLY, VerdictKind.PAUSED, NOW) in await kinds(ready)
    assert await kinds(ready, TWO) == [(Occasion.DIGEST, VerdictKind.PAUSED, NOW)]
    changed = replace(TUESDAYS, day=4, next_due=NOW + DAY)
    assert await round_ups.turn_on(ready, await get(ready), changed)
    assert (await get(ready)).round_up == replace(changed, next_due=None), "it is paused"
    assert await channels.resume(ready, await get(ready), next_due=NOW + DAY, round_up_due=NOW + 3 * DAY)
    assert (await get(ready)).round_up == replace(changed, next_due=NOW + 3 * DAY)


async def test_a_pause_that_was_one_already_judges_nothing_more(ready: Database) -> None:
    assert await channels.pause(ready, ONE, "by hand", now=NOW - HOUR)
    assert not await channels.pause(ready, ONE, "again", now=NOW + HOUR)
    assert await kinds(ready) == []


async def test_turning_it_off_ends_the_moment_that_has_come(ready: Database) -> None:
    assert await round_ups.turn_off(ready, ONE, now=NOW + HOUR)
    (found,) = await verdicts.latest(ready, ONE)
    assert (found.told, found.kind) == ("round-up: turned off with /weekly off", VerdictKind.PAUSED)


async def test_a_server_that_is_left_gets_none(ready: Database) -> None:
    await guilds.leave(ready, GuildId(7), NOW)
    assert await round_ups.due(ready, NOW + WEEK) == ()
    for number in (ONE, TWO):
        assert (Occasion.WEEKLY, VerdictKind.PAUSED, NOW) in await kinds(ready, number)


async def test_a_channel_that_begins_anew_goes_on_in_the_future(ready: Database) -> None:
    await channels.unsubscribe(ready, TopicId(1))
    for topic, due in (("agent", NOW + 2 * WEEK), ("video", NOW + 3 * WEEK)):
        await channels.subscribe(
            ready,
            ONE,
            Owner(guild_id=GuildId(7)),
            topic,
            schedule=WEEKDAYS,
            next_due=NOW,
            now=NOW,
            round_up_due=due,
        )
    assert (await get(ready)).round_up == replace(TUESDAYS, next_due=NOW + 2 * WEEK)


async def test_it_goes_with_its_channel(ready: Database) -> None:
    async with ready.write() as tx:
        await tx.execute("DELETE FROM channels WHERE id = 1")
    assert await rows(ready, "SELECT channel_id FROM round_ups") == [(2,)]


# --- what a channel has had -------------------------------------------------------------------------------


async def test_what_was_shown_is_told_with_its_moment_and_counted(ready: Database) -> None:
    made = delivery("old", kind=DeliveryKind.EXTRA, at=NOW - 8 * DAY, shown=(1,), more=(2,))
    assert await deliveries.claim(ready, made, next_due=None)
    new = delivery("new", at=NOW, shown=(3, 4))
    assert await deliveries.claim(ready, new, next_due=NOW + DAY)
    asked = delivery(shown=(1, 2, 3)).shown
    assert await round_ups.shown(ready, ONE, asked, since=NOW - WEEK) == ({1: NOW - 8 * DAY, 3: NOW}, 2)
    assert await round_ups.shown(ready, TWO, asked, since=NOW - WEEK) == ({}, 0)
    await deliveries.give_up(ready, new, None, now=NOW)
    assert await round_ups.shown(ready, ONE, asked, since=NOW - WEEK) == ({1: NOW - 8 * DAY}, 0)


async def test_votes_are_those_of_papers_that_have_some(ready: Database) -> None:
    await store(ready, HF, entry("Nobody Voted", votes=0), entry("Nobody Counted"))
    assert await round_ups.votes(ready, delivery(shown=(1, 2, 4, 5, 6)).shown) == (4, 2, 1)
