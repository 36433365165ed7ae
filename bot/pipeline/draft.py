"""What a channel's digest would be: candidates found, digest composed; nothing is posted or stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.digest import compose, due
from bot.errors import InvalidQuery
from bot.feeds import arxiv, huggingface
from bot.models import Channel, ChannelId, Digest, Draft, Floor, Query
from bot.papers import query
from bot.pipeline.candidates import Candidates, Own, Reach
from storage import additions, channels, deliveries, verdicts
from storage.database import Database

log = logging.getLogger(__name__)

_LATEST = timedelta(days=7)
"""How far back a digest reaches after a pause, and for what rose late (measured: `tests.bench.trending`)."""
_LATEST_OF_WEEKLY = timedelta(days=15)
"""The same after a pause where one comes a week: one that failed folds into the next, which may be hours late."""


async def preview(db: Database, topics: Sequence[str], *, now: datetime, size: int = 8) -> tuple[Digest, str]:
    """The digest that `topics` would get at `now` in a channel that has had none, and why it is empty where it is.
    Posts and stores nothing. It is asked by whoever runs the bot, who sees everything. Raises InvalidQuery.
    """
    asked = {query.parse(topic): Floor.ALL for topic in topics}
    schedule = replace(due.suggest("UTC", now), size=size)
    channel = Channel(id=ChannelId(0), guild_id=None, schedule=schedule, next_due=now, created_at=now)
    own = tuple(feed.name for feed in await additions.every(db))
    drafted = await draft(db, channel, asked, Candidates(db, now), now=now, moment=now, own=own)
    return drafted.digest, drafted.why


async def upcoming(db: Database, channel: Channel, *, now: datetime) -> Draft:
    """A channel's next digest as it would be at `now`, without what it has had and what its server may not see."""
    return await draft(db, channel, await topics_of(db, channel), Candidates(db, now), now=now, moment=now)


async def topics_of(db: Database, channel: Channel) -> dict[Query, Floor]:
    """The channel's topics as queries, with their floors."""
    found = {}
    for topic in await channels.topics(db, channel.id):
        try:
            found[query.parse(topic.text)] = topic.floor
        except InvalidQuery as error:  # saved by an older grammar: the others still count
            log.warning("channel %s: topic %r is no query any more: %s", channel.id, topic.text, error)
    return found


async def draft(
    db: Database,
    channel: Channel,
    topics: Mapping[Query, Floor],
    matched: Candidates,
    *,
    now: datetime,
    moment: datetime,
    own: Own | None = None,
    most: int = compose.MORE,
    by_hand: bool = False,
) -> Draft:
    """The digest of `moment`'s day without what the channel has had, and how the moment ends if it is empty.

    `own`: the added feeds that count; None: those of the channel's server. `most`: how many are named that it
    leaves out. `by_hand`: somebody wants more now, also of what the last one had no place for.
    """
    if own is None:
        own = await matched.own(channel.guild_id)
    reach = await reach_of(db, channel, now, by_hand=by_hand)
    found = await asyncio.gather(*(matched.of(topic, reach, own) for topic in topics))
    hits = dict(zip(topics, found, strict=True))
    ids = {hit.paper.id for found in hits.values() for hit in found if hit.paper.id is not None}
    standings = await matched.standings(reach, own)
    digest = await asyncio.to_thread(
        compose.compose,
        topics,
        hits,
        heats=standings.heats,
        shown=await deliveries.shown(db, channel.id, ids),
        size=channel.schedule.size,
        day=due.local_day(channel.schedule, moment),
        turn=await deliveries.count(db, channel.id),
        late=standings.late,
        risers=standings.risers,
        most=most,
    )
    if digest.papers:
        note = "; ".join(filter(None, (await matched.late(reach), await matched.trouble(own))))
        return Draft(digest=replace(digest, source_url=_source(digest)), note=note)
    misses = [] if any(hits.values()) else [await matched.nearest(topic, reach, own) for topic in topics]
    kind, why = compose.silence(
        digest,
        hits,
        seen=await matched.seen(reach, own),
        since=min(reach.since, huggingface.day_of(reach.last)),
        again=reach.since > huggingface.day_of(now),
        today=huggingface.day_of(now),
        trouble=await matched.trouble(own),
        nearest=next(filter(None, misses), ""),
    )
    return Draft(digest=digest, kind=kind, why=why)


async def reach_of(db: Database, channel: Channel, now: datetime, *, by_hand: bool = False) -> Reach:
    """To the last digest that is told: one that failed covered nothing, its papers fold into the next."""
    told = await verdicts.last_well(db, channel.id, now)
    longest = _LATEST if len(channel.schedule.days) > 1 else _LATEST_OF_WEEKLY
    last = min(now, max(filter(None, (told, channel.created_at, now - longest))))
    reach = Reach.after(last, first=by_hand or told != last)
    if not channel.schedule.late_risers or told is None:
        return reach
    # What was listed before the channel was there is not owed to it.
    begin = max(huggingface.day_of(now) - _LATEST, huggingface.day_of(channel.created_at))
    return replace(reach, risers=begin)


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
