"""How well and how fast an archive is searched: `python -m tests.bench.search --data DIR`.

Every folder of DIR that holds corpus.jsonl (`{id, title, text}`), queries.jsonl (`{id, text}`, or `{id, like}`
with the id of a paper: more like this one) and qrels.tsv is a collection. Each becomes an archive in a SQLite file
and is asked through the product's own path (`bot.pipeline.ask`), from the text of the question to hits with marks
and reasons. In the same run the same questions go to bm25s (Lucene's BM25, English stems and stop words), tantivy
(its English stemmer, title and body) and plain FTS5 (SQLite's default tokenizer, any of the words).

nDCG@10 has linear gains; what was not judged does not count; MRR looks at the first 100. `--only NAME` takes the
collections of that name.

`--speed N` asks an archive of N papers instead, made of the collections' texts, repeated with three words in ten
exchanged for others: questions of 1, 3 and 8 words, a sentence and a pasted abstract, a page of five with marks
and reasons each. Cold: every question for the first time, the file just opened; warm: again; busy: four askers at
once while papers come in. In the same run, for ids without texts: FTS5's own ranking of any of the words, in the
same file (a third of the questions), and tantivy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import bm25s
import Stemmer
import tantivy

from bot.errors import InvalidQuery
from bot.models import PaperId
from bot.papers import terms
from bot.pipeline import ask, ranking
from storage.database import Database
from tests.bench.gauges import lag, memory, percentile

NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
DEPTH = 100

# --- collections ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    like: str | None = None
    """The id of a paper whose like is asked for."""


@dataclass(frozen=True)
class Collection:
    name: str
    ids: tuple[str, ...]
    docs: tuple[tuple[str, str], ...]
    """(title, text)"""
    questions: tuple[Question, ...]
    relevant: Mapping[str, Mapping[str, float]]


def collections(folder: Path) -> Iterator[Collection]:
    for place in sorted(path.parent for path in folder.glob("**/corpus.jsonl")):
        docs = [json.loads(line) for line in (place / "corpus.jsonl").read_text("utf-8").splitlines() if line]
        relevant: dict[str, dict[str, float]] = {}
        for line in (place / "qrels.tsv").read_text("utf-8").splitlines():
            question, paper, grade = line.split("\t")[:3]
            if re.fullmatch(r"-?[\d.]+", grade) and float(grade) > 0:
                relevant.setdefault(question, {})[paper] = float(grade)
        ids = tuple(str(doc["id"]) for doc in docs)
        places = {name: at for at, name in enumerate(ids)}
        asked = [json.loads(line) for line in (place / "queries.jsonl").read_text("utf-8").splitlines() if line]
        questions = []
        for each in asked:
            like = each.get("like")
            text = each.get("text") or " ".join((docs[places[like]]["title"], docs[places[like]]["text"]))
            if str(each["id"]) in relevant:
                questions.append(Question(str(each["id"]), text, like))
        yield Collection(
            place.name,
            ids,
            tuple((doc.get("title") or "", doc.get("text") or "") for doc in docs),
            tuple(questions),
            relevant,
        )


def judged(found: Sequence[str], relevant: Mapping[str, float]) -> tuple[float, float, float]:
    """nDCG@10, recall@100 and the reciprocal rank of one answer."""
    gains = [relevant.get(paper, 0.0) for paper in found[:10]]
    best = sorted(relevant.values(), reverse=True)[:10]
    dcg, ideal = (sum(gain / math.log2(at + 2) for at, gain in enumerate(each)) for each in (gains, best))
    first = next((1 / (at + 1) for at, paper in enumerate(found[:DEPTH]) if paper in relevant), 0.0)
    return dcg / ideal, sum(paper in relevant for paper in found[:DEPTH]) / len(relevant), first


# --- the engines ------------------------------------------------------------------------------------

Engine = Callable[[Question], Sequence[int]]
"""The places of the best papers, best first."""


async def fill(db: Database, docs: Iterable[tuple[str, str]], first: int = 1) -> None:
    """Store `docs` under the ids from `first` on, ready to be asked."""
    async with db.write() as tx:
        await tx.executemany(
            """INSERT INTO papers (id, title, abstract, url, summary, keywords, authors, organization, categories,
                first_seen_at, changed_at, listed_on)
            VALUES (?, ?, ?, ?, '', '', '', '', '', 0, 0, '2026-03-31')""",
            ((at, title, text, f"https://a.example/{at}") for at, (title, text) in enumerate(docs, first)),
        )
    await ranking.catch_up(db)


async def paperboy(
    db: Database, question: Question, limit: int = DEPTH, places: Mapping[str, int] | None = None
) -> list[int]:
    if question.like:
        hits = await ask.similar(db, PaperId((places or {})[question.like] + 1), now=NOW, limit=limit)
    else:
        try:
            hits = (await ask.search(db, question.text, now=NOW, limit=limit)).hits
        except InvalidQuery as error:
            print(f"question {question.id}: {error}")
            hits = ()
    return [int(hit.paper.id or 0) - 1 for hit in hits]


def lucene(docs: Sequence[tuple[str, str]]) -> Engine:
    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(method="lucene")
    texts = [f"{title} {text}" for title, text in docs]
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)

    def answer(question: Question) -> Sequence[int]:
        asked = bm25s.tokenize([question.text], stopwords="en", stemmer=stemmer, show_progress=False)
        found, scores = index.retrieve(asked, k=min(DEPTH + 1, len(docs)), show_progress=False)
        return [int(at) for at, score in zip(found[0], scores[0], strict=True) if score > 0]

    return answer


def tantivy_of(docs: Sequence[tuple[str, str]]) -> Engine:
    shape = tantivy.SchemaBuilder()
    shape.add_integer_field("at", stored=True)
    shape.add_text_field("title", tokenizer_name="en_stem")
    shape.add_text_field("body", tokenizer_name="en_stem")
    index = tantivy.Index(shape.build())
    writer = index.writer()
    for at, (title, text) in enumerate(docs):
        writer.add_document(tantivy.Document(at=at, title=title, body=text))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def answer(question: Question) -> Sequence[int]:
        asked = index.parse_query(" ".join(re.findall(r"\w+", question.text.lower())), ["title", "body"])
        return [searcher.doc(address)["at"][0] for _, address in searcher.search(asked, DEPTH + 1).hits]

    return answer


def fts5(docs: Sequence[tuple[str, str]]) -> Engine:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5 (title, body)")
    connection.executemany(
        "INSERT INTO plain (rowid, title, body) VALUES (?, ?, ?)", ((at, *doc) for at, doc in enumerate(docs))
    )
    return any_of(connection, "plain")


def any_of(connection: sqlite3.Connection, table: str) -> Engine:
    """FTS5's own ranking of the rows that have any of the words."""

    def answer(question: Question) -> Sequence[int]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(terms.words(question.text)))
        rows = connection.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rank LIMIT ?", (asked, DEPTH + 1)
        )
        return [row[0] for row in rows]

    return answer


OTHERS: Mapping[str, Callable[[Sequence[tuple[str, str]]], Engine]] = {
    "bm25s": lucene,
    "tantivy": tantivy_of,
    "FTS5": fts5,
}

# --- quality ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    ndcg: float
    recall: float
    mrr: float
    milliseconds: float


async def quality(collection: Collection, folder: Path) -> dict[str, Row]:
    places = {name: at for at, name in enumerate(collection.ids)}
    table = {}
    async with Database(folder / f"{collection.name}.sqlite") as db:
        await fill(db, collection.docs)
        answers, took = [], []
        for question in collection.questions:
            begun = time.perf_counter()
            answers.append(await paperboy(db, question, places=places))
            took.append(time.perf_counter() - begun)
        table["Paperboy"] = row(collection, answers, took)
    for name, make in OTHERS.items():
        engine = make(collection.docs)
        answers, took = [], []
        for question in collection.questions:
            begun = time.perf_counter()
            found = engine(question)
            took.append(time.perf_counter() - begun)
            # A paper is not like itself.
            answers.append([at for at in found if collection.ids[at] != question.like][:DEPTH])
        table[name] = row(collection, answers, took)
    return table


def row(collection: Collection, answers: Sequence[Sequence[int]], took: Sequence[float]) -> Row:
    each = [
        judged([collection.ids[at] for at in found], collection.relevant[question.id])
        for question, found in zip(collection.questions, answers, strict=True)
    ]
    ndcg, recall, mrr = (statistics.fmean(column) for column in zip(*each, strict=True))
    return Row(ndcg, recall, mrr, statistics.fmean(took) * 1_000)


async def show_quality(data: Path, only: str | None) -> None:
    means: dict[str, list[Row]] = {}
    print(f"{'collection':24} {'engine':10} nDCG@10 recall@100    MRR  ms per query")
    with tempfile.TemporaryDirectory() as folder:
        for collection in collections(data):
            if only not in {None, collection.name}:
                continue
            for name, found in (await quality(collection, Path(folder))).items():
                means.setdefault(name, []).append(found)
                told(f"{collection.name} ({len(collection.questions)})", name, found)
    for name, rows in means.items():
        told(
            "mean",
            name,
            Row(
                *(statistics.fmean(getattr(each, column) for each in rows) for column in Row.__dataclass_fields__)
            ),
        )


def told(what: str, name: str, found: Row) -> None:
    print(
        f"{what:24} {name:10} {found.ndcg:7.4f} {found.recall:10.3f} {found.mrr:6.3f} {found.milliseconds:13.1f}",
        flush=True,
    )


# --- speed ------------------------------------------------------------------------------------------

KINDS = ("1 word", "3 words", "8 words", "sentence", "abstract")
ASKED = 60
"""Questions of each kind."""
ASKERS = 4


def repeated(docs: Sequence[tuple[str, str]], number: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """`docs` again and again; from the second time on three words in ten are others, as frequent as they are."""
    pool = [word for doc in chance.sample(docs, min(len(docs), 3_000)) for word in doc[1].split()]

    def other(text: str) -> str:
        return " ".join(word if chance.random() > 0.3 else chance.choice(pool) for word in text.split())

    for at in range(number):
        title, text = docs[at % len(docs)]
        yield (title, text) if at < len(docs) else (other(title), other(text))


def questions(docs: Sequence[tuple[str, str]], chance: random.Random) -> Iterator[tuple[str, Question]]:
    """(its kind, a question), of words that stand in one paper."""
    for kind in KINDS:
        for at in range(ASKED):
            text = ""
            while len(text) < 300:
                text = chance.choice(docs)[1]
            telling = terms.telling(terms.words(text))
            sentences = re.split(r"(?<=[.?!])\s", text)
            asked = {
                "sentence": max(sentences, key=len)[:300],
                "abstract": text[:2_000],
            }.get(kind) or " ".join(chance.sample(telling, int(kind[0])))
            # Signs of the query language are no part of prose.
            yield kind, Question(f"{kind} {at}", re.sub(r"[^\w\s.,]", " ", asked))


async def show_speed(data: Path, number: int, place: Path | None) -> None:
    chance = random.Random(1)
    docs = [doc for collection in collections(data) for doc in collection.docs]
    asked = [*questions(docs, chance)]
    with tempfile.TemporaryDirectory() as folder:
        path = place or Path(folder) / "archive.sqlite"
        if not path.exists():
            async with Database(path) as db:
                begun = time.perf_counter()
                await fill(db, repeated(docs, number, chance))
                print(f"{number:,} papers stored and ranked in {time.perf_counter() - begun:.0f} s")
        print(f"the file has {path.stat().st_size / 2**20:,.0f} MiB; milliseconds, p50 / p99")
        async with Database(path) as db:
            cold = await timed(db, asked)
            warm = await timed(db, asked)
            late: list[float] = []
            looking = asyncio.create_task(lag(late))
            came: list[int] = []
            ingesting = asyncio.create_task(arriving(db, repeated(docs[:2_000], 10**9, chance), number, came))
            busy: dict[str, list[float]] = {}
            shuffled = [chance.sample(asked, len(asked)) for _ in range(ASKERS)]
            for found in await asyncio.gather(*(timed(db, each) for each in shuffled)):
                for kind, took in found.items():
                    busy.setdefault(kind, []).extend(took)
            ingesting.cancel()
            looking.cancel()
            await asyncio.gather(ingesting, return_exceptions=True)
            print(
                f"{sum(came)} papers came meanwhile; event loop late: p99 {percentile(late, 0.99) * 1_000:.1f} ms"
            )
        print(f"memory: {memory():.0f} MiB")
        with closing(sqlite3.connect(path)) as file:
            index = measured(any_of(file, "texts"), asked[::3])
    other = measured(tantivy_of([*repeated(docs, number, random.Random(1))]), asked)
    print(f"{'':10} {'cold':>15} {'warm':>15} {'busy':>15} {'FTS5':>15} {'tantivy':>15}")
    for kind in (*KINDS, "all"):
        cells = [
            [took for name, each in found.items() if kind in {name, "all"} for took in each]
            for found in (cold, warm, busy, index, other)
        ]
        print(f"{kind:10}", *(f"{percentile(each, 0.5):7.1f} /{percentile(each, 0.99):6.1f}" for each in cells))


async def timed(db: Database, asked: Iterable[tuple[str, Question]]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}
    for kind, question in asked:
        begun = time.perf_counter()
        await ask.search(db, question.text, now=NOW)
        took.setdefault(kind, []).append((time.perf_counter() - begun) * 1_000)
    return took


def measured(engine: Engine, asked: Iterable[tuple[str, Question]]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}
    for kind, question in asked:
        begun = time.perf_counter()
        engine(question)
        took.setdefault(kind, []).append((time.perf_counter() - begun) * 1_000)
    return took


async def arriving(db: Database, docs: Iterator[tuple[str, str]], last: int, came: list[int]) -> None:
    """Fifty papers after fifty others come in and are ranked."""
    for begin in range(last + 1, last + 10**9, 50):
        await fill(db, [next(docs) for _ in range(50)], first=begin)
        came.append(50)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--only", metavar="NAME", help="one collection")
    arguments.add_argument("--speed", type=int, metavar="N", help="ask an archive of N papers")
    arguments.add_argument("--archive", type=Path, metavar="FILE", help="where that archive stays for another run")
    given = arguments.parse_args()
    if given.speed:
        asyncio.run(show_speed(given.data, given.speed, given.archive))
    else:
        asyncio.run(show_quality(given.data, given.only))


if __name__ == "__main__":
    main()
