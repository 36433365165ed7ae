"""What reading a source costs, from bytes to committed and indexed rows: `python -m tests.bench.ingest`.

A feed of arXiv's with 2,000 items (as many as arXiv puts into one) and a Hugging Face list of 100 (as many as one
page has), each read from a server on this machine through the product's own path into a new SQLite file; and the
parts alone, to see where the time goes, beside the bare libraries on the same bytes. Each is a process of its own,
so that the peaks of memory do not mix, and runs where it runs in the product: what is late on the event loop
meanwhile is noted. Of several rounds the quickest counts, and the latest the loop ever was.

The papers are made of the bundled sample's words, as long as real ones are; with `--data DIR` they are real, from
DIR/feeds/arxiv_cs_cv/*.json and DIR/hf/mornings/*.json.gz.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import io
import json
import pickle
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from bot import config, demo
from bot.feeds import arxiv, huggingface
from bot.fetch import Fetcher
from bot.models import Entry, Feed
from bot.papers import identity, legibility
from bot.pipeline import ingest, reading
from storage import feeds
from storage.database import Database
from tests.bench.gauges import lag, memory, percentile

DAY = datetime(2026, 3, 31, tzinfo=UTC).date()
NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
SOURCES = {"arxiv": "arxiv:cs.CL", "huggingface": "huggingface"}


# --- the parts --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """What a part works on; the parent process laid it out in `folder`."""

    source: str
    folder: Path
    base: str
    """Where the source is served."""
    count: int
    """Papers in it."""

    @cached_property
    def body(self) -> bytes:
        return (self.folder / "body").read_bytes()

    @cached_property
    def entries(self) -> Sequence[Entry]:
        found: Sequence[Entry] = pickle.loads((self.folder / "entries").read_bytes())
        return found

    @property
    def feed(self) -> Feed:
        addresses = dict.fromkeys(("PAPERBOY_ARXIV_URL", "PAPERBOY_HUGGINGFACE_URL"), self.base)
        (feed,) = config.load({"PAPERBOY_SOURCES": SOURCES[self.source], **addresses}).feeds
        return replace(feed, archive="")  # nothing is asked for but the list


Work = Callable[[], Awaitable[object]]
Part = Callable[[Given], AbstractAsyncContextManager[Work]]


@asynccontextmanager
async def opened() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "bench.sqlite") as db:
            yield db


@asynccontextmanager
async def whole(given: Given) -> AsyncIterator[Work]:
    async with opened() as db, Fetcher(version="bench") as fetch:
        yield lambda: read(db, fetch, given)


@asynccontextmanager
async def whole_again(given: Given) -> AsyncIterator[Work]:
    async with opened() as db, Fetcher(version="bench") as fetch:
        await read(db, fetch, given)
        yield lambda: read(db, fetch, given)


async def read(db: Database, fetch: Fetcher, given: Given) -> None:
    (outcome,) = await ingest.ingest(
        db, fetch, [given.feed], now=NOW, poll=timedelta(hours=1), backfill_days=1, days=1
    )
    assert outcome.error is None
    assert outcome.new + outcome.unchanged == given.count, outcome


@asynccontextmanager
async def storage(given: Given) -> AsyncIterator[Work]:
    keyed = reading.keys(given.entries)
    async with opened() as db:
        yield lambda: feeds.record_entries(db, given.source, keyed, seen_at=NOW, validators={})


def in_thread(work: Callable[[Given], object]) -> Part:
    """As the pipeline does with all that only computes."""

    @asynccontextmanager
    async def part(given: Given) -> AsyncIterator[Work]:
        yield lambda: asyncio.to_thread(work, given)

    return part


def nothing(_: Given) -> None:
    """What a process costs that has imported all and does nothing."""


def feedparser_alone(given: Given) -> object:
    import feedparser

    return feedparser.parse(io.BytesIO(given.body))


def fastfeedparser_alone(given: Given) -> object:
    import fastfeedparser

    return fastfeedparser.parse(given.body)


def json_alone(given: Given) -> object:
    return json.loads(given.body)


def parser(given: Given) -> object:
    return arxiv.parse(given.body) if given.source == "arxiv" else huggingface.parse(given.body, day=DAY)


def legible(given: Given) -> object:
    return [legibility.legible(entry.paper) for entry in given.entries]


def keys(given: Given) -> object:
    return [identity.keys(entry.paper) for entry in given.entries]


PARTS: dict[str, Part] = {
    "bytes to rows": whole,
    "the same again": whole_again,
    "our parser": in_thread(parser),
    "feedparser alone": in_thread(feedparser_alone),
    "fastfeedparser alone": in_thread(fastfeedparser_alone),
    "json alone": in_thread(json_alone),
    "legible texts": in_thread(legible),
    "keys of identity": in_thread(keys),
    "storage": storage,
    "nothing": in_thread(nothing),
}
ONLY = {"feedparser alone": "arxiv", "fastfeedparser alone": "arxiv", "json alone": "huggingface"}


@dataclass
class Taken:
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    peak: float = 0.0


async def measure(part: Part, given: Given, rounds: int) -> Taken:
    taken = Taken()
    gc.collect()
    gc.freeze()  # as `run` does
    for _ in range(rounds):
        async with part(given) as work:
            await work_once(work, taken)
    taken.peak = memory()
    return taken


async def work_once(work: Work, taken: Taken) -> None:
    watch = asyncio.create_task(lag(taken.lags))
    await asyncio.sleep(0)
    start, processor = time.perf_counter(), time.process_time()
    await work()
    taken.seconds.append(time.perf_counter() - start)
    taken.processor.append(time.process_time() - processor)
    await asyncio.sleep(0.01)  # the watch was due meanwhile
    watch.cancel()


# --- the papers -------------------------------------------------------------------------------------


def arxiv_body(data: Path | None, count: int) -> bytes:
    from tests.feeds.test_arxiv import as_rss

    papers: list[dict[str, Any]]
    if data:
        listed = (json.loads(file.read_bytes()) for file in sorted((data / "feeds/arxiv_cs_cv").glob("*.json")))
        papers = list({paper["arxiv_id"]: paper for day in listed for paper in day["papers"]}.values())
    else:
        papers = list(made_up(count))
    return as_rss({"date": str(DAY), "papers": papers[:count]})


def huggingface_body(data: Path | None, count: int) -> bytes:
    items: Iterable[dict[str, Any]]
    if data:
        files = sorted((data / "hf/mornings").glob("*.gz"), reverse=True)
        read_ = (item for file in files for item in json.loads(gzip.decompress(file.read_bytes())))
        items = {item["paper"]["id"]: item for item in read_}.values()
    else:
        items = (huggingface_item(paper) for paper in made_up(count))
    return json.dumps(list(items)[:count]).encode()


def made_up(count: int) -> Iterable[dict[str, Any]]:
    """Lengths, authors and signs as in 2,509 papers of cs.CV: abstracts of 941 to 1,858 characters in nine of
    ten, 1,415 in the middle; titles of 52 to 122; 5 authors; 13 % with LaTeX, 2 % with other letters."""
    chance = random.Random(1)
    files = sorted((demo.SAMPLE / "huggingface").glob("*.json"))
    papers = [one.paper for file in files for one in huggingface.parse(file.read_bytes()).entries]
    titles = [word for paper in papers for word in paper.title.split()]
    texts = [word for paper in papers for word in f"{paper.abstract} {paper.summary}".split()]
    texts = [word for word in texts if word.isascii()]
    families = sorted({name.split()[-1] for paper in papers for name in paper.authors if name.isascii()})

    def text(words: Sequence[str], length: float) -> str:
        made: list[str] = []
        while length > 0:
            made.append(chance.choice(words))
            length -= len(made[-1]) + 1
        return " ".join(made).capitalize()

    for number in range(count):
        abstract = text(texts, min(max(chance.gauss(1415, 280), 334), 1920))
        abstract += r" We reach $O(\log n)$ at $\alpha < 0.5$." if chance.random() < 0.13 else ""
        abstract += " Gödel’s naïve proof – again." if chance.random() < 0.02 else ""
        authors = min(max(round(chance.lognormvariate(1.6, 0.55)), 1), 218)
        yield {
            "arxiv_id": f"2603.{number:05}",
            "title": text(titles, min(max(chance.gauss(85, 21), 8), 182)),
            "abstract": abstract,
            "authors": [f"{chance.choice(families)} {chance.choice(families)}" for _ in range(authors)],
            "categories": ["cs.CV", "cs.LG", "cs.AI", "cs.CL"][: chance.choices((1, 2, 4), (50, 45, 5))[0]],
            "announce_type": chance.choices(("new", "replace", "cross", "replace-cross"), (53, 31, 9, 7))[0],
        }


def huggingface_item(paper: dict[str, Any]) -> dict[str, Any]:
    """With all that such an item says, of use or not: some 5 kB."""
    someone = {"_id": "0" * 24, "avatarUrl": f"https://x.test/{'a' * 60}", "isPro": False, "fullname": "Some One"}
    person = {**someone, "user": "someone", "type": "user", "name": "someone"}
    inner = {
        "id": paper["arxiv_id"],
        "authors": [{"_id": "0" * 24, "name": name, "hidden": False} for name in paper["authors"] * 2],
        "publishedAt": f"{DAY}T00:00:00.000Z",
        "submittedOnDailyAt": f"{DAY}T00:00:00.000Z",
        "title": paper["title"],
        "submittedOnDailyBy": person,
        "summary": paper["abstract"],
        "upvotes": len(paper["title"]) % 40,
        "discussionId": "0" * 24,
        "githubRepo": f"https://github.com/x/{paper['arxiv_id']}",
        "githubStars": len(paper["abstract"]) % 100,
        "ai_summary": paper["abstract"][:209],
        "ai_keywords": paper["abstract"].split()[:9],
        "organization": {"_id": "0" * 24, "name": "x", "fullname": "The University of X", "avatar": "https://x"},
    }
    outer = {name: inner[name] for name in ("publishedAt", "title", "summary", "organization")}
    thumbnail = f"https://x.test/{paper['arxiv_id']}.png"
    return {"paper": inner, **outer, "thumbnail": thumbnail, "numComments": 2, "submittedBy": person}


# --- the table --------------------------------------------------------------------------------------


async def compare(source: str, body: bytes, rounds: int, about: str) -> None:
    from aiohttp import web

    from tests.pipeline import sources

    class Source(sources.World):
        async def answer(self, request: web.Request) -> web.StreamResponse:
            other = "p" in request.query or request.query.get("date", str(DAY)) != str(DAY)
            return web.Response(body=b"[]" if other else body)  # there is one page, of one day

    entries = (arxiv.parse(body) if source == "arxiv" else huggingface.parse(body, day=DAY)).entries
    print(f"\n{source}: {len(entries):,} papers in {len(body) / 1e6:.1f} MB, {about}; {rounds} rounds")
    print(
        f"{'':<22}{'s':>8}{'CPU s':>8}{'papers/s':>10}{'of all':>8}{'peak':>9}{'loop late: p99':>16}{'most':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body").write_bytes(body)
        (Path(folder) / "entries").write_bytes(pickle.dumps(entries))
        async with sources.serving(Source()) as world:
            first = 0.0
            for name in PARTS:
                if ONLY.get(name, source) != source:
                    continue
                taken = await apart(name, Given(source, Path(folder), world.base, len(entries)), rounds)
                least = min(taken.seconds)
                first = first or least
                print(
                    f"{name:<22}{least:>8.3f}{min(taken.processor):>8.3f}{len(entries) / least:>10,.0f}"
                    f"{least / first:>7.0%}{taken.peak:>7.0f} MiB"
                    f"{percentile(taken.lags, 0.99) * 1000:>13.1f} ms{max(taken.lags) * 1000:>7.1f} ms",
                    flush=True,
                )


async def apart(name: str, given: Given, rounds: int) -> Taken:
    """The part in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.ingest", "--part", name, "--source", given.source),
        *(
            "--folder",
            str(given.folder),
            "--base",
            given.base,
            "--count",
            str(given.count),
            "--rounds",
            str(rounds),
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    return Taken(**json.loads(out))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, metavar="DIR")
    options.add_argument("--rounds", type=int, help="default: 5 of arXiv, 40 of Hugging Face")
    options.add_argument("--source", choices=SOURCES, help="default: both")
    options.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)  # how it starts its own processes
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--base", help=argparse.SUPPRESS)
    options.add_argument("--count", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.part:
        work = Given(given.source, given.folder, given.base, given.count)
        taken = asyncio.run(measure(PARTS[given.part], work, given.rounds))
        print(json.dumps(vars(taken)))
        return
    about = f"from {given.data}" if given.data else "made up"
    bodies = {"arxiv": (arxiv_body, 2_000, 5), "huggingface": (huggingface_body, 100, 40)}
    for source, (make, count, rounds) in bodies.items():
        if given.source in (None, source):
            asyncio.run(compare(source, make(given.data, count), given.rounds or rounds, about))


if __name__ == "__main__":
    main()
