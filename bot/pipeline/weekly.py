"""Round-ups become due: composed and claimed, then sent as digests are; or a verdict that says why not.

What was claimed and not marked is settled with the digests (`bot.pipeline.deliver`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from bot.digest import compose, due, weekly
from bot.errors import NotFound, StorageError
from bot.feeds import huggingface
from bot.models import (
    Channel,
    ChannelId,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Digest,
    Hit,
    Occasion,
    Publisher,
    Query,
    RoundUp,
    Verdict,
    VerdictKind,
)
from bot.pipeline import alert
from bot.pipeline.candidates import CANDIDATES, Candidates, Own, Reach
from bot.pipeline.deliver import GRACE, catch_up, each
from bot.pipeline.draft import topics_of
from bot.pipeline.send import BUG, MISSED, PASSES, send
from storage import channels, deliveries, round_ups, verdicts
from storage.database import Database

log = logging.getLogger(__name__)

WEEK = timedelta(days=7)


async def deliver_weekly_due(
    db: Database, publisher: Publisher, *, now: datetime, grace: timedelta = GRACE
) -> int:
    """Give every channel whose round-up is due one, or a verdict: after the digests, because what these show
    counts as shown.

    One channel's trouble never stops another's. Returns the number of channels that were due.
    """

    async def handle(channel_id: ChannelId) -> None:
        channel = await channels.get(db, channel_id)
        if channel is None or channel.round_up is None:
            return
        try:
            await _deliver(db, publisher, channel, channel.round_up, weeks, now=now, grace=grace)
        except StorageError:
            raise
        except Exception:
            # A bug in one channel's round-up must not repeat for ever.
            log.exception("channel %s: its round-up failed", channel_id)
            await _fail(db, publisher, channel, channel.round_up, now=now)

    waiting = await round_ups.due(db, now)
    if waiting:
        weeks = Weeks(db, now)
        await each(handle, waiting)
    return len(waiting)


async def preview(db: Database, channel: Channel, *, now: datetime) -> tuple[weekly.Week, str]:
    """The round-up that the channel would get at `now`, and why it is empty where it is. Posts and stores
    nothing."""
    week, _, why = await Weeks(db, now).of(channel, now)
    return week, why


async def turn_on(db: Database, channel_id: ChannelId, day: int, post_at: time, *, now: datetime) -> Channel:
    """Give the channel a round-up, or change when it comes; as for digests, one that was still to come today comes
    today or at once, and a local day that had one gets no second. Raises NotFound."""
    while True:
        channel = await channels.get(db, channel_id)
        if channel is None:
            raise NotFound("There is no digest here any more: `/subscribe` begins one.")
        before = channel.round_up
        # One that was turned off may have been posted today.
        served = before.last_due if before else await round_ups.last_due(db, channel_id)
        wanted = RoundUp(day=day, post_at=post_at, last_due=served)
        following = due.after_change(
            due.weekly(channel.schedule, wanted), now, pending=before.next_due if before else None, served=served
        )
        # A round-up or another change in between: reckon again.
        if await round_ups.turn_on(db, channel, replace(wanted, next_due=following)):
            return await channels.get(db, channel_id) or channel


class Weeks:
    """What channels' weeks were: asked once, however many channels have it in common."""

    def __init__(self, db: Database, now: datetime) -> None:
        self._db, self._now = db, now
        self._matched = Candidates(db, now)
        self._votes: dict[Reach, asyncio.Task[tuple[int, ...]]] = {}

    async def of(self, channel: Channel, moment: datetime) -> tuple[weekly.Week, VerdictKind, str]:
        """(the week up to `moment`, how its due moment ends, what is to be told: why it is empty, or the sources
        whose papers may be missing)."""
        topics = tuple(await topics_of(self._db, channel))
        own = await self._matched.own(channel.guild_id)
        # With the list that was open at the last one: its votes had only begun to come.
        reach = Reach.after(moment - WEEK, first=True)
        found = await asyncio.gather(*(self._matched.of(topic, reach, own) for topic in topics))
        hits = dict(zip(topics, found, strict=True))
        ids = {hit.paper.id for found in hits.values() for hit in found if hit.paper.id is not None}
        had, shown = await round_ups.shown(self._db, channel.id, ids, since=moment - WEEK)
        listed = await self._matched.seen(reach, own)
        last = await verdicts.last_well(self._db, channel.id, self._now)
        week = await asyncio.to_thread(
            weekly.compose,
            topics,
            hits,
            shown={paper: due.local_day(channel.schedule, when) for paper, when in had.items()},
            figures=weekly.Figures(listed=listed, shown=shown, votes=await self._voted(reach)),
            cap=CANDIDATES,
            due_at=moment,
            day=due.local_day(channel.schedule, moment),
            digested=huggingface.day_of(last) if last else None,
        )
        if week.sections:
            return week, VerdictKind.POSTED, await self._matched.trouble(own)
        return week, *await self._silence(topics, hits, reach, own, listed)

    async def _silence(
        self, topics: Sequence[Query], hits: dict[Query, tuple[Hit, ...]], reach: Reach, own: Own, listed: int
    ) -> tuple[VerdictKind, str]:
        empty = Digest(day=self._now.date(), papers=(), more=(), topics=tuple(topic.text for topic in topics))
        return compose.silence(
            empty,
            hits,
            seen=listed,
            since=reach.since,
            today=huggingface.day_of(self._now),
            trouble=await self._matched.trouble(own),
        )

    async def _voted(self, reach: Reach) -> tuple[int, ...]:
        """The votes of all the week's papers: of everybody's feeds, because no added one counts any."""

        async def ask() -> tuple[int, ...]:
            return await round_ups.votes(self._db, await self._matched.news(reach))

        if reach not in self._votes:
            self._votes[reach] = asyncio.create_task(ask())
        return await self._votes[reach]


async def _deliver(
    db: Database,
    publisher: Publisher,
    channel: Channel,
    round_up: RoundUp,
    weeks: Weeks,
    *,
    now: datetime,
    grace: timedelta,
) -> None:
    def missed(passed: datetime) -> Verdict:
        return _verdict(channel, passed, now, VerdictKind.MISSED, f"{MISSED}; {PASSES}")

    schedule = due.weekly(channel.schedule, round_up)
    caught_up = await catch_up(db, schedule, round_up.next_due, missed, now=now, grace=grace)
    if caught_up is None:
        return
    moment, following = caught_up
    week, kind, why = await weeks.of(channel, moment)
    if not week.sections:
        await deliveries.record_silence(db, _verdict(channel, moment, now, kind, why), next_due=following)
        return
    delivery = await asyncio.to_thread(_delivery, channel, week, now, why)
    # Where a digest was quicker with one of its papers, the next tick composes it again.
    if await deliveries.claim(db, delivery, next_due=following):
        await send(db, publisher, delivery, now=now)


async def _fail(db: Database, publisher: Publisher, channel: Channel, round_up: RoundUp, *, now: datetime) -> None:
    """The verdict of a round-up that a bug prevented; where even that fails, the channel pauses."""
    try:
        moment = round_up.next_due or now
        following = due.next_due(due.weekly(channel.schedule, round_up), now, served=moment)
        verdict = _verdict(channel, moment, now, VerdictKind.FAILED, f"error: {BUG}; {PASSES}")
        await deliveries.record_silence(db, verdict, next_due=following)
    except Exception:
        log.exception("channel %s is paused", channel.id)
        if await channels.pause(db, channel.id, BUG, now=now):
            await alert.tell(db, publisher, channel, f"is paused: {BUG}")


def _delivery(channel: Channel, week: weekly.Week, now: datetime, note: str) -> Delivery:
    number = DeliveryId(secrets.token_hex(10))
    message, fitted = weekly.weekly_post(week, number)
    return Delivery(
        id=number,
        channel_id=channel.id,
        kind=DeliveryKind.WEEKLY,
        due_at=week.due_at,
        claimed_at=now,
        state=DeliveryState.CLAIMED,
        post=message,
        note=note,
        shown=fitted.fresh,
    )


def _verdict(channel: Channel, moment: datetime, now: datetime, kind: VerdictKind, text: str) -> Verdict:
    return Verdict(channel_id=channel.id, due_at=moment, at=now, kind=kind, text=text, occasion=Occasion.WEEKLY)
