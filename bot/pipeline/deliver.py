"""Digests go out: composed, claimed, sent, marked; or a verdict that says why not."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from bot.digest import due, post
from bot.errors import DeliveryError, StorageError, TryLater, UserError
from bot.models import (
    Channel,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Digest,
    MessageId,
    Publisher,
    Verdict,
    VerdictKind,
)
from bot.papers import trending
from bot.pipeline import alert
from bot.pipeline.draft import Candidates, draft, topics_of
from storage import channels, deliveries
from storage.database import Database

log = logging.getLogger(__name__)

GRACE = timedelta(hours=6)
"""A digest that could not be posted at its due moment is still worth posting for so long."""
_COOLDOWN = timedelta(minutes=10)
_BUG = "an internal error; the operator finds it in the log"
_AT_ONCE = 8
"""Channels sent to at the same time."""


async def deliver_due(db: Database, publisher: Publisher, *, now: datetime) -> int:
    """Settle what was claimed and not marked, then give every due channel its digest or its verdict.

    One channel's trouble never stops another's. Returns the number of channels that were due.
    """
    slots = asyncio.Semaphore(_AT_ONCE)
    matched = Candidates(db, now)

    async def settle(delivery_id: DeliveryId) -> None:
        async with slots:
            try:
                await _send(db, publisher, await deliveries.get(db, delivery_id), now=now, settle=True)
            except StorageError as error:
                log.error("delivery %s waits: %s", delivery_id, error)
            except Exception:
                log.exception("delivery %s is given up", delivery_id)
                await deliveries.abandon(db, delivery_id, _BUG, now=now)

    async def handle(channel: Channel) -> None:
        async with slots:
            try:
                await _deliver(db, publisher, channel, matched, now=now)
            except StorageError as error:
                # Its due time stays: the next tick tries again.
                log.error("channel %s: its digest waits: %s", channel.id, error)
            except Exception:
                # A bug in one channel's digest must not repeat for ever.
                log.exception("channel %s: its digest failed", channel.id)
                await _fail(db, channel, now=now)

    await asyncio.gather(*map(settle, await deliveries.unsettled(db, now)))
    waiting = await channels.due(db, now)
    await asyncio.gather(*map(handle, waiting))
    return len(waiting)


async def _fail(db: Database, channel: Channel, *, now: datetime) -> None:
    """The verdict of a digest that a bug prevented; where even that fails, the channel pauses."""
    try:
        verdict = _verdict(channel, now, VerdictKind.FAILED, _BUG)
        await deliveries.record_silence(db, verdict, next_due=_following(channel, now))
    except Exception:
        log.exception("channel %s is paused", channel.id)
        await channels.pause(db, channel.id, _BUG)


async def _deliver(
    db: Database, publisher: Publisher, channel: Channel, matched: Candidates, *, now: datetime
) -> None:
    caught_up = await _catch_up(db, channel, now=now)
    if caught_up is None:
        return
    channel = caught_up
    topics = await topics_of(db, channel)
    digest, why = await draft(db, channel, topics, matched, now=now, moment=channel.next_due or now)
    if not digest.papers:
        verdict = _verdict(channel, now, VerdictKind.NOTHING, why)
        await deliveries.record_silence(db, verdict, next_due=_following(channel, now))
        return
    delivery = await asyncio.to_thread(_delivery, channel, digest, DeliveryKind.SCHEDULED, now)
    if await deliveries.claim(db, delivery, next_due=_following(channel, now)):
        await _send(db, publisher, delivery, now=now)


async def _catch_up(db: Database, channel: Channel, *, now: datetime) -> Channel | None:
    """The channel at the due moment that is worth a digest now, with a verdict for each that came and
    went unseen; None where the next one is still to come, or somebody else was quicker."""
    while channel.next_due and now - channel.next_due > GRACE:
        following = _following(channel, channel.next_due)
        told = "missed, Paperboy was not running; the papers fold into the next digest"
        verdict = _verdict(channel, now, VerdictKind.MISSED, told)
        if not await deliveries.record_silence(db, verdict, next_due=following):
            return None
        channel = replace(channel, next_due=following, last_due=channel.next_due)
    return channel if channel.next_due and channel.next_due <= now else None


async def deliver_now(db: Database, publisher: Publisher, channel: Channel, *, now: datetime) -> Delivery:
    """An extra digest, by hand: what it shows the scheduled one skips, and the due time stays.

    Raises UserError where it must wait or has nothing to show, TryLater where it will be posted once Discord
    answers, other DeliveryErrors where it will not.
    """
    if channel.paused:
        raise UserError(f"<#{channel.id}> is paused. `/digest resume` ends that.")
    last = await deliveries.last_extra(db, channel.id)
    if last and now - last < _COOLDOWN:
        minutes = -(-(_COOLDOWN - (now - last)).seconds // 60)
        raise UserError(f"There was one just now: ask again in {trending.counted(minutes, 'minute')}.")
    topics = await topics_of(db, channel)
    digest, why = await draft(db, channel, topics, Candidates(db, now), now=now, moment=now)
    if not digest.papers:
        raise UserError(f"{why[0].upper()}{why[1:]}.")
    delivery = await asyncio.to_thread(_delivery, channel, digest, DeliveryKind.EXTRA, now)
    if not await deliveries.claim(db, delivery, next_due=None):
        raise UserError(
            "Another digest of this channel was posted at the same moment. Ask again if you want one more."
        )
    if error := await _send(db, publisher, delivery, now=now):
        raise error
    return delivery


def _delivery(channel: Channel, digest: Digest, kind: DeliveryKind, now: datetime) -> Delivery:
    number = DeliveryId(secrets.token_hex(10))
    message, fitted = post.digest_post(digest, number)
    return Delivery(
        id=number,
        channel_id=channel.id,
        kind=kind,
        due_at=channel.next_due if kind is DeliveryKind.SCHEDULED and channel.next_due else now,
        claimed_at=now,
        state=DeliveryState.CLAIMED,
        post=message,
        shown=tuple(match.paper.id for match in fitted.papers if match.paper.id is not None),
        more=tuple(match.paper.id for match in fitted.more if match.paper.id is not None),
    )


async def _send(
    db: Database, publisher: Publisher, delivery: Delivery, *, now: datetime, settle: bool = False
) -> DeliveryError | None:
    """Send a claimed delivery and mark it; the error where it did not arrive.

    One that may have been sent before is looked for first.
    """
    scheduled = delivery.kind is DeliveryKind.SCHEDULED

    def verdict(kind: VerdictKind, text: str) -> Verdict | None:
        if not scheduled:
            return None
        return Verdict(channel_id=delivery.channel_id, due_at=delivery.due_at, at=now, kind=kind, text=text)

    # Yesterday's paper, claimed before a long stop or pause, is only looked for.
    stale = now - delivery.claimed_at > GRACE
    try:
        message = await publisher.find(delivery) if settle else None
        if message is None and stale:
            told = f"not posted within {GRACE.seconds // 3600} hours; the papers fold into the next digest"
            await deliveries.give_up(db, delivery, verdict(VerdictKind.FAILED, told), pause=None)
            return TryLater(delivery.channel_id, told)
        if message is None:
            message = await _publish(publisher, delivery)
    except TryLater as error:
        log.warning("channel %s: %s", delivery.channel_id, error)
        wait = min(timedelta(minutes=1) * 2 ** min(delivery.attempts, 10), timedelta(minutes=30))
        await deliveries.postpone(db, delivery, next_try_at=now + wait)
        return error
    except DeliveryError as error:
        log.warning("channel %s is paused: %s", delivery.channel_id, error)
        await deliveries.give_up(db, delivery, verdict(VerdictKind.PAUSED, f"paused: {error}"), pause=str(error))
        channel = await channels.get(db, delivery.channel_id)
        if channel:
            await alert.tell(db, publisher, channel, f"is paused: {error}")
        return error
    told = f"posted {trending.counted(len(delivery.shown), 'paper')}"
    if delivery.more:
        told += f", {len(delivery.more)} more behind its button"
    await deliveries.mark_sent(db, delivery, message, verdict(VerdictKind.POSTED, told))
    return None


async def _publish(publisher: Publisher, delivery: Delivery) -> MessageId:
    """A bug on the way to Discord is retried like an outage, so that it ends in a verdict too."""
    try:
        return await publisher.publish(delivery.channel_id, delivery.post, delivery.id)
    except DeliveryError:
        raise
    except Exception as error:
        log.exception("channel %s: sending failed", delivery.channel_id)
        raise TryLater(delivery.channel_id, _BUG) from error


def _verdict(channel: Channel, now: datetime, kind: VerdictKind, text: str) -> Verdict:
    return Verdict(channel_id=channel.id, due_at=channel.next_due or now, at=now, kind=kind, text=text)


def _following(channel: Channel, now: datetime) -> datetime:
    return due.next_due(channel.schedule, now, served=channel.next_due)
