"""Why a paper is in a channel's digest, or is not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import groupby
from operator import itemgetter

from bot.errors import UserError
from bot.models import And, Channel, Fate, Heat, Hit, Not, Paper, PaperId, Query
from bot.papers import query, trending
from bot.pipeline.candidates import CANDIDATES, Candidates, Own
from bot.pipeline.draft import draft, reach_of, topics_of
from storage import deliveries, observations, verdicts
from storage import search as index
from storage.database import Database

_PARTS = 8
"""Parts of a topic that are looked at."""


async def explain(db: Database, channel: Channel | None, paper: Paper, *, now: datetime) -> Fate:
    """What became of `paper` in a channel, and what the next digest would make of it. Raises UserError where the
    channel follows nothing."""
    topics = await topics_of(db, channel) if channel else {}
    if channel is None or not topics:
        raise UserError("Nothing is followed here, so no paper comes. `/subscribe` begins.")
    number, matched = paper.id or PaperId(0), Candidates(db, now)
    own = await matched.own(channel.guild_id)
    hits = {topic: await _hit(db, topic, number, now, own) for topic in topics}
    drafted = await draft(db, channel, topics, matched, now=now, moment=now, own=own, most=sys.maxsize)
    coming = any(match.paper.id == number for match in drafted.digest.papers)
    held = {match.paper.id: match.held for match in drafted.digest.more}.get(number, "")
    if not (coming or held) and any(hits.values()):
        held = await _passed_over(db, channel, paper, [topic for topic in hits if hits[topic]], matched, now, own)
    begin = datetime.combine(paper.listed_on, time(), UTC) if paper.listed_on else now
    return Fate(
        channel=channel,
        paper=paper,
        heat=await _heat(db, paper, now),
        mentions=await deliveries.mentions(db, channel.id, number),
        answers=tuple((topic.text, query.explain(topic, paper, hit.marks)) for topic, hit in hits.items() if hit),
        misses=tuple(
            [(topic.text, await _lack(db, topic, number, now, own)) for topic in hits if not hits[topic]]
        ),
        coming=coming,
        held=held,
        verdict=await verdicts.first_since(db, channel.id, begin),
    )


async def _hit(db: Database, topic: Query, number: PaperId, now: datetime, own: Own) -> Hit | None:
    """The paper, if it answers `topic` strictly."""
    hits = await index.announced(db, topic, today=now.date(), among=[number], limit=1, own=own)
    return hits[0] if hits else None


async def _passed_over(
    db: Database,
    channel: Channel,
    paper: Paper,
    topics: Sequence[Query],
    matched: Candidates,
    now: datetime,
    own: Own,
) -> str:
    """Why a digest does not even weigh a paper that answers `topics`, in words; "" where it is no news."""
    if paper.listed_on and paper.listed_on > now.date():
        return "the day of its list is still to come"
    reach = await reach_of(db, channel, now)
    if paper.id not in {*await matched.news(reach), *(await matched.news(reach, own) if own else ())}:
        return ""
    if paper.votes is None and all(topic.root is None for topic in topics):
        return "nobody votes on it, and a topic without words follows votes"
    return f"at least {CANDIDATES} others of what it answers stand before it"


async def _lack(db: Database, topic: Query, number: PaperId, now: datetime, own: Own) -> str:
    """Which parts of a topic the paper does not answer, in words."""
    parts = topic.root.nodes if isinstance(topic.root, And) else (topic.root,)
    told: list[tuple[str, str]] = []
    for part in parts[:_PARTS]:
        if part is None or await _hit(db, Query(text="", root=part), number, now, own):
            continue
        told.append(("has", query.told(part.node)) if isinstance(part, Not) else ("lacks", query.told(part)))
    alike = groupby(told, key=itemgetter(0))
    return " and ".join(f"{how} {' and '.join(what for _, what in parts)}" for how, parts in alike)


async def _heat(db: Database, paper: Paper, now: datetime) -> Heat:
    """How hot it is among the papers of its list's day."""
    if paper.votes is None or paper.id is None:
        return trending.UNKNOWN
    day = paper.listed_on or now.date()
    voted = await index.voted(db, since=day, today=day, among=[paper.id])
    history = await observations.history(db, list(voted))
    heats = await asyncio.to_thread(trending.rank, voted.values(), history, now=now)
    return heats.get(paper.id, trending.UNKNOWN)
