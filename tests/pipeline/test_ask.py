"""When the digest comes after somebody subscribed, changed its time, paused it or resumed it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from bot.models import Channel, ChannelId, GuildId, Owner, Schedule, Verdict, VerdictKind
from bot.pipeline import ask
from storage import channels, deliveries
from storage.database import Database
from tests.making import NOW, channel

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = ChannelId(1)
SERVER = Owner(guild_id=GuildId(7))


async def get(db: Database) -> Channel:
    found = await channels.get(db, ONE)
    assert found is not None
    return found


async def serve(db: Database, *, following: datetime) -> None:
    """The pending digest comes to its end."""
    at = (await get(db)).next_due
    assert at is not None
    verdict = Verdict(channel_id=ONE, due_at=at, at=at, kind=VerdictKind.NOTHING, text="nothing")
    assert await deliveries.record_silence(db, verdict, next_due=following)


def at(hour: int) -> datetime:
    return NOW.replace(hour=hour)


async def test_an_offer_names_the_first_digest_that_the_subscription_brings(db: Database) -> None:
    async def both(zone: str, now: datetime) -> tuple[datetime | None, datetime | None]:
        offer = await ask.offer(db, ONE, SERVER, "agent", zone, now=now)
        saved, _ = await ask.subscribe(db, ONE, SERVER, "agent", zone, now=now)
        return offer.first, saved.next_due

    assert await both("UTC", at(8)) == (NOW, NOW)
    # With topics the channel's own moment counts, whatever zone is named.
    assert await both("Asia/Tokyo", at(9)) == (NOW, NOW)
    await ask.reschedule(db, ONE, lambda old: replace(old, post_at=time(9)), now=at(10))
    assert await both("UTC", at(11)) == (at(10), at(10))
    await serve(db, following=at(9) + DAY)
    # Without topics it still knows that today had its digest.
    (topic,) = await channels.topics(db, ONE)
    await channels.unsubscribe(db, topic.id)
    assert await both("UTC", at(12)) == (NOW + DAY, NOW + DAY)


async def test_a_channel_without_topics_is_asked_for_its_zone_and_is_not_paused(db: Database) -> None:
    await channel(db)
    await channels.pause(db, ONE, "for a while", now=NOW)
    assert (await ask.offer(db, ONE, SERVER, "agent", None, now=NOW)).paused == "for a while"
    (topic,) = await channels.topics(db, ONE)
    await channels.unsubscribe(db, topic.id)
    offer = await ask.offer(db, ONE, SERVER, "agent", None, now=NOW)
    assert (offer.schedule, offer.first, offer.paused) == (None, None, None)


@pytest.mark.parametrize(("hour", "expected"), [(12, NOW), (15, NOW + DAY)])
async def test_a_pause_over_the_due_moment_costs_that_digest_and_a_shorter_one_none(
    db: Database, hour: int, expected: datetime
) -> None:
    await channel(db)
    await channels.pause(db, ONE, "for a while", now=NOW)
    assert await ask.resume(db, await get(db), now=at(hour)) == expected


async def test_a_day_that_had_its_digest_gets_no_second_by_a_pause(db: Database) -> None:
    await channel(db)
    await serve(db, following=NOW + DAY)
    await channels.pause(db, ONE, "for a while", now=NOW)
    found = await ask.reschedule(db, ONE, lambda old: replace(old, post_at=time(18)), now=at(14))
    assert (found.next_due, found.paused) == (None, "for a while")
    assert await ask.resume(db, found, now=at(15)) == at(18) + DAY


async def test_two_changes_at_once_both_hold(db: Database) -> None:
    await channel(db)

    async def change(**fields: object) -> None:
        await ask.reschedule(db, ONE, lambda old: replace(old, **fields), now=at(8))  # type: ignore[arg-type]

    await asyncio.gather(change(size=3), change(post_at=time(18)), change(days=frozenset(range(7))))
    found = await get(db)
    assert found.schedule == Schedule(post_at=time(18), zone="UTC", days=frozenset(range(7)), size=3)
    assert found.next_due == at(18)
