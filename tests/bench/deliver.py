"""Digests for many channels due in the same minute: `python -m tests.bench.deliver --data DIR`.

DIR holds `feeds/arxiv_cs_cv/*.json`: its last 600 papers are the day's news, the others the archive. Each channel
has five topics out of 2,000, the common ones held by many. First without sending (what composing and the ledger
cost), then against the Discord of `tests.peer` in a process of its own, which enforces 50 requests a second over
all and 5 in 5 seconds per channel. The alternative beside which a run is read is Discord's own limit: no bot can
be faster.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import re
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.feeds import arxiv
from bot.models import ChannelId, Delivery, Entry, GuildId, MessageId, Post, Publisher
from bot.pipeline import deliver
from storage.database import Database
from tests.feeds.test_arxiv import as_rss
from tests.making import NOW, rows, store

NEWS, TOPICS, PER_CHANNEL, PER_GUILD = 600, 2_000, 5, 100


class Nowhere:
    """A Publisher that takes everything at once."""

    def __init__(self) -> None:
        self.posts = itertools.count(1)

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        return MessageId(next(self.posts))

    async def find(self, delivery: Delivery) -> MessageId | None:
        return None

    async def tell(self, guild: GuildId, channel: ChannelId, reason: str) -> None: ...


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--channels", type=int, nargs="+", default=[100, 1_000, 10_000])
    given = options.parse_args()
    files = sorted((given.data / "feeds/arxiv_cs_cv").glob("*.json"))
    entries = [entry for file in files for entry in arxiv.parse(as_rss(json.loads(file.read_bytes()))).entries]
    for count in given.channels:
        asyncio.run(run(entries, count))


async def run(entries: Sequence[Entry], count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            await fill(db, entries, count)
            await measure(db, Nowhere(), count)


async def fill(db: Database, entries: Sequence[Entry], count: int) -> None:
    """The archive, and channels whose topics are words and pairs of words of the day's titles."""
    from dataclasses import replace

    old, new = entries[:-NEWS], entries[-NEWS:]
    day = NOW.date()
    await store(db, "arxiv:cs.CV", *(replace(entry, listed_on=day - timedelta(days=9)) for entry in old))
    await store(db, "arxiv:cs.CV", *(replace(entry, listed_on=day) for entry in new))
    chance = random.Random(1)
    words = [re.findall(r"[a-z]{4,}", entry.paper.title.lower()) for entry in new]
    singles = sorted({word for title in words for word in title})
    pairs = sorted(
        {" ".join(sorted(chance.sample(title, 2))) for title in words if len(title) > 1 for _ in range(4)}
    )
    chance.shuffle(singles)
    chance.shuffle(pairs)
    topics = (singles + pairs)[:TOPICS]
    chance.shuffle(topics)
    weights = [1 / (at + 5) for at in range(len(topics))]
    async with db.write() as tx:
        await tx.executemany(
            """INSERT INTO channels (id, guild_id, post_at, zone, days, size, next_due, created_at)
            VALUES (?, ?, '13:00', 'UTC', '01234', 8, ?, ?)""",
            [
                (number, number // PER_GUILD + 1, int(NOW.timestamp()), int((NOW - timedelta(days=1)).timestamp()))
                for number in range(1, count + 1)
            ],
        )
        await tx.executemany(
            "INSERT OR IGNORE INTO topics (channel_id, query, created_at) VALUES (?, ?, 0)",
            [
                (number, topic)
                for number in range(1, count + 1)
                for topic in chance.choices(topics, weights, k=PER_CHANNEL)
            ],
        )


async def measure(db: Database, publisher: Publisher, count: int) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lags: list[float] = []
    watch = asyncio.create_task(lag(lags))
    start, cpu = time.perf_counter(), time.process_time()
    await deliver.deliver_due(db, publisher, now=NOW)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    watch.cancel()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kinds = dict(await rows(db, "SELECT kind, count(*) FROM verdicts GROUP BY kind"))
    lags.sort()
    print(
        f"{count:,} channels: {took:.1f} s ({count / took:.0f} a second, {cpu:.1f} s of processor), verdicts {kinds}; "
        f"memory {memory:.0f} -> {peak:.0f} MiB; loop lag p50 {lags[len(lags) // 2] * 1e3:.1f} ms, "
        f"p99 {lags[int(len(lags) * 0.99)] * 1e3:.1f} ms, longest {lags[-1] * 1e3:.0f} ms"
    )


async def lag(found: list[float]) -> None:
    """Seconds by which a short sleep is late: how long a command waits for the event loop."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.005)
        found.append(time.perf_counter() - start - 0.005)


if __name__ == "__main__":
    main()
