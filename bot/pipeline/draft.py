"""What a channel's digest would be: candidates found, digest composed; nothing is posted or stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.digest import compose, due
from bot.errors import InvalidQuery
from bot.feeds import arxiv, huggingface
from bot.models import (
    Channel,
    ChannelId,
    Digest,
    GuildId,
    Hit,
    Query,
)
from bot.papers import query
from storage import channels, deliveries
from storage import search as index
from storage.database import Database

log = logging.getLogger(__name__)

CANDIDATES = 300
"""Papers considered for one topic, most votes first."""
_LATEST = timedelta(days=7)
"""How far back a digest reaches after a pause."""


async def preview(
    db: Database, topics: Sequence[str], *, now: datetime, size: int = 8, channel: Channel | None = None
) -> tuple[Digest, str]:
    """The digest that `topics` would get at `now`, and why it is empty where it is. Posts and stores nothing.

    With a `channel`, what it has had is left out. Raises InvalidQuery.
    """
    parsed = tuple(query.parse(topic) for topic in topics)
    if channel is None:
        schedule = replace(due.suggest("UTC", now), size=size)
        channel = Channel(id=ChannelId(0), guild_id=GuildId(0), schedule=schedule, next_due=now, created_at=now)
    return await draft(db, channel, parsed, Candidates(db, now), now=now, moment=now)


async def topics_of(db: Database, channel: Channel) -> tuple[Query, ...]:
    """The channel's topics as queries."""
    found = []
    for topic in await channels.topics(db, channel.id):
        try:
            found.append(query.parse(topic.text))
        except InvalidQuery as error:  # saved by an older grammar: the others still count
            log.warning("channel %s: topic %r is no query any more: %s", channel.id, topic.text, error)
    return tuple(found)


class Candidates:
    """The papers announced since a day that answer a query: asked once, however many channels hold it."""

    def __init__(self, db: Database, now: datetime) -> None:
        self._db, self._now = db, now
        self._found: dict[tuple[object, date], asyncio.Task[tuple[Hit, ...]]] = {}
        self._seen: dict[date, asyncio.Task[int]] = {}

    async def of(self, topic: Query, since: date) -> tuple[Hit, ...]:
        key = (topic.root, since)
        if key not in self._found:
            self._found[key] = asyncio.create_task(
                index.announced(self._db, topic, today=self._now.date(), since=since, limit=CANDIDATES)
            )
        return await self._found[key]

    async def seen(self, since: date) -> int:
        if since not in self._seen:
            self._seen[since] = asyncio.create_task(index.count_announced(self._db, since=since))
        return await self._seen[since]


async def draft(
    db: Database,
    channel: Channel,
    topics: Sequence[Query],
    matched: Candidates,
    *,
    now: datetime,
    moment: datetime,
) -> tuple[Digest, str]:
    """(the digest of `moment`'s day without what the channel has had, why it is empty)."""
    # A due moment that failed covered nothing: its papers fold into the next digest.
    last = max(filter(None, (await deliveries.last_well(db, channel.id), channel.created_at)))
    since = huggingface.day_of(max(last, now - _LATEST))
    hits = {topic: await matched.of(topic, since) for topic in topics}
    ids = {hit.paper.id for found in hits.values() for hit in found if hit.paper.id is not None}
    shown = await deliveries.shown(db, channel.id, ids)
    digest = await asyncio.to_thread(
        compose.compose,
        topics,
        hits,
        shown=shown,
        size=channel.schedule.size,
        day=due.local_day(channel.schedule, moment),
    )
    why = "" if digest.papers else compose.silence(topics, hits, seen=await matched.seen(since), since=since)
    return replace(digest, source_url=_source(digest)), why


def _source(digest: Digest) -> str | None:
    """The newest list that the digest's papers come from: Hugging Face's, else arXiv's."""
    papers = [match.paper for match in digest.papers if match.paper.listed_on]
    listed = [paper.listed_on for paper in papers if "huggingface" in paper.feeds and paper.listed_on]
    if listed:
        return huggingface.page(max(listed))
    pages = [
        (paper.listed_on, arxiv.page(paper.categories[0], paper.listed_on))
        for paper in papers
        if paper.listed_on and paper.categories and any(feed.startswith("arxiv") for feed in paper.feeds)
    ]
    return max(pages)[1] if pages else None
