"""The main job on the bundled sample: no token, no network, the real pipeline, a real database.

Owns: the sample as a network that answers as the sources did at a given moment, and the story that a terminal is
told (`demo --once`). Its clock stands on the sample's last day at 13:00 UTC. The page is `cogs/_demo`'s.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot import config, report
from bot.digest.markup import as_text
from bot.errors import FeedError
from bot.models import (
    ChannelId,
    Delivery,
    Feed,
    Fetched,
    GuildId,
    MessageId,
    Owner,
    Post,
    Validators,
)
from bot.papers.trending import counted
from bot.pipeline import ask, deliver, ingest, ranking
from storage import papers, verdicts
from storage.database import Database

SAMPLE = Path(__file__).parent / "sample"
NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
BEGIN = datetime(2026, 3, 27, 12, tzinfo=UTC)
"""When the channel on the page was subscribed: before the digest of that Friday."""
TOPICS = ("agent", "image generation")
SEARCH = "diffusion"
SOURCES = config.load(
    {
        "PAPERBOY_SOURCES": "huggingface arxiv:cs.AI+cs.CL+cs.CV+cs.LG rss:https://connect.biorxiv.org/biorxiv_xml.php?subject=bioengineering"
    }
).feeds
READING_GROUP = "https://lab.example.org/reading-group.xml"
"""The one feed that `/feeds add` can open without a network."""
_HOURS = (1, 8, 13)
"""When the sample's days were looked at, UTC."""
_CHANNEL = ChannelId(1)
_NO_PAPERS = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'


class Sample:
    """The demo's network: as `fetch` it answers like the sources at `clock()`.

    A day's list is the last one captured by then, with the votes of `votes.json`.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock

    async def fetch(self, url: str, _: Validators) -> Fetched:
        """Raises FeedError."""
        return Fetched(url=url, body=await asyncio.to_thread(self._body, url))

    def _body(self, url: str) -> bytes:
        now, address = self.clock(), urlsplit(url)
        match [address.hostname, *address.path.split("/")[1:]]:
            case ["huggingface.co", "api", "daily_papers"]:
                items = _list(parse_qs(address.query)["date"][0], now)
            case ["huggingface.co", "api", "papers", "search"]:
                items = _found(parse_qs(address.query)["q"][0])
            case ["export.arxiv.org", "api", "query"]:
                return _NO_PAPERS
            case ["rss.arxiv.org", "rss" | "atom", _]:
                return (SAMPLE / "arxiv" / "2026-03-31__2026-03-31T041500Z.xml").read_bytes()
            case ["connect.biorxiv.org", "biorxiv_xml.php"]:
                return (SAMPLE / "rss" / "biorxiv.xml").read_bytes()
            case ["lab.example.org", "reading-group.xml"]:
                return (SAMPLE / "added" / "reading-group.xml").read_bytes()
            case _:
                raise FeedError(url, f"the demo has no network; it knows {READING_GROUP}")
        return json.dumps(items).encode()


def _list(day: str, now: datetime) -> list[Any]:
    """The Hugging Face list of a day as it was at `now`, by votes."""
    captured = [items for at, items in _captures().get(day, ()) if at <= now]
    if not captured:
        return []
    items = [_voted(item, now) for item in captured[-1]]
    return sorted(items, key=lambda item: item["paper"]["upvotes"], reverse=True)


def _voted(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The item with the votes that its paper had at `now`."""
    paper = item["paper"]
    counted = [votes for at, votes in _votes().get(paper["id"], ()) if at <= now]
    return {**item, "paper": {**paper, "upvotes": counted[-1] if counted else paper["upvotes"]}}


def _found(words: str) -> list[Any]:
    """What Hugging Face's search would find: the papers of `search.json` whose titles have one of the words."""
    asked = set(re.findall(r"\w{4,}", words.casefold()))
    items = json.loads((SAMPLE / "search.json").read_bytes())
    return [item for item in items if asked & set(re.findall(r"\w+", item["title"].casefold()))]


@cache
def _captures() -> dict[str, list[tuple[datetime, list[Any]]]]:
    """Day -> (captured at, its list), oldest first; `later` holds what comes after the demo's first moment."""
    found: dict[str, list[tuple[datetime, list[Any]]]] = {}
    for file in sorted(SAMPLE.rglob("huggingface/*.json"), key=lambda file: file.name):
        day, _, captured = file.stem.partition("__")
        at = datetime.strptime(captured, "%Y-%m-%dT%H%M%S%z")
        found.setdefault(day, []).append((at, json.loads(file.read_bytes())))
    return found


@cache
def _votes() -> dict[str, list[tuple[datetime, int]]]:
    """arXiv id -> (since, votes), oldest first."""
    told = json.loads((SAMPLE / "votes.json").read_bytes())
    return {
        name: [(datetime.fromisoformat(at), votes) for at, votes in history.items()]
        for name, history in told.items()
    }


def clock(now: datetime) -> str:
    """What the demo's clock says, as the beginning of a sentence."""
    return f"It is {now:%A} {now.day} {now:%B %Y, %H:%M} UTC"


def sources(now: datetime) -> tuple[Feed, ...]:
    """Those that the sample has something of by then: arXiv and bioRxiv only on its last day."""
    return SOURCES if now.date() >= NOW.date() else SOURCES[:1]


async def read(db: Database, sample: Sample) -> None:
    """What the ingest tick would do now."""
    now, hourly = sample.clock(), timedelta(hours=1)
    await ingest.ingest(db, sample.fetch, sources(now), now=now, poll=hourly, backfill_days=14, jitter=lambda: 0.0)


async def fill(db: Database, *, until: datetime = NOW) -> None:
    """The archive as it would be, had Paperboy read Hugging Face since the sample's first day, and the other
    sources on its last."""
    day = datetime.combine(date.fromisoformat(min(_captures())), time(), UTC)
    while day <= until:
        for moment in (day.replace(hour=hour) for hour in _HOURS):
            if moment <= until:
                await read(db, Sample(lambda moment=moment: moment))  # type: ignore[misc]
        day += timedelta(days=1)
    await ranking.catch_up(db)


async def subscribe(db: Database, channel: ChannelId, guild: GuildId, *, now: datetime) -> None:
    for topic in TOPICS:
        await ask.subscribe(db, channel, Owner(guild_id=guild), topic, "UTC", now=now)


# --- the story for a terminal -----------------------------------------------------------------------


class Printer:
    """A Publisher whose channel is a list of texts."""

    def __init__(self) -> None:
        self.posts: list[str] = []

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:  # noqa: ARG002
        self.posts.append(as_text(post))
        return MessageId(len(self.posts))

    async def find(self, delivery: Delivery) -> MessageId | None:
        return delivery.message_id

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:  # noqa: ARG002
        self.posts.append(f"The digest {sentence}")
        return True


async def play(database: Path, tell: Callable[[str], None]) -> None:
    """Ingest, subscribe, deliver the day's digest, search; each step is told."""
    channel = Printer()
    async with Database(database) as db:
        tell("1. Reading the bundled sample: ten days of March 2026 from Hugging Face, arXiv and bioRxiv")
        tell("   (titles, authors and days are real; texts and summaries are ours, votes are sample data)")
        await fill(db)
        tell(f"   {counted(await papers.count(db), 'paper')}")
        tell(f"\n2. Subscribing #papers to {' and '.join(f'“{topic}”' for topic in TOPICS)}")
        await subscribe(db, _CHANNEL, GuildId(1), now=NOW - timedelta(hours=1))
        tell(f"   one digest a day, Monday to Friday at {NOW:%H:%M} UTC, up to eight papers")
        tell(f"\n3. {clock(NOW)}: the digest is due\n{'─' * 100}")
        await deliver.deliver_due(db, channel, now=NOW)
        tell("\n".join(channel.posts))
        (verdict,) = await verdicts.latest(db, _CHANNEL, limit=1)
        tell(f"{'─' * 100}\n   {verdict.text}")
        tell(f"\n4. Somebody asks /search {SEARCH}\n{'─' * 100}")
        tell(report.answer_text(await ask.search(db, SEARCH, now=NOW, limit=3)))
        tell(
            f"{'─' * 100}\nThat was the whole pipeline on a real database. Ask the live sources:\n"
            "   .venv/bin/python -m bot ingest\n"
            "   .venv/bin/python -m bot search 'your words'\n"
            "   .venv/bin/python -m bot preview --topic 'your words'"
        )
