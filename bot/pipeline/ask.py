"""Questions are answered: `/search`, "n more", and what a subscription would bring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.digest import answer as answers
from bot.digest import compose, due
from bot.digest import found as messages
from bot.errors import NotFound, UserError
from bot.feeds import huggingface
from bot.models import (
    Answer,
    Channel,
    ChannelId,
    DeliveryId,
    Hit,
    Offer,
    Owner,
    Paper,
    PaperId,
    Query,
    Schedule,
)
from bot.papers import fusion, query, terms, trending
from bot.pipeline import ranking, widening
from bot.pipeline.candidates import CANDIDATES
from bot.pipeline.meaning import Meaning
from storage import additions, channels, deliveries, lookup, papers, postings, room
from storage import search as index
from storage.database import Database

_FEW = 10
"""Strict hits below which an answer is widened."""
_SHARED = 4
_READ = 30
"""The best so many are read for what acronyms stand for."""
_WIDER = 100
"""Hits with only some of the words, at most."""


async def search(
    db: Database,
    text: str,
    *,
    now: datetime,
    limit: int = messages.PAGE,
    offset: int = 0,
    own: Sequence[str] = (),
    meaning: Meaning | None = None,
) -> Answer:
    """One page of the archive's answer: the papers that answer strictly, then, where those are few, those that do
    in another spelling, share only part of the words or are near by `meaning`, marked as wider.

    `own`: the added feeds whose papers the asker may see. Raises InvalidQuery.
    """
    asked = await asyncio.to_thread(query.parse, text)  # 4 ms for a pasted abstract
    today = now.date()
    if not asked.words or asked.sort:
        ids, total = await index.listed(db, asked, today=today, limit=limit, offset=offset, own=own)
        hits = await index.hits(db, asked, ids, own=own)
        return Answer(
            query=asked, hits=await asyncio.to_thread(_explained, asked, hits, {}), total=total, offset=offset
        )
    near = await meaning.similarities(" ".join(asked.said)) if meaning else None
    ranked = await ranking.rank(db, asked.said, near)
    strict = await ranking.answering(db, ranked, asked, today=today, own=own)
    total = len(strict)
    # Of few all, on each page: what is found besides depends on them.
    best = await ranking.order(db, ranked, strict, limit=max(offset + limit, _FEW))
    looked, respelled = asked, None
    more: tuple[PaperId, ...] = ()
    wider: tuple[PaperId, ...] = ()
    if total < max(limit, _FEW):
        wider = await ranking.wider(db, ranked, asked, strict, limit=_WIDER, today=today, own=own)
        if respelled := await widening.respell(db, asked, (*best, *wider)[:_READ], today=today, own=own):
            looked = respelled.query
            found: set[PaperId] = set()
            if len(asked.words) <= widening.LONGEST:
                found = {*await index.answering(db, looked, today=today, own=own)} - {*strict}
            if respelled.spelled:
                said = (*asked.said, *(meant for _, meant in respelled.spelled))
                ranked = await ranking.rank(db, said, near)
                wider = await ranking.wider(db, ranked, asked, strict, limit=_WIDER, today=today, own=own)
            more = await ranking.order(db, ranked, tuple(found), limit=_WIDER)
            wider = tuple(paper_id for paper_id in wider if paper_id not in found)
    every = (*best, *more, *(wider if ranked.several else ()))[: total + _WIDER]
    page = every[offset : offset + limit]
    scores = {paper_id: float(ranked.scores[paper_id]) for paper_id in page if paper_id < ranked.scores.size}
    hits = await index.hits(db, looked, page, scores=scores, own=own)
    how: dict[PaperId | None, str] = {paper_id: _how(ranked, paper_id) for paper_id in wider}
    how |= dict.fromkeys(more, "spelled otherwise")
    explained = await asyncio.to_thread(_explained, looked, hits, how)
    return Answer(
        query=asked,
        hits=explained,
        total=total,
        offset=offset,
        wider=len(every) - len(best),
        spelled=respelled.spelled if respelled else (),
    )


async def similar(
    db: Database,
    paper_id: PaperId,
    *,
    now: datetime,
    limit: int = messages.PAGE,
    own: Sequence[str] = (),
    meaning: Meaning | None = None,
) -> tuple[Hit, ...]:
    """The papers most like one: those that share its telling words, and are near by `meaning`.

    Raises NotFound where the asker may not see it.
    """
    anything = Query(text="", root=None)
    today = now.date()
    known = await postings.texts(db, (paper_id,))
    if not known or not await lookup.visible(db, (paper_id,), today=today, own=own):
        raise NotFound("This paper is not in the archive any more: `/search` finds others.")
    texts = known[paper_id]
    near = await meaning.similarities(paper_id) if meaning else None
    ranked = await ranking.rank(db, (texts.title, *texts), near)
    ids = await ranking.wider(db, ranked, anything, (paper_id,), limit=limit, today=today, own=own)
    scores = {each: float(ranked.scores[each]) for each in ids}
    hits = await index.hits(db, anything, ids, scores=scores, own=own)
    return tuple(replace(hit, reasons=(_shared(ranked, hit.paper), *trending.reasons(hit.paper))) for hit in hits)


def _shared(ranked: ranking.Ranked, paper: Paper) -> str:
    words = {*terms.words(" ".join((paper.title, paper.abstract, paper.summary, *paper.keywords)))}
    both = (word for word in dict.fromkeys(terms.telling(ranked.said)) if word in words)
    telling = sorted(both, key=lambda word: -ranked.words.worth.get(word, 0.0))
    return f"shares {', '.join(f'“{word}”' for word in telling[:_SHARED])}" if telling else ""


def _how(ranked: ranking.Ranked, paper_id: PaperId) -> str:
    scores = ranked.words.by_paper
    by_words = paper_id < scores.size and scores[paper_id] > 0
    return "only some of the words" if by_words else fusion.BY_MEANING


def _explained(asked: Query, hits: Sequence[Hit], wider: Mapping[PaperId | None, str]) -> tuple[Hit, ...]:
    """`wider`: why those are here that do not answer strictly."""
    return tuple(
        replace(
            hit,
            wider=hit.paper.id in wider,
            reasons=(
                *((wider[hit.paper.id],) if hit.paper.id in wider else ()),
                *query.explain(asked, hit.paper, hit.marks),
                *trending.reasons(hit.paper),
            ),
        )
        for hit in hits
    )


async def more(db: Database, delivery_id: DeliveryId) -> tuple[tuple[tuple[Paper, str], ...], datetime, int]:
    """What a digest left out, and by which rule; its due time; how many it left out besides. Raises NotFound."""
    delivery = await deliveries.get(db, delivery_id)
    if not delivery.more:  # a digest that had no more has no button
        raise NotFound("This digest is too old: what else it had is not remembered. `/search` still finds it.")
    held = dict(zip(delivery.more, delivery.held, strict=False))
    found = await papers.get(db, delivery.more)
    left = tuple((paper, held.get(paper.id or PaperId(0), "")) for paper in found)
    return left, delivery.due_at, delivery.beyond


# --- subscriptions ------------------------------------------------------------------------------------


async def offer(
    db: Database,
    channel_id: ChannelId,
    owner: Owner,
    text: str,
    zone: str | None,
    *,
    now: datetime,
    inboxes: int = 0,
) -> Offer:
    """What the last seven days would have brought to a channel, of everybody's feeds and its server's own.
    Stores nothing.

    Raises InvalidQuery, and UserError for an unknown zone, or where this were one inbox more than `inboxes`.
    """
    asked = query.unordered(query.parse(text))
    if owner.person is not None:
        await room.ask(db, channel_id, inboxes)
    own = await additions.own(db, owner.guild_id) if owner.guild_id else ()
    channel = await _with_topics(db, channel_id)
    schedule, first = await _plan(db, channel_id, zone, now=now) if channel or zone else (None, None)
    week = now - timedelta(days=7)
    news = await index.news(db, today=now.date(), since=huggingface.day_of(week), unseen=week, own=own)
    hits = await index.announced(db, asked, today=now.date(), among=news, limit=CANDIDATES, own=own)
    matched = compose.voted_only(asked, hits)
    return Offer(
        query=asked,
        papers=tuple(hit.paper for hit in matched[: answers.OFFERED]),
        total=len(matched),
        capped=len(matched) == CANDIDATES,
        schedule=schedule,
        first=first,
        paused=channel.paused if channel else None,
        paused_by=channel.paused_by if channel else None,
        early_hour=due.early_hour(schedule, now) if schedule else None,
    )


async def _with_topics(db: Database, channel_id: ChannelId) -> Channel | None:
    channel = await channels.get(db, channel_id)
    return channel if channel and await channels.topics(db, channel_id) else None


async def _plan(
    db: Database, channel_id: ChannelId, zone: str | None, *, now: datetime
) -> tuple[Schedule, datetime]:
    """The schedule that a subscription leads to, and its next digest: the channel's own where it has topics,
    else the one suggested for `zone`. Raises UserError for an unknown zone."""
    if known := await _with_topics(db, channel_id):
        return known.schedule, known.next_due or _next(known, now)
    schedule = due.suggest(due.zone_named(zone or ""), now)
    # A channel that lost its topics still knows the day of its last digest.
    before = await channels.get(db, channel_id)
    return schedule, due.next_due(schedule, now, served=before.last_due if before else None)


def _next(channel: Channel, now: datetime) -> datetime:
    return due.next_due(channel.schedule, now, served=channel.last_due)


async def subscribe(
    db: Database,
    channel_id: ChannelId,
    owner: Owner,
    text: str,
    zone: str,
    *,
    now: datetime,
    inboxes: int = 0,
) -> tuple[Channel, bool]:
    """Save the search as a topic of the channel: (the channel, whether it is new there).

    A channel without topics takes the suggested schedule in `zone`; no more than `inboxes` people have one. Raises
    InvalidQuery and UserError.
    """
    asked = query.unordered(query.parse(text))
    schedule, first = await _plan(db, channel_id, zone, now=now)
    new = await channels.subscribe(
        db,
        channel_id,
        owner,
        asked.text,
        schedule=schedule,
        next_due=first,
        now=now,
        round_up_due=_next_round_up(await channels.get(db, channel_id), schedule, now),
        inboxes=inboxes,
    )
    channel = await channels.get(db, channel_id)
    if channel is None:
        raise NotFound("The channel is gone.")
    return channel, new


async def reschedule(
    db: Database, channel_id: ChannelId, change: Callable[[Schedule], Schedule], *, now: datetime
) -> Channel:
    """Change when a channel's digest comes: today's, if it was still to come, today or at once (`next_due` is
    then not later than `now`); a local day that had one gets no second. Its round-up keeps its own day and time,
    in the new zone. Raises NotFound."""
    while True:
        channel = await _channel(db, channel_id)
        schedule = change(channel.schedule)
        following = due.after_change(schedule, now, pending=channel.next_due, served=channel.last_due)
        # A digest or another change in between: reckon again.
        weekly = channel.round_up.next_due if channel.round_up else None
        if channel.round_up and weekly and schedule.zone != channel.schedule.zone:
            weekly = due.after_move(channel.schedule, due.weekly(schedule, channel.round_up), now, weekly)
        if await channels.reschedule(db, channel, schedule, next_due=following, round_up_due=weekly):
            return await _channel(db, channel_id)


async def resume(db: Database, channel: Channel, *, now: datetime) -> datetime:
    """Post again; returns the next due moment. Raises UserError where it runs already."""
    following = _next(channel, now)
    weekly = _next_round_up(channel, channel.schedule, now)
    if not await channels.resume(db, channel, next_due=following, round_up_due=weekly):
        raise UserError("It runs already. `/status` tells when the next digest comes.")
    return following


def _next_round_up(channel: Channel | None, schedule: Schedule, now: datetime) -> datetime | None:
    """None where the channel has none."""
    if channel is None or channel.round_up is None:
        return None
    return due.next_due(due.weekly(schedule, channel.round_up), now, served=channel.round_up.last_due)


async def _channel(db: Database, channel_id: ChannelId) -> Channel:
    channel = await channels.get(db, channel_id)
    if channel is None:
        raise NotFound("There is no digest here any more: `/subscribe` begins one.")
    return channel
