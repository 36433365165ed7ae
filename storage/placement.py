"""Which paper here one that comes from another database is, and what the two make together.

Owns: placing papers, slice by slice, within the transaction of `storage.merging`; the temporary table moved has
their numbers. A private paper stays one: only the same feed's rows are looked at for it. Refuses: deciding what
two papers have in common (their keys come with them).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import aiosqlite

from bot.errors import UserError
from bot.models import PaperId
from storage.database import seconds
from storage.export import kept_paper_of
from storage.papers import COLUMNS, INSERT, UPDATE, contradict, enriched, is_added, join_rows, rank, row_of
from storage.records import KeptPaper

_NEVER = datetime.min.replace(tzinfo=UTC)
_KNOWN = f"""SELECT id, {COLUMNS}, counted_at, first_seen_at, changed_at, '[]' AS identities,
    '[]' AS listings, '[]' AS observations, '[]' AS claims,
    (SELECT feed FROM private_papers WHERE paper_id = papers.id) AS private_to,
    (SELECT json_group_array(feed) FROM
        (SELECT DISTINCT feed FROM listings WHERE paper_id = papers.id ORDER BY feed)) AS feeds
    FROM papers WHERE id IN (SELECT value FROM json_each(?))"""


class Slice:
    """Some papers, placed one after the other and written in bulk."""

    def __init__(self, tx: aiosqlite.Connection, highest: PaperId, joined: dict[PaperId, PaperId]) -> None:
        self._tx, self.highest, self.joined = tx, highest, joined
        self.new, self.changed = 0, 0
        self._owners: dict[str, PaperId] = {}
        self._claimed: dict[tuple[str, str], PaperId] = {}
        """(added feed, key) -> the paper that it knows under it."""
        self._rows: dict[PaperId, KeptPaper] = {}
        """As they will be; what hangs on a paper is in the lists below, but for its feeds."""
        self._stored: dict[PaperId, KeptPaper] = {}
        """As they are."""
        self._placed: list[tuple[KeptPaper, PaperId]] = []

    async def load(self, arriving: Sequence[KeptPaper]) -> None:
        """The papers here that share a key with one of these."""
        keys = {key for paper in arriving for key in paper.identities}
        claims = {(claim.feed, claim.key) for paper in arriving if paper.private_to for claim in paper.claims}
        found = await self._tx.execute_fetchall(
            "SELECT key, paper_id FROM identities WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(keys)),),
        )
        self._owners = {row["key"]: PaperId(row["paper_id"]) for row in found}
        found = await self._tx.execute_fetchall(
            """SELECT feed, claims.key, paper_id FROM json_each(?) asked JOIN claims
            ON feed = json_extract(asked.value, '$[0]') AND claims.key = json_extract(asked.value, '$[1]')""",
            (json.dumps(sorted(claims)),),
        )
        self._claimed = {(row["feed"], row["key"]): PaperId(row["paper_id"]) for row in found}
        await self._read({*self._owners.values(), *self._claimed.values()})

    async def _read(self, ids: set[PaperId]) -> None:
        rows = await self._tx.execute_fetchall(_KNOWN, (json.dumps(sorted(ids)),))
        found = {PaperId(row["id"]): kept_paper_of(row) for row in rows}
        self._stored |= found
        self._rows |= found

    async def place(self, paper: KeptPaper) -> None:
        feeds = tuple(sorted({listing.feed for listing in paper.listings}))
        arrived = replace(paper, feeds=feeds, identities=(), listings=(), observations=(), claims=())
        found = await self._found_private(paper) if paper.private_to else self._found(paper, feeds)
        if found:
            keep = found[0]
            for other in found[1:]:
                if not contradict(self._rows[keep], self._rows[other]):
                    await self._join(keep, other)
            if not paper.private_to:
                self._rows[keep] = _merged(self._rows[keep], arrived)
            elif self._rows[keep].private_to:
                self._rows[keep] = _latest(self._rows[keep], arrived)
        else:
            # Into an empty database each comes with its own number.
            keep = PaperId(max(paper.id or 0, self.highest + 1))
            self.highest = keep
            self._rows[keep] = replace(arrived, id=keep)
        for key in paper.identities:
            self._owners.setdefault(key, keep)
        for claim in paper.claims:
            self._claimed.setdefault((claim.feed, claim.key), keep)
        self._placed.append((paper, keep))

    def _found(self, paper: KeptPaper, feeds: Sequence[str]) -> list[PaperId]:
        """The papers here that it is, identifiers first."""
        known = [key for key in sorted(paper.identities, key=_is_weak) if key in self._owners]
        found = [
            self._owners[key]
            for key in known
            # As in `storage.papers`: a title joins across feeds only.
            if not (_is_weak(key) and _operators(feeds) & _operators(self._rows[self._owners[key]].feeds))
            and not contradict(paper, self._rows[self._owners[key]])
        ]
        if not found and len(known) == len(paper.identities):
            # No key is left to know it by: as another paper it would come again with each import.
            found = [self._owners[key] for key in known[:1]]
        return list(dict.fromkeys(found))

    async def _found_private(self, paper: KeptPaper) -> list[PaperId]:
        """The paper here that the same feed knows as this entry, as in `storage.private`. Everybody's papers are
        not looked at: what is theirs as well gives way in the end."""
        known = [claim for claim in paper.claims if (claim.feed, claim.key) in self._claimed]
        strong = (self._claimed[claim.feed, claim.key] for claim in known if claim.strong)
        found = [owner for owner in strong if not contradict(paper, self._rows[owner])]
        if not found and len(known) == len(paper.claims):
            # No key is left to know it by: as another paper it would come again with each import.
            await self.write()
            alike = await self._tx.execute_fetchall(
                """SELECT id FROM private_papers JOIN papers ON id = paper_id
                WHERE feed = ? AND title = ? AND url = ? AND arxiv_id IS ? ORDER BY id LIMIT 1""",
                (paper.private_to, paper.title, paper.url, paper.arxiv_id),
            )
            found = [PaperId(row[0]) for row in alike]
            await self._read(set(found) - self._rows.keys())
        return found[:1]

    async def _join(self, keep: PaperId, dropped: PaperId) -> None:
        """Two papers here turn out to be one work."""
        if not {keep, dropped} <= self._stored.keys():
            await self.write()
        await join_rows(self._tx, keep, dropped)
        self._rows[keep] = _merged(self._rows[keep], self._rows.pop(dropped))
        del self._stored[dropped]
        self._owners = {key: keep if owner == dropped else owner for key, owner in self._owners.items()}
        self._claimed = {key: keep if owner == dropped else owner for key, owner in self._claimed.items()}
        self._placed = [(paper, keep if placed == dropped else placed) for paper, placed in self._placed]
        self.joined[dropped] = keep

    async def write(self) -> None:
        placed, self._placed = self._placed, []
        await self._number(placed)
        new = {paper_id: row for paper_id, row in self._rows.items() if paper_id not in self._stored}
        inserts = [
            (*row_of(row), seconds(row.counted_at), paper_id, seconds(row.first_seen_at), seconds(row.changed_at))
            for paper_id, row in new.items()
        ]
        updates = [
            (
                *(seconds(row.first_seen_at), *row_of(row)),
                *(seconds(row.counted_at), seconds(row.changed_at), paper_id),
            )
            for paper_id, row in self._rows.items()
            if row != self._stored.get(paper_id, row)
        ]
        self.new += len(inserts)
        self.changed += len(updates)
        self._stored = dict(self._rows)
        await self._tx.executemany(INSERT, inserts)
        await self._tx.executemany(
            "INSERT INTO private_papers (paper_id, feed) VALUES (?, ?)",
            [(paper_id, row.private_to) for paper_id, row in new.items() if row.private_to],
        )
        await self._tx.executemany(UPDATE, [update[1:] for update in updates])
        await self._tx.executemany(
            "UPDATE papers SET first_seen_at = ? WHERE id = ?", [(update[0], update[-1]) for update in updates]
        )
        await self._tx.executemany(
            "INSERT OR IGNORE INTO identities (key, paper_id) VALUES (?, ?)",
            [(key, keep) for paper, keep in placed for key in paper.identities],
        )
        await self._tx.executemany(
            "INSERT OR IGNORE INTO claims (feed, key, paper_id, strong) VALUES (?, ?, ?, ?)",
            [(claim.feed, claim.key, keep, claim.strong) for paper, keep in placed for claim in paper.claims],
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
        known = await numbers(self._tx, (paper.id for paper, _ in placed if paper.id), self.joined)
        for paper, keep in placed:
            if paper.id and known.setdefault(paper.id, keep) != keep:
                raise UserError(f"Two different papers have the number {paper.id}: take it out of one of them.")
        await self._tx.executemany("INSERT OR IGNORE INTO moved (theirs, ours) VALUES (?, ?)", known.items())


async def numbers(
    tx: aiosqlite.Connection, theirs: Iterable[PaperId], joined: dict[PaperId, PaperId]
) -> dict[PaperId, PaperId]:
    """Which paper here each of these has become, by the table moved, through rows that were joined."""
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


def _operators(feeds: Iterable[str]) -> set[str]:
    """What servers added has no say in which papers are one."""
    return {feed for feed in feeds if not is_added(feed)}


def _latest(ours: KeptPaper, theirs: KeptPaper) -> KeptPaper:
    """A private paper is as its feed told it last."""
    return replace(
        theirs if theirs.changed_at > ours.changed_at else ours,
        id=ours.id,
        feeds=ours.feeds,
        listed_on=min(filter(None, (ours.listed_on, theirs.listed_on)), default=None),
        first_seen_at=min(ours.first_seen_at, theirs.first_seen_at),
    )


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
