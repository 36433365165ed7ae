"""One poll of a source: what each kind is asked for, and what its lists held.

Owns: the calls that a kind of source takes. Refuses: whose turn it is, and what a list says of its source.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.errors import FeedError
from bot.feeds import announcements, arxiv, health, huggingface
from bot.models import (
    Batch,
    Entry,
    Feed,
    FeedKind,
    FeedOutcome,
    FeedState,
    Fetch,
    Identity,
    Parsed,
    Sighting,
    Validators,
)
from bot.pipeline.reading import Progress, keys, parse, read, store, total
from storage import health as ledger
from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a poll brought, and what its lists held."""

    outcome: FeedOutcome
    sightings: tuple[Sighting, ...] = ()
    trouble: str = ""
    """That the source's shape changed, in words."""
    error: FeedError | None = None
    """What ended it early."""


async def poll(
    db: Database,
    fetch: Fetch,
    source: Feed,
    state: FeedState,
    past: Sequence[Batch],
    *,
    now: datetime,
    days: int,
    progress: Progress,
) -> Reading:
    """Read a source once. `past`: its lists of some weeks; `days`: how many of Hugging Face's to read."""
    match source.kind:
        case FeedKind.HUGGINGFACE:
            return await _huggingface(db, fetch, source, state, now=now, days=days, progress=progress)
        case FeedKind.ARXIV:
            return await _arxiv(db, fetch, source, state, past, now=now)
        case FeedKind.RSS:
            return await _feed(db, fetch, source, state, now=now)


async def probe(fetch: Fetch, source: Feed, *, now: datetime) -> tuple[int, str | None]:
    """Read a source once and store nothing: (entries, the error in words)."""
    day = huggingface.day_of(now) if source.kind is FeedKind.HUGGINGFACE else None
    url = source.address
    if day:
        url = huggingface.address(url, day)
    elif source.kind is FeedKind.ARXIV:
        url = arxiv.address(url, source.categories)
    try:
        answer = await fetch(url, Validators())
        return len((await asyncio.to_thread(parse, source.kind, answer.body, day)).entries), None
    except FeedError as error:
        return 0, str(error)


async def _huggingface(
    db: Database, fetch: Fetch, source: Feed, state: FeedState, *, now: datetime, days: int, progress: Progress
) -> Reading:
    """The open day, and those before it, whose votes keep growing."""
    open_day = huggingface.day_of(now)
    outcome = _nothing(source)
    seen, trouble = _last(state, ""), ""
    asked = huggingface.days(now, days)
    for done, day in enumerate(asked):
        progress(done, len(asked), source.label)
        url = huggingface.address(source.address, day)
        try:
            answer = await read(db, fetch, source, url, day)
            if answer is None and day == open_day != seen.day:
                # What was stored last time was never looked at: an end in between.
                answer = await read(db, fetch, source, url, day, conditional=False)
        except FeedError as error:
            return Reading(outcome=outcome, sightings=(seen,) if done else (), trouble=trouble, error=error)
        if answer is None:
            continue
        parsed, vouched = answer
        keyed, known = await _known(db, source, parsed, before=day)
        sighting = health.sight(_before(parsed, known))
        if day == open_day:
            seen = sighting
        if day == asked[0]:
            trouble = await _shape(db, source, parsed, now=now)
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched))
        if sighting.new and sighting.day:
            batch = Batch(day=sighting.day, entries=sighting.new, items=sighting.items, first_at=now)
            await ledger.record_batches(db, source.name, [batch])
    progress(len(asked), len(asked), source.label)
    return Reading(outcome=outcome, sightings=(seen,), trouble=trouble)


async def _arxiv(
    db: Database, fetch: Fetch, source: Feed, state: FeedState, past: Sequence[Batch], *, now: datetime
) -> Reading:
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
            return Reading(outcome=outcome, sightings=tuple(sightings), trouble=trouble, error=error)
        if answer is None:
            sightings += [_last(state, category) for category in group]
            continue
        parsed, vouched = answer
        keyed, known = await _known(db, source, parsed, before=announcements.today(now))
        if parsed.items >= arxiv.MOST_ITEMS and len(group) > 1:
            # The rest was cut off: each half is asked for by itself.
            waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
            vouched = {}
        else:
            sightings += await asyncio.to_thread(_by_category, parsed, known, group)
            if not state.stalls % 2:  # the Atom twin has other names for its fields
                trouble = trouble or await _shape(db, source, parsed, now=now)
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched))
    return Reading(outcome=outcome, sightings=tuple(sightings), trouble=trouble)


async def _feed(db: Database, fetch: Fetch, source: Feed, state: FeedState, *, now: datetime) -> Reading:
    try:
        answer = await read(db, fetch, source, source.address, None)
    except FeedError as error:
        return Reading(outcome=_nothing(source), error=error)
    if answer is None:
        return Reading(outcome=_nothing(source), sightings=(_last(state, ""),))
    parsed, vouched = answer
    trouble = await _shape(db, source, parsed, now=now)
    # An entry may get a new date at will: new is what was never there.
    keyed, known = await _known(db, source, parsed, before=date.max)
    seen = health.sight(_before(parsed, known))
    outcome = await store(db, source, keyed, parsed.skipped, seen_at=now, validators=vouched)
    return Reading(outcome=outcome, sightings=(seen,), trouble=trouble)


def _nothing(source: Feed) -> FeedOutcome:
    return FeedOutcome(feed=source.name, label=source.label, not_modified=True)


def _last(state: FeedState, category: str) -> Sighting:
    """What the list held when it last changed."""
    kept = {found.sighting.category: found.sighting for found in state.health}
    return kept.get(category, Sighting(category=category))


Known = tuple[date, tuple[str, ...]] | None
"""When the feed had announced a paper on an earlier day, and the categories that it had."""


def _before(parsed: Parsed, known: Iterable[Known]) -> list[tuple[Entry, date | None]]:
    return [(entry, found and found[0]) for entry, found in zip(parsed.entries, known, strict=True)]


def _by_category(parsed: Parsed, known: Sequence[Known], group: Iterable[str]) -> list[Sighting]:
    """What each category's list held; takes a twentieth of a second for a full one."""
    day = health.sight(_before(parsed, known)).day
    return [health.sight(_of_category(parsed, known, name), category=name, day=day) for name in group]


def _of_category(parsed: Parsed, known: Iterable[Known], category: str) -> list[tuple[Entry, date | None]]:
    """The entries of a category. A known paper that was not in it is a cross-listing: new there."""
    return [
        (entry, found[0] if found and arxiv.within(found[1], category) else None)
        for entry, found in zip(parsed.entries, known, strict=True)
        if arxiv.within(entry.paper.categories, category)
    ]


async def _known(
    db: Database, source: Feed, parsed: Parsed, *, before: date
) -> tuple[list[tuple[Entry, Identity]], list[Known]]:
    """The entries with their keys, and what is known of each from an earlier day."""
    keyed = await asyncio.to_thread(keys, parsed.entries)
    names = {name for _, identity in keyed for name in identity.strong}
    listed = await ledger.listed(db, source.name, names, before=before)
    return keyed, [
        max((listed[name] for name in identity.strong if name in listed), default=None) for _, identity in keyed
    ]


async def _shape(db: Database, source: Feed, parsed: Parsed, *, now: datetime) -> str:
    """What of the source's shape has gone, in words; what is always there is remembered."""
    known = await ledger.fields(db, source.name)
    always = dict.fromkeys(health.always(parsed.fields, parsed.items), now.date())
    if always:
        await ledger.record_batches(db, source.name, (), always)
    return health.vanished(parsed.fields, parsed.items, known, today=now.date())
