"""How long `/trending` takes: `python -m tests.bench.chart --papers 20000`.

An archive of made-up papers, fifty a weekday, each counted hourly for three days after its list, kept where the
count changed; what is older than 30 days has one count a day, as `storage.upkeep` leaves it. Each period is asked
with and without a topic; the event loop's longest pause meanwhile is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

from bot.digest.chart import chart_post
from bot.models import Period
from bot.pipeline import chart
from storage.database import Database
from tests.making import HF, NOW, entry, store

A_DAY = 50
_WORDS = [f"{first}{last}" for first in "bcdfglmnprst" for last in ("ar", "elo", "imat", "orun", "usted", "ysion")]
_TOPICS = ("trending", "belo OR celo", "dar -celo votes:>=20", "dusted dimat")


async def fill(db: Database, papers: int) -> None:
    dice = random.Random(1)
    days: list[date] = []
    day = NOW.date()
    while len(days) * A_DAY < papers:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    number = 0
    for day in reversed(days):
        listed = datetime.combine(day, time(2), UTC)
        made = []
        for _ in range(A_DAY):
            number += 1
            made.append(
                entry(
                    f"{' '.join(dice.choices(_WORDS, k=8))} {number}",
                    arxiv_id=f"{1000 + number // 10_000}.{number % 10_000:05}",
                    abstract=" ".join(dice.choices(_WORDS, k=180)),
                    votes=1,
                    on=day,
                )
            )
        await store(db, HF, *made, at=listed)
        old = NOW - listed > timedelta(days=30)
        rows = []
        for paper_id in range(number - A_DAY + 1, number + 1):
            votes, hot = 1, dice.paretovariate(1.2)
            for hour in range(1, 72):
                gained = int(dice.expovariate(1) * hot * 8 / (hour + 4))
                votes += gained
                if listed + timedelta(hours=hour) < NOW and (hour % 24 == 0 if old else gained):
                    rows.append((paper_id, int((listed + timedelta(hours=hour)).timestamp()), votes))
        async with db.write() as tx:
            await tx.executemany("INSERT OR IGNORE INTO observations VALUES (?, ?, ?, 0, 0)", rows)
            await tx.executemany("UPDATE papers SET votes = ?3, counted_at = ?2 WHERE id = ?1", rows)


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """How late the event loop came back from each pause of a millisecond, in seconds."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            began = perf_counter()
            await asyncio.sleep(0.001)
            late.append(perf_counter() - began - 0.001)

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()


async def measure(papers: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            began = perf_counter()
            await fill(db, papers)
            async with db.read() as connection:
                ((rows,),) = await connection.execute_fetchall("SELECT count(*) FROM observations")
            print(f"{papers:,} papers, {rows:,} observations, made in {perf_counter() - began:.0f} s")
            # As `run` does.
            gc.collect()
            gc.freeze()
            print("period  topic                     gained   p50 ms   max ms   loop late ms")
            for period in Period:
                for topic in _TOPICS:
                    took = []
                    async with watched() as late:
                        for _ in range(rounds):
                            began = perf_counter()
                            made = await chart.trending(db, topic, period, now=NOW)
                            await asyncio.to_thread(chart_post, made, 1)
                            took.append(1_000 * (perf_counter() - began))
                    print(
                        f"{period:<7} {topic:<25} {made.total:>6} {statistics.median(took):>8.1f} "
                        f"{max(took):>8.1f} {1_000 * max(late):>14.1f}"
                    )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--papers", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=10)
    given = options.parse_args()
    asyncio.run(measure(given.papers, given.rounds))
