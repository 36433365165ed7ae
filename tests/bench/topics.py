"""A day's papers matched against many topics: `python -m tests.bench.topics --data DIR`.

Every folder of DIR that holds corpus.jsonl (`{title, text}`) gives texts, as for `tests.bench.search`: an archive
of `--papers` of them, repeated with three words in ten exchanged for others, the last 600 of which are today's
news. Topics are what people subscribe to: one to four words or a phrase of one text, some with a category, votes,
days, an "or" or a "not". They are matched through the product's own path (`bot.pipeline.candidates`), by 32
channels of five topics at a time as `deliver_due` does it, with fewer and all topics and in a smaller and the
whole archive. In the same run a sample of the same topics is asked of the archive's own index, one by one, and
both answers are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import InvalidQuery
from bot.models import Hit, Query
from bot.papers import query, terms
from bot.pipeline.candidates import CANDIDATES, Candidates, Reach
from storage import search
from storage.database import Database
from tests.bench.gauges import lag, memory, percentile
from tests.bench.search import collections, repeated

NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
REACH = Reach.after(NOW - timedelta(days=1))
NEWS, SAMPLE, AT_ONCE, PER_CHANNEL = 600, 500, 32, 5
CATEGORIES = ("cs.CL", "cs.CV", "cs.LG", "cs.AI", "cs.RO", "stat.ML", "eess.AS", "q-bio.NC")

Docs = Sequence[tuple[str, str]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--papers", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--topics", type=int, nargs="+", default=[10_000, 50_000])
    given = arguments.parse_args()
    docs = [doc for collection in collections(given.data) for doc in collection.docs]
    topics = made_up(docs, max(given.topics))
    for papers in given.papers:
        asyncio.run(measure(docs, papers, topics, given.topics))


def made_up(docs: Docs, number: int) -> list[Query]:
    """Distinct questions of words that stand together in one text."""
    chance = random.Random(1)
    found: dict[object, Query] = {}
    while len(found) < number:
        text = " ".join(chance.choice(docs))
        telling = [*dict.fromkeys(terms.telling(terms.words(text)))]
        if len(telling) < 8:
            continue
        kind = chance.random()
        words = chance.sample(telling, chance.choices((1, 2, 3, 4), (30, 45, 17, 8))[0])
        asked = " ".join(words)
        if kind < 0.2:
            beside = re.findall(r"[A-Za-z]{3,}(?: [A-Za-z]{3,}){1,2}", text)
            asked = f'"{chance.choice(beside).lower()}"' if beside else asked
        elif kind < 0.25:
            asked += f" cat:{chance.choice(CATEGORIES)}"
        elif kind < 0.3:
            asked += f" votes:>={chance.choice((5, 10, 20, 50))}"
        elif kind < 0.33:
            asked += f" since:{chance.choice((1, 3, 7))}d"
        elif kind < 0.38:
            asked += f" OR {chance.choice(telling)}"
        elif kind < 0.42:
            asked += f" -{chance.choice(telling)}"
        try:
            parsed = query.parse(asked)
        except InvalidQuery:
            continue
        found.setdefault(parsed.root, parsed)
    return list(found.values())


@asynccontextmanager
async def filled(docs: Docs, papers: int) -> AsyncIterator[Database]:
    chance, first = random.Random(1), papers - NEWS + 1
    today, now = NOW.date(), int(NOW.timestamp())
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            # The news are texts of their own kind: none of the first round of the archive.
            texts = [*repeated(docs, papers, chance)]
            chance.shuffle(texts)
            days = [today - timedelta(days=0 if at >= first else 2 + at % 700) for at in range(1, papers + 1)]
            async with db.write() as tx:
                await tx.executemany(
                    """INSERT INTO papers (id, title, abstract, url, summary, keywords, authors, organization,
                        categories, votes, first_seen_at, changed_at, listed_on)
                    VALUES (?, ?, ?, ?, '', '', ?, '', ?, ?, ?, ?, ?)""",
                    (
                        (
                            *(at, title, text, f"https://a.example/{at}", "Ada Lovelace ; Alan Turing"),
                            " ; ".join(chance.sample(CATEGORIES, 2)),
                            int(chance.paretovariate(0.8)) if chance.random() < 0.5 else None,
                            *(now, now, days[at - 1].isoformat()),
                        )
                        for at, (title, text) in enumerate(texts, 1)
                    ),
                )
                await tx.executemany(
                    "INSERT INTO listings VALUES (?, 'huggingface', ?, 1, ?)",
                    (
                        (at, day.isoformat(), now - 3600 - (today - day).days * 86_400)
                        for at, day in enumerate(days, 1)
                    ),
                )
                await tx.execute("INSERT INTO feeds (name, first_at) VALUES ('huggingface', 0)")
            yield db


async def measure(docs: Docs, papers: int, topics: Sequence[Query], numbers: Sequence[int]) -> None:
    async with filled(docs, papers) as db:
        gc.collect()
        gc.freeze()  # as `run` does
        chosen = random.Random(2).sample(range(min(numbers)), min(SAMPLE, *numbers))
        sample: dict[Query, tuple[Hit, ...]] = {}
        for number in numbers:
            asked = topics[:number]
            before, lags = memory(), list[float]()
            watch = asyncio.create_task(lag(lags))
            start, processor = time.perf_counter(), time.process_time()
            matched = Candidates(db, NOW)
            matches, sample = await of_all(matched, asked, {*chosen})
            took, processor = time.perf_counter() - start, time.process_time() - processor
            watch.cancel()
            print(
                f"{papers:,} papers, {await matched.seen(REACH)} news, {number:,} topics: {took:.1f} s "
                f"({processor:.1f} of processor), {took / number * 1e6:.0f} us a topic, {matches:,} matches, "
                f"memory {before:.0f} to {memory():.0f} MiB at most, "
                f"loop lag p50 {percentile(lags, 0.5) * 1e3:.1f}, "
                f"p99 {percentile(lags, 0.99) * 1e3:.1f}, longest {max(lags) * 1e3:.1f} ms",
                flush=True,
            )
        await compare(db, sample)


async def of_all(
    matched: Candidates, asked: Sequence[Query], chosen: Set[int]
) -> tuple[int, dict[Query, tuple[Hit, ...]]]:
    """Channels of some topics each, some channels at a time: (matches, the answers to the chosen)."""
    matches, answers = 0, {}
    left = iter(range(0, len(asked), PER_CHANNEL))

    async def worker() -> None:
        nonlocal matches
        for begin in left:
            topics = asked[begin : begin + PER_CHANNEL]
            found = await asyncio.gather(*(matched.of(topic, REACH) for topic in topics))
            matches += sum(map(len, found))
            answers.update(
                {
                    topic: hits
                    for at, (topic, hits) in enumerate(zip(topics, found, strict=True), begin)
                    if at in chosen
                }
            )

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return matches, answers


async def compare(db: Database, sample: Mapping[Query, tuple[Hit, ...]]) -> None:
    """The sample asked one by one of the archive's own index."""
    start = time.perf_counter()
    ids = await search.news(db, today=NOW.date(), since=REACH.since, unseen=REACH.unseen)
    other = [await search.announced(db, topic, today=NOW.date(), among=ids, limit=CANDIDATES) for topic in sample]
    took = time.perf_counter() - start
    same = sum(hits == known for hits, known in zip(other, sample.values(), strict=True))
    print(
        f"  the archive's index, one by one, {len(sample)} topics: {took:.1f} s, "
        f"{took / len(sample) * 1e6:,.0f} us a topic, {same} of {len(sample)} answers the same",
        flush=True,
    )


if __name__ == "__main__":
    main()
