"""What digests choose from: the news that answer a query, and how the papers stand.

Owns: how far back a digest reaches, and asking once what many channels have in common. Refuses: choosing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from bot.digest import compose
from bot.digest.trouble import late, troubles
from bot.feeds import announcements, huggingface
from bot.models import Batch, FeedState, GuildId, Heat, Hit, PaperId, Query
from bot.papers import query, trending
from storage import additions, feeds, health, observations
from storage import search as index
from storage.database import Database
from storage.matching import News
from storage.papers import is_added

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far back a digest goes."""

    last: datetime
    """When the last digest was, in whole hours, so that channels with about the same one share what they ask."""
    since: date
    """What is listed from this day on is news."""
    risers: date | None = None
    """From this day on what was there before may have risen; None: that does not count."""

    @classmethod
    def after(cls, last: datetime, *, first: bool = False) -> Reach:
        """To what came after the digest of `last`. Before a `first` one there is none: that day's list is news."""
        day, hour = huggingface.day_of(last), last.replace(minute=0, second=0, microsecond=0)
        return cls(last=hour, since=day if first else day + timedelta(days=1))

    @property
    def unseen(self) -> datetime:
        """What is first seen since then is news as well: what a long reading brings counts as seen when it began,
        and may be stored behind a digest."""
        return self.last - _READING


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

    async def own(self, guild: GuildId | None) -> Own:
        """The feeds that a server's admins added; an inbox has none."""
        if guild is None:
            return ()
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
        risers = trending.risers(heats, history, since=reach.last) & owed - frozenset(news)
        late = await self._late_news(reach, ())
        after = await index.news(self._db, today=self._now.date(), since=reach.since, unseen=reach.last)
        just = late.difference(after)
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
        if not own and reach.risers:
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
        lists = await health.first_read(self._db, reach.last, day=reach.since - index.LATE)
        return late({feed: _days_after(feed, batches) for feed, batches in lists.items()})


def _days_after(feed: str, batches: Sequence[Batch]) -> tuple[date, ...]:
    """The days whose lists were first read when they were over, in the feed's own calendar."""
    day_of = {"huggingface": huggingface.day_of, "arxiv": announcements.today}.get(feed)
    return tuple(sorted({batch.day for batch in batches if day_of and day_of(batch.first_at) > batch.day}))
