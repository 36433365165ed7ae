"""Days of arXiv that were missed are asked for: its feed has today's list only, its API has the rest.

Owns: which days are missing in which category, and the API's pace beyond what fetch.py keeps. A day counts as had
when its list was read in full; so a feed that was stale all day is mended the next day as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.errors import FeedError, StorageError
from bot.feeds import announcements, arxiv
from bot.feeds.health import after_error
from bot.models import Batch, Entry, Feed, FeedKind, FeedOutcome, FeedState, Fetch, Identity, Parsed, Validators
from bot.pipeline.reading import BUG, keys, parse, store, total
from storage import feeds, health
from storage.database import Database

log = logging.getLogger(__name__)

FEED = "arxiv-api"
"""The API's own name among the feeds: it fails and waits by itself."""
REACH = timedelta(days=14)
"""Older days are not asked for: nobody's digest goes back so far."""
_MOST_PAGES = 30
"""The API gives 30,000 entries of one query at most (help/api/user-manual.md)."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=4)
_TRIES = 6
"""Failures in a row, then it is left alone until the next day."""
_LAG = timedelta(days=3)
"""A day of which the API still knows nothing after so long had no paper."""
_REFRESH = timedelta(days=1)
"""The API's index is made once a day: the same question gets the same answer until then."""


async def fill(
    db: Database, fetch: Fetch, source: Feed, state: FeedState, *, now: datetime, jitter: float = 0.0
) -> FeedOutcome | None:
    """Read the days that are missing, as far as they are there; None where none is. Raises nothing expected."""
    missing = await _missing(db, source, now)
    if not missing:
        return None
    outcome = FeedOutcome(feed=FEED, label="arXiv's API")
    try:
        # Categories that miss the same days share their calls.
        for days in sorted(set(missing.values())):
            group = [category for category, wanted in missing.items() if wanted == days]
            outcome = total(outcome, await _days(db, fetch, source, group, days, now=now))
        wait = _REFRESH
    except Exception as error:
        if isinstance(error, FeedError | StorageError):
            log.warning("arXiv's API: %s", error)
            outcome = replace(outcome, error=str(error))
        else:
            # A bug over one answer must not silence the other sources, nor be repeated every minute.
            log.exception("arXiv's API: reading it failed")
            outcome = replace(outcome, error=BUG)
        first, longest = _FIRST_PAUSE, _LONGEST_PAUSE
        if state.failures + 1 >= _TRIES:
            first = longest = announcements.opens(now) + _LONGEST_PAUSE - now
        known = error if isinstance(error, FeedError) else None
        wait = after_error(known, failures=state.failures, first=first, poll=longest, jitter=jitter)
    await feeds.record_poll(
        db,
        FEED,
        now=now,
        next_poll_at=now + wait,
        error=outcome.error,
        entries=outcome.entries,
    )
    return outcome


async def _missing(db: Database, source: Feed, now: datetime) -> dict[str, tuple[date, ...]]:
    """Category -> the days since its first reading of which its list was not had in full."""
    today = announcements.today(now)
    first = await health.first_days(db, source.name)
    known = await health.batches(db, source.name, since=today - REACH)
    had = {(batch.category, batch.day) for batch in known if batch.whole}

    def missed(category: str, day: date) -> bool:
        # What a holiday may have left to today's list has to be seen there first.
        waits = not announcements.has_list(day) and announcements.following(day) == today
        return (category, day) not in had and not (waits and (category, today) not in had)

    missing = {}
    for category in source.categories:
        if category in first:
            begin = max(first[category], today - REACH)
            span = announcements.days(begin, today - timedelta(days=1))
            if days := tuple(day for day in span if missed(category, day)):
                missing[category] = days
    return missing


async def _days(
    db: Database, fetch: Fetch, source: Feed, categories: Sequence[str], days: Sequence[date], *, now: datetime
) -> FeedOutcome:
    """Every paper of the span, page by page; the days count as had when the last page is stored."""
    start, end = announcements.window(days[0], days[-1])
    outcome = FeedOutcome(feed=FEED, label="arXiv's API")
    listed, unseen = Counter[tuple[str, date]](), Counter[tuple[str, date]]()
    for page in range(_MOST_PAGES):
        url = arxiv.past(source.archive, categories, start, end, page * arxiv.PAGE)
        parsed = await _page(fetch, url)
        keyed = await asyncio.to_thread(_dated, parsed, days)
        names = {name for _, identity in keyed for name in identity.strong}
        known = await health.listed(db, source.name, names, before=date.max)
        listed += await asyncio.to_thread(_counted, keyed, categories, set())
        unseen += await asyncio.to_thread(_counted, keyed, categories, known.keys())
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=now, validators={}))
        reached = page * arxiv.PAGE + parsed.items
        if parsed.total is None or reached >= parsed.total:
            break
        if not parsed.entries:
            raise FeedError(url, f"arXiv's API stopped after {reached} of {parsed.total} papers")
    believed = announcements.today(now) - _LAG
    await health.record_batches(
        db,
        source.name,
        [
            # Where all was known already (it came a day later, with another list), nothing was read late.
            Batch(
                category=category,
                day=day,
                entries=listed[category, day],
                first_at=now if unseen[category, day] else announcements.midnight(day),
            )
            for category in categories
            for day in days
            if listed[category, day] or day <= believed
        ],
    )
    late = {day for (category, day), number in unseen.items() if number and category in categories}
    return replace(outcome, late=tuple(sorted(late.intersection(days))))


async def _page(fetch: Fetch, url: str) -> Parsed:
    answer = await fetch(url, Validators())
    return await asyncio.to_thread(parse, FeedKind.ARXIV, answer.body, None)


def _dated(parsed: Parsed, days: Collection[date]) -> list[tuple[Entry, Identity]]:
    """The API tells when a paper was submitted; a list's day is that of its announcement."""
    found = []
    for entry in parsed.entries:
        submitted = entry.paper.published_at
        day = announcements.announced_on(submitted, also=days) if submitted else None
        found.append(replace(entry, listed_on=day, paper=replace(entry.paper, listed_on=day)))
    return keys(found)


def _counted(
    keyed: Iterable[tuple[Entry, Identity]], categories: Sequence[str], known: Set[str]
) -> Counter[tuple[str, date]]:
    """(category, day) -> how many papers, without the known ones."""
    return Counter(
        (category, entry.listed_on)
        for entry, identity in keyed
        if entry.listed_on and known.isdisjoint(identity.strong)
        for category in categories
        if arxiv.within(entry.paper.categories, category)
    )
