"""Papers come in from captured files, through the same parsers as from live sources.

Owns: what a file's name tells of its list's day and of when it was captured.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from bot.errors import FeedError, UserError
from bot.models import Feed, FeedKind, FeedOutcome
from bot.pipeline.reading import Progress, keys, parse, quiet, store, total
from storage.database import Database

log = logging.getLogger(__name__)

_CAPTURED = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):?(\d\d):?(\d\d)Z")
_DAY = re.compile(r"^(\d{4}-\d\d-\d\d)(?!T)")


async def read_files(
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
            parsed = await asyncio.to_thread(parse, kind, body, day)
        except (FeedError, OSError, EOFError, ValueError, zlib.error) as error:
            log.warning("%s: %s", file, error)
            outcome = replace(outcome, skipped=outcome.skipped + 1, error=f"{file.name}: {error}")
            continue
        name = f"rss:{parsed.site or file.name}" if kind is FeedKind.RSS else str(kind)
        source = Feed(kind=kind, name=name, label=name, address="")
        keyed = await asyncio.to_thread(keys, parsed.entries)
        outcome = total(outcome, await store(db, source, keyed, parsed.skipped, seen_at=seen_at, validators={}))
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
