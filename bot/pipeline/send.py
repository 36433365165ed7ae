"""A claimed delivery leaves: posted and marked, looked for before it is posted again, or given up.

Owns: what happens between a claim and its last verdict, and the words of those verdicts. Refuses: deciding
what is due and what is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.digest import post
from bot.errors import CannotLook, DeliveryError, TryLater
from bot.models import Delivery, DeliveryKind, MessageId, Publisher, Verdict, VerdictKind
from bot.papers.trending import counted
from bot.pipeline import alert
from storage import channels, deliveries
from storage.database import Database

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

BUG = "an internal error; the operator finds it in the log"
MISSED = "missed, Paperboy was not running, not connected to Discord or could not write"
FOLDS = "its papers fold into the next digest"
PASSES = "the next one comes in a week; what was new in it is left to the digests"
"""What becomes of a round-up that is not posted."""
_NONCE = timedelta(minutes=2)
"""Discord drops a second post with the same nonce for a few minutes; so much of that is relied on."""
_LATE = timedelta(minutes=15)
"""From here on a digest says that it is late."""
_HOPE = timedelta(hours=12)
"""After the grace, for so long it is still tried to find out whether a digest is there: the next day's waits."""
_FIRST_WAIT, _LAST_WAIT = timedelta(minutes=1), timedelta(minutes=30)
"""Between two tries, where Discord asks for no longer pause."""


async def send(db: Database, publisher: Publisher, delivery: Delivery, *, now: datetime) -> DeliveryError | None:
    """Post what was claimed just now, and mark it; the error where it is not known to have arrived."""
    try:
        message = await _publish(publisher, delivery, now)
    except DeliveryError as error:
        await _failed(db, publisher, delivery, error, now=now)
        return error
    await _arrived(db, delivery, message, now=now, posted_now=True)
    return None


async def settle(
    db: Database,
    publisher: Publisher,
    delivery: Delivery,
    *,
    now: datetime,
    grace: timedelta,
    post_when_unsure: bool,
) -> None:
    """Bring what was claimed and not marked to its end: it may be in the channel already, so look first.

    Where nobody can look, Discord itself still knows the nonce for a while; after that `post_when_unsure`
    decides. What is no more worth posting is only looked for.
    """
    unsure: CannotLook | None = None
    try:
        try:
            message = await _find(publisher, delivery, hopeless=now - delivery.due_at > grace + _HOPE)
        except CannotLook as error:
            message, unsure = None, error
        if message is not None:
            await _arrived(db, delivery, message, now=now)
            return
        known = now - delivery.claimed_at <= _NONCE
        may = post_when_unsure or unsure is None or known
        if reason := await _no_use(db, delivery, unsure, now=now, grace=grace, may=may):
            # What may be there must not come twice, where that was wished.
            await _give_up(db, publisher, delivery, reason, now=now, free=unsure is None or post_when_unsure)
            return
        message = await _publish(publisher, delivery, now)
    except DeliveryError as error:
        await _failed(db, publisher, delivery, error, now=now)
        return
    note = f"; it may be there twice, because {unsure}" if unsure and not known else ""
    await _arrived(db, delivery, message, now=now, posted_now=True, note=note)


async def _no_use(
    db: Database, delivery: Delivery, unsure: CannotLook | None, *, now: datetime, grace: timedelta, may: bool
) -> str:
    """Why a delivery that was not found is not posted any more; "" where it is."""
    doubt = f" (or it is there: {unsure})" if unsure else f" ({delivery.trouble})" if delivery.trouble else ""
    if now - delivery.due_at > grace:
        return f"not posted within {counted(grace // timedelta(hours=1), 'hour')}{doubt}"
    channel = await channels.get(db, delivery.channel_id)
    following = channel.next_due if channel else None
    if delivery.kind is DeliveryKind.WEEKLY and channel:
        if channel.round_up is None:
            return "turned off before it was posted"
        following = channel.round_up.next_due
    if delivery.kind.occasion and following and following <= now:
        # Never two in a row.
        return f"not posted before the next one was due{doubt}"
    return "" if may else f"not posted again, because it may be there: {unsure}"


async def _find(publisher: Publisher, delivery: Delivery, *, hopeless: bool) -> MessageId | None:
    try:
        return await _tried(delivery, publisher.find(delivery))
    except TryLater as error:
        if not hopeless:
            raise
        # A look that never succeeds must not hold up the channel for ever.
        raise CannotLook(delivery.channel_id, str(error)) from error


async def _publish(publisher: Publisher, delivery: Delivery, now: datetime) -> MessageId:
    content = post.late(delivery.post, delivery.due_at) if _is_late(delivery, now) else delivery.post
    return await _tried(delivery, publisher.publish(delivery.channel_id, content, delivery.id))


async def _tried(delivery: Delivery, asking: Awaitable[Answer]) -> Answer:
    """A bug on the way to Discord is retried like an outage, so that it ends in a verdict too."""
    try:
        return await asking
    except DeliveryError:
        raise
    except Exception as error:
        log.exception("channel %s: asking Discord failed", delivery.channel_id)
        raise TryLater(delivery.channel_id, BUG) from error


async def _arrived(
    db: Database,
    delivery: Delivery,
    message: MessageId,
    *,
    now: datetime,
    posted_now: bool = False,
    note: str = "",
) -> None:
    if delivery.kind is DeliveryKind.WEEKLY:
        told = f"posted, with {counted(len(delivery.shown), 'paper')} not shown here before"
    else:
        told = f"posted {counted(len(delivery.shown), 'paper')}"
    if delivery.more:
        told += f", {len(delivery.more)} more behind its button"
    if posted_now and _is_late(delivery, now):
        told += f", {_duration(now - delivery.due_at)} late"
    told = "; ".join(filter(None, (told + note, delivery.note)))
    await deliveries.mark_sent(db, delivery, message, _verdict(delivery, VerdictKind.POSTED, told, now=now))


async def _failed(
    db: Database, publisher: Publisher, delivery: Delivery, error: DeliveryError, *, now: datetime
) -> None:
    """Wait for the next try, or pause the channel where no try can help."""
    if isinstance(error, TryLater):
        log.warning("channel %s: %s", delivery.channel_id, error)
        wait = min(_FIRST_WAIT * 2 ** min(delivery.attempts, 10), _LAST_WAIT)
        again = now + min(max(wait, timedelta(seconds=error.after or 0)), deliveries.LONGEST_WAIT)
        told = f"error: {error}; next try at {again:%H:%M} UTC"
        waiting = _verdict(delivery, VerdictKind.WAITING, told, now=now)
        await deliveries.postpone(db, delivery, waiting, next_try_at=again, trouble=str(error))
        return
    log.warning("channel %s is paused: %s", delivery.channel_id, error)
    verdict = _verdict(delivery, VerdictKind.PAUSED, f"paused: {error}", now=now)
    paused = await deliveries.give_up(db, delivery, verdict, now=now, pause=str(error))
    channel = await channels.get(db, delivery.channel_id)
    if paused and channel:
        await alert.tell(db, publisher, channel, f"is paused: {error}")


async def _give_up(
    db: Database, publisher: Publisher, delivery: Delivery, reason: str, *, now: datetime, free: bool
) -> None:
    log.warning("channel %s: %s", delivery.channel_id, reason)
    lost = PASSES if delivery.kind is DeliveryKind.WEEKLY else FOLDS
    told = f"{reason}; {lost if free else 'its papers do not come again'}"
    await deliveries.give_up(
        db, delivery, _verdict(delivery, VerdictKind.FAILED, told, now=now), now=now, free=free
    )
    if channel := await channels.get(db, delivery.channel_id):
        await alert.if_failing(db, publisher, channel, now)


def _verdict(delivery: Delivery, kind: VerdictKind, text: str, *, now: datetime) -> Verdict | None:
    """None for an extra one: no due moment asked for it."""
    occasion = delivery.kind.occasion
    if occasion is None:
        return None
    return Verdict(
        channel_id=delivery.channel_id, due_at=delivery.due_at, at=now, kind=kind, text=text, occasion=occasion
    )


def _is_late(delivery: Delivery, now: datetime) -> bool:
    """An extra one has no time that it could miss."""
    return delivery.kind.occasion is not None and now - delivery.due_at > _LATE


def _duration(length: timedelta) -> str:
    """ "25 minutes", "2 hours"."""
    minutes = length // timedelta(minutes=1)
    return counted(minutes, "minute") if minutes < 100 else counted(round(minutes / 60), "hour")
