"""The news matched against many queries at once.

Owns: the index of the papers that digests choose from, and asking it in batches. Refuses: what is news
(`storage.search.news`), what queries mean as SQL (`storage.search.Plan`).

A tick asks thousands of questions of some hundred papers. The archive's index would look through all papers for
each, and every question would cross to another thread by itself; here they cost by the day's papers alone, and
those that arrive together are answered together, off the event loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date

import aiosqlite

from bot.models import Hit, Paper, PaperId, Query
from storage.database import Database
from storage.extract import BESIDE, Extract, Marks
from storage.marking import Marker
from storage.papers import load
from storage.search import Plan, any_of, seen

_AT_ONCE = 64
"""Questions answered in one go: some 10 ms, so that answers come soon and no other work waits long."""
_SLICE = 100
"""Papers put into the index in one go."""


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    query: Query
    among: int
    limit: int
    answer: asyncio.Future[tuple[Hit, ...]]


class News:
    """Papers that queries are matched against, as one who has `own` added feeds sees them.

    Its memory ends with it: some 15 KiB for each paper.
    """

    def __init__(self, db: Database, *, today: date, own: Sequence[str] = ()) -> None:
        self._db, self._today, self._own = db, today, tuple(own)
        self._extract, self._marker = Extract(), Marker()
        self._filling = asyncio.Lock()
        self._sets: dict[Hashable, int] = {}
        self._waiting: list[_Question] = []
        self._work: asyncio.Task[None] | None = None

    async def hold(self, name: Hashable, ids: Sequence[PaperId]) -> int:
        """The number by which `match` knows these papers, read once for their `name`. Of them those count that
        `own` may see."""
        if name in self._sets:
            return self._sets[name]
        async with self._filling:
            if name not in self._sets:
                await self._add([each for each in ids if each not in self._extract.papers])
                await asyncio.to_thread(self._extract.hold, len(self._sets), ids)
                self._sets[name] = len(self._sets)
            return self._sets[name]

    async def _add(self, ids: Sequence[PaperId]) -> None:
        if ids:
            async with self._db.snapshot() as connection:
                papers = await self._load(connection, ids)
                beside = {name: await self._beside(connection, name, list(papers)) for name in BESIDE}
            await asyncio.to_thread(self._fill, papers, beside)

    async def _load(self, connection: aiosqlite.Connection, ids: Sequence[PaperId]) -> dict[PaperId, Paper]:
        condition, values = seen("p.id", self._own)
        rows = await connection.execute_fetchall(
            f"SELECT p.id FROM papers p WHERE p.id IN (SELECT value FROM json_each(?)) AND {condition}",
            (json.dumps(ids), *values),
        )
        return await load(connection, [PaperId(row[0]) for row in rows], self._own)

    async def _beside(
        self, connection: aiosqlite.Connection, table: str, ids: Sequence[PaperId]
    ) -> list[Sequence[object]]:
        """The rows of `table` about these papers; of added feeds only the `own` ones'."""
        feeds = "AND (feed NOT GLOB 'added:*' OR feed IN (SELECT value FROM json_each(?2)))"
        rows = await connection.execute_fetchall(
            f"""SELECT {", ".join(BESIDE[table])} FROM {table}
            WHERE paper_id IN (SELECT value FROM json_each(?1)) {feeds if "feed" in BESIDE[table] else ""}""",
            (json.dumps(ids), json.dumps(self._own))[: 2 if "feed" in BESIDE[table] else 1],
        )
        return list(rows)

    def _fill(self, papers: dict[PaperId, Paper], beside: dict[str, list[Sequence[object]]]) -> None:
        ids = list(papers)
        for begin in range(0, len(ids), _SLICE):
            self._extract.add({each: papers[each] for each in ids[begin : begin + _SLICE]})
        self._extract.add({}, beside)
        self._extract.optimize()

    async def match(self, query: Query, among: int, *, limit: int) -> tuple[Hit, ...]:
        """Those of a held set that answer `query` strictly: most votes first, as `storage.search.announced`."""
        question = _Question(query, among, limit, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._work is None:
            self._work = asyncio.create_task(self._answer())
        return await question.answer

    async def _answer(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                answers = await asyncio.to_thread(self._matches, asked)
                for question, answer in zip(asked, answers, strict=True):
                    if question.answer.done():
                        continue  # nobody waits any more
                    if isinstance(answer, Exception):
                        question.answer.set_exception(answer)
                    else:
                        question.answer.set_result(answer)
        finally:
            self._work = None

    def _matches(self, asked: Sequence[_Question]) -> list[tuple[Hit, ...] | Exception]:
        found: list[tuple[Hit, ...] | Exception] = []
        for question in asked:
            try:
                found.append(self._match(question))
            except Exception as error:  # it is its asker's, not that of others in the batch
                found.append(error)
        return found

    def _match(self, question: _Question) -> tuple[Hit, ...]:
        plan = Plan(question.query, self._today, self._own)
        ids = self._extract.among(question.among, plan.source, plan.condition, plan.values, limit=question.limit)
        papers, marks = self._extract.papers, self._marks(question.query, ids)
        return tuple(Hit(paper=papers[each], score=0.0, marks=marks.get(each, ())) for each in ids)

    def _marks(self, query: Query, ids: Sequence[PaperId]) -> dict[PaperId, Marks]:
        if not (asked := query.spellings):
            return {}
        found = self._marker.marks({each: self._extract.texts[each] for each in ids}, asked)
        untold = [each for each, marks in found.items() if marks is None]
        told = {each: marks for each, marks in found.items() if marks is not None}
        return told | (self._extract.marks(any_of(asked), untold) if untold else {})
