"""Moving house, the way in: a folder that `bot.pipeline.moving` wrote, and somebody may have edited.

Owns: reading it, and what is refused of it, with file and line. Refuses: what becomes of two records of one thing
(`storage.intake`), and storing the operator's feeds, which are settings.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bot.digest import due
from bot.errors import UserError
from bot.feeds.text import web_url
from bot.formats import opml, shapes
from bot.models import Delivery, Imported
from bot.papers import identity
from bot.papers.legibility import FIELDS, legible
from bot.pipeline.moving import FILES, FORMAT, MANIFEST, OPML, Manifest
from bot.pipeline.reading import Progress, quiet
from storage import export, intake
from storage.database import Database
from storage.records import GuildFeed, KeptChannel, KeptPaper, Record

LONGEST = 8 * 1024 * 1024
"""Bytes of one line: a paper that is counted every hour for ten years needs less."""
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
# What a JSON text can hold though nobody sees it: controls and halves of surrogate pairs as escapes; DEL and C1.
_ESCAPES = re.compile(r"\\u(?:00[0189]|007[fF]|[dD][89a-fA-F]|[fF]{3}[eEfF])")
_HIDDEN = re.compile("[\x7f-\x9f\ufffe\uffff]")
_EDITED = (
    f"Is the copy whole? If you changed the folder yourself, tell {MANIFEST} the file's new number of records, or "
    "take its entry out with the file."
)
_SOURCE = re.compile(r"huggingface|arxiv:[A-Za-z.+-]+", re.ASCII)


def look(folder: Path) -> Manifest:
    """What a folder says of itself. Raises UserError where it is no whole export, or a newer Paperboy's."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(
            f"{folder} holds no export: {MANIFEST} is missing. It is written last: what was broken off has none."
        )
    with _placed(MANIFEST), path.open("rb") as file:
        found = _value(file.read(LONGEST + 1))
        wanted = found.get("format") if isinstance(found, dict) else None
        if isinstance(wanted, int) and wanted > FORMAT:
            raise UserError("it was written by a newer Paperboy: update this one first")
        manifest = shapes.from_json(Manifest, found)
        if manifest.format != FORMAT:
            raise UserError(f"there is no format {manifest.format}")
        return manifest


async def bring(db: Database, folder: Path, manifest: Manifest, *, progress: Progress = quiet) -> Imported:
    """Take everything in, or nothing. Raises UserError with file and line for what cannot be, StorageError."""
    reading = _Reading(folder, manifest, progress)
    async with aclosing(_slices(reading)) as slices:
        taken = await intake.take(db, slices)
    return Imported(taken=taken, sources=tuple(dict.fromkeys(reading.sources)), incomplete=reading.incomplete)


async def _slices(reading: _Reading) -> AsyncGenerator[Sequence[Record]]:
    """Files are read, and lines understood, outside of the event loop."""
    slices = reading.slices()
    try:
        while found := await asyncio.to_thread(next, slices, None):
            yield found
    finally:
        with suppress(ValueError):  # cancelled while a thread is in it
            slices.close()


class _Reading:
    """A folder's files, one after the other."""

    def __init__(self, folder: Path, manifest: Manifest, progress: Progress) -> None:
        self._folder, self._manifest, self._progress = folder, manifest, progress
        self.sources: list[str] = []
        self.incomplete = 0

    def slices(self) -> Generator[Sequence[Record]]:
        """Raises UserError."""
        yield (self._manifest.numbers,)
        for name in FILES:
            if name in self._manifest.records:
                yield from self._slices(name, self._manifest.records[name])

    def _slices(self, name: str, wanted: int) -> Iterator[Sequence[Record]]:
        path, done = self._folder / name, 0
        if not path.is_file():
            raise UserError(f"{name} is missing in {self._folder}. {_EDITED}")
        with _placed(name), path.open("rb") as file:
            for found in _sliced(self._outlines(file) if name == OPML else _lines(file, FILES[name])):
                done += len(found)
                self._progress(min(done, wanted), wanted, name)
                if kept := [record for record in found if record is not None]:
                    yield kept
        if done != wanted:
            raise UserError(f"{name} holds {done} records, and {MANIFEST} says {wanted}. {_EDITED}")

    def _outlines(self, file: BinaryIO) -> Iterator[tuple[GuildFeed | None, int]]:
        """The feeds that servers' admins added; None in place of the operator's, which are noted."""
        for number, outline in opml.read(file):
            with _placed(f"line {number}"):
                added = _guild_feed(outline) if "guild_id" in outline.ours else None
                if added is None:
                    self._note(outline)
            yield added, len(outline.address)

    def _note(self, outline: opml.Outline) -> None:
        source = outline.ours.get("source") or f"rss:{outline.address}"
        if "credentials" in outline.ours:
            self.incomplete += 1
        elif outline.page and "source" not in outline.ours:
            return  # a link that another program put there
        elif not _SOURCE.fullmatch(source) and not (source.startswith("rss:") and web_url(source[4:])):
            raise UserError(f"“{source[:80]}” is no source")
        self.sources.append(source)


def _guild_feed(outline: opml.Outline) -> GuildFeed:
    told = {"title": outline.title, "address": outline.address, **outline.ours}
    feed = shapes.from_json(GuildFeed, told)
    if not feed.feed.startswith("added:"):
        raise UserError("a server's feed has a name that begins with “added:”")
    if web_url(feed.address) is None:
        raise UserError(f"“{feed.address[:80]}” is no web address, or one with a password")
    return feed


# --- lines ------------------------------------------------------------------------------------------


def _sliced(records: Iterable[tuple[Record | None, int]]) -> Iterator[list[Record | None]]:
    """As many at once as there may be, fewer of long ones. With each comes its length."""
    found: list[Record | None] = []
    room = LONGEST
    for record, length in records:
        found.append(record)
        room -= length
        if len(found) == export.SLICE or room < 0:
            yield found
            found, room = [], LONGEST
    if found:
        yield found


def _lines(file: BinaryIO, kind: type[Any]) -> Iterator[tuple[Record, int]]:
    check = _CHECKS.get(kind)
    for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), start=1):
        if not line.isspace():
            with _placed(f"line {number}"):
                record = shapes.from_json(kind, _value(line))
                if check:
                    record = check(record)
            yield record, len(line)


def _value(body: bytes) -> Any:
    """What a JSON text says, without control characters."""
    if len(body) > LONGEST:
        raise UserError(f"it is longer than {LONGEST // 1024**2} MiB")
    try:
        # Some editors of Windows begin a file with a mark.
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_number)
        return _cleaned(value) if _ESCAPES.search(text) or _HIDDEN.search(text) else value
    except UnicodeDecodeError:
        raise UserError("it is not in UTF-8") from None
    except json.JSONDecodeError as error:
        raise UserError(f"it is no JSON: {error.msg}, at character {error.pos + 1}") from None
    except ValueError:
        raise UserError("it holds a number that is too large") from None
    except RecursionError:
        raise UserError("it is nested too deeply") from None


def _no_number(name: str) -> None:
    raise UserError(f"{name} is no JSON")


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return shapes.visible(value)
        case list():
            return [_cleaned(item) for item in value]
        case dict():
            return {shapes.visible(name): _cleaned(item) for name, item in value.items()}
    return value


@contextmanager
def _placed(where: str) -> Iterator[None]:
    """What is wrong, with where it is."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}{', ' if str(error).startswith('line ') else ': '}{error}") from None
    except OSError as error:
        raise UserError(f"{where} cannot be read: {error.strerror or error}.") from error


# --- what a shape cannot tell -----------------------------------------------------------------------


def _paper(paper: KeptPaper) -> KeptPaper:
    """Read as a feed's entry is, whoever wrote it. A line of one's own needs no keys: they are worked out like a
    feed's. What is private stays so, under its own feed's keys."""
    if not paper.title.strip():
        raise UserError("title is empty")
    for name in ("url", "repository", "project_page", "thumbnail", "discussion"):
        address = getattr(paper, name)
        if address is not None and web_url(address) is None:
            raise UserError(f"{name}: “{address[:80]}” is no web address")
    for name, written in paper.written.items():
        if name not in FIELDS or type(written) is not type(getattr(paper, name)):
            raise UserError(f"written: “{name[:40]}” is not told like this: take it out")
    for claim in paper.claims:
        if not claim.feed.startswith("added:"):
            raise UserError("claims: a server's feed has a name that begins with “added:”")
    paper = legible(paper)
    if paper.private_to is not None:
        return _private(paper)
    if paper.identities:
        return paper
    found = identity.keys(paper)
    return replace(paper, identities=found.strong + found.weak)


def _private(paper: KeptPaper) -> KeptPaper:
    if not str(paper.private_to).startswith("added:"):
        raise UserError("private_to: a server's feed has a name that begins with “added:”")
    if paper.identities:
        raise UserError("identities: a private paper has none")
    feeds = {listing.feed for listing in paper.listings} | {claim.feed for claim in paper.claims}
    if feeds - {paper.private_to}:
        raise UserError("listings and claims of a private paper are of the feed in private_to only")
    return paper


def _channel(channel: KeptChannel) -> KeptChannel:
    if (channel.guild_id is None) == (channel.person is None):
        raise UserError("guild_id and person: a channel is a server's or somebody's inbox: it has one of them")
    schedule = channel.schedule
    try:
        due.zone_named(schedule.zone)
    except UserError:
        raise UserError(f"zone: “{schedule.zone[:60]}” is no time zone that this machine knows") from None
    if not schedule.days or not schedule.days <= set(range(7)):
        raise UserError("days: they are numbers from 0 (Monday) to 6, at least one")
    if not due.MIN_SIZE <= schedule.size <= due.MAX_SIZE:
        raise UserError(f"size: it is from {due.MIN_SIZE} to {due.MAX_SIZE}")
    round_up = channel.round_up
    if round_up and round_up.day not in range(7):
        raise UserError("round_up: day: it is a number from 0 (Monday) to 6")
    moments = {name: getattr(channel, name) for name in ("next_due", "last_due", "created_at")}
    if round_up:
        moments |= {"round_up: next_due": round_up.next_due, "round_up: last_due": round_up.last_due}
    for name, moment in moments.items():
        if moment is not None and not _EARLIEST <= moment < _LATEST:
            raise UserError(f"{name}: {moment:%Y-%m-%d} is no day for a digest")
    if channel.next_due is None and channel.paused is None:
        raise UserError("next_due is missing: only a channel that is paused has none")
    if round_up and round_up.next_due is None and channel.paused is None:
        raise UserError("round_up: next_due is missing: only a channel that is paused has none")
    if any(not topic.text.strip() for topic in channel.topics):
        raise UserError("topics: a text is empty")
    return channel


def _delivery(delivery: Delivery) -> Delivery:
    if not re.fullmatch(r"[\w-]{1,40}", delivery.id, re.ASCII):
        raise UserError(f"id: “{delivery.id[:40]}” is none that a button can carry")
    return delivery


_CHECKS: Mapping[type[Any], Callable[[Any], Any]] = {KeptPaper: _paper, KeptChannel: _channel, Delivery: _delivery}
