"""What a channel's digest would be: candidates found, digest composed; nothing is posted or stored."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from bot.digest import compose, due
from bot.digest.trouble import late, troubles
from bot.errors import InvalidQuery
from bot.feeds import announcements, arxiv, huggingface
from bot.models import (
    Batch,
    Channel,
    ChannelId,
    Digest,
    Draft,
    FeedState,
    Floor,
    GuildId,
    Heat,
    Hit,
    PaperId,
    Query,
)
from bot.papers import query, trending
from storage import additions, channels, deliveries, feeds, health, observations, verdicts
from storage import search as index
from storage.database import Database
from storage.matching import News
from storage.papers import is_added

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Own = tuple[str, ...]
"""Names of added feeds."""

CANDIDATES = 300
"""Papers considered for one topic, most votes first."""
_READING = timedelta(hours=1)
"""The longest that sources are read in one go."""
_REMEMBERED = 50_000
"""Hits, some 20 MiB: to ask again takes less than a pause of everything to look through millions of objects."""
_OWNS = 32
"""Servers' own news that are kept in an index at a time."""
_DAY = timedelta(days=1)
_LATEST = timedelta(days=7)
"""How far back a digest reaches after a pause, and for what rose late (measured: `tests.bench.trending`)."""
_LATEST_OF_WEEKLY = timedelta(days=15)
"""The same after a pause where one comes a week: one that failed folds into the next, which may be hours late."""


async def preview(
    db: Database, topics: Sequence[str], *, now: datetime, size: int = 8, channel: Channel | None = None
) -> tuple[Digest, str]:
    """The digest that `topics` would get at `now`, and why it is empty where it is. Posts and stores nothing.

    With a `channel`, what it has had is left out, and what its server may not see. Without one it is asked by
    whoever runs the bot, who sees everything. Raises InvalidQuery.
    """
    parsed = tuple(query.parse(topic) for topic in topics)
    own = None
    if channel is None:
        schedule = replace(due.suggest("UTC", now), size=size)
        channel = Channel(id=ChannelId(0), guild_id=GuildId(0), schedule=schedule, next_due=now, created_at=now)
        own = tuple(feed.name for feed in await additions.every(db))
    asked = dict.fromkeys(parsed, Floor.ALL)
    drafted = await draft(db, channel, asked, Candidates(db, now), now=now, moment=now, own=own)
    return drafted.digest, drafted.why


async def upcoming(db: Database, channel: Channel, *, now: datetime) -> Draft:
    """A channel's next digest as it would be at `now`."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far back a digest goes."""

    since: date
    """What is listed from this day on is news,"""
    unseen: datetime
    """and what was first seen about since then."""
    risers: date | None = None
    """From this day on what was there before may have risen; None: that does not count."""

    @classmethod
    def after(cls, last: datetime, *, first: bool = False) -> Reach:
        """To what came after the digest of `last`. Before a `first` one there is none: that day's list is news.

        Whole hours, so that channels with about the same last digest share what they ask; and one more, because
        what a long reading brings counts as seen when it began, and may be stored behind a digest.
        """
        day, hour = huggingface.day_of(last), last.replace(minute=0, second=0, microsecond=0)
        return cls(since=day if first else day + _DAY, unseen=hour - _READING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """How the voted papers of a digest's reach stand."""

    heats: Mapping[PaperId, Heat]
    risers: frozenset[PaperId]
    """Those that the last digest could have shown: no news, but among the best of their day, so that who missed
    them may want to know; and what the reading just before it brought, or was just bringing."""
    late: frozenset[PaperId]
    """Of the last digest's day and before: the risers, and news that came after it."""


class Candidates:
    """The news that answer a query: asked once, however many channels hold it.

    What everybody sees is one memory for all; what a server's `own` added feeds carry is asked besides, so that
    its answers stay few.
    """

    def __init__(self, db: Database, now: datetime) -> None:
        self._db, self._now = db, now
        self._everybodys = News(db, today=now.date())
        self._owns: dict[Own, News] = {}
        """The last asked ones at the end."""
        self._asked: dict[object, asyncio.Task[Any]] = {}
        self._answered: deque[tuple[object, int]] = deque()
        """Questions that are remembered, with the number of their hits, the oldest first."""
        self._remembered = 0

    async def own(self, guild: GuildId) -> Own:
        """The feeds that a server's admins added."""
        every: Mapping[GuildId, Own] = await self._once("own", lambda: additions.own_of_all(self._db))
        return every.get(guild, ())

    async def of(self, topic: Query, reach: Reach, own: Own = ()) -> tuple[Hit, ...]:
        hits = await self._hits(topic, reach, ())
        if not own:
            return hits
        more = await self._hits(topic, reach, own)
        known = {hit.paper.id for hit in more}
        return (*more, *(hit for hit in hits if hit.paper.id not in known))

    async def _hits(self, topic: Query, reach: Reach, own: Own) -> tuple[Hit, ...]:
        """Remembered, but for the oldest ones where there are very many."""
        question = ("of", topic.root, reach, own)

        async def ask() -> tuple[Hit, ...]:
            hits = await self._announced(topic, reach, CANDIDATES, own)
            self._answered.append((question, len(hits)))
            self._remembered += len(hits)
            while self._remembered > _REMEMBERED:
                oldest, number = self._answered.popleft()
                self._remembered -= number
                del self._asked[oldest]
            return hits

        return await self._once(question, ask)

    async def standings(self, reach: Reach, own: Own = ()) -> Standings:
        """How hot the papers are. Those of added feeds have no votes; their news may be late all the same."""
        found: Standings = await self._once(("standings", reach), lambda: self._standings(reach))
        if not own or reach.risers is None:
            return found
        late = await self._once(("late news", reach, own), lambda: self._late_news(reach, own))
        return replace(found, late=found.late | late)

    async def _standings(self, reach: Reach) -> Standings:
        news = await self.news(reach)
        # Whole days: a paper's place is its place among all of its day, also where only a few of it are news.
        first = min(reach.since - index.LATE, reach.risers or reach.since)
        voted = await index.voted(self._db, since=first, today=self._now.date(), among=news)
        history = await observations.history(self._db, list(voted))
        heats = await asyncio.to_thread(trending.rank, voted.values(), history, now=self._now)
        if reach.risers is None:
            return Standings(heats=heats, risers=frozenset(), late=frozenset())
        owed = {number for number, paper in voted.items() if paper.listed_on and paper.listed_on >= reach.risers}
        last = reach.unseen + _READING
        risers = trending.risers(heats, history, since=last) & owed - frozenset(news)
        late = await self._late_news(reach, ())
        just = late.difference(await self.news(replace(reach, unseen=last))) if late else late
        return Standings(heats=heats, risers=risers | just, late=risers | late)

    async def _late_news(self, reach: Reach, own: Own) -> frozenset[PaperId]:
        """What came after the last digest, of its day or before."""
        news = await self.news(reach, own)
        return frozenset(await index.listed_before(self._db, news, reach.since, own=own))

    async def seen(self, reach: Reach, own: Own = ()) -> int:
        """How many papers there are to choose from."""
        return len({*await self.news(reach), *(await self.news(reach, own) if own else ())})

    async def nearest(self, topic: Query, reach: Reach, own: Own = ()) -> str:
        """The paper that answers all of `topic` but one part, in words; "" where there is none."""
        miss = await self._once(("nearest", topic.root, reach), lambda: self._miss(topic, reach, ()))
        if miss or not own:
            return miss
        return await self._once(("nearest", topic.root, reach, own), lambda: self._miss(topic, reach, own))

    async def trouble(self, own: Own = ()) -> str:
        """The sources whose papers may be missing, in words; "" where all are well."""
        return await self._once(("trouble", own), lambda: self._troubles(own))

    async def late(self, reach: Reach) -> str:
        """The days whose lists were read late, and so come with this digest, in words."""
        return await self._once(("late", reach), lambda: self._late(reach))

    async def _once(self, question: object, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        if question not in self._asked:
            self._asked[question] = asyncio.create_task(ask())
        answer: Answer = await self._asked[question]
        return answer

    async def news(self, reach: Reach, own: Own = ()) -> tuple[PaperId, ...]:
        """What everybody's feeds announced, or only what `own` ones did."""
        return await self._once(
            ("news", reach, own),
            lambda: index.news(
                self._db,
                today=self._now.date(),
                since=reach.since,
                unseen=reach.unseen,
                own=own,
                only_own=bool(own),
            ),
        )

    async def _announced(self, topic: Query, reach: Reach, limit: int, own: Own) -> tuple[Hit, ...]:
        ids = await self.news(reach, own)
        if not own:
            ids = (*ids, *sorted((await self.standings(reach)).risers.difference(ids)))
        if not ids:
            return ()
        news = self._of_own(own) if own else self._everybodys
        return await news.match(topic, await news.hold(reach, ids), limit=limit)

    def _of_own(self, own: Own) -> News:
        """Only of those servers that are handled now: an index of its own for each of thousands is too much."""
        news = self._owns.pop(own, None) or News(self._db, today=self._now.date(), own=own)
        self._owns[own] = news
        if len(self._owns) > _OWNS:
            del self._owns[next(iter(self._owns))]
        return news

    async def _miss(self, topic: Query, reach: Reach, own: Own) -> str:
        parts = query.relaxed(topic)
        asked = (self._announced(wider, reach, 1, own) for _, wider in parts)
        found = [
            (hits[0].paper, part)
            for (part, _), hits in zip(parts, await asyncio.gather(*asked), strict=True)
            if hits
        ]
        if not found:
            return ""
        paper, part = min(found, key=lambda miss: trending.order(miss[0]))
        return compose.miss(paper, part)

    async def _troubles(self, own: Own) -> str:
        states: Mapping[str, FeedState] = await self._once("states", lambda: feeds.states(self._db))
        return troubles((states[name] for name in states if not is_added(name) or name in own), self._now)

    async def _late(self, reach: Reach) -> str:
        lists = await health.first_read(self._db, reach.unseen + _READING, day=reach.since - index.LATE)
        return late({feed: _days_after(feed, batches) for feed, batches in lists.items()})


def _days_after(feed: str, batches: Sequence[Batch]) -> tuple[date, ...]:
    """The days whose lists were first read when they were over, in the feed's own calendar."""
    day_of = {"huggingface": huggingface.day_of, "arxiv": announcements.today}.get(feed)
    return tuple(sorted({batch.day for batch in batches if day_of and day_of(batch.first_at) > batch.day}))


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
        since=min(reach.since, huggingface.day_of(reach.unseen + _READING)),
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
