"""Papers come in: the sources that are due are read, judged by what they hold, and asked again in good time.

Owns: whose turn it is, and what is remembered of each reading. The judgement itself is feeds/health.py's.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.errors import FeedError, StorageError
from bot.feeds import announcements, arxiv, health, huggingface
from bot.models import (
    Batch,
    Entry,
    Feed,
    FeedKind,
    FeedOutcome,
    FeedState,
    Fetch,
    Health,
    HealthState,
    Identity,
    Parsed,
    Sighting,
    Validators,
)
from bot.pipeline import gap
from bot.pipeline.reading import Progress, keys, parse, quiet, read, store, total
from storage import feeds
from storage import health as ledger
from storage.database import Database

log = logging.getLogger(__name__)

_BUG = "an internal error; the log tells more"
_OVERDUE = timedelta(hours=12)
"""A source that could not be read for so long may hold papers that nobody here has seen."""


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
    to say; later three, because votes keep growing, and those of a stop, a month of them at most."""
    if state.succeeded_at is None:
        return max(backfill_days, 1)
    stopped = huggingface.day_of(now) - huggingface.day_of(state.succeeded_at)
    return 3 + min(max(stopped.days, 0), 30)


async def probe(fetch: Fetch, source: Feed, *, now: datetime) -> tuple[int, str | None]:
    """Read a source once and store nothing: (entries, the error in words)."""
    day = huggingface.day_of(now) if source.kind is FeedKind.HUGGINGFACE else None
    try:
        answer = await fetch(_address(source, source.categories, day, 0), Validators())
        return len((await asyncio.to_thread(parse, source.kind, answer.body, day)).entries), None
    except FeedError as error:
        return 0, str(error)


def _address(source: Feed, categories: Sequence[str], day: date | None, attempt: int) -> str:
    match source.kind:
        case FeedKind.HUGGINGFACE if day:
            return huggingface.address(source.address, day)
        case FeedKind.ARXIV:
            return arxiv.address(source.address, categories, attempt=attempt)
        case _:
            return source.address


# --- one source's turn ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a poll brought, and what its lists held."""

    outcome: FeedOutcome
    sightings: tuple[Sighting, ...] = ()
    trouble: str = ""
    """That the source's shape changed, in words."""
    error: FeedError | None = None
    """What ended it early."""


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
    past = await ledger.batches(db, source.name, since=(now - health.PAST).date())
    error: FeedError | None = None
    try:
        match source.kind:
            case FeedKind.HUGGINGFACE:
                reading = await _huggingface(db, fetch, source, state, now=now, days=days, progress=progress)
            case FeedKind.ARXIV:
                reading = await _arxiv(db, fetch, source, state, past, now=now)
            case FeedKind.RSS:
                reading = await _feed(db, fetch, source, state, now=now)
        outcome, error = reading.outcome, reading.error
        if error:
            outcome = replace(outcome, error=str(error), not_modified=False)
        judged = [health.judge(source.kind, seen, _of(past, seen), now=now) for seen in reading.sightings]
        await _remember(db, source, judged, now=now)
        if reading.trouble:
            judged = [health.broken(seen, reading.trouble) for seen in reading.sightings]
    except StorageError as failure:
        outcome = FeedOutcome(feed=source.name, label=source.label, error=str(failure))
    except Exception:
        # A bug over one source's answer must not silence the others, nor be repeated every minute.
        log.exception("%s: reading it failed", source.label)
        outcome = FeedOutcome(feed=source.name, label=source.label, error=_BUG)
    if outcome.error:
        judged = _failed(source, state, past, outcome.error, now=now)
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
        entries=None
        if outcome.error or outcome.not_modified
        else outcome.new + outcome.updated + outcome.unchanged,
        stalls=stalls,
    )
    return outcome


def _of(past: Iterable[Batch], seen: Sighting) -> list[Batch]:
    return [batch for batch in past if batch.category == seen.category]


async def _remember(db: Database, source: Feed, judged: Sequence[Health], *, now: datetime) -> None:
    """Today's list of each category, as far as it is there. (Those of Hugging Face are, as they are read.)"""
    lists = []
    for found in judged:
        seen = found.sighting
        day = seen.day if source.kind is FeedKind.ARXIV else now.date()
        whole = found.state not in (HealthState.PARTIAL, HealthState.STALE)
        if source.kind is not FeedKind.HUGGINGFACE and day and seen.new:
            lists.append(
                Batch(
                    category=seen.category, day=day, entries=seen.new, items=seen.items, first_at=now, whole=whole
                )
            )
    await ledger.record_batches(db, source.name, lists)


def _failed(source: Feed, state: FeedState, past: Iterable[Batch], error: str, *, now: datetime) -> list[Health]:
    """Broken, as soon as papers may be missed: today's list is not there yet, or was not read for long."""
    had = {batch.category for batch in past if batch.whole and batch.day == announcements.expected(now)}
    overdue = state.succeeded_at is None or now - state.succeeded_at > _OVERDUE
    kept = {found.sighting.category: found for found in state.health}
    found = []
    for category in source.categories or ("",):
        last = kept.get(category)
        seen = last.sighting if last else Sighting(category=category)
        missing = category not in had if source.kind is FeedKind.ARXIV else overdue
        found.append(last if last and not missing else health.broken(seen, error))
    return found


async def _shape(db: Database, source: Feed, parsed: Parsed, *, now: datetime) -> str:
    """What of the source's shape has gone, in words; what is always there is remembered."""
    items = len(parsed.entries) + parsed.skipped
    known = await ledger.fields(db, source.name)
    always = dict.fromkeys(health.always(parsed.fields, items), now.date())
    if always:
        await ledger.record_batches(db, source.name, (), always)
    return health.vanished(parsed.fields, items, known, today=now.date())


# --- by kind --------------------------------------------------------------------------------------


async def _huggingface(
    db: Database, fetch: Fetch, source: Feed, state: FeedState, *, now: datetime, days: int, progress: Progress
) -> _Reading:
    """The open day, and those before it, whose votes keep growing."""
    open_day = huggingface.day_of(now)
    outcome = _nothing(source)
    seen, trouble = _last(state, ""), ""
    asked = huggingface.days(now, days)
    for done, day in enumerate(asked):
        progress(done, len(asked), source.label)
        try:
            answer = await read(db, fetch, source, huggingface.address(source.address, day), day)
        except FeedError as error:
            return _Reading(outcome=outcome, error=error)
        if answer is None:
            continue
        parsed, vouched = answer
        keyed, before = await _known(db, source, parsed, before=day)
        sighting = health.sight(zip(parsed.entries, before, strict=True))
        if day == open_day:
            seen = sighting
        if day == asked[0]:
            trouble = await _shape(db, source, parsed, now=now)
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched))
        if sighting.new and sighting.day:
            batch = Batch(day=sighting.day, entries=sighting.new, items=sighting.items, first_at=now)
            await ledger.record_batches(db, source.name, [batch])
    progress(len(asked), len(asked), source.label)
    return _Reading(outcome=outcome, sightings=(seen,), trouble=trouble)


async def _arxiv(
    db: Database, fetch: Fetch, source: Feed, state: FeedState, past: Sequence[Batch], *, now: datetime
) -> _Reading:
    """All categories in as few calls as they fit into."""
    outcome = _nothing(source)
    usual = Counter[str]()
    for batch in past:
        usual[batch.category] = max(usual[batch.category], batch.items)
    waiting = list(arxiv.calls(source.categories, usual))
    sightings: list[Sighting] = []
    trouble = ""
    while waiting:
        group = waiting.pop(0)
        try:
            url = arxiv.address(source.address, group, attempt=state.stalls)
            answer = await read(db, fetch, source, url, None)
        except FeedError as error:
            return _Reading(outcome=outcome, error=error)
        if answer is None:
            sightings += [_last(state, category) for category in group]
            continue
        parsed, vouched = answer
        keyed, before = await _known(db, source, parsed, before=announcements.today(now))
        if len(parsed.entries) + parsed.skipped >= arxiv.MOST_ITEMS and len(group) > 1:
            # The rest was cut off: each half is asked for by itself.
            waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
            vouched = {}
        else:
            pairs = list(zip(parsed.entries, before, strict=True))
            day = health.sight(pairs).day
            sightings += [
                health.sight(_of_category(pairs, category), category=category, day=day) for category in group
            ]
            trouble = trouble or await _shape(db, source, parsed, now=now)
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched))
    return _Reading(outcome=outcome, sightings=tuple(sightings), trouble=trouble)


async def _feed(db: Database, fetch: Fetch, source: Feed, state: FeedState, *, now: datetime) -> _Reading:
    try:
        answer = await read(db, fetch, source, source.address, None)
    except FeedError as error:
        return _Reading(outcome=_nothing(source), error=error)
    if answer is None:
        return _Reading(outcome=_nothing(source), sightings=(replace(_last(state, ""), new=0),))
    parsed, vouched = answer
    trouble = await _shape(db, source, parsed, now=now)
    # An entry may get a new date at will: new is what was never there.
    keyed, before = await _known(db, source, parsed, before=date.max)
    seen = health.sight(zip(parsed.entries, before, strict=True))
    outcome = await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched)
    return _Reading(outcome=outcome, sightings=(seen,), trouble=trouble)


def _nothing(source: Feed) -> FeedOutcome:
    return FeedOutcome(feed=source.name, label=source.label, not_modified=True)


def _last(state: FeedState, category: str) -> Sighting:
    """What the list held when it last changed."""
    kept = {found.sighting.category: found.sighting for found in state.health}
    return kept.get(category, Sighting(category=category))


def _of_category(pairs: Iterable[tuple[Entry, date | None]], category: str) -> list[tuple[Entry, date | None]]:
    """The entries of a category, or of an archive with its categories ("cs")."""
    return [
        pair
        for pair in pairs
        if any(name == category or name.startswith(f"{category}.") for name in pair[0].paper.categories)
    ]


async def _known(
    db: Database, source: Feed, parsed: Parsed, *, before: date
) -> tuple[list[tuple[Entry, Identity]], list[date | None]]:
    """(the entries with their keys, when the feed had announced each on an earlier day)."""
    keyed = await asyncio.to_thread(keys, parsed.entries)
    names = {name for _, identity in keyed for name in identity.strong}
    listed = await ledger.listed(db, source.name, names, before=before)
    days = [
        max((listed[name] for name in identity.strong if name in listed), default=None) for _, identity in keyed
    ]
    return keyed, days
