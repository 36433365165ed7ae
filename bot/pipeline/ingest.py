"""Papers come in: the sources that are due are read, judged by what they hold, and asked again in good time.

Owns: whose turn it is, and what is remembered of each reading. The judgement itself is feeds/health.py's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.errors import FeedError, StorageError
from bot.feeds import announcements, health, huggingface
from bot.models import (
    Batch,
    Feed,
    FeedKind,
    FeedOutcome,
    FeedState,
    Fetch,
    Health,
    HealthState,
    Sighting,
)
from bot.pipeline import gap, look
from bot.pipeline.reading import BUG, Progress, quiet
from storage import feeds
from storage import health as ledger
from storage.database import Database

log = logging.getLogger(__name__)

_OVERDUE = timedelta(hours=12)
"""A source that could not be read for so long may hold papers that nobody here has seen."""
_WEEK = 6
"""Hugging Face days from one to the same day of the next week."""


async def ingest(
    db: Database,
    fetch: Fetch,
    sources: Iterable[Feed],
    *,
    now: datetime,
    poll: timedelta,
    backfill_days: int,
    days: int | None = None,
    progress: Progress = quiet,
    jitter: Callable[[], float] = random.random,
) -> tuple[FeedOutcome, ...]:
    """Poll the sources that are due, one outcome each; a broken one never stops another.

    `days` asks at once, whatever is due, and for at least so many Hugging Face days. `jitter` gives numbers from
    0 to 1 that spread the next looks.
    """
    known = await feeds.states(db)
    outcomes = []
    for source in sources:
        state = known.get(source.name, FeedState(name=source.name))
        if days is not None or _due(state, now):
            reach = max(days or 0, _reach(state, now, backfill_days))
            outcomes.append(
                await _turn(
                    db, fetch, source, state, now=now, poll=poll, days=reach, progress=progress, jitter=jitter
                )
            )
        archive = known.get(gap.FEED, FeedState(name=gap.FEED))
        if source.archive and (days is not None or _due(archive, now)):
            outcome = await gap.fill(db, fetch, source, archive, now=now, jitter=jitter())
            outcomes += [outcome] if outcome else []
    return tuple(outcomes)


def _due(state: FeedState, now: datetime) -> bool:
    """A poll in the future means that the host's clock was set back, so that the next one is too far away."""
    if state.next_poll_at is None or state.next_poll_at <= now:
        return True
    return state.polled_at is not None and state.polled_at > now


def _reach(state: FeedState, now: datetime, backfill_days: int) -> int:
    """How many Hugging Face days to read: at the first start so many that the first search has something
    to say; later three, because votes keep growing, four times a day those of a week, because a few grow late, and
    those of a stop, a month of them at most."""
    if state.succeeded_at is None:
        return max(backfill_days, 1)
    stopped = huggingface.day_of(now) - huggingface.day_of(state.succeeded_at)
    quarter = (now.date(), now.hour // 6) != (state.succeeded_at.date(), state.succeeded_at.hour // 6)
    return max(_WEEK if quarter else 3, 3 + min(stopped.days, 30))


# --- one source's turn ----------------------------------------------------------------------------


async def _turn(
    db: Database,
    fetch: Fetch,
    source: Feed,
    state: FeedState,
    *,
    now: datetime,
    poll: timedelta,
    days: int,
    progress: Progress,
    jitter: Callable[[], float],
) -> FeedOutcome:
    # A feed of unknown habits is measured by all of its past.
    since = date.min if source.kind is FeedKind.RSS else (now - health.PAST).date()
    past = await ledger.batches(db, source.name, since=since)
    error: FeedError | None = None
    judged: list[Health] = []
    try:
        reading = await look.poll(db, fetch, source, state, past, now=now, days=days, progress=progress)
        outcome, error = reading.outcome, reading.error
        if error:
            outcome = replace(outcome, error=str(error), not_modified=False)
        changed = not reading.outcome.not_modified
        judged = [
            health.judge(source.kind, seen, _of(past, seen), now=now, changed=changed)
            for seen in reading.sightings
        ]
        await _remember(db, source, judged, now=now, changed=changed)
        if trouble := reading.trouble or (_changed_shape(state) if outcome.not_modified else ""):
            judged = [health.broken(seen, trouble) for seen in reading.sightings]
    except StorageError as failure:
        outcome = FeedOutcome(feed=source.name, label=source.label, error=str(failure))
    except Exception:
        # A bug over one source's answer must not silence the others, nor be repeated every minute.
        log.exception("%s: reading it failed", source.label)
        outcome = FeedOutcome(feed=source.name, label=source.label, error=BUG)
    if outcome.error:
        judged = _failed(source, state, past, judged, outcome.error, now=now)
        # Nobody looks after a stranger's feed that has died: it is asked less and less.
        most = poll if source.trusted else max(poll, timedelta(days=1))
        wait = health.after_error(error, failures=state.failures, poll=most, jitter=jitter())
        stalls = state.stalls
    else:
        stalls = state.stalls + 1 if any(found.troubled for found in judged) else 0
        wait = health.pause(source.kind, now=now, poll=poll, stalls=stalls, jitter=jitter())
    await ledger.record(db, source.name, judged, now=now)
    await feeds.record_poll(
        db,
        source.name,
        now=now,
        next_poll_at=now + wait,
        error=outcome.error,
        entries=outcome.entries,
        stalls=stalls,
    )
    return outcome


def _changed_shape(state: FeedState) -> str:
    """What was told of its shape, and holds while it does not change."""
    return next((found.told for found in state.health if health.is_shape(found.told)), "")


def _of(past: Iterable[Batch], seen: Sighting) -> list[Batch]:
    return [batch for batch in past if batch.category == seen.category]


async def _remember(db: Database, source: Feed, judged: Sequence[Health], *, now: datetime, changed: bool) -> None:
    """Today's list of each category, as far as it is there. (Those of Hugging Face are, as they are read.)"""
    made = now - health.SETTLING
    today, due = announcements.today(made), announcements.expected(made)
    lists = []
    for found in judged:
        seen = found.sighting
        day, whole, none = now.date(), True, False
        if source.kind is FeedKind.ARXIV:
            day = seen.day or today
            whole = found.state is HealthState.FRESH and day >= due
            # A list without a paper of this category, or no list for a holiday: had as well.
            none = whole and not seen.entries and day == today
            if found.state is HealthState.QUIET and due < today and not seen.new:
                day, whole, none = today, True, today.weekday() < 5
        if source.kind is not FeedKind.HUGGINGFACE and (none or (seen.new and changed)):
            lists.append(
                Batch(
                    category=seen.category, day=day, entries=seen.new, items=seen.items, first_at=now, whole=whole
                )
            )
    await ledger.record_batches(db, source.name, lists)


def _failed(
    source: Feed, state: FeedState, past: Sequence[Batch], judged: Iterable[Health], error: str, *, now: datetime
) -> list[Health]:
    """Broken, as soon as papers may be missed: today's list is not there yet, or was not read for long. `judged`:
    what could be read before the error."""
    read = {found.sighting.category: found for found in judged}
    due = announcements.expected(now - health.SETTLING)
    had = {batch.category for batch in past if batch.whole and batch.day == due}
    overdue = state.succeeded_at is None or now - state.succeeded_at > _OVERDUE
    kept = {found.sighting.category: found for found in state.health}
    found = []
    for category in source.categories or ("",):
        if category in read:
            found.append(read[category])
            continue
        last = kept.get(category)
        if last and last.state is HealthState.BROKEN and not health.is_shape(last.told):
            last = health.judge(source.kind, last.sighting, _of(past, last.sighting), now=now, changed=False)
        seen = last.sighting if last else Sighting(category=category)
        missing = category not in had if source.kind is FeedKind.ARXIV else overdue
        found.append(last if last and not missing else health.broken(seen, error))
    return found
