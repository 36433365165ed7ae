"""Digests become due: composed and claimed, then sent; or a verdict that says why not."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.digest import due, post
from bot.digest.answer import named
from bot.digest.markup import escape
from bot.errors import NotFound, StorageError, UserError
from bot.models import (
    Channel,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Draft,
    Publisher,
    Schedule,
    Verdict,
    VerdictKind,
)
from bot.papers.trending import counted
from bot.pipeline import alert
from bot.pipeline.candidates import Candidates
from bot.pipeline.draft import draft, topics_of
from bot.pipeline.rewriting import Sitting, Writer
from bot.pipeline.send import BUG, FOLDS, MISSED, send, settle
from storage import channels, deliveries
from storage.database import Database

log = logging.getLogger(__name__)

GRACE = timedelta(hours=6)
"""A digest that could not be posted at its due moment is still worth posting for so long, unless set."""
_COOLDOWN = timedelta(minutes=10)
_AT_ONCE = 32
"""Channels handled at the same time: Discord takes some 50 posts a second and a fifth of one for each."""

Item = TypeVar("Item")


async def deliver_due(
    db: Database,
    publisher: Publisher,
    *,
    now: datetime,
    grace: timedelta = GRACE,
    post_when_unsure: bool = True,
    writer: Writer | None = None,
) -> int:
    """Settle what was claimed and not marked, then give every due channel its digest or its verdict.

    `writer` gives summaries where a source has none. One channel's trouble never stops another's. Returns the
    number of channels that were due.
    """
    matched = Candidates(db, now)
    sitting = writer.sitting(now) if writer else None

    async def bring_to_end(delivery_id: DeliveryId) -> None:
        try:
            delivery = await deliveries.get(db, delivery_id)
            await settle(db, publisher, delivery, now=now, grace=grace, post_when_unsure=post_when_unsure)
        except StorageError:
            raise
        except NotFound:
            pass  # it went with its channel
        except Exception:
            log.exception("delivery %s is given up", delivery_id)
            await deliveries.abandon(db, delivery_id, f"error: {BUG}; {FOLDS}", now=now)

    async def handle(channel: Channel) -> None:
        try:
            await _deliver(db, publisher, channel, matched, sitting, now=now, grace=grace)
        except StorageError:
            raise
        except Exception:
            # A bug in one channel's digest must not repeat for ever.
            log.exception("channel %s: its digest failed", channel.id)
            await _fail(db, publisher, channel, now=now)

    await each(bring_to_end, await deliveries.unsettled(db, now, grace=grace))
    waiting = await channels.due(db, now)
    await each(handle, waiting)
    return len(waiting)


async def each(work: Callable[[Item], Awaitable[None]], items: Iterable[Item]) -> None:
    """`work` on every item, some at the same time. No error ends the others; what the database cannot take now
    the next tick brings."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            try:
                await work(item)
            except StorageError as error:
                log.error("a digest waits: %s", error)
            except Exception:
                log.exception("a digest waits")

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


async def _fail(db: Database, publisher: Publisher, channel: Channel, *, now: datetime) -> None:
    """The verdict of a digest that a bug prevented; where even that fails, the channel pauses."""
    try:
        following = due.next_due(channel.schedule, now, served=channel.next_due)
        moment = channel.next_due or now
        verdict = _verdict(channel, moment, now, VerdictKind.FAILED, f"error: {BUG}; {FOLDS}")
        await deliveries.record_silence(db, verdict, next_due=following)
        await alert.if_failing(db, publisher, channel, now)
    except Exception:
        log.exception("channel %s is paused", channel.id)
        if await channels.pause(db, channel.id, BUG, now=now):
            await alert.tell(db, publisher, channel, f"is paused: {BUG}")


async def _deliver(
    db: Database,
    publisher: Publisher,
    channel: Channel,
    matched: Candidates,
    sitting: Sitting | None,
    *,
    now: datetime,
    grace: timedelta,
) -> None:
    def missed(passed: datetime) -> Verdict:
        return _verdict(channel, passed, now, VerdictKind.MISSED, f"{MISSED}; {FOLDS}")

    caught_up = await catch_up(db, channel.schedule, channel.next_due, missed, now=now, grace=grace)
    if caught_up is None:
        return
    moment, following = caught_up
    topics = await topics_of(db, channel)
    drafted = await draft(db, channel, topics, matched, now=now, moment=moment)
    if not drafted.digest.papers:
        verdict = _verdict(channel, moment, now, drafted.kind, drafted.why)
        await deliveries.record_silence(db, verdict, next_due=following)
        return
    if sitting:
        drafted = replace(drafted, digest=await sitting(drafted.digest))
    delivery = await asyncio.to_thread(_delivery, channel, drafted, DeliveryKind.SCHEDULED, moment, now)
    if await deliveries.claim(db, delivery, next_due=following):
        await send(db, publisher, delivery, now=now)


async def catch_up(
    db: Database,
    schedule: Schedule,
    moment: datetime | None,
    missed: Callable[[datetime], Verdict],
    *,
    now: datetime,
    grace: timedelta,
) -> tuple[datetime, datetime] | None:
    """(the due moment that is worth a post now, the one after it), from the `moment` that is next on; each that
    came and went ends in a verdict as `missed` tells it: of several only the last gets a post. None where the next
    one is still to come, or somebody else was quicker."""
    while moment and moment <= now:
        following = due.next_due(schedule, moment, served=moment)
        if now - moment <= grace and following > now:
            return moment, following
        if not await deliveries.record_silence(db, missed(moment), next_due=following):
            return None
        moment = following
    return None


async def deliver_now(
    db: Database, publisher: Publisher, channel: Channel, *, now: datetime, writer: Writer | None = None
) -> Delivery:
    """An extra digest, by hand: what it shows the scheduled one skips, and the due time stays.

    Raises UserError where it must wait or has nothing to show, TryLater where it will be posted once Discord
    answers, other DeliveryErrors where it will not.
    """
    if channel.paused:
        raise UserError(f"{named(channel.id, channel.owner, begin=True)} is paused. `/digest resume` ends that.")
    last = await deliveries.last_extra(db, channel.id)
    if last and timedelta(0) <= now - last < _COOLDOWN:
        minutes = -(-(_COOLDOWN - (now - last)).seconds // 60)
        raise UserError(f"There was one just now: ask again in {counted(minutes, 'minute')}.")
    topics = await topics_of(db, channel)
    drafted = await draft(db, channel, topics, Candidates(db, now), now=now, moment=now, by_hand=True)
    if not drafted.digest.papers:
        # It may name a paper, and an answer is markdown.
        raise UserError(f"{escape(drafted.why[0].upper() + drafted.why[1:])}.")
    if writer:
        drafted = replace(drafted, digest=await writer.sitting(now)(drafted.digest))
    delivery = await asyncio.to_thread(_delivery, channel, drafted, DeliveryKind.EXTRA, now, now)
    if not await deliveries.claim(db, delivery, next_due=None):
        raise UserError(
            "Another digest was posted there, or it was paused, at the same moment. Ask again if you want one "
            "more."
        )
    if error := await send(db, publisher, delivery, now=now):
        raise error
    return delivery


def _delivery(channel: Channel, drafted: Draft, kind: DeliveryKind, moment: datetime, now: datetime) -> Delivery:
    number = DeliveryId(secrets.token_hex(10))
    message, fitted = post.digest_post(drafted.digest, number)
    return Delivery(
        id=number,
        channel_id=channel.id,
        kind=kind,
        due_at=moment,
        claimed_at=now,
        state=DeliveryState.CLAIMED,
        post=message,
        note=drafted.note,
        shown=tuple(match.paper.id for match in fitted.papers if match.paper.id is not None),
        more=tuple(match.paper.id for match in fitted.more if match.paper.id is not None),
        held=tuple(match.held for match in fitted.more if match.paper.id is not None),
        beyond=fitted.beyond,
    )


def _verdict(channel: Channel, moment: datetime, now: datetime, kind: VerdictKind, text: str) -> Verdict:
    return Verdict(channel_id=channel.id, due_at=moment, at=now, kind=kind, text=text)
