"""Some papers in an index of their own, in memory: what they answer, and the words that the index finds in them.

Owns: that index, whose tables and columns are named as the archive's, so that the same SQL asks both.
Refuses: reading the archive, and who sees what: whatever is put in is seen.
An index of a few costs by these few; the archive's looks each word up among all the papers that have it.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence

from bot.models import Paper, PaperId
from storage.database import TOKENIZER, join
from storage.papers import row_of

Marks = tuple[tuple[str, tuple[str, ...]], ...]
"""(field, the words found there)"""
FIELDS = ("title", "abstract", "summary", "keywords")
HIGHLIGHTS = ", ".join(f"highlight(texts, {column}, char(2), char(3))" for column in range(len(FIELDS)))
MARK = re.compile("\x02([^\x03]*)\x03")
_TEXTS = f"""
CREATE TABLE papers (
    id INTEGER PRIMARY KEY, votes INTEGER, listed_on TEXT,
    title TEXT, abstract TEXT, summary TEXT, keywords TEXT, authors TEXT, organization TEXT, categories TEXT
);
CREATE VIRTUAL TABLE texts USING fts5 (
    title, abstract, summary, keywords, content='papers', content_rowid='id', tokenize='{TOKENIZER}'
);
"""
_REST = """
CREATE VIRTUAL TABLE names USING fts5 (
    authors, organization, categories,
    content='papers', content_rowid='id', tokenize="unicode61 remove_diacritics 2 tokenchars ';'"
);
CREATE TABLE listings (
    paper_id INTEGER, feed TEXT, listed_on TEXT, announced INTEGER, PRIMARY KEY (paper_id, feed, listed_on)
) WITHOUT ROWID;
CREATE TABLE identities (key TEXT PRIMARY KEY, paper_id INTEGER) WITHOUT ROWID;
CREATE INDEX identities_by_paper ON identities (paper_id);
CREATE TABLE claims (
    feed TEXT, key TEXT, paper_id INTEGER, strong INTEGER, PRIMARY KEY (feed, key)
) WITHOUT ROWID;
CREATE INDEX claims_by_key ON claims (key);
CREATE INDEX claims_by_paper ON claims (paper_id);
CREATE TABLE private_papers (paper_id INTEGER PRIMARY KEY, feed TEXT);
CREATE TABLE sets (number INTEGER, paper_id INTEGER, PRIMARY KEY (number, paper_id)) WITHOUT ROWID;
"""
BESIDE = {
    "listings": ("paper_id", "feed", "listed_on", "announced"),
    "identities": ("key", "paper_id"),
    "claims": ("feed", "key", "paper_id", "strong"),
    "private_papers": ("paper_id", "feed"),
}
"""The tables that stand beside papers, and their columns here."""


class Extract:
    """Papers, asked from any thread, one at a time; of `texts_only` no more than which words they have."""

    def __init__(self, *, texts_only: bool = False) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        # Each table takes some 0.1 ms to make.
        self._connection.executescript(_TEXTS if texts_only else _TEXTS + _REST)
        self._texts_only = texts_only
        self._lock = threading.Lock()
        self._papers: dict[PaperId, Paper] = {}
        self.texts: dict[PaperId, tuple[str, ...]] = {}
        """What of them is searched, by FIELDS."""

    @property
    def papers(self) -> Mapping[PaperId, Paper]:
        return self._papers

    def add(
        self,
        papers: Mapping[PaperId, Paper],
        beside: Mapping[str, Iterable[Sequence[object]]] | None = None,
    ) -> None:
        """Take in papers that are not there yet, and the rows `beside` them, by table (BESIDE)."""
        with self._lock:
            self._connection.execute("BEGIN")
            for number, paper in papers.items():
                self.texts[number] = (paper.title, paper.abstract, paper.summary, join(paper.keywords))
                self._insert(number, paper)
            for table, rows in (beside or {}).items():
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO {table} ({', '.join(BESIDE[table])})"
                    f" VALUES ({', '.join('?' * len(BESIDE[table]))})",
                    map(tuple, rows),
                )
            self._connection.execute("COMMIT")
            self._papers.update(papers)

    def _insert(self, number: PaperId, paper: Paper) -> None:
        texts, names = self.texts[number], row_of(paper)[len(FIELDS) : len(FIELDS) + 3]
        self._connection.execute(
            f"INSERT INTO papers VALUES ({', '.join('?' * 10)})",
            (number, paper.votes, paper.listed_on and paper.listed_on.isoformat(), *texts, *names),
        )
        self._connection.execute(
            f"INSERT INTO texts (rowid, {', '.join(FIELDS)}) VALUES (?, ?, ?, ?, ?)", (number, *texts)
        )
        if self._texts_only:
            return
        self._connection.execute(
            "INSERT INTO names (rowid, authors, organization, categories) VALUES (?, ?, ?, ?)", (number, *names)
        )

    def optimize(self) -> None:
        """Once what is put in is in: each word is then looked up in one place, a third quicker."""
        with self._lock:
            for index in ("texts", "names"):
                self._connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")

    def hold(self, number: int, ids: Iterable[PaperId]) -> None:
        """Make `ids` the set of that number."""
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT OR IGNORE INTO sets VALUES (?, ?)", [(number, each) for each in ids]
            )
            self._connection.execute("COMMIT")

    def among(
        self, number: int, source: str, condition: str, values: Sequence[object], *, limit: int
    ) -> list[PaperId]:
        """Those of a set that a compiled query finds: by votes, then the newest first."""
        with self._lock:
            rows = self._connection.execute(
                f"""SELECT p.id {source} WHERE {condition}
                AND EXISTS (SELECT 1 FROM sets WHERE number = ? AND paper_id = p.id)
                ORDER BY p.votes DESC, p.listed_on DESC, p.id DESC LIMIT ?""",
                (*values, number, limit),
            ).fetchall()
        return [PaperId(row[0]) for row in rows]

    def having(self, asked: str) -> set[PaperId]:
        """Those that an expression of the index finds."""
        with self._lock:
            rows = self._connection.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (asked,)).fetchall()
        return {PaperId(row[0]) for row in rows}

    def marks(self, asked: str, ids: Sequence[PaperId]) -> dict[PaperId, Marks]:
        """Which words stand where, as the index finds them for `asked`, its expression."""
        with self._lock:
            rows = self._connection.execute(
                f"""SELECT rowid, {HIGHLIGHTS} FROM texts
                WHERE texts MATCH ? AND +rowid IN (SELECT value FROM json_each(?))""",
                (asked, json.dumps(ids)),
            ).fetchall()
        return {PaperId(row[0]): marks(row) for row in rows}


def marks(row: Sequence[str]) -> Marks:
    """Of a row of a number and HIGHLIGHTS."""
    fields = ((field, tuple(MARK.findall(row[at + 1]))) for at, field in enumerate(FIELDS))
    return tuple((field, words) for field, words in fields if words)
