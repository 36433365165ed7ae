"""Papers come in: from live sources that are due, or from captured files, through the same parsers."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.addresses import shown
from bot.errors import FeedError, StorageError, UserError
from bot.feeds import arxiv, huggingface, rss
from bot.models import (
    Entry,
    Feed,
    FeedKind,
    FeedOutcome,
    FeedState,
    Fetch,
    Identity,
    Parsed,
    Validators,
)
from bot.papers import identity
from storage import feeds
from storage.database import Database

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
"""(done, in all, what)."""


def quiet(_done: int, _all: int, _what: str) -> None:
    """Shows no progress."""


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
) -> tuple[FeedOutcome, ...]:
    """Poll the sources that are due, one outcome each; a broken one never stops another.

    `days` asks at once, whatever is due, and for at least so many Hugging Face days.
    """
    known = await feeds.states(db)
    waiting = [
        (source, state)
        for source in sources
        for state in [known.get(source.name, FeedState(name=source.name))]
        if days is not None or _due(state, now)
    ]
    outcomes = []
    for source, state in waiting:
        reach = max(days or 0, _reach(state, now, backfill_days))
        try:
            outcome, pause = await _poll(db, fetch, source, now=now, days=reach, progress=progress)
        except StorageError as error:
            outcome, pause = FeedOutcome(feed=source.name, label=source.label, error=str(error)), timedelta()
        except Exception:
            # A bug over one source's answer must not silence the others, nor be repeated every minute.
            log.exception("%s: reading it failed", source.label)
            outcome = FeedOutcome(
                feed=source.name, label=source.label, error="an internal error; the log tells more"
            )
            pause = timedelta()
        growing = timedelta(minutes=5) * 2 ** min(state.failures, 10)
        wait = max(min(growing, poll), pause) if outcome.error else poll
        await feeds.record_poll(
            db,
            source.name,
            now=now,
            next_poll_at=now + wait,
            error=outcome.error,
            entries=None if outcome.error or outcome.not_modified else _entries(outcome),
        )
        outcomes.append(outcome)
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


def _entries(outcome: FeedOutcome) -> int:
    return outcome.new + outcome.updated + outcome.unchanged


async def probe(fetch: Fetch, source: Feed, *, now: datetime) -> tuple[int, str | None]:
    """Read a source once and store nothing: (entries, the error in words)."""
    url, day = next(iter(_addresses(source, now, 1)))
    try:
        answer = await fetch(url, Validators())
        return len((await asyncio.to_thread(_parse, source.kind, answer.body, day)).entries), None
    except FeedError as error:
        return 0, str(error)


async def _poll(
    db: Database, fetch: Fetch, source: Feed, *, now: datetime, days: int, progress: Progress
) -> tuple[FeedOutcome, timedelta]:
    """(what it did, the pause that the source asked for)."""
    outcome = FeedOutcome(feed=source.name, label=source.label, not_modified=True)
    asked = list(_addresses(source, now, days))
    for done, (url, day) in enumerate(asked):
        progress(done, len(asked), source.label)
        try:
            outcome = _sum(outcome, await _read(db, fetch, source, url, day, now=now))
        except FeedError as error:
            return replace(outcome, error=str(error), not_modified=False), timedelta(
                seconds=min(error.retry_after or 0, 86_400)
            )
    progress(len(asked), len(asked), source.label)
    return outcome, timedelta()


def _addresses(source: Feed, now: datetime, days: int) -> Iterable[tuple[str, date | None]]:
    match source.kind:
        case FeedKind.HUGGINGFACE:
            for day in huggingface.days(now, days):
                yield huggingface.address(source.address, day), day
        case FeedKind.ARXIV:
            yield arxiv.address(source.address, source.categories), None
        case FeedKind.RSS:
            yield source.address, None


async def _read(
    db: Database, fetch: Fetch, source: Feed, url: str, day: date | None, *, now: datetime
) -> FeedOutcome:
    """One list with all its pages, stored whole with its validators, or not at all."""
    known = await feeds.validators(db, _shown(source, url))
    answer = await fetch(url, known)
    if answer.not_modified:
        return FeedOutcome(feed=source.name, label=source.label, not_modified=True)
    vouched = {_shown(source, url): answer.validators} if answer.validators != Validators() else {}
    parts = [await asyncio.to_thread(_parse, source.kind, answer.body, day)]
    page = 0
    while (
        source.kind is FeedKind.HUGGINGFACE
        and day is not None
        and page < 10
        and (answer.next_url or len(parts[-1].entries) + parts[-1].skipped >= huggingface.PAGE)
    ):
        page += 1
        vouched = {}  # the first page's validator says nothing of the others
        answer = await fetch(huggingface.address(source.address, day, page), Validators())
        parts.append(await asyncio.to_thread(_parse, source.kind, answer.body, day))
    entries = tuple(entry for part in parts for entry in part.entries)
    skipped = sum(part.skipped for part in parts)
    return await _store(db, source, entries, skipped, seen_at=now, validators=vouched)


def _shown(source: Feed, url: str) -> str:
    """The address as it may be stored: an RSS feed's own may carry credentials, its name does not."""
    return source.name if source.kind is FeedKind.RSS else shown(url)


def _parse(kind: FeedKind, body: bytes, day: date | None) -> Parsed:
    match kind:
        case FeedKind.HUGGINGFACE:
            return huggingface.parse(body, day=day)
        case FeedKind.ARXIV:
            return arxiv.parse(body)
        case FeedKind.RSS:
            return rss.parse(body)


async def _store(
    db: Database,
    source: Feed,
    entries: Sequence[Entry],
    skipped: int,
    *,
    seen_at: datetime,
    validators: Mapping[str, Validators],
) -> FeedOutcome:
    keyed = await asyncio.to_thread(_keyed, entries)
    new, updated, unchanged = await feeds.record_entries(
        db, source.name, keyed, seen_at=seen_at, validators=validators
    )
    return FeedOutcome(
        feed=source.name, label=source.label, new=new, updated=updated, unchanged=unchanged, skipped=skipped
    )


def _keyed(entries: Sequence[Entry]) -> list[tuple[Entry, Identity]]:
    return [(entry, identity.keys(entry.paper)) for entry in entries]


def _sum(one: FeedOutcome, other: FeedOutcome) -> FeedOutcome:
    return replace(
        one,
        new=one.new + other.new,
        updated=one.updated + other.updated,
        unchanged=one.unchanged + other.unchanged,
        skipped=one.skipped + other.skipped,
        not_modified=one.not_modified and other.not_modified,
    )


_CAPTURED = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):?(\d\d):?(\d\d)Z")
_DAY = re.compile(r"^(\d{4}-\d\d-\d\d)(?!T)")


async def ingest_files(
    db: Database, kind: FeedKind, path: Path, *, now: datetime, progress: Progress = quiet
) -> FeedOutcome:
    """Captured answers through the same parsers; a directory means its files, `.gz` is unpacked.

    A name may tell its list's day and when it was captured: `2026-03-31__2026-03-31T080000Z.json`.
    Raises UserError where the path holds nothing to read. A file that cannot be read is skipped and counted.
    """
    files = await asyncio.to_thread(_files, path, now)
    if not files:
        raise UserError(f"There is nothing to read at {path}.")
    outcome = FeedOutcome(feed=kind, label=f"{kind}:{path}")
    for done, (seen_at, file) in enumerate(files):
        progress(done, len(files), file.name)
        found = _DAY.match(file.name)
        try:
            body = await asyncio.to_thread(_content, file)
            day = date.fromisoformat(found[1]) if found else None
            parsed = await asyncio.to_thread(_parse, kind, body, day)
        except (FeedError, OSError, EOFError, ValueError, zlib.error) as error:
            log.warning("%s: %s", file, error)
            outcome = replace(outcome, skipped=outcome.skipped + 1, error=f"{file.name}: {error}")
            continue
        name = f"rss:{parsed.site or file.name}" if kind is FeedKind.RSS else str(kind)
        source = Feed(kind=kind, name=name, label=name, address="")
        outcome = _sum(
            outcome, await _store(db, source, parsed.entries, parsed.skipped, seen_at=seen_at, validators={})
        )
    progress(len(files), len(files), str(path))
    return outcome


def _files(path: Path, now: datetime) -> list[tuple[datetime, Path]]:
    """(captured at, file), oldest first."""
    found = path.iterdir() if path.is_dir() else (path,)
    return sorted((_captured(file, now), file) for file in found if file.is_file())


def _content(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def _captured(file: Path, now: datetime) -> datetime:
    found = _CAPTURED.search(file.name)
    if not found:
        return now
    try:
        return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return now
