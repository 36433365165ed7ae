"""The ledger: claimed once, shown once, judged once, whoever races."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.errors import NotFound
from bot.models import (
    Button,
    ChannelId,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Line,
    Mention,
    MessageId,
    Occasion,
    PaperId,
    Post,
    Row,
    Select,
    Text,
    Verdict,
    VerdictKind,
)
from storage import channels, deliveries, verdicts
from storage.database import Database
from tests.making import HF, NOW, channel, delivery, entry, rows, store

DAY = GRACE = timedelta(days=1)
ONE = ChannelId(1)
TWO_MINUTES = deliveries.LEASE


@pytest.fixture
async def ready(db: Database) -> Database:
    """Two channels that are due, and four papers."""
    await channel(db, 1)
    await channel(db, 2)
    await store(db, HF, *(entry(f"Paper Number {number}") for number in range(1, 5)))
    return db


def verdict(kind: VerdictKind = VerdictKind.POSTED, text: str = "posted", number: int = 1) -> Verdict:
    return Verdict(channel_id=ChannelId(number), due_at=NOW, at=NOW, kind=kind, text=text)


async def due_of(db: Database, number: int = 1) -> tuple[object, object]:
    found = await channels.get(db, ChannelId(number))
    assert found is not None
    return found.next_due, found.last_due


async def test_a_delivery_comes_back_as_it_was_claimed(ready: Database) -> None:
    post = Post(
        (
            Text("## *Tuesday* “é” 論文"),
            Line(),
            Row(
                (
                    Button(label="4 more", custom_id="paperboy:more:d1", primary=True),
                    Button(label="Open", url="https://a.example"),
                )
            ),
            Select("paperboy:pick", "Choose", (("1", "one"), ("2", "two"))),
        )
    )
    given = replace(delivery(shown=(2, 1), more=(4, 3)), post=post, held=("below the floor", ""), beyond=7)
    assert await deliveries.claim(ready, given, next_due=NOW + DAY)
    assert await deliveries.get(ready, given.id) == replace(given, next_try_at=NOW + TWO_MINUTES)
    assert await due_of(ready) == (NOW + DAY, NOW)
    with pytest.raises(NotFound, match="too old"):
        await deliveries.get(ready, DeliveryId("unknown"))


async def test_a_due_moment_is_claimed_once_however_many_race(ready: Database) -> None:
    claims = [
        deliveries.claim(ready, delivery(f"d{number}", shown=(1,)), next_due=NOW + DAY) for number in range(8)
    ]
    silences = [
        deliveries.record_silence(ready, verdict(VerdictKind.NOTHING), next_due=NOW + DAY) for _ in range(8)
    ]
    won = await asyncio.gather(*claims, *silences)
    assert won.count(True) == 1
    claimed = await rows(ready, "SELECT count(*) FROM deliveries")
    judged = await rows(ready, "SELECT kind FROM verdicts")
    assert (claimed, judged) in (([(1,)], [("waiting",)]), ([(0,)], [("nothing",)]))


async def test_a_channel_paused_or_moved_meanwhile_is_not_claimed(ready: Database) -> None:
    await channels.pause(ready, ONE, "by hand", now=NOW)
    assert not await deliveries.claim(ready, delivery(shown=(1,)), next_due=NOW + DAY)
    assert not await deliveries.record_silence(ready, verdict(), next_due=NOW + DAY)
    found = await channels.get(ready, ONE)
    assert found is not None
    await channels.resume(ready, found, next_due=NOW + DAY)
    assert not await deliveries.claim(ready, delivery(shown=(1,)), next_due=NOW + DAY)
    assert not await deliveries.claim(ready, delivery(number=99), next_due=NOW + DAY)
    for table in ("deliveries", "delivery_papers"):
        assert await rows(ready, f"SELECT count(*) FROM {table}") == [(0,)]
    # The moment that had come when it was paused.
    (judged,) = await verdicts.latest(ready, ONE)
    assert (judged.kind, judged.due_at, judged.text) == (VerdictKind.PAUSED, NOW, "paused: by hand")


async def test_a_moment_still_to_come_has_no_verdict_when_its_channel_is_paused(ready: Database) -> None:
    assert await channels.pause(ready, ONE, "by hand", now=NOW - timedelta(seconds=1))
    assert await verdicts.latest(ready, ONE) == ()


async def test_after_the_clock_was_set_back_a_claim_does_not_wait_for_it_to_catch_up(ready: Database) -> None:
    await deliveries.claim(ready, delivery(at=NOW + timedelta(hours=1)), next_due=NOW + DAY)
    assert await unsettled(ready, NOW) == ("d1",)


async def test_nor_does_a_try_that_was_put_off_by_a_clock_that_was_ahead(ready: Database) -> None:
    given = delivery()
    await deliveries.claim(ready, given, next_due=NOW + DAY)
    await deliveries.postpone(ready, given, None, next_try_at=NOW + timedelta(hours=3), trouble="down")
    assert await unsettled(ready, NOW) == ("d1",)


async def test_what_may_be_there_need_not_come_again(ready: Database) -> None:
    given = delivery(shown=(1, 2))
    await deliveries.claim(ready, given, next_due=NOW + DAY)
    await deliveries.give_up(ready, given, verdict(VerdictKind.FAILED), now=NOW, free=False)
    assert await deliveries.shown(ready, ONE, given.shown) == {1, 2}
    assert await unsettled(ready, NOW + DAY) == ()


async def test_a_channel_whose_delivery_is_on_its_way_is_not_due(ready: Database) -> None:
    await deliveries.claim(ready, delivery(kind=DeliveryKind.EXTRA), next_due=None)
    assert [found.id for found in await channels.due(ready, NOW)] == [2]
    await deliveries.mark_sent(ready, delivery(), MessageId(5), None)
    assert [found.id for found in await channels.due(ready, NOW)] == [1, 2]


async def test_a_paper_is_shown_once_to_a_channel_and_may_be_to_another(ready: Database) -> None:
    assert await deliveries.claim(ready, delivery("d1", shown=(1, 2), more=(3,)), next_due=NOW + DAY)
    assert await deliveries.claim(ready, delivery("d2", 2, shown=(1,)), next_due=NOW + DAY)
    everything = [PaperId(number) for number in range(1, 5)]
    assert await deliveries.shown(ready, ONE, everything) == {1, 2}
    assert await deliveries.shown(ready, ChannelId(2), everything) == {1}
    assert await deliveries.shown(ready, ONE, [PaperId(2)]) == {2}
    with pytest.raises(sqlite3.IntegrityError):
        async with ready.write() as tx:
            await tx.execute("INSERT INTO delivery_papers VALUES ('d1', 9, 1, 2, 1, NULL)")


async def test_a_paper_shown_or_joined_away_since_the_post_was_made_stops_the_claim(ready: Database) -> None:
    """A digest by hand and the scheduled one may be made at the same time: the later is made again."""
    extra = delivery("extra", kind=DeliveryKind.EXTRA, shown=(1, 2))
    assert await deliveries.claim(ready, extra, next_due=None)
    for shown, more in (((2, 3), ()), ((3, 99), ()), ((3,), (99,))):
        assert not await deliveries.claim(ready, delivery("d1", shown=shown, more=more), next_due=NOW + DAY)
        assert await due_of(ready) == (NOW, None)
    assert not await deliveries.claim(ready, replace(extra, id=DeliveryId("again")), next_due=None)
    assert await rows(ready, "SELECT id FROM deliveries") == [("extra",)]
    assert await deliveries.claim(ready, delivery("d1", shown=(3,), more=(1,)), next_due=NOW + DAY)


async def test_an_extra_delivery_leaves_the_schedule_alone(ready: Database) -> None:
    assert await deliveries.last_extra(ready, ONE) is None
    for name, at in (("x1", NOW - DAY), ("x2", NOW - timedelta(hours=1))):
        assert await deliveries.claim(ready, delivery(name, kind=DeliveryKind.EXTRA, due=at, at=at), next_due=None)
    assert await due_of(ready) == (NOW, None)
    assert await deliveries.last_extra(ready, ONE) == NOW - timedelta(hours=1)
    assert await deliveries.last_extra(ready, ChannelId(2)) is None
    given = await deliveries.get(ready, DeliveryId("x1"))
    await deliveries.mark_sent(ready, given, MessageId(5), None)
    assert await verdicts.latest(ready, ONE) == ()


async def unsettled(db: Database, now: datetime) -> tuple[DeliveryId, ...]:
    return await deliveries.unsettled(db, now, grace=GRACE)


async def test_a_claim_is_left_to_its_sender_for_the_lease_then_settled(ready: Database) -> None:
    await deliveries.claim(ready, delivery(), next_due=NOW + DAY)
    assert await unsettled(ready, NOW + TWO_MINUTES - timedelta(seconds=1)) == ()
    assert await unsettled(ready, NOW + TWO_MINUTES) == ("d1",)
    found = await deliveries.get(ready, DeliveryId("d1"))
    waiting = replace(verdict(VerdictKind.WAITING), text="error: down; next try at 13:00 UTC")
    await deliveries.postpone(ready, found, waiting, next_try_at=NOW + DAY, trouble="down")
    assert await verdicts.latest(ready, ONE) == (waiting,)
    assert await unsettled(ready, NOW + DAY - timedelta(seconds=1)) == ()
    assert await unsettled(ready, NOW + DAY) == ("d1",)
    postponed = await deliveries.get(ready, found.id)
    assert (postponed.attempts, postponed.trouble) == (1, "down")
    await deliveries.mark_sent(ready, found, MessageId(2**62), verdict())
    assert await unsettled(ready, NOW + 9 * DAY) == ()
    sent = await deliveries.get(ready, found.id)
    assert (sent.state, sent.message_id, sent.next_try_at) == (DeliveryState.SENT, 2**62, None)
    assert await verdicts.latest(ready, ONE) == (verdict(),)


async def test_the_oldest_claim_is_settled_first_and_a_paused_channel_waits(ready: Database) -> None:
    await deliveries.claim(ready, delivery("young", 1, at=NOW + timedelta(minutes=1)), next_due=NOW + DAY)
    await deliveries.claim(ready, delivery("old", 2), next_due=NOW + DAY)
    assert await unsettled(ready, NOW + DAY) == ("old", "young")
    await channels.pause(ready, ONE, "by hand", now=NOW)
    assert await unsettled(ready, NOW + DAY) == ("old",)
    # Nobody resumed it: what it claimed must come to an end all the same.
    assert await unsettled(ready, NOW + GRACE + DAY) == ("old", "young")


@pytest.mark.parametrize("pause", [None, "no permission"])
async def test_giving_up_frees_the_papers_and_pauses_only_with_a_reason(
    ready: Database, pause: str | None
) -> None:
    given = delivery(shown=(1, 2))
    await deliveries.claim(ready, given, next_due=NOW + DAY)
    kind = VerdictKind.PAUSED if pause else VerdictKind.FAILED
    assert await deliveries.give_up(ready, given, verdict(kind), pause=pause, now=NOW) == bool(pause)
    assert not await deliveries.give_up(ready, given, verdict(kind), pause=pause, now=NOW)
    assert await deliveries.shown(ready, ONE, given.shown) == set()
    assert (await deliveries.get(ready, given.id)).state == DeliveryState.REFUSED
    assert await unsettled(ready, NOW + DAY) == ()
    assert [found.kind for found in await verdicts.latest(ready, ONE)] == [kind]
    found = await channels.get(ready, ONE)
    assert found is not None
    assert (found.paused, found.next_due) == (pause, None if pause else NOW + DAY)
    again = delivery("again", shown=(1, 2), due=NOW + DAY)
    assert await deliveries.claim(ready, again, next_due=NOW + 2 * DAY) == (pause is None)


async def test_a_due_moment_keeps_one_verdict_newest_first(ready: Database) -> None:
    for day in range(3):
        given = Verdict(
            channel_id=ONE, due_at=NOW + day * DAY, at=NOW + day * DAY, kind=VerdictKind.NOTHING, text=f"day {day}"
        )
        assert await deliveries.record_silence(ready, given, next_due=NOW + (day + 1) * DAY)
        assert not await deliveries.record_silence(ready, given, next_due=NOW + 9 * DAY)
    assert [found.text for found in await verdicts.latest(ready, ONE)] == ["day 2", "day 1", "day 0"]
    assert [found.text for found in await verdicts.latest(ready, ONE, limit=1)] == ["day 2"]
    assert await due_of(ready) == (NOW + 3 * DAY, NOW + 2 * DAY)


async def test_the_last_good_moment_was_posted_or_had_nothing_to_post(ready: Database) -> None:
    assert await verdicts.last_well(ready, ONE, NOW + 9 * DAY) is None
    kinds = (VerdictKind.POSTED, VerdictKind.NOTHING, VerdictKind.FAILED, VerdictKind.PAUSED)
    expected = (NOW, NOW + DAY, NOW + DAY, NOW + DAY)
    for day, (kind, last) in enumerate(zip(kinds, expected, strict=True)):
        given = replace(verdict(kind), due_at=NOW + day * DAY)
        await deliveries.record_silence(ready, given, next_due=NOW + (day + 1) * DAY)
        assert await verdicts.last_well(ready, ONE, NOW + 9 * DAY) == last
    assert await verdicts.last_well(ready, ChannelId(2), NOW + 9 * DAY) is None


async def test_a_wrong_clocks_verdict_is_not_the_last_one(ready: Database) -> None:
    await deliveries.record_silence(ready, verdict(VerdictKind.NOTHING), next_due=NOW + DAY)
    async with ready.write() as tx:
        await verdicts.judge(tx, replace(verdict(), due_at=NOW + 90 * DAY))
    assert await verdicts.last_well(ready, ONE, NOW) == NOW
    assert await verdicts.last_well(ready, ONE, NOW - DAY) is None
    assert await verdicts.last_well(ready, ONE, NOW + 90 * DAY) == NOW + 90 * DAY


async def test_the_first_digest_since_a_moment_is_no_round_up(ready: Database) -> None:
    assert await verdicts.first_since(ready, ONE, NOW) is None
    async with ready.write() as tx:
        for days, occasion in ((0, Occasion.DIGEST), (1, Occasion.WEEKLY), (2, Occasion.DIGEST)):
            given = replace(verdict(text=f"day {days}"), due_at=NOW + days * DAY, occasion=occasion)
            await verdicts.judge(tx, given)
    for days, told in ((-5, "day 0"), (0, "day 0"), (1, "day 2"), (2, "day 2")):
        found = await verdicts.first_since(ready, ONE, NOW + days * DAY)
        assert found is not None
        assert found.text == told
    assert await verdicts.first_since(ready, ONE, NOW + 3 * DAY) is None
    assert await verdicts.first_since(ready, ChannelId(2), NOW) is None


async def test_a_paper_is_mentioned_with_what_became_of_it_newest_first(ready: Database) -> None:
    left = replace(delivery("d0", shown=(2,), more=(1,)), held=("below the floor",))
    assert await deliveries.claim(ready, left, next_due=NOW + DAY)
    extra = delivery("d1", kind=DeliveryKind.EXTRA, at=NOW + DAY, shown=(1,))
    assert await deliveries.claim(ready, extra, next_due=None)
    await deliveries.mark_sent(ready, extra, MessageId(99), None)
    assert await deliveries.mentions(ready, ONE, PaperId(1)) == (
        Mention(
            due_at=NOW, kind=DeliveryKind.EXTRA, state=DeliveryState.SENT, shown=True, message_id=MessageId(99)
        ),
        Mention(
            due_at=NOW,
            kind=DeliveryKind.SCHEDULED,
            state=DeliveryState.CLAIMED,
            shown=False,
            held="below the floor",
        ),
    )
    assert await deliveries.mentions(ready, ChannelId(2), PaperId(1)) == ()
    assert await deliveries.mentions(ready, ONE, PaperId(4)) == ()
    await deliveries.give_up(ready, left, None, now=NOW)
    (mention,) = await deliveries.mentions(ready, ONE, PaperId(2))
    assert (mention.state, mention.shown) == (DeliveryState.REFUSED, False)


async def test_digests_are_counted_without_round_ups_and_refusals(ready: Database) -> None:
    assert await deliveries.count(ready, ONE) == 0
    kinds = (DeliveryKind.SCHEDULED, DeliveryKind.EXTRA, DeliveryKind.EXTRA)
    for number, kind in enumerate(kinds):
        given = delivery(f"d{number}", kind=kind, at=NOW + number * DAY)
        assert await deliveries.claim(ready, given, next_due=NOW + DAY)
    async with ready.write() as tx:
        await tx.execute(
            """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post)
            VALUES ('w', 1, 'weekly', 1, 1, 'sent', '{}')"""
        )
    assert await deliveries.count(ready, ONE) == 3
    await deliveries.give_up(ready, await deliveries.get(ready, DeliveryId("d2")), None, now=NOW)
    assert await deliveries.count(ready, ONE) == 2
    assert await deliveries.count(ready, ChannelId(2)) == 0
