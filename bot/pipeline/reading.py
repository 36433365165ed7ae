"""One answer of a source on its way into the archive: fetched, parsed, stored whole or not at all.

Owns: paging, and which validators vouch for what. Refuses: when to ask, and what an answer says of its source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from bot.addresses import shown
from bot.feeds import arxiv, huggingface, rss
from bot.models import Entry, Feed, FeedKind, FeedOutcome, Fetch, Identity, Parsed, Validators
from bot.papers import identity, legibility
from storage import feeds
from storage.database import Database

Progress = Callable[[int, int, str], None]
"""(done, in all, what)."""

BUG = "an internal error; the log tells more"
"""Told of a source whose answer ended in an exception."""
_MOST_PAGES = 10


def quiet(_done: int, _all: int, _what: str) -> None:
    """Shows no progress."""


async def read(
    db: Database, fetch: Fetch, source: Feed, url: str, day: date | None, *, conditional: bool = True
) -> tuple[Parsed, Mapping[str, Validators]] | None:
    """One list with all its pages, and the validators that vouch for it; None where it did not change.

    Raises FeedError.
    """
    name = _kept_as(source, url)
    answer = await fetch(url, await feeds.validators(db, name) if conditional else Validators())
    if answer.not_modified:
        return None
    vouched = {name: answer.validators} if answer.validators != Validators() else {}
    parts = [await asyncio.to_thread(parse, source.kind, answer.body, day)]
    page = 0
    while (
        source.kind is FeedKind.HUGGINGFACE
        and day is not None
        and page < _MOST_PAGES
        and (answer.next_url or parts[-1].items >= huggingface.PAGE)
    ):
        page += 1
        vouched = {}  # the first page's validator says nothing of the others
        answer = await fetch(huggingface.address(source.address, day, page), Validators())
        parts.append(await asyncio.to_thread(parse, source.kind, answer.body, day))
    return _joined(parts), vouched


def _kept_as(source: Feed, url: str) -> str:
    """The address as it may be stored: an RSS feed's own may carry credentials, its name does not."""
    return source.name if source.kind is FeedKind.RSS else shown(url)


def _joined(parts: Sequence[Parsed]) -> Parsed:
    names = dict.fromkeys(name for part in parts for name in part.fields)
    return replace(
        parts[0],
        entries=tuple(entry for part in parts for entry in part.entries),
        skipped=sum(part.skipped for part in parts),
        fields={name: sum(part.fields.get(name, 0) for part in parts) for name in names},
    )


def parse(kind: FeedKind, body: bytes, day: date | None) -> Parsed:
    """Raises FeedError."""
    match kind:
        case FeedKind.HUGGINGFACE:
            return huggingface.parse(body, day=day)
        case FeedKind.ARXIV:
            return arxiv.parse(body)
        case FeedKind.RSS:
            return rss.parse(body)


def keys(entries: Sequence[Entry]) -> list[tuple[Entry, Identity]]:
    """Entries as people read them, with what their papers are known by; takes a second for some thousands."""
    read = (replace(entry, paper=legibility.legible(entry.paper)) for entry in entries)
    return [(entry, identity.keys(entry.paper)) for entry in read]


async def store(
    db: Database,
    source: Feed,
    keyed: Sequence[tuple[Entry, Identity]],
    skipped: int,
    *,
    seen_at: datetime,
    validators: Mapping[str, Validators],
) -> FeedOutcome:
    """What was read, in one transaction with its validators."""
    new, updated, unchanged = await feeds.record_entries(
        db, source.name, keyed, seen_at=seen_at, validators=validators
    )
    return FeedOutcome(
        feed=source.name,
        label=source.label,
        new=new,
        updated=updated,
        unchanged=unchanged,
        skipped=skipped,
    )


def total(one: FeedOutcome, other: FeedOutcome) -> FeedOutcome:
    """Two outcomes of one feed as one."""
    return replace(
        one,
        new=one.new + other.new,
        updated=one.updated + other.updated,
        unchanged=one.unchanged + other.unchanged,
        skipped=one.skipped + other.skipped,
        not_modified=one.not_modified and other.not_modified,
        late=one.late + other.late,
    )
