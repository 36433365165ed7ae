"""Papers as rows: what feeds carry, one row a work.

Owns: the tables papers, identities, listings and observations. Refuses: deciding what two papers have in
common (their keys come with them).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import aiosqlite

from bot.models import (
    Entry,
    Identity,
    Paper,
    PaperId,
)
from storage.database import Database, day, join, moment, seconds, split

AnyPaper = TypeVar("AnyPaper", bound=Paper)

COLUMNS = (
    "title, abstract, summary, keywords, authors, organization, categories, url, arxiv_id, version, doi, "
    "published_at, repository, project_page, thumbnail, discussion, votes, comments, stars, listed_on, written"
)
_SELECT = f"""SELECT id, {COLUMNS}, counted_at,
    (SELECT json_group_array(DISTINCT feed) FROM listings WHERE paper_id = papers.id) AS feeds
    FROM papers"""
INSERT = f"""INSERT INTO papers ({COLUMNS}, counted_at, id, first_seen_at, changed_at)
    VALUES ({", ".join("?" * (COLUMNS.count(",") + 1))}, ?, ?, ?, ?)"""
UPDATE = f"""UPDATE papers SET ({COLUMNS}, counted_at) = ({", ".join("?" * (COLUMNS.count(",") + 1))}, ?),
    changed_at = ? WHERE id = ?"""
_SLICE = 200
"""Entries handled between two turns of the event loop."""


ADDED = "l.feed >= 'added:' AND l.feed < 'added;'"
"""Of `listings l`, those of feeds that servers' admins added, in the words of their index."""


FOUND = "huggingface-search"
"""The feed of what Hugging Face's search answered: it announces nothing."""


def is_added(feed: str) -> bool:
    """Whether a server's admin added it; such feeds' papers are `storage.private`'s."""
    return feed.startswith("added:")


def paper_of(row: sqlite3.Row, own: Collection[str] | None = None) -> Paper:
    """With the names of the operator's feeds, and of those added ones that are `own` (None: of all)."""
    feeds = (feed for feed in json.loads(row["feeds"]) if own is None or not is_added(feed) or feed in own)
    return Paper(
        id=PaperId(row["id"]),
        title=row["title"],
        abstract=row["abstract"],
        summary=row["summary"],
        keywords=split(row["keywords"]),
        authors=split(row["authors"]),
        organization=row["organization"],
        categories=split(row["categories"]),
        url=row["url"],
        arxiv_id=row["arxiv_id"],
        version=row["version"],
        doi=row["doi"],
        published_at=moment(row["published_at"]),
        repository=row["repository"],
        project_page=row["project_page"],
        thumbnail=row["thumbnail"],
        discussion=row["discussion"],
        votes=row["votes"],
        comments=row["comments"],
        stars=row["stars"],
        listed_on=day(row["listed_on"]),
        feeds=tuple(feeds),
        written=from_json(row["written"]),
    )


def row_of(paper: Paper) -> tuple[object, ...]:
    """The values of COLUMNS."""
    return (
        paper.title,
        paper.abstract,
        paper.summary,
        join(paper.keywords),
        join(paper.authors),
        join([paper.organization]),
        join(paper.categories),
        paper.url,
        paper.arxiv_id,
        paper.version,
        paper.doi,
        seconds(paper.published_at),
        paper.repository,
        paper.project_page,
        paper.thumbnail,
        paper.discussion,
        paper.votes,
        paper.comments,
        paper.stars,
        paper.listed_on.isoformat() if paper.listed_on else None,
        as_json(paper.written),
    )


def differ(one: Paper, other: Paper) -> bool:
    """Whether they are different rows: a ";" in a name, say, is a "," there."""
    return one != other and row_of(one) != row_of(other)


def as_json(written: Mapping[str, str | tuple[str, ...]]) -> str | None:
    """What sources wrote otherwise than it is read; NULL for most papers."""
    return json.dumps(written, ensure_ascii=False) if written else None


def from_json(text: str | None) -> dict[str, str | tuple[str, ...]]:
    found = json.loads(text) if text else {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


# --- storing ----------------------------------------------------------------------------------------


async def store(
    tx: aiosqlite.Connection, feed: str, entries: Sequence[tuple[Entry, Identity]], *, seen_at: datetime
) -> tuple[int, int, int]:
    """Store what `feed` carried at `seen_at`: (new, updated, unchanged) papers. Inside a transaction.

    A paper that is known under any of its keys is enriched; counts follow the newest sighting, and an
    observation is kept only where a count changed.
    """
    first = await is_first(tx, feed)
    new, changed, total = set[PaperId](), set[PaperId](), set[PaperId]()
    for start in range(0, len(entries), _SLICE):
        slice_ = _Slice(tx, feed, seen_at, first_reading=first)
        await slice_.store(entries[start : start + _SLICE])
        gone = slice_.joined.keys()
        new = (new | slice_.new) - gone
        changed = (changed | slice_.changed) - gone
        total = (total | slice_.touched) - gone
    changed -= new
    return len(new), len(changed), len(total - new - changed)


class _Slice:
    """Some entries of one feed, resolved against each other and the archive, then written in bulk."""

    def __init__(self, tx: aiosqlite.Connection, feed: str, seen_at: datetime, *, first_reading: bool) -> None:
        self._tx, self._feed, self._seen_at = tx, feed, seen_at
        self._first_reading = first_reading
        self._ids: dict[str, PaperId] = {}
        self._papers: dict[PaperId, Paper] = {}
        self._counted: dict[PaperId, int | None] = {}
        self.joined: dict[PaperId, PaperId] = {}
        """Rows that went, and the row that each became part of."""
        self.new: set[PaperId] = set()
        self.changed: set[PaperId] = set()
        self.touched: set[PaperId] = set()

    async def store(self, entries: Sequence[tuple[Entry, Identity]]) -> None:
        await self._load({key for _, identity in entries for key in identity.strong + identity.weak})
        (next_id,) = await one(self._tx, "SELECT coalesce(max(id), 0) + 1 FROM papers")
        listings, observations, keys = [], [], []
        now = seconds(self._seen_at)
        for entry, identity in entries:
            paper_id = await self._resolve(entry.paper, identity)
            if paper_id is None:
                paper_id, next_id = PaperId(next_id), next_id + 1
                self.new.add(paper_id)
                self._papers[paper_id] = dataclasses.replace(entry.paper, id=paper_id, listed_on=None)
                self._counted[paper_id] = now if _counts(entry.paper) != (None, None, None) else None
            else:
                self._enrich(paper_id, entry.paper)
            self.touched.add(paper_id)
            own = (
                key for key in identity.strong + identity.weak if self._ids.setdefault(key, paper_id) == paper_id
            )
            keys += [(key, paper_id) for key in own]
            listed_on, announced = listing(entry, self._seen_at, first_reading=self._first_reading)
            known = self._papers[paper_id]
            if announced and paper_id not in self._listed:
                latest = max(listed_on, known.listed_on or listed_on)
                self._papers[paper_id] = dataclasses.replace(known, listed_on=latest)
            listings.append((paper_id, self._feed, listed_on.isoformat(), announced, now))
            if _counts(entry.paper) != (None, None, None):
                observations.append((paper_id, _counts(entry.paper)))
        await self._write(keys, listings, observations)

    async def _load(self, keys: set[str]) -> None:
        found = await self._tx.execute_fetchall(
            "SELECT key, paper_id FROM identities WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(keys)),),
        )
        self._ids = {key: PaperId(paper_id) for key, paper_id in found}
        rows = await self._tx.execute_fetchall(
            f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(set(self._ids.values()))),),
        )
        for row in rows:
            paper = paper_of(row)
            self._papers[PaperId(row["id"])] = paper
            self._counted[PaperId(row["id"])] = row["counted_at"]
        listed = await self._tx.execute_fetchall(
            f"""SELECT DISTINCT paper_id FROM listings WHERE feed = ?2 AND {_counts_once(self._feed, "true")}
            AND paper_id IN (SELECT value FROM json_each(?1))""",
            (json.dumps(sorted(self._papers)), self._feed),
        )
        self._listed = {PaperId(paper_id) for (paper_id,) in listed}
        self._before = dict(self._papers)

    async def _resolve(self, paper: Paper, identity: Identity) -> PaperId | None:
        """The row of `paper`; rows that it shows to be one work are joined."""
        found = [self._ids[key] for key in identity.strong if key in self._ids]
        # One feed's "Weekly round-up" is a new one each week: a title joins across feeds only.
        weak = (self._ids[key] for key in identity.weak if key in self._ids)
        found += [known for known in weak if known not in self.new and self._feed not in self._papers[known].feeds]
        found = [known for known in dict.fromkeys(found) if not contradict(paper, self._papers[known])]
        if not found:
            return None
        keep = found[0]
        for other in found[1:]:
            # A row that this very slice makes is not in the database yet: its next sighting joins it.
            if not self.new & {keep, other} and not contradict(self._papers[keep], self._papers[other]):
                await self._join(keep, other)
        return keep

    async def _join(self, keep: PaperId, dropped: PaperId) -> None:
        """Two rows turn out to be one work: everything of the second moves to the first."""
        await join_rows(self._tx, keep, dropped)
        other = self._papers.pop(dropped)
        self._ids = {key: keep if paper_id == dropped else paper_id for key, paper_id in self._ids.items()}
        self.changed.discard(dropped)
        self.touched.discard(dropped)
        self.joined[dropped] = keep
        ours, theirs = self._counted.get(keep) or 0, self._counted.pop(dropped) or 0
        merged = enriched(self._papers[keep], other, newer=theirs > ours, authority=False)
        self._counted[keep] = max(ours, theirs) or None
        if other.listed_on and (merged.listed_on is None or other.listed_on > merged.listed_on):
            merged = dataclasses.replace(merged, listed_on=other.listed_on)
        self._papers[keep] = merged
        self.changed.add(keep)

    def _enrich(self, paper_id: PaperId, paper: Paper) -> None:
        known = self._papers[paper_id]
        counted, now = self._counted.get(paper_id), seconds(self._seen_at) or 0
        newer = counted is None or now >= counted
        ours, theirs = max(map(rank, known.feeds), default=rank(self._feed)), rank(self._feed)
        same = theirs == ours and newer and (paper.version or 0) >= (known.version or 0)
        authority = theirs > ours or same
        self._papers[paper_id] = enriched(known, paper, newer=newer, authority=authority)
        if newer and _counts(paper) != (None, None, None):
            self._counted[paper_id] = now

    async def _write(
        self,
        keys: list[tuple[str, PaperId]],
        listings: Sequence[tuple[PaperId, str, str, bool, int | None]],
        observations: Sequence[tuple[PaperId, tuple[int | None, ...]]],
    ) -> None:
        now = seconds(self._seen_at)
        inserts, updates, counted = [], [], []
        for paper_id in sorted(self.touched):
            paper = self._papers[paper_id]
            if paper_id in self.new:
                inserts.append((paper, self._counted[paper_id]))
            elif differ(paper, self._before[paper_id]):
                self.changed.add(paper_id)
                updates.append((paper, self._counted[paper_id]))
            elif self._counted[paper_id] == now:
                counted.append((now, paper_id))
        await write(self._tx, inserts, updates, at=self._seen_at)
        await self._tx.executemany("UPDATE papers SET counted_at = ? WHERE id = ?", counted)
        await self._tx.executemany(
            "INSERT OR IGNORE INTO identities (key, paper_id) VALUES (?, ?)",
            [(key, self._final(paper_id)) for key, paper_id in keys],
        )
        await write_listings(
            self._tx, self._feed, [(self._final(paper_id), *rest) for paper_id, *rest in listings]
        )
        await self._tx.executemany(
            """INSERT OR IGNORE INTO observations (paper_id, seen_at, votes, comments, stars)
            SELECT ?1, ?2, ?3, ?4, ?5 WHERE (?3, ?4, ?5) IS NOT (
                SELECT votes, comments, stars FROM observations
                WHERE paper_id = ?1 AND seen_at <= ?2 ORDER BY seen_at DESC LIMIT 1)""",
            [(self._final(paper_id), now, *counts) for paper_id, counts in observations],
        )

    def _final(self, paper_id: PaperId) -> PaperId:
        while paper_id in self.joined:
            paper_id = self.joined[paper_id]
        return paper_id


async def is_first(tx: aiosqlite.Connection, feed: str) -> bool:
    """Whether `feed` was never read before."""
    (read_before,) = await one(
        tx, "SELECT EXISTS (SELECT 1 FROM feeds WHERE name = ? AND first_at IS NOT NULL)", (feed,)
    )
    return not read_before


def listing(entry: Entry, seen_at: datetime, *, first_reading: bool) -> tuple[date, bool]:
    """(the day on which it was listed, whether that is news)."""
    today = seen_at.date()
    # A day ahead at most: a date of 2099 would be the newest for ever.
    listed_on = min(entry.listed_on or today, today + timedelta(days=1))
    # What a feed without dates brings at its first reading is its past, not today's news.
    return listed_on, entry.announced and (entry.listed_on is not None or not first_reading)


async def write(
    tx: aiosqlite.Connection,
    inserts: Iterable[tuple[Paper, int | None]],
    updates: Iterable[tuple[Paper, int | None]],
    *,
    at: datetime,
) -> None:
    """Rows of papers, new and changed, each with the time of its counts."""
    now = seconds(at)
    await tx.executemany(INSERT, [(*row_of(paper), counted, paper.id, now, now) for paper, counted in inserts])
    await tx.executemany(UPDATE, [(*row_of(paper), counted, now, paper.id) for paper, counted in updates])


async def write_listings(tx: aiosqlite.Connection, feed: str, listings: Iterable[tuple[object, ...]]) -> None:
    """(paper, feed, day, announced, first seen) each."""
    await tx.executemany(
        # One call may say "replaced" of what another one of the same day announces.
        f"""INSERT INTO listings (paper_id, feed, listed_on, announced, first_seen_at)
        SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
            SELECT 1 FROM listings WHERE paper_id = ?1 AND feed = ?2 AND {_counts_once(feed, "?4")})
        ON CONFLICT DO UPDATE SET (announced, first_seen_at) = (true, ?5) WHERE announced < excluded.announced""",
        listings,
    )


def _counts_once(feed: str, announced: str) -> str:
    """Which listing makes a further one of the same feed, `announced` or not, count for nothing.

    Hugging Face may feature a paper again. arXiv announces one once: a further time is an old list with a new
    date, or a cross-listing. Any other feed may give an entry a new date at will: only its first one counts.
    """
    if feed == "huggingface":
        return "false"
    return f"(announced OR NOT {announced})" if feed == "arxiv" else "true"


async def join_rows(tx: aiosqlite.Connection, keep: PaperId, dropped: PaperId) -> None:
    """What hangs on the row `dropped` moves to `keep`, and the row goes; its own fields are the caller's."""
    for table in ("identities", "claims", "listings", "observations", "delivery_papers"):
        await tx.execute(f"UPDATE OR IGNORE {table} SET paper_id = ? WHERE paper_id = ?", (keep, dropped))
    # What the promise "shown once" would refuse to move was shown already under the other row.
    await tx.execute("UPDATE delivery_papers SET paper_id = ?, shown = 0 WHERE paper_id = ?", (keep, dropped))
    await tx.execute("DELETE FROM papers WHERE id = ?", (dropped,))


def rank(feed: str) -> int:
    """Whose titles, abstracts and authors are believed: arXiv's, then Hugging Face's, then a feed's."""
    return 2 if feed.startswith("arxiv") else 1 if feed == "huggingface" else 0


def _counts(paper: Paper) -> tuple[int | None, int | None, int | None]:
    return paper.votes, paper.comments, paper.stars


def contradict(one: Paper, other: Paper) -> bool:
    """Two arXiv ids are two works, whatever their titles say."""
    return one.arxiv_id is not None and other.arxiv_id is not None and one.arxiv_id != other.arxiv_id


def enriched(old: AnyPaper, new: Paper, *, newer: bool, authority: bool) -> AnyPaper:
    """`old` with what `new` adds. `newer`: its counts are the later ones; `authority`: its texts win."""

    def text(name: str) -> Paper:
        ours, theirs = getattr(old, name), getattr(new, name)
        return new if theirs and (authority or not ours) else old

    def fresh(name: str) -> Paper:
        ours, theirs = getattr(old, name), getattr(new, name)
        return old if theirs in (None, "", ()) or (not newer and ours not in (None, "", ())) else new

    texts = {name: text(name) for name in ("title", "abstract", "authors")}
    facts = {
        name: fresh(name)
        for name in (
            *("summary", "keywords", "organization", "repository", "project_page", "thumbnail", "discussion"),
            *("votes", "comments", "stars"),
        )
    }
    tellers = texts | facts
    return dataclasses.replace(
        old,
        **{name: getattr(teller, name) for name, teller in tellers.items()},
        written={name: teller.written[name] for name, teller in tellers.items() if name in teller.written},
        categories=tuple(dict.fromkeys(old.categories + new.categories)),
        arxiv_id=old.arxiv_id or new.arxiv_id,
        url=new.url if new.arxiv_id and not old.arxiv_id else old.url,
        doi=old.doi or new.doi,
        version=max(filter(None, (old.version, new.version)), default=None),
        published_at=old.published_at or new.published_at,
    )


# --- asking -----------------------------------------------------------------------------------------


async def get(db: Database, ids: Iterable[PaperId]) -> tuple[Paper, ...]:
    """The papers with these ids, in this order; unknown ones are left out. Of added feeds none is named."""
    wanted = list(ids)
    async with db.read() as connection:
        found = await load(connection, wanted)
    return tuple(found[paper_id] for paper_id in wanted if paper_id in found)


async def count(db: Database, own: Sequence[str] = ()) -> int:
    """Papers in the archive: everybody's, and those of `own` added feeds."""
    async with db.read() as connection:
        (number,) = await one(
            connection,
            """SELECT (SELECT count(*) FROM papers) - (
                SELECT count(*) FROM private_papers WHERE feed NOT IN (SELECT value FROM json_each(?)))""",
            (json.dumps(own),),
        )
    return int(number)


async def earliest(db: Database) -> date | None:
    """The first day of which the operator's sources announced a paper; None in an empty archive."""
    async with db.read() as connection:
        # By the index of days, which ends at the first row.
        rows = list(
            await connection.execute_fetchall(
                f"SELECT listed_on FROM listings l WHERE announced AND NOT ({ADDED}) ORDER BY listed_on LIMIT 1"
            )
        )
    return day(rows[0][0]) if rows else None


async def load(
    connection: aiosqlite.Connection, ids: Sequence[PaperId], own: Collection[str] = ()
) -> dict[PaperId, Paper]:
    """By id, with the names of the operator's feeds that carry them and of `own` added ones."""
    if not ids:
        return {}
    rows = await connection.execute_fetchall(
        f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )
    # Three hundred rows take some 15 ms: not on the event loop.
    return await asyncio.to_thread(lambda: {PaperId(row["id"]): paper_of(row, own) for row in rows})


async def one(connection: aiosqlite.Connection, sql: str, values: Sequence[object] = ()) -> sqlite3.Row:
    rows = list(await connection.execute_fetchall(sql, values))
    return rows[0]
