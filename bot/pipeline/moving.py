"""Moving house, the way out: everything that is kept, in a folder that people and other programs can read.

    paperboy.json     what the folder is, and how many records each file has; written last
    feeds.jsonl       what is remembered of feeds, and which days' lists were had
    papers.jsonl      papers with their keys, the lists they were on, and their counts over time; those that are
                      one server's own name its feed as private_to
    feeds.opml        the feeds: the operator's, and those that servers' admins added
    servers.jsonl     where alerts go
    channels.jsonl    channels with their schedules and topics
    deliveries.jsonl  what each channel was sent and shown
    verdicts.jsonl    how each due moment ended
    searches.jsonl    the queries behind buttons

Owns: the folder and its manifest. Refuses: the way in (`bot.pipeline.arrival`), and credentials of addresses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from bot.addresses import shown
from bot.errors import UserError
from bot.feeds import arxiv
from bot.formats import opml, shapes
from bot.models import Delivery, DeliveryState, Exported, Feed, FeedKind, Verdict
from bot.pipeline.reading import Progress, quiet
from storage import export as exporting
from storage.database import Database
from storage.records import Guild, GuildFeed, KeptChannel, KeptFeed, KeptPaper, Numbers, Record, Search

FORMAT = 1
MANIFEST = "paperboy.json"
OPML = "feeds.opml"
FILES: Mapping[str, Any] = {
    "feeds.jsonl": KeptFeed,
    "papers.jsonl": KeptPaper,
    OPML: GuildFeed,
    "servers.jsonl": Guild,
    "channels.jsonl": KeptChannel,
    "deliveries.jsonl": Delivery,
    "verdicts.jsonl": Verdict,
    "searches.jsonl": Search,
}
"""What is in which file: what others refer to comes before them."""
_NAMES = {kind: name for name, kind in FILES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder says of itself."""

    format: int
    paperboy: str = ""
    """The version that wrote it."""
    exported_at: datetime
    records: Mapping[str, int]
    """How many each file has; one that is not named here is not read."""
    numbers: Numbers = field(default_factory=Numbers)


async def export(
    db: Database,
    folder: Path,
    sources: Sequence[Feed],
    *,
    now: datetime,
    version: str,
    progress: Progress = quiet,
) -> Exported:
    """Write one moment of everything into a new or empty folder, in files that are their owner's alone.

    Raises UserError where the folder is taken or cannot be written; then nothing of it is left.
    """
    with _filling(folder), _Files(folder) as files:
        await asyncio.to_thread(files.begin, sources, now)
        total = await exporting.count(db)
        async with aclosing(exporting.everything(db)) as slices:
            async for records in slices:
                await asyncio.to_thread(files.write, records)
                progress(files.records["papers.jsonl"], total, "papers")
        return await asyncio.to_thread(files.finish, now, version)


@contextmanager
def _filling(folder: Path) -> Iterator[None]:
    """A folder that is filled whole, or is as it was before."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder} is no empty folder. Nothing was changed: name a new one.")
        made = not folder.exists()
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            yield
        except BaseException:
            for file in folder.iterdir():
                file.unlink()
            if made:
                folder.rmdir()
            raise
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}.") from error


class _Files(ExitStack):
    """The files of a folder while they are written."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.records = dict.fromkeys(FILES, 0)
        self._folder = folder
        self._numbers = Numbers()
        self._without_credentials = self._on_their_way = 0
        self._files: dict[str, TextIO] = {}

    def begin(self, sources: Sequence[Feed], now: datetime) -> None:
        for name in FILES:
            path = self._folder / name
            path.touch(mode=0o600, exist_ok=False)
            self._files[name] = self.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        self._files[OPML].write(opml.head("Feeds of Paperboy", now))
        for source in sources:
            outline = _source(source)
            self._without_credentials += "credentials" in outline.ours
            self._files[OPML].write(opml.line(outline))
            self.records[OPML] += 1

    def write(self, records: Sequence[Record]) -> None:
        if isinstance(records[0], Numbers):
            self._numbers = records[0]
            return
        name = _NAMES[type(records[0])]
        self._files[name].writelines(map(_line, records))
        self.records[name] += len(records)
        self._on_their_way += sum(
            isinstance(record, Delivery) and record.state is DeliveryState.CLAIMED for record in records
        )

    def finish(self, now: datetime, version: str) -> Exported:
        self._files[OPML].write(opml.FOOT)
        self.close()
        manifest = Manifest(
            format=FORMAT,
            paperboy=version,
            exported_at=now,
            records=self.records,
            numbers=self._numbers,
        )
        draft = self._folder / f"{MANIFEST}.partial"
        draft.touch(mode=0o600)
        draft.write_text(f"{json.dumps(shapes.as_json(manifest), indent=2)}\n", encoding="utf-8")
        draft.rename(self._folder / MANIFEST)
        return Exported(
            records=self.records,
            size=sum(file.stat().st_size for file in self._folder.iterdir()),
            without_credentials=self._without_credentials,
            on_their_way=self._on_their_way,
        )


def _line(record: Record) -> str:
    if isinstance(record, GuildFeed):
        told = shapes.as_json(record)
        ours = {name: told[name] for name in ("guild_id", "feed", "added_at")}
        return opml.line(opml.Outline(title=record.title, address=record.address, ours=ours))
    return f"{json.dumps(shapes.as_json(record), ensure_ascii=False)}\n"


def _source(feed: Feed) -> opml.Outline:
    """A feed of the operator's. Hugging Face's lists are pages: no feed reader reads them."""
    site = shown(feed.address)
    hidden = {"credentials": "left out"} if site != feed.address else {}
    match feed.kind:
        case FeedKind.HUGGINGFACE:
            return opml.Outline(
                title=feed.label, address=f"{site}/papers", page=True, ours={"source": feed.name, **hidden}
            )
        case FeedKind.ARXIV:
            address = arxiv.address(site, feed.categories)
            source = f"arxiv:{'+'.join(feed.categories)}"
            return opml.Outline(title=feed.label, address=address, ours={"source": source, **hidden})
        case FeedKind.RSS:
            return opml.Outline(title=feed.label, address=site, ours=hidden)
