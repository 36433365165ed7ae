"""Questions are answered: `/search`, "n more", and what a subscription would bring."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.digest import answer as answers
from bot.digest import compose, due
from bot.errors import NotFound
from bot.feeds import huggingface
from bot.models import (
    Answer,
    Channel,
    ChannelId,
    DeliveryId,
    GuildId,
    Hit,
    Offer,
    Paper,
    Query,
    Schedule,
)
from bot.papers import query, trending
from bot.pipeline.deliver import CANDIDATES
from storage import channels, deliveries, papers
from storage import search as index
from storage.database import Database

_WIDER = 100
"""Hits with only some of the words, at most."""


async def search(db: Database, text: str, *, now: datetime, limit: int = answers.PAGE, offset: int = 0) -> Answer:
    """One page of the archive's answer: the papers that answer strictly, then those with some of the
    words, marked as wider. Raises InvalidQuery."""
    asked = query.parse(text)
    today = now.date()
    hits, total = await index.search(db, asked, today=today, limit=limit, offset=offset)
    wider = 0
    if len(asked.words) > 1 and total < offset + limit:
        more, wider = await index.search(
            db,
            asked,
            today=today,
            limit=min(limit - len(hits), max(0, _WIDER - max(0, offset - total))),
            offset=max(0, offset - total),
            wide=True,
        )
        wider = min(wider, _WIDER)
        hits += more
    explained = await asyncio.to_thread(_explained, asked, hits)
    return Answer(query=asked, hits=explained, total=total, offset=offset, wider=wider)


def _explained(asked: Query, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(
        replace(
            hit,
            reasons=(
                *(("only some of the words",) if hit.wider else ()),
                *query.explain(asked, hit.paper, hit.marks),
                *trending.reasons(hit.paper),
            ),
        )
        for hit in hits
    )


async def more(db: Database, delivery_id: DeliveryId) -> tuple[tuple[Paper, ...], datetime]:
    """What a digest left out, and its due time. Raises NotFound."""
    delivery = await deliveries.get(db, delivery_id)
    return await papers.get(db, delivery.more), delivery.due_at


# --- subscriptions ------------------------------------------------------------------------------------


async def offer(db: Database, channel_id: ChannelId, text: str, zone: str | None, *, now: datetime) -> Offer:
    """What the last seven days would have brought to a channel. Stores nothing.

    Raises InvalidQuery, and UserError for an unknown zone.
    """
    asked = query.parse(text)
    channel = await channels.get(db, channel_id)
    has_topics = bool(channel and await channels.topics(db, channel_id))
    schedule = channel.schedule if channel and has_topics else None
    if schedule is None and zone:
        schedule = due.suggest(due.zone_named(zone), now)
    since = huggingface.day_of(now - timedelta(days=7))
    hits = await index.announced(db, asked, today=now.date(), since=since, limit=CANDIDATES)
    hits = tuple(compose.voted_only(asked, hits))
    served = channel.last_due if channel else None
    return Offer(
        query=asked,
        papers=tuple(hit.paper for hit in hits[:8]),
        total=len(hits),
        schedule=schedule,
        first=due.next_due(schedule, now, served=served) if schedule else None,
        early=due.is_early(schedule, now) if schedule else False,
    )


async def subscribe(
    db: Database, channel_id: ChannelId, guild_id: GuildId, text: str, zone: str, *, now: datetime
) -> tuple[Channel, bool]:
    """Save the search as a topic of the channel: (the channel, whether it is new there).

    A channel without topics takes the suggested schedule in `zone`. Raises InvalidQuery and UserError.
    """
    asked = query.parse(text)
    before = await channels.get(db, channel_id)
    schedule = due.suggest(due.zone_named(zone), now)
    if before and before.schedule.zone == schedule.zone:
        schedule = before.schedule
    new = await channels.subscribe(
        db,
        channel_id,
        guild_id,
        asked.text,
        schedule=schedule,
        next_due=due.next_due(schedule, now, served=before.last_due if before else None),
        now=now,
    )
    channel = await channels.get(db, channel_id)
    if channel is None:
        raise NotFound("The channel is gone.")
    return channel, new


async def reschedule(db: Database, channel: Channel, schedule: Schedule, *, now: datetime) -> Channel:
    """Change when a channel's digest comes; a local day that had one gets no second."""
    following = None if channel.paused else due.next_due(schedule, now, served=channel.last_due)
    await channels.reschedule(db, channel.id, schedule, next_due=following)
    return replace(channel, schedule=schedule, next_due=following)


async def resume(db: Database, channel: Channel, *, now: datetime) -> datetime:
    """Post again; returns the next due moment."""
    following = due.next_due(channel.schedule, now, served=channel.last_due)
    await channels.resume(db, channel.id, next_due=following)
    return following
