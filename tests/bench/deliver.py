"""Digests for many channels due in the same minute: `python -m tests.bench.deliver [--data DIR]`.

DIR holds `feeds/arxiv_cs_cv/*.json`: its last 600 papers are the day's news, the others the archive. Without it
as many papers are put together from the words of the bundled sample. Each channel has five topics out of 2,000,
the common ones held by many. First without sending (what composing and the ledger cost), then against the Discord
of `tests.peer` in a process of its own, which enforces 50 requests a second over all and 5 in 5 seconds per
channel. A run is read beside Discord's own limit, than which no bot can be faster.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp

from bot import demo
from bot.feeds import arxiv, huggingface
from bot.models import Delivery, Entry, MessageId, Publisher
from bot.pipeline import deliver
from bot.pipeline import weekly as round_ups
from cogs._client import Connection, Paperboy
from storage.database import Database
from tests.bench.gauges import lag, memory, percentile
from tests.feeds.test_arxiv import as_rss
from tests.making import NOW, entry, rows, store
from tests.peer.launch import point
from tests.peer.limits import PER_SECOND
from tests.peer.shapes import GUILD
from tests.test_cli import TOKEN

NEWS, TOPICS, PER_CHANNEL = 600, 2_000, 5


class Nowhere:
    """A Publisher that takes everything at once."""

    def __init__(self) -> None:
        self._posts = itertools.count(1)

    async def publish(self, *_: object) -> MessageId:
        return MessageId(next(self._posts))

    async def find(self, _: Delivery) -> None:
        return None

    async def tell(self, *_: object) -> bool:
        return False


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path)
    options.add_argument("--channels", type=int, nargs="+", default=[100, 1_000, 10_000])
    options.add_argument("--part", choices=("composed", "sent"), help="default: both")
    options.add_argument("--weekly", action="store_true", help="round-ups instead of digests")
    given = options.parse_args()
    entries = captured(given.data) if given.data else made_up(2_500)
    for count in given.channels:
        if given.part != "sent":
            asyncio.run(compose_only(entries, count, weekly=given.weekly))
        if given.part != "composed":
            asyncio.run(send(entries, count, weekly=given.weekly))


def captured(data: Path) -> list[Entry]:
    files = sorted((data / "feeds/arxiv_cs_cv").glob("*.json"))
    return [one for file in files for one in arxiv.parse(as_rss(json.loads(file.read_bytes()))).entries]


def made_up(count: int) -> list[Entry]:
    """Papers of the usual length whose words are as frequent as in the sample."""
    files = sorted((demo.SAMPLE / "huggingface").glob("*.json"))
    papers = [one.paper for file in files for one in huggingface.parse(file.read_bytes()).entries]
    titles = [word for paper in papers for word in paper.title.split()]
    texts = [word for paper in papers for word in f"{paper.abstract} {paper.summary}".split()]
    chance = random.Random(1)

    def sentence(words: Sequence[str], length: int) -> str:
        return " ".join(chance.choices(words, k=length)).capitalize()

    return [
        entry(
            sentence(titles, 10),
            arxiv_id=f"2603.{number:05}",
            abstract=". ".join(sentence(texts, 25) for _ in range(7)) + ".",
            authors=tuple(sentence(titles, 2) for _ in range(5)),
            categories=("cs.CV",),
        )
        for number in range(count)
    ]


async def compose_only(entries: Sequence[Entry], count: int, *, weekly: bool) -> None:
    async with filled(entries, count) as db:
        took, told = await measure(db, Nowhere(), weekly=weekly)
    print(
        f"{count:,} channels, composed and recorded: {took:.1f} s, {count / took:.0f} a second; {told}", flush=True
    )


async def send(entries: Sequence[Entry], count: int, *, weekly: bool) -> None:
    """The same over real sockets, with an answer after 80 to 160 ms."""
    options = ("--channels", str(count), "--latency", "0.08", "0.16")
    peer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.peer", *options), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert peer.stdout is not None
        address = json.loads(await peer.stdout.readline())
        point(address["rest"], address["gateway"])
        async with (
            filled(entries, count) as db,
            Connection(TOKEN, partial(Paperboy, db=db, clock=lambda: NOW, feeds=())) as discord,
        ):
            while not discord.ready:  # noqa: ASYNC110 - discord.py says so to its own client only
                await asyncio.sleep(0.1)
            took, told = await measure(db, discord.publisher, weekly=weekly)
            async with aiohttp.ClientSession() as session, session.get(f"{address['control']}/stats") as answer:
                stats = await answer.json()
    finally:
        peer.terminate()
        await peer.wait()
    limited = sum(number for name, number in stats.items() if name.startswith("429"))
    print(
        f"{count:,} channels, sent: {took:.1f} s, {count / took / PER_SECOND:.1%} of the allowed rate, "
        f"{stats['messages']} messages, {stats['channels with several messages']} channels with several, "
        f"429s {limited}; {told}",
        flush=True,
    )


@asynccontextmanager
async def filled(entries: Sequence[Entry], count: int) -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            await fill(db, entries, count)
            yield db


async def fill(db: Database, entries: Sequence[Entry], count: int) -> None:
    """The archive, and channels whose topics are words and pairs of words of the day's titles."""
    old, new = entries[:-NEWS], entries[-NEWS:]
    day = NOW.date()
    await store(db, "arxiv", *(replace(one, listed_on=day - timedelta(days=9)) for one in old))
    await store(db, "arxiv", *(replace(one, listed_on=day) for one in new))
    chance = random.Random(1)
    words = [re.findall(r"[a-z]{4,}", one.paper.title.lower()) for one in new]
    singles = sorted({word for title in words for word in title})
    pairs = sorted(
        {" ".join(sorted(chance.sample(title, 2))) for title in words if len(title) > 1 for _ in range(4)}
    )
    chance.shuffle(singles)
    chance.shuffle(pairs)
    topics = (singles + pairs)[:TOPICS]
    chance.shuffle(topics)
    weights = [1 / (at + 5) for at in range(len(topics))]
    due = int(NOW.timestamp())
    async with db.write() as tx:
        await tx.executemany(
            """INSERT INTO channels (id, guild_id, post_at, zone, days, size, next_due, created_at)
            VALUES (?, ?, '13:00', 'UTC', '01234', 8, ?, ?)""",
            [(number, GUILD, due, int((NOW - timedelta(days=1)).timestamp())) for number in range(1, count + 1)],
        )
        await tx.executemany(
            "INSERT OR IGNORE INTO topics (channel_id, query, created_at) VALUES (?, ?, 0)",
            [
                (number, topic)
                for number in range(1, count + 1)
                for topic in chance.choices(topics, weights, k=PER_CHANNEL)
            ],
        )
        await tx.execute(f"INSERT INTO round_ups SELECT id, 1, '13:00', {due}, NULL FROM channels")


async def measure(db: Database, publisher: Publisher, *, weekly: bool) -> tuple[float, str]:
    """(seconds, what else it took in words) of the minute in which all are due."""
    gc.collect()
    gc.freeze()  # as `run` does
    before = memory()
    lags: list[float] = []
    watch = asyncio.create_task(lag(lags))
    start, processor = time.perf_counter(), time.process_time()
    await (round_ups.deliver_weekly_due if weekly else deliver.deliver_due)(db, publisher, now=NOW)
    took, processor = time.perf_counter() - start, time.process_time() - processor
    watch.cancel()
    kinds = await rows(db, "SELECT kind, count(*) FROM verdicts GROUP BY kind")
    p50, p99, longest = (percentile(lags, part) * 1_000 for part in (0.5, 0.99, 1))
    return took, (
        f"{processor:.1f} s of processor, memory {before:.0f} to {memory():.0f} MiB at most, "
        f"loop lag p50 {p50:.1f}, p99 {p99:.1f}, longest {longest:.0f} ms, verdicts {dict(kinds)}"
    )


if __name__ == "__main__":
    main()
