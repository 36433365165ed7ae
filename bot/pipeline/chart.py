"""What gains votes: candidates found, their counts read, and ranked; for `/trending` and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.digest.trouble import troubles
from bot.feeds import huggingface
from bot.models import Chart, Period, Query, Rise
from bot.papers import chart, query
from bot.papers.chart import Candidate, Span
from storage import feeds, moved, observations, papers
from storage import search as index
from storage.database import Database

PLACES = 10
CANDIDATES = 2_000
"""Papers considered, those with most votes."""
_DAY = timedelta(days=1)
_PAUSE, _STOP = timedelta(hours=6), timedelta(days=1)
"""So long nobody counted, where a paper's last count does not stand for yesterday's hour, or a period's begin."""
_LONG = {Period.WEEK: timedelta(days=7), Period.MONTH: timedelta(days=30)}


async def trending(db: Database, text: str, period: Period, *, now: datetime, own: Sequence[str] = ()) -> Chart:
    """The papers that answer `text` strictly and gained most votes in `period`.

    `own`: the added feeds whose papers the asker may see. Raises InvalidQuery.
    """
    asked = query.unordered(await asyncio.to_thread(query.parse, text))
    today = huggingface.day_of(now)
    day = await moved.newest_list(db, until=today)
    if period is Period.TODAY:
        # The list before it is open until it opens.
        begin = huggingface.opens(day or today)
        span = Span(begin=begin, end=now, open=(day or today) - _DAY)
        before = await _span(db, now, _DAY, _PAUSE)
        found = await moved.of_list(db, asked, listed=day or today, today=now.date(), limit=CANDIDATES, own=own)
    else:
        long = _LONG[period]
        span, before = await _span(db, now, long, _STOP), await _span(db, now - long, long, _STOP)
        found = await moved.since(
            db,
            asked,
            moment=before.begin,
            listed=before.open,
            today=now.date(),
            limit=CANDIDATES,
            own=own,
        )
    moments = (before.begin, span.begin, now)
    history = await observations.around(db, [paper_id for paper_id, _, _ in found], moments)

    def ranked() -> tuple[tuple[Rise, ...], bool, datetime | None]:
        candidates = [
            Candidate(paper_id=paper_id, votes=votes, listed=listed, history=history.get(paper_id, ()))
            for paper_id, votes, listed in found
        ]
        counted = max((each.history[-1].seen_at for each in candidates if each.history), default=None)
        if period is Period.TODAY:
            return chart.of_list(candidates, span, before), False, counted
        return *chart.of_span(candidates, span, before), counted

    rises, compared, counted_at = await asyncio.to_thread(ranked)
    best = rises[:PLACES]
    hits = await index.hits(db, Query(text="", root=None), [rise.paper_id for rise in best], own=own)
    shown = {hit.paper.id: hit.paper for hit in hits}
    return Chart(
        period=period,
        query=asked,
        begin=span.begin,
        end=now,
        papers=tuple((rise, shown[rise.paper_id]) for rise in best if rise.paper_id in shown),
        total=len(rises),
        at_least=len(found) == CANDIDATES,
        compared=compared,
        day=day,
        today=today,
        expected=huggingface.days(now, 1)[0],
        since=await papers.earliest(db),
        counted_at=counted_at,
        answering=0 if rises else await _answering(db, asked, now=now, own=own),
        trouble=await _trouble(db, now),
    )


async def _span(db: Database, end: datetime, long: timedelta, stop: timedelta) -> Span:
    """The last `long` before `end`; where nobody counted for `stop` before it begins, older counts say nothing."""
    begin = end - long
    stands = chart.STANDS if await moved.watched(db, begin, within=stop) else stop
    return Span(begin=begin, end=end, open=huggingface.day_of(begin), stands=stands)


async def _answering(db: Database, asked: Query, *, now: datetime, own: Sequence[str]) -> int:
    _, total = await index.listed(db, asked, today=now.date(), limit=0, own=own)
    return total


async def _trouble(db: Database, now: datetime) -> str:
    """What is wrong with the lists that are voted on."""
    states = await feeds.states(db)
    return troubles((states[name] for name in states if name == moved.VOTED), now)
