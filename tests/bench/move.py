"""Seconds, bytes and memory of `export` and `import`: `python -m tests.bench.move [--papers 100000]`.

The papers are put together from the words of the bundled sample, with ten observations and two listings each; a
hundred channels have had a digest on each of a hundred days. Each command runs in a process of its own: the
export, the import into an empty database, and the same import again, which finds everything known.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from bot import demo
from bot.models import Entry
from storage.database import Database
from tests.making import NOW, channel, entry, store

CHANNELS, DAYS, SHOWN, MORE = 100, 100, 8, 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--papers", type=int, default=100_000)
    number: int = options.parse_args().papers
    with tempfile.TemporaryDirectory(prefix="paperboy-") as name:
        folder = Path(name)
        asyncio.run(fill(folder / "old.sqlite", number))
        measure("export", folder, "old.sqlite")
        measure("import", folder, "new.sqlite")
        measure("import", folder, "new.sqlite")


async def fill(path: Path, number: int) -> None:
    words = re.findall(
        r"[a-z]{4,}", " ".join(file.read_text() for file in (demo.SAMPLE / "huggingface").iterdir())
    )
    chance = random.Random(1)

    def some(count: int) -> str:
        return " ".join(chance.choices(words, k=count))

    def paper(at: int) -> Entry:
        return entry(
            f"{some(9)} {at}",
            arxiv_id=f"{2000 + at // 90_000}.{10_000 + at % 90_000}",
            abstract=some(160),
            summary=some(25),
            authors=tuple(f"{some(1).title()} {some(1).title()}" for _ in range(6)),
            categories=("cs.CL", "cs.AI"),
            keywords=(some(2), some(2)),
            votes=chance.randrange(100),
        )

    async with Database(path) as db:
        for start in range(0, number, 1_000):
            made = [paper(at) for at in range(start, min(start + 1_000, number))]
            await store(db, "huggingface", *made)
            await store(db, "arxiv", *made, at=NOW + timedelta(hours=1))
        for at in range(CHANNELS):
            await channel(db, at + 1, "agent", "diffusion video")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM observations")
        connection.execute(
            """WITH RECURSIVE hour (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM hour WHERE at < 9)
            INSERT INTO observations SELECT id, ? + at * 3600, votes + at, 1, 0 FROM papers, hour""",
            (int(NOW.timestamp()),),
        )
        post = '{"blocks": [{"content": "' + some(600) + '", "kind": "text"}]}'
        for at, day in ((at, day) for at in range(1, CHANNELS + 1) for day in range(DAYS)):
            due = int((NOW - timedelta(days=day)).timestamp())
            connection.execute(
                """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post)
                VALUES (?, ?, 'scheduled', ?, ?, 'sent', ?)""",
                (f"{at}-{day}", at, due, due, post if day < 30 else '{"blocks": []}'),
            )
            connection.executemany(
                "INSERT INTO delivery_papers VALUES (?, ?, ?, ?, ?, NULL)",
                [
                    (f"{at}-{day}", place, at, 1 + (day * SHOWN + place) % number, place < SHOWN)
                    for place in range(SHOWN + MORE)
                ],
            )
            connection.execute(
                "INSERT INTO verdicts VALUES (?, ?, 'digest', ?, 'posted', 'posted 8 papers')", (at, due, due)
            )


def measure(verb: str, folder: Path, database: str) -> None:
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", verb, str(folder / "moved")],
        env={**os.environ, "PAPERBOY_DATABASE": str(folder / database)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    told = process.stdout.read().decode().splitlines()[0]
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    size = (folder / database).stat().st_size / 1e6
    print(
        f"{verb}: {time.perf_counter() - start:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of a core), "
        f"peak memory {used.ru_maxrss / 1024:.0f} MiB, "
        f"database {size:.0f} MB: {told.removeprefix(str(folder))}",
        flush=True,
    )


if __name__ == "__main__":
    main()
