"""What a day costs the sources, and whether channels make a difference: `python -m tests.bench.requests`.

A day of minutes, each with the ticks of `run`, over real sockets to a local server that counts. The lists change
as the real ones do: Hugging Face's grows all day, arXiv's is new at midnight in New York.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.fetch import Fetcher
from bot.pipeline import deliver, ingest
from storage.database import Database
from tests.making import channel
from tests.pipeline.sources import World, announcement, listed, serving
from tests.pipeline.test_deliver import Discord

MONDAY = date(2026, 3, 30)
TOPICS = ("diffusion", "agents -survey", "cat:cs.CL reasoning", "trending", "votes:>=20")


async def a_day(path: Path, channels: int) -> Counter[str]:
    """Path of the source -> requests of Tuesday, after a Monday to get going."""
    start = datetime(2026, 3, 30, 12, tzinfo=UTC)
    asked = Counter[str]()
    async with serving(World()) as world, Database(path) as db, Fetcher(version="bench", pauses={}) as fetch:
        for number in range(channels):
            due = start + timedelta(hours=number % 24)
            await channel(db, number + 1, *TOPICS[: number % len(TOPICS) + 1], due=due, guild=number // 3)
        for minute in range(36 * 60):
            now = start + timedelta(minutes=minute)
            day = now.date()
            growing = min(60, 1 + minute % 1440 // 20)
            world.days[day] = [listed(day.day * 100 + number, day) for number in range(growing)]
            if (now - timedelta(hours=4)).date() > MONDAY:
                world.arxiv = [announcement(number, day=day) for number in range(300, 350)]
            else:
                world.arxiv = [announcement(number, day=MONDAY) for number in range(100, 150)]
            await ingest.ingest(
                db, fetch, world.feeds(), now=now, poll=timedelta(hours=1), backfill_days=14, jitter=lambda: 0.5
            )
            if minute >= 12 * 60:
                asked.update(request.path.split("/")[1] for request in world.asked)
                asked["304"] += sum("If-None-Match" in request.headers for request in world.asked)
            world.asked.clear()
            await deliver.deliver_due(db, Discord(), now=now)
    return asked


def main() -> None:
    for channels in (10, 1_000):
        with tempfile.TemporaryDirectory() as folder:
            asked = asyncio.run(a_day(Path(folder) / "bench.sqlite", channels))
        conditional = asked.pop("304")
        names = {"api": "Hugging Face", "rss": "arXiv", "feed.xml": "an RSS feed"}
        told = ", ".join(f"{names.get(name, name)} {number}" for name, number in asked.most_common())
        print(f"{channels:5} channels: {sum(asked.values())} requests a day, {conditional} conditional: {told}")


if __name__ == "__main__":
    main()
