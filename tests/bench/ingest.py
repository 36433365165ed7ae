"""Papers per second from bytes to committed, indexed rows: `python -m tests.bench.ingest --data DIR`.

DIR holds `hf/mornings/*.json.gz` and `feeds/arxiv_cs_cv/*.json`. The alternative is the bare library on the same
bytes in the same run (json, feedparser): what no ingest can be faster than.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import io
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import feedparser

from bot.feeds import arxiv, huggingface
from bot.models import Entry, Parsed
from bot.papers import identity
from storage import feeds
from storage.database import Database
from tests.feeds.test_arxiv import as_rss


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    data: Path = options.parse_args().data
    mornings = [gzip.decompress(file.read_bytes()) for file in sorted((data / "hf/mornings").glob("*.gz"))]
    report("huggingface", mornings, json.loads, huggingface.parse)
    days = [as_rss(json.loads(file.read_bytes())) for file in sorted((data / "feeds/arxiv_cs_cv").glob("*.json"))]
    report("arxiv", days, lambda body: feedparser.parse(io.BytesIO(body)), arxiv.parse)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:.0f} MiB")


def report(
    name: str, bodies: Sequence[bytes], library: Callable[[bytes], object], parse: Callable[[bytes], Parsed]
) -> None:
    start = time.perf_counter()
    for body in bodies:
        library(body)
    bare = time.perf_counter() - start
    start = time.perf_counter()
    parsed = [parse(body).entries for body in bodies]
    parsing = time.perf_counter() - start
    storing = asyncio.run(store(name, parsed))
    entries = sum(map(len, parsed))
    whole = parsing + storing
    print(
        f"{name}: {entries} entries in {len(bodies)} lists: library alone {bare:.2f} s, parsed {parsing:.2f} s, "
        f"stored {storing:.2f} s; {entries / whole:,.0f} papers/s, {whole / bare:.1f} x the library alone"
    )


async def store(name: str, lists: Sequence[Sequence[Entry]]) -> float:
    """Seconds to commit all lists, each in its own transaction, as an ingest does."""
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            start = time.perf_counter()
            for at, entries in enumerate(lists):
                keyed = [(entry, identity.keys(entry.paper)) for entry in entries]
                seen_at = datetime.fromtimestamp(1_770_000_000 + at * 3600, UTC)
                await feeds.record_entries(db, name, keyed, seen_at=seen_at, validators={})
            return time.perf_counter() - start


if __name__ == "__main__":
    main()
