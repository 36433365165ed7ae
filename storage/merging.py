"""Papers that come from another database join those that are here.

Owns: what is remembered of their feeds, and that what was no news there is none here. Refuses: which paper there
is which here (`storage.placement`), and everything else that is kept (`storage.intake`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import aiosqlite

from bot.models import PaperId
from storage import health, private
from storage.database import moment, seconds
from storage.papers import one
from storage.placement import Slice, numbers
from storage.records import KeptFeed, KeptPaper, Listing


class Papers:
    """Takes the feeds first, then the papers, slice by slice. Within one transaction."""

    def __init__(self, tx: aiosqlite.Connection) -> None:
        self._tx = tx
        self.new, self.changed = 0, 0
        """Papers that were not known here, and known ones that learnt something."""
        self._before = self._highest = PaperId(0)
        """The largest number of a paper here, before anything came in and now."""
        self._joined: dict[PaperId, PaperId] = {}
        """Rows that went, and the row that each became part of."""
        self._ours: dict[str, datetime | None] = {}
        """Feed -> its first reading here, before anything came in."""
        self._theirs: dict[str, datetime | None] = {}

    async def begin(self) -> None:
        await self._tx.execute("CREATE TEMP TABLE moved (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL)")
        (highest,) = await one(self._tx, "SELECT coalesce(max(id), 0) FROM papers")
        self._before = self._highest = PaperId(highest)
        rows = await self._tx.execute_fetchall("SELECT name, first_at FROM feeds")
        self._ours = {row["name"]: moment(row["first_at"]) for row in rows}

    async def end(self) -> None:
        gone = await private.give_way_to_arrived(self._tx, self._before)
        self.new -= sum(paper_id > self._before for paper_id in gone)
        await self._tx.execute("DROP TABLE moved")

    async def numbers(self, theirs: Iterable[PaperId]) -> dict[PaperId, PaperId]:
        """Which paper here each of these has become; what never came in is not among them."""
        return await numbers(self._tx, theirs, self._joined)

    # --- feeds --------------------------------------------------------------------------------------

    async def take_feeds(self, feeds: Sequence[KeptFeed]) -> None:
        """What is remembered of a feed here stays, but for its first reading: that is the earlier one; days' lists
        are those of both."""
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
            """INSERT INTO feeds
                (name, first_at, polled_at, succeeded_at, next_poll_at, failures, error, entries, stalls)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET
                first_at = min(coalesce(first_at, excluded.first_at), coalesce(excluded.first_at, first_at))""",
            [
                (
                    feed.name,
                    *map(seconds, (feed.first_at, feed.polled_at, feed.succeeded_at, feed.next_poll_at)),
                    *(feed.failures, feed.error, feed.entries, feed.stalls),
                )
                for feed in feeds
                if feed.first_at or feed.polled_at
            ],
        )
        for feed in feeds:
            await health.merge(self._tx, feed.name, feed.health, feed.batches, feed.fields)

    # --- papers -------------------------------------------------------------------------------------

    async def take(self, arriving: Sequence[KeptPaper]) -> None:
        """Raises UserError where two different papers have one number."""
        slice_ = Slice(self._tx, self._highest, self._joined)
        await slice_.load(arriving)
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
