"""Papers of the feeds that servers' admins added.

Owns: the tables private_papers (a paper that one added feed alone carries) and claims (under which keys each
added feed knows its entries). Refuses: changing what everybody sees.

An entry that is a known paper adds its listing there and nothing else. Any other is a row of its feed alone,
which servers with that feed see and no other added feed can touch: what one server's admin writes never stands
in another's digest. Where a source of the operator carries the work, its row takes the private one's place.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import aiosqlite

from bot.models import Entry, Identity, Paper, PaperId
from storage import papers
from storage.database import Database, seconds

MOST = 200
"""Entries read of one answer, and new ones stored of a feed in a day: more than any journal lists, and little
enough that no stranger's feed fills the disk."""
KEPT = 2_000
"""The newest papers of a feed that stay; of older ones those that a channel was shown."""
_SLICE = 500
_PAIRS = """JOIN private_papers x ON x.paper_id = c.paper_id
    JOIN identities i ON i.key = c.key
    JOIN papers theirs ON theirs.id = c.paper_id
    JOIN papers ours ON ours.id = i.paper_id
    WHERE (theirs.arxiv_id IS NULL OR ours.arxiv_id IS NULL OR theirs.arxiv_id = ours.arxiv_id)
    -- A title joins across feeds only, as it does among the operator's.
    AND (c.strong OR NOT EXISTS (
        SELECT 1 FROM listings WHERE paper_id = i.paper_id AND feed = c.feed))"""
"""Of `claims c`: private rows, and everybody's that take their places."""


async def store(
    tx: aiosqlite.Connection, feed: str, entries: Sequence[tuple[Entry, Identity]], *, seen_at: datetime
) -> tuple[int, int, int]:
    """Store what an added feed carried: (new, updated, unchanged) papers. Inside a transaction."""
    reading = _Reading(tx, feed, seen_at, first_reading=await papers.is_first(tx, feed))
    return await reading.store(entries[:MOST])


class _Reading:
    """The entries of one answer, resolved against everybody's papers and the feed's own."""

    def __init__(self, tx: aiosqlite.Connection, feed: str, seen_at: datetime, *, first_reading: bool) -> None:
        self._tx, self._feed, self._seen_at = tx, feed, seen_at
        self._first_reading = first_reading
        self._public: dict[str, PaperId] = {}
        self._own: dict[str, PaperId] = {}
        self._private: set[PaperId] = set()
        self._papers: dict[PaperId, Paper] = {}
        self._touched: dict[PaperId, dict[str, bool]] = {}
        """The papers of this answer, with its keys for each, and whether they are strong."""
        self._replaced: dict[PaperId, PaperId] = {}
        """Private rows that turn out to be everybody's."""

    async def store(self, entries: Sequence[tuple[Entry, Identity]]) -> tuple[int, int, int]:
        await self._load({key for _, identity in entries for key in identity.strong + identity.weak})
        before, now = dict(self._papers), seconds(self._seen_at)
        room = MOST - await self._listed_today()
        (next_id,) = await papers.one(self._tx, "SELECT coalesce(max(id), 0) + 1 FROM papers")
        listings = []
        for entry, identity in entries:
            paper_id = self._resolve(entry.paper, identity)
            fresh = paper_id is None or not (
                paper_id in self._touched or self._feed in self._papers[paper_id].feeds
            )
            if fresh and room <= 0:
                continue
            room -= fresh
            if paper_id is None:
                paper_id, next_id = PaperId(next_id), next_id + 1
                self._private.add(paper_id)
            listed_on, announced = papers.listing(entry, self._seen_at, first_reading=self._first_reading)
            if paper_id in self._private:
                known = self._papers.get(paper_id)
                listed = (known.listed_on if known else None) or (listed_on if announced else None)
                # It is what its feed says of it today: nobody else has a say, and nothing piles up.
                self._papers[paper_id] = dataclasses.replace(
                    entry.paper, id=paper_id, listed_on=listed, feeds=(self._feed,)
                )
            listings.append((paper_id, self._feed, listed_on.isoformat(), announced, now))
            keys = self._touched.setdefault(paper_id, {})
            for key in identity.strong + identity.weak:
                if self._own.setdefault(key, paper_id) == paper_id:
                    keys[key] = key in identity.strong
        new = [self._papers[paper_id] for paper_id in self._touched if paper_id not in before]
        changed = [
            self._papers[paper_id]
            for paper_id in self._touched
            if paper_id in before and papers.differ(self._papers[paper_id], before[paper_id])
        ]
        await self._write(new, changed, listings)
        return len(new), len(changed), len(self._touched) - len(new) - len(changed)

    async def _load(self, keys: set[str]) -> None:
        asked = json.dumps(sorted(keys))
        public = await self._tx.execute_fetchall(
            "SELECT key, paper_id FROM identities WHERE key IN (SELECT value FROM json_each(?))", (asked,)
        )
        own = await self._tx.execute_fetchall(
            "SELECT key, paper_id FROM claims WHERE feed = ? AND key IN (SELECT value FROM json_each(?))",
            (self._feed, asked),
        )
        self._public = {key: PaperId(paper_id) for key, paper_id in public}
        self._own = {key: PaperId(paper_id) for key, paper_id in own}
        ids = sorted({*self._public.values(), *self._own.values()})
        self._papers = await papers.load(self._tx, ids, (self._feed,))
        private = await self._tx.execute_fetchall(
            "SELECT paper_id FROM private_papers WHERE paper_id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
        self._private = {PaperId(paper_id) for (paper_id,) in private}

    async def _listed_today(self) -> int:
        (number,) = await papers.one(
            self._tx,
            f"SELECT count(*) FROM listings l WHERE {papers.ADDED} AND feed = ? AND first_seen_at > ?",
            (self._feed, seconds(self._seen_at - timedelta(days=1))),
        )
        return int(number)

    def _resolve(self, paper: Paper, identity: Identity) -> PaperId | None:
        """The row of `paper`: everybody's before the feed's own, identifiers before titles."""
        public = [self._public[key] for key in identity.strong if key in self._public]
        own = [self._own[key] for key in identity.strong if key in self._own]
        weak = (self._public[key] for key in identity.weak if key in self._public)
        # One feed's "Weekly round-up" is a new one each week: a title joins across feeds only.
        titled = [
            known for known in weak if known not in self._touched and self._feed not in self._papers[known].feeds
        ]
        found = [
            known
            for known in dict.fromkeys((*public, *own, *titled))
            if not papers.contradict(paper, self._papers[known])
        ]
        if found and found[0] not in self._private:
            self._replaced |= {known: found[0] for known in found[1:] if known in self._private}
        return found[0] if found else None

    async def _write(
        self, new: Sequence[Paper], changed: Sequence[Paper], listings: Sequence[tuple[object, ...]]
    ) -> None:
        tx, feed = self._tx, self._feed
        await papers.write(
            tx, [(paper, None) for paper in new], [(paper, None) for paper in changed], at=self._seen_at
        )
        await tx.executemany(
            "INSERT INTO private_papers (paper_id, feed) VALUES (?, ?)", [(paper.id, feed) for paper in new]
        )
        await papers.write_listings(tx, feed, listings)
        # Only the keys of today: an entry that changes its address with each reading leaves no trail.
        await tx.executemany(
            """DELETE FROM claims WHERE feed = ? AND paper_id = ?
            AND key NOT IN (SELECT value FROM json_each(?))""",
            [(feed, paper_id, json.dumps(list(keys))) for paper_id, keys in self._touched.items()],
        )
        await tx.executemany(
            "INSERT OR IGNORE INTO claims (feed, key, paper_id, strong) VALUES (?, ?, ?, ?)",
            [
                (feed, key, paper_id, strong)
                for paper_id, keys in self._touched.items()
                for key, strong in keys.items()
            ],
        )
        for private, public in self._replaced.items():
            await papers.join_rows(tx, public, private)


async def give_way(tx: aiosqlite.Connection, identities: Sequence[Identity]) -> None:
    """A source of the operator carried works with these keys: private rows of the same works become part of
    its rows. Their texts, links and dates go; that a channel was shown them stays."""
    ((there_are,),) = await tx.execute_fetchall("SELECT EXISTS (SELECT 1 FROM private_papers)")
    if not there_are:
        return
    for start in range(0, len(identities), _SLICE):
        keys = [key for known in identities[start : start + _SLICE] for key in known.strong + known.weak]
        pairs = await tx.execute_fetchall(
            f"""SELECT c.paper_id, i.paper_id FROM json_each(?) k JOIN claims c ON c.key = k.value {_PAIRS}
            ORDER BY c.strong, k.key DESC""",
            (json.dumps(keys),),
        )
        await _replace(tx, pairs)


async def give_way_to_arrived(tx: aiosqlite.Connection, highest: PaperId) -> list[PaperId]:
    """The same where another database's papers came in, with numbers above `highest`: a private row of one side
    gives way to everybody's of the other; those that went."""
    pairs = await tx.execute_fetchall(
        f"""SELECT c.paper_id, i.paper_id FROM claims c {_PAIRS} AND (c.paper_id > ?1) != (i.paper_id > ?1)
        ORDER BY c.strong, c.key DESC""",
        (highest,),
    )
    return await _replace(tx, pairs)


async def _replace(tx: aiosqlite.Connection, pairs: Iterable[sqlite3.Row]) -> list[PaperId]:
    # Of several, the first identifier counts: it comes last.
    found = {PaperId(private): PaperId(public) for private, public in pairs}
    for private, public in found.items():
        await papers.join_rows(tx, public, private)
    return list(found)


# --- letting go -------------------------------------------------------------------------------------


async def trim(db: Database) -> int:
    """Let go of what added feeds brought beyond KEPT, and of everything of feeds that no server has any more;
    the number of papers. What a channel was shown stays as a row that nobody finds: it comes at most once,
    also where the feed is added again."""
    async with db.read() as connection:
        known = await connection.execute_fetchall(
            """SELECT DISTINCT feed, feed IN (SELECT feed FROM guild_feeds) FROM claims"""
        )
    trimmed = 0
    for feed, followed in known:
        while True:
            async with db.write() as tx:
                gone, left = await _trim(tx, feed, KEPT if followed else 0)
            trimmed += gone
            if not left:
                break
    return trimmed


async def _trim(tx: aiosqlite.Connection, feed: str, keep: int) -> tuple[int, bool]:
    """(private papers that went, whether there may be more)."""
    old = [
        paper_id
        for (paper_id,) in await tx.execute_fetchall(
            f"""SELECT l.paper_id FROM listings l WHERE {papers.ADDED} AND l.feed = ?1
            AND NOT EXISTS (
                SELECT 1 FROM delivery_papers d JOIN private_papers x ON x.paper_id = d.paper_id
                WHERE d.paper_id = l.paper_id AND d.shown)
            GROUP BY l.paper_id ORDER BY max(l.first_seen_at) DESC, l.paper_id DESC LIMIT ?2 OFFSET ?3""",
            (feed, _SLICE, keep),
        )
    ]
    asked = json.dumps(old)
    gone = await tx.execute(
        """DELETE FROM papers WHERE id IN (SELECT value FROM json_each(?))
        AND id IN (SELECT paper_id FROM private_papers)""",
        (asked,),
    )
    for table in ("claims", "listings"):
        await tx.execute(
            f"DELETE FROM {table} WHERE feed = ? AND paper_id IN (SELECT value FROM json_each(?))", (feed, asked)
        )
    return gone.rowcount, len(old) == _SLICE
