"""Queries answered: the compiler from Query to SQL, ranking by the index, and the words it found.

Owns: asking papers and their indexes, and who sees what: each question is asked with the added feeds that are
the asker's `own`, and papers and listings of other added feeds are not there for it (`storage.private`).
Refuses: parsing queries, explaining hits.
User text reaches SQLite only as parameters, and the index only as quoted tokens.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import aiosqlite

from bot.models import (
    And,
    Filter,
    Hit,
    Identifier,
    Node,
    Not,
    Or,
    Paper,
    PaperId,
    Query,
    Since,
    Votes,
    Words,
    positive_words,
)
from storage.database import Database, seconds
from storage.extract import HIGHLIGHTS, Extract, Marks
from storage.extract import marks as marks_of
from storage.papers import ADDED, FOUND, load, one

LATE = timedelta(days=8)
"""What is first seen so many days behind its own is news all the same."""

_FEW = 50
"""Of 100,000 papers a word that is in most takes 0.1 ms for each, or 14 ms for all."""
_PUBLIC = "(l.feed < 'added:' OR l.feed >= 'added;')"
_OWN = f"{ADDED} AND l.feed IN (SELECT value FROM json_each(?))"


async def answering(db: Database, query: Query, *, today: date, own: Sequence[str] = ()) -> tuple[PaperId, ...]:
    """All papers that answer `query` strictly, in no order."""
    plan = Plan(query, today, own)
    source = "FROM texts" if plan.bare and plan.id == "texts.rowid" else plan.source
    async with db.read() as connection:
        # One value instead of a row for each of what may be half of the archive.
        (ids,) = await one(
            connection, f"SELECT json_group_array({plan.id}) {source} WHERE {plan.condition}", plan.values
        )
    return tuple(json.loads(ids))


async def listed(
    db: Database, query: Query, *, today: date, limit: int, offset: int = 0, own: Sequence[str] = ()
) -> tuple[tuple[PaperId, ...], int]:
    """(a page of the papers that answer `query` strictly, how many there are): by votes, or the newest first."""
    plan = Plan(query, today, own)
    order = "p.listed_on DESC, p.votes DESC" if query.sort == "new" else "p.votes DESC, p.listed_on DESC"
    async with db.snapshot() as connection:
        (total,) = await one(connection, f"SELECT count(*) {plan.source} WHERE {plan.condition}", plan.values)
        rows = await connection.execute_fetchall(
            f"""SELECT p.id {plan.source} WHERE {plan.condition}
            ORDER BY {order}, p.id DESC LIMIT ? OFFSET ?""",
            (*plan.values, limit, offset),
        )
    return tuple(PaperId(row[0]) for row in rows), total


async def wider(
    db: Database, query: Query, among: Sequence[PaperId], *, today: date, own: Sequence[str] = ()
) -> tuple[PaperId, ...]:
    """Those of `among` that all of `query` allows but its words, in their order."""
    plan = Plan(query, today, own, wide=True)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT p.id FROM (SELECT key, value AS id FROM json_each(?)) {"p" if plan.bare else "asked"}
            {"" if plan.bare else "CROSS JOIN papers p USING (id)"} WHERE {plan.condition} ORDER BY key""",
            (json.dumps(among), *plan.values),
        )
    return tuple(PaperId(row[0]) for row in rows)


async def hits(
    db: Database,
    query: Query,
    ids: Sequence[PaperId],
    *,
    scores: Mapping[PaperId, float] | None = None,
    own: Sequence[str] = (),
) -> tuple[Hit, ...]:
    """The papers with the words that the index found in them, in the order of `ids`."""
    async with db.read() as connection:
        papers = await load(connection, ids, own)
    there = [paper_id for paper_id in ids if paper_id in papers]
    marks = await asyncio.to_thread(_found, query, papers)
    return tuple(
        Hit(paper=papers[each], score=round((scores or {}).get(each, 0.0), 4), marks=marks.get(each, ()))
        for each in there
    )


def plain(query: Query) -> bool:
    """Whether it asks for several words in one spelling each, and for nothing else."""
    nodes = query.root.nodes if isinstance(query.root, And) else ()
    return bool(nodes) and all(
        isinstance(node, Words) and not node.others and not _literals(node) for node in nodes
    )


async def answering_of(
    db: Database, query: Query, among: Sequence[PaperId], *, today: date, own: Sequence[str] = ()
) -> tuple[PaperId, ...]:
    """Those of a few papers that answer a `plain` query strictly."""
    match = _all(query.root.nodes) if isinstance(query.root, And) else ""
    async with db.read() as connection:
        papers = await load(connection, among, own)

    found = await asyncio.to_thread(lambda: _extract(papers).having(match))
    left = [paper_id for paper_id in among if paper_id in found]
    return () if not left else await wider(db, replace(query, root=None), left, today=today, own=own)


def _found(query: Query, papers: Mapping[PaperId, Paper]) -> dict[PaperId, Marks]:
    """Which words stand where."""
    return _extract(papers).marks(any_of(query.spellings), list(papers)) if query.words else {}


def _extract(papers: Mapping[PaperId, Paper]) -> Extract:
    """An index of these few alone. In the archive's all postings of each word would be walked for each paper,
    which takes 20 ms for a sentence and 66 for a pasted abstract."""
    extract = Extract(texts_only=True)
    extract.add(papers)
    return extract


async def news(
    db: Database, *, today: date, since: date, unseen: datetime, own: Sequence[str] = (), only_own: bool = False
) -> tuple[PaperId, ...]:
    """The papers that feeds announced from `since` to `today`: what a digest chooses from. `only_own` leaves out
    what everybody gets.

    Those first seen after `unseen` may be of `LATE` before: a source that could not be read in time, an RSS
    entry that carries an older date. What a new feed brings at its first reading is no news.
    """
    late = since - LATE
    last, mine = today.isoformat(), json.dumps(own)
    seen = _OWN if only_own else f"({_PUBLIC} OR {_OWN})"
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT paper_id FROM listings l WHERE announced AND listed_on BETWEEN ? AND ? AND {seen}
            UNION SELECT paper_id FROM listings l WHERE announced AND listed_on BETWEEN ? AND ? AND {seen}
                AND first_seen_at > ?
                AND EXISTS (SELECT 1 FROM feeds WHERE name = l.feed AND first_at < l.first_seen_at)""",
            (since.isoformat(), last, mine, late.isoformat(), last, mine, seconds(unseen)),
        )
    return tuple(PaperId(row[0]) for row in rows)


async def voted(db: Database, *, since: date, today: date, among: Sequence[PaperId]) -> dict[PaperId, Paper]:
    """The papers with votes that everybody's feeds announced from `since` to `today`, or `among` these."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT id FROM papers WHERE votes NOT NULL AND id IN (
                SELECT paper_id FROM listings l WHERE announced AND listed_on BETWEEN ? AND ? AND {_PUBLIC}
                UNION SELECT value FROM json_each(?))""",
            (since.isoformat(), today.isoformat(), json.dumps(among)),
        )
        return await load(connection, [PaperId(row[0]) for row in rows], ())


async def listed_before(
    db: Database, among: Sequence[PaperId], day: date, *, own: Sequence[str] = ()
) -> tuple[PaperId, ...]:
    """Those of these papers that no feed announced on `day` or later."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT value FROM json_each(?) WHERE NOT EXISTS (
                SELECT 1 FROM listings l WHERE paper_id = value AND announced AND listed_on >= ?
                AND ({_PUBLIC} OR {_OWN}))""",
            (json.dumps(among), day.isoformat(), json.dumps(own)),
        )
    return tuple(PaperId(row[0]) for row in rows)


async def announced(
    db: Database,
    query: Query,
    *,
    today: date,
    among: Sequence[PaperId],
    limit: int,
    own: Sequence[str] = (),
) -> tuple[Hit, ...]:
    """Those `among` the news that answer `query` strictly: a digest's candidates, most votes first."""
    if not among:
        return ()
    plan = Plan(query, today, own)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT p.id {plan.source} WHERE {plan.condition}
            AND {_one_of(plan.id, among)}
            ORDER BY p.votes DESC, p.listed_on DESC, p.id DESC LIMIT ?""",
            (*plan.values, json.dumps(among), limit),
        )
        ids = [PaperId(row[0]) for row in rows]
        papers = await load(connection, ids, own)
        marked = await _marked(connection, query, ids)

    def hits() -> tuple[Hit, ...]:
        marks = {PaperId(row[0]): marks_of(row) for row in marked}
        return tuple(Hit(paper=papers[each], score=0.0, marks=marks.get(each, ())) for each in ids)

    return await asyncio.to_thread(hits)


async def _marked(connection: aiosqlite.Connection, query: Query, ids: Sequence[PaperId]) -> Iterable[sqlite3.Row]:
    """Which words the index found where: asked of the index itself, never imitated."""
    if not query.words or not ids:
        return ()
    return await connection.execute_fetchall(
        f"""SELECT rowid, {HIGHLIGHTS} FROM texts
        WHERE texts MATCH ? AND {_one_of("rowid", ids)}""",
        (any_of(query.spellings), json.dumps(ids)),
    )


def _one_of(column: str, ids: Sequence[PaperId]) -> str:
    """Many are looked up in one answer of the index ("+"); for a few the index is asked for each by itself."""
    return f"{'' if len(ids) <= _FEW else '+'}{column} IN (SELECT value FROM json_each(?))"


# --- a Query as SQL ---------------------------------------------------------------------------------

# Where no feed was ever added, the first part is asked once, not once for each paper.
_SEEN_BY_ALL = "(NOT EXISTS (SELECT 1 FROM private_papers) OR {id} NOT IN (SELECT paper_id FROM private_papers))"
# Of one work that several of them carry, the row that came first is shown: each has its own.
_SEEN_BY_SOME = """NOT EXISTS (
    SELECT 1 FROM private_papers x WHERE x.paper_id = {id} AND (
        x.feed NOT IN (SELECT value FROM json_each(?))
        OR EXISTS (
            SELECT 1 FROM claims mine
            JOIN claims other ON other.key = mine.key AND other.paper_id < mine.paper_id
            JOIN private_papers first ON first.paper_id = other.paper_id
            WHERE mine.paper_id = {id} AND mine.strong AND first.feed IN (SELECT value FROM json_each(?)))))"""


def seen(column: str, own: Sequence[str]) -> tuple[str, tuple[object, ...]]:
    """(the condition that whoever has `own` added feeds may see the paper of that number, its values)."""
    if not own:
        return _SEEN_BY_ALL.format(id=column), ()
    return _SEEN_BY_SOME.format(id=column), (json.dumps(own),) * 2


class Plan:
    """`SELECT ... {source} WHERE {condition}` with {values}; {id} is the paper's, where it costs least to look at.

    `wide` leaves out the parts that ask for words, and the source. {bare}: no column of papers is asked beside its
    id; their rows are wide, half of the archive's are not to be read for it.
    """

    def __init__(self, query: Query, today: date, own: Sequence[str], *, wide: bool = False) -> None:
        self._today, self._own = today, json.dumps(own)
        root = query.root
        parts = root.nodes if isinstance(root, And) else () if root is None else (root,)
        rest: list[Node]
        texts = [] if wide else [part for part in parts if _is_text(part)]
        if wide:
            rest = [part for part in parts if not positive_words(part) and not isinstance(part, Identifier)]
        else:
            rest = [part for part in parts if not _is_text(part) or _literals(part)]
        self.id, self.source, self.bare = "p.id", "FROM papers p", not rest
        conditions: list[str] = []
        self.values: tuple[object, ...] = ()
        if texts:
            self.id, self.source = "texts.rowid", "FROM texts JOIN papers p ON p.id = texts.rowid"
            conditions.append("texts MATCH ?")
            self.values = (_all(texts),)
        for part in rest:
            sql, values = self._sql(part)
            conditions.append(sql)
            self.values += values
        sql, values = seen(self.id, own)
        conditions.append(sql)
        self.values += values
        self.condition: str = " AND ".join(conditions)

    def _sql(self, node: Node) -> tuple[str, tuple[object, ...]]:
        match node:
            case Words(text):
                found = "p.id IN (SELECT rowid FROM texts WHERE texts MATCH ?)"
                if not _literals(node):
                    return found, (any_of(node.spellings),)
                whole = "lower(p.title || ' ' || p.abstract || ' ' || p.summary || ' ' || p.keywords)"
                return f"({found} AND instr({whole}, ?) > 0)", (quoted(text), text)
            case Filter("source", value):
                like = "%" + re.sub(r"([%_!])", r"!\1", value) + "%"
                return (
                    f"""EXISTS (SELECT 1 FROM listings l WHERE l.paper_id = p.id AND l.feed LIKE ? ESCAPE '!'
                    AND (l.feed != '{FOUND}' OR l.feed = ?)
                    AND ({_PUBLIC} OR {_OWN}))""",
                    # What a question brought stands in no list, and `source:huggingface` asks for those.
                    (like, value.casefold(), self._own),
                )
            case Filter(field, value):
                column = {"author": "authors", "org": "organization", "cat": "categories"}[field]
                return (
                    "p.id IN (SELECT rowid FROM names WHERE names MATCH ?)",
                    # ";" parts names in the index: nobody may ask across it.
                    (f"{column} : {quoted(value.replace(';', ','))}",),
                )
            case Identifier(key, _):
                return (
                    """p.id IN (SELECT paper_id FROM identities WHERE key = ? UNION ALL SELECT paper_id FROM claims
                    WHERE key = ? AND strong AND feed IN (SELECT value FROM json_each(?)))""",
                    (key, key, self._own),
                )
            case Votes(comparison, number):
                return f"coalesce(p.votes, 0) {comparison} ?", (number,)
            case Since(days):
                since = self._today - timedelta(days=min(days, self._today.toordinal() - 1))
                return (
                    f"""EXISTS (SELECT 1 FROM listings l WHERE l.paper_id = p.id AND l.announced
                    AND l.listed_on >= ? AND ({_PUBLIC} OR {_OWN}))""",
                    (since.isoformat(), self._own),
                )
            case Not(inner):
                sql, values = self._sql(inner)
                return f"NOT ({sql})", values
            case And(nodes) | Or(nodes):
                compiled = [self._sql(inner) for inner in nodes]
                word = " AND " if isinstance(node, And) else " OR "
                return (
                    f"({word.join(sql for sql, _ in compiled)})",
                    tuple(value for _, values in compiled for value in values),
                )


def quoted(text: str) -> str:
    """A token or phrase of the index: never syntax."""
    return '"' + text.replace('"', '""').replace("\0", " ") + '"'


def any_of(words: Iterable[str]) -> str:
    return " OR ".join(map(quoted, words))


def _is_text(node: Node) -> bool:
    """Whether the index alone can answer it, but for signs that it does not keep."""
    match node:
        case Words():
            return True
        case And(nodes):
            return all(_is_text(inner) for inner in nodes) and not any(_literals(inner) for inner in nodes)
        case Or(nodes):
            return all(_is_text(inner) and not _literals(inner) for inner in nodes)
        case _:
            return False


def _all(nodes: Sequence[Node]) -> str:
    """The index expression that every one of `nodes` answers."""
    return " AND ".join(_expression(node) for node in nodes)


def _expression(node: Node) -> str:
    match node:
        case Words():
            return f"({any_of(node.spellings)})"
        case And(nodes):
            return f"({_all(nodes)})"
        case Or(nodes):
            return f"({' OR '.join(_expression(inner) for inner in nodes)})"
    raise TypeError(f"{node!r} is no text")


def _literals(node: Node) -> bool:
    """`c++` and `f#` lose their signs in the index: such words are compared with the text as well."""
    return isinstance(node, Words) and re.search(r"\w[+#]", node.text) is not None
