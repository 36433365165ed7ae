"""The main job on the bundled sample: no token, no network, the real pipeline, a real database.

Owns: the story that a stranger sees first. Its clock stands on the sample's last day at 13:00 UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import report
from bot.digest.markup import as_text
from bot.models import ChannelId, Delivery, FeedKind, GuildId, MessageId, Owner, Post
from bot.pipeline import ask, captures, deliver, ranking
from storage import verdicts
from storage.database import Database

SAMPLE = Path(__file__).parent / "sample"
NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
TOPICS = ("agent", "image generation")
SEARCH = "diffusion"
_CHANNEL = ChannelId(1)


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
        tell("1. Reading the bundled sample: lists of March 2026 from Hugging Face, arXiv and bioRxiv")
        tell("   (titles, authors and days are real; texts and summaries are ours, votes are sample data)")
        for kind in FeedKind:
            outcome = await captures.read_files(db, kind, SAMPLE / kind, now=NOW)
            tell(f"   {report.outcome_line(outcome).replace(str(SAMPLE.parent), 'bot')}")
        await ranking.catch_up(db)
        tell(f"\n2. Subscribing #papers to {' and '.join(f'“{topic}”' for topic in TOPICS)}")
        before = NOW - timedelta(hours=1)
        for topic in TOPICS:
            await ask.subscribe(db, _CHANNEL, Owner(guild_id=GuildId(1)), topic, "UTC", now=before)
        tell(f"   one digest a day, Monday to Friday at {NOW:%H:%M} UTC, up to eight papers")
        tell(f"\n3. It is {NOW:%A %d %B %Y, %H:%M} UTC: the digest is due\n{'─' * 100}")
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
