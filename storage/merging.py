"""Papers that come from another database join those that are here.

Owns: which paper there is which here, what two records of one work make together, and that what was no news there
is none here. Refuses: everything else that is kept (`storage.intake`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import aiosqlite

from bot.errors import UserError
from bot.models import PaperId
from storage.database import moment, seconds
from storage.export import KeptFeed, KeptPaper, Listing, kept_paper_of
from storage.papers import COLUMNS, INSERT, UPDATE, contradict, enriched, join_rows, one, rank, row_of

_NEVER = datetime.min.replace(tzinfo=UTC)
_KNOWN = f"""SELECT id, {COLUMNS}, counted_at, first_seen_at, changed_at, '[]' AS identities,
    '[]' AS listings, '[]' AS observations,
    (SELECT json_group_array(feed) FROM
        (SELECT DISTINCT feed FROM listings WHERE paper_id = papers.id ORDER BY feed)) AS feeds
    FROM papers WHERE id IN (SELECT value FROM json_each(?))"""


class Papers:
    """Takes the feeds first, then the papers, slice by slice. Within one transaction."""

    def __init__(self, tx: aiosqlite.Connection) -> None:
        self._tx = tx
        self.new, self.changed = 0, 0
        """Papers that were not known here, and known ones that learnt something."""
        self._highest = 0
        """The largest number of a paper here."""
        self._joined: dict[PaperId, PaperId] = {}
        """Rows that went, and the row that each became part of."""
        self._ours: dict[str, datetime | None] = {}
        """Feed -> its first reading here, before anything came in."""
        self._theirs: dict[str, datetime | None] = {}

    async def begin(self) -> None:
        await self._tx.execute("CREATE TEMP TABLE moved (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL)")
        (self._highest,) = await one(self._tx, "SELECT coalesce(max(id), 0) FROM papers")
        rows = await self._tx.execute_fetchall("SELECT name, first_at FROM feeds")
        self._ours = {row["name"]: moment(row["first_at"]) for row in rows}

    async def end(self) -> None:
        await self._tx.execute("DROP TABLE moved")

    async def numbers(self, theirs: Iterable[PaperId]) -> dict[PaperId, PaperId]:
        """Which paper here each of these has become; what never came in is not among them."""
        return await _numbers(self._tx, theirs, self._joined)

    # --- feeds --------------------------------------------------------------------------------------

    async def take_feeds(self, feeds: Sequence[KeptFeed]) -> None:
        """What is remembered of a feed here stays, but for its first reading: that is the earlier one."""
        self._theirs |= {feed.name: feed.first_at for feed in feeds}
        # What a feed brought until its first reading is no news, and must not become any because the feed turns
        # out to be known for longer.
        earlier = [
            (feed.name, seconds(feed.first_at), seconds(ours))
            for feed in feeds
            for ours in [self._ours.get(feed.name)]
            if feed.first_at is not None and (ours is None or feed.first_at < ours)
        ]
        await self._tx.execute(
            """UPDATE listings SET first_seen_at = first FROM (
                SELECT json_extract(value, '$[0]') AS name, json_extract(value, '$[1]') AS first,
                    json_extract(value, '$[2]') AS ours FROM json_each(?))
            WHERE feed = name AND first_seen_at > first AND (ours IS NULL OR first_seen_at <= ours)""",
            (json.dumps(earlier),),
        )
        await self._tx.executemany(
            """INSERT INTO feeds (name, first_at, polled_at, succeeded_at, next_poll_at, failures, error, entries)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET
                first_at = min(coalesce(first_at, excluded.first_at), coalesce(excluded.first_at, first_at))""",
            [
                (
                    feed.name,
                    *map(seconds, (feed.first_at, feed.polled_at, feed.succeeded_at, feed.next_poll_at)),
                    *(feed.failures, feed.error, feed.entries),
                )
                for feed in feeds
            ],
        )

    # --- papers -------------------------------------------------------------------------------------

    async def take(self, arriving: Sequence[KeptPaper]) -> None:
        """Raises UserError where two different papers have one number."""
        slice_ = _Slice(self._tx, self._highest, self._joined)
        await slice_.load({key for paper in arriving for key in paper.identities})
        for paper in arriving:
            listings = tuple(replace(listing, first_seen_at=self._seen(listing)) for listing in paper.listings)
            await slice_.place(replace(paper, listings=listings))
        await slice_.write()
        self._highest = slice_.highest
        self.new += slice_.new
        self.changed += slice_.changed

    def _seen(self, listing: Listing) -> datetime:
        """When it was first seen. What was no news there is none of a feed that is read here either."""
        ours, theirs = self._ours.get(listing.feed), self._theirs.get(listing.feed)
        if ours is None or (theirs is not None and listing.first_seen_at > theirs):
            return listing.first_seen_at
        return min(listing.first_seen_at, ours)


class _Slice:
    """Some papers, placed one after the other and written in bulk."""

    def __init__(self, tx: aiosqlite.Connection, highest: int, joined: dict[PaperId, PaperId]) -> None:
        self._tx, self.highest, self.joined = tx, highest, joined
        self.new, self.changed = 0, 0
        self._owners: dict[str, PaperId] = {}
        self._rows: dict[PaperId, KeptPaper] = {}
        """As they will be; what hangs on a paper is in the lists below, but for its feeds."""
        self._stored: dict[PaperId, KeptPaper] = {}
        """As they are."""
        self._placed: list[tuple[KeptPaper, PaperId]] = []

    async def load(self, keys: set[str]) -> None:
        """The papers here that have one of `keys`."""
        found = await self._tx.execute_fetchall(
            "SELECT key, paper_id FROM identities WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(keys)),),
        )
        self._owners = {row["key"]: PaperId(row["paper_id"]) for row in found}
        ids = json.dumps(sorted(set(self._owners.values())))
        rows = await self._tx.execute_fetchall(_KNOWN, (ids,))
        self._stored = {PaperId(row["id"]): kept_paper_of(row) for row in rows}
        self._rows = dict(self._stored)

    async def place(self, paper: KeptPaper) -> None:
        feeds = tuple(sorted({listing.feed for listing in paper.listings}))
        arrived = replace(paper, feeds=feeds, identities=(), listings=(), observations=())
        found = self._found(paper, feeds)
        if found:
            keep = found[0]
            for other in found[1:]:
                if not contradict(self._rows[keep], self._rows[other]):
                    await self._join(keep, other)
            self._rows[keep] = _merged(self._rows[keep], arrived)
        else:
            # Into an empty database each comes with its own number.
            keep = PaperId(max(paper.id or 0, self.highest + 1))
            self.highest = keep
            self._rows[keep] = replace(arrived, id=keep)
        for key in paper.identities:
            self._owners.setdefault(key, keep)
        self._placed.append((paper, keep))

    def _found(self, paper: KeptPaper, feeds: Sequence[str]) -> list[PaperId]:
        """The papers here that it is, identifiers first."""
        known = [key for key in sorted(paper.identities, key=_is_weak) if key in self._owners]
        found = [
            self._owners[key]
            for key in known
            # As in `storage.papers`: a title joins across feeds only.
            if not (_is_weak(key) and set(feeds) & set(self._rows[self._owners[key]].feeds))
            and not contradict(paper, self._rows[self._owners[key]])
        ]
        if not found and len(known) == len(paper.identities):
            # No key is left to know it by: as another paper it would come again with each import.
            found = [self._owners[key] for key in known[:1]]
        return list(dict.fromkeys(found))

    async def _join(self, keep: PaperId, dropped: PaperId) -> None:
        """Two papers here turn out to be one work."""
        if not {keep, dropped} <= self._stored.keys():
            await self.write()
        await join_rows(self._tx, keep, dropped)
        self._rows[keep] = _merged(self._rows[keep], self._rows.pop(dropped))
        del self._stored[dropped]
        self._owners = {key: keep if owner == dropped else owner for key, owner in self._owners.items()}
        self._placed = [(paper, keep if placed == dropped else placed) for paper, placed in self._placed]
        self.joined[dropped] = keep

    async def write(self) -> None:
        placed, self._placed = self._placed, []
        await self._number(placed)
        inserts, updates = [], []
        for paper_id, row in self._rows.items():
            values = (*row_of(row), seconds(row.counted_at))
            if paper_id not in self._stored:
                inserts.append((*values, paper_id, seconds(row.first_seen_at), seconds(row.changed_at)))
            elif row != self._stored[paper_id]:
                updates.append((seconds(row.first_seen_at), *values, seconds(row.changed_at), paper_id))
        self.new += len(inserts)
        self.changed += len(updates)
        self._stored = dict(self._rows)
        await self._tx.executemany(INSERT, inserts)
        await self._tx.executemany(UPDATE, [update[1:] for update in updates])
        await self._tx.executemany(
            "UPDATE papers SET first_seen_at = ? WHERE id = ?", [(update[0], update[-1]) for update in updates]
        )
        await self._tx.executemany(
            "INSERT OR IGNORE INTO identities (key, paper_id) VALUES (?, ?)",
            [(key, keep) for paper, keep in placed for key in paper.identities],
        )
        await self._tx.executemany(
            """INSERT INTO listings (paper_id, feed, listed_on, announced, first_seen_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (paper_id, feed, listed_on) DO UPDATE SET
                announced = max(announced, excluded.announced),
                first_seen_at = min(first_seen_at, excluded.first_seen_at)""",
            [
                (keep, one.feed, one.listed_on.isoformat(), one.announced, seconds(one.first_seen_at))
                for paper, keep in placed
                for one in paper.listings
            ],
        )
        await self._tx.executemany(
            """INSERT OR IGNORE INTO observations (paper_id, seen_at, votes, comments, stars)
            VALUES (?, ?, ?, ?, ?)""",
            [
                (keep, seconds(one.seen_at), one.votes, one.comments, one.stars)
                for paper, keep in placed
                for one in paper.observations
            ],
        )

    async def _number(self, placed: Sequence[tuple[KeptPaper, PaperId]]) -> None:
        """Remember which paper here each number there has become."""
        numbers = await _numbers(self._tx, (paper.id for paper, _ in placed if paper.id), self.joined)
        for paper, keep in placed:
            if paper.id and numbers.setdefault(paper.id, keep) != keep:
                raise UserError(f"Two different papers have the number {paper.id}: take it out of one of them.")
        await self._tx.executemany("INSERT OR IGNORE INTO moved (theirs, ours) VALUES (?, ?)", numbers.items())


async def _numbers(
    tx: aiosqlite.Connection, theirs: Iterable[PaperId], joined: dict[PaperId, PaperId]
) -> dict[PaperId, PaperId]:
    rows = await tx.execute_fetchall(
        "SELECT theirs, ours FROM moved WHERE theirs IN (SELECT value FROM json_each(?))",
        (json.dumps(list(theirs)),),
    )
    return {PaperId(row[0]): _final(joined, PaperId(row[1])) for row in rows}


def _final(joined: dict[PaperId, PaperId], paper_id: PaperId) -> PaperId:
    while paper_id in joined:
        paper_id = joined[paper_id]
    return paper_id


def _is_weak(key: str) -> bool:
    return key.startswith("title:")


def _merged(ours: KeptPaper, theirs: KeptPaper) -> KeptPaper:
    """Texts are of the side that knows better, counts of the later one; the same again changes nothing."""
    newer = (theirs.counted_at or _NEVER) > (ours.counted_at or _NEVER)
    return replace(
        enriched(ours, theirs, newer=newer, authority=_authority(theirs) > _authority(ours)),
        feeds=tuple(sorted({*ours.feeds, *theirs.feeds})),
        listed_on=max(filter(None, (ours.listed_on, theirs.listed_on)), default=None),
        counted_at=max(filter(None, (ours.counted_at, theirs.counted_at)), default=None),
        first_seen_at=min(ours.first_seen_at, theirs.first_seen_at),
        changed_at=max(ours.changed_at, theirs.changed_at),
    )


def _authority(paper: KeptPaper) -> tuple[int, int]:
    return max(map(rank, paper.feeds), default=0), paper.version or 0
