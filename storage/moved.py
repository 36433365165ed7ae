"""The papers whose votes may have moved: what a chart is made of.

Owns: finding them. Refuses: reading their counts over time (`storage.observations`), and ranking them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bot.models import PaperId, Query
from storage.database import Database, day, seconds
from storage.papers import ADDED
from storage.search import Plan

Found = tuple[PaperId, int, date | None]
"""A paper, its votes, and the day of its first list."""

VOTED = "huggingface"
"""The feed whose lists have votes."""
# The day of the list that people vote on; before it, in arXiv's, nobody counted.
_FIRST = f"""coalesce(
    (SELECT min(listed_on) FROM listings l WHERE paper_id = found.id AND announced AND feed = '{VOTED}'),
    (SELECT min(listed_on) FROM listings l WHERE paper_id = found.id AND announced
        AND (NOT ({ADDED}) OR feed IN (SELECT value FROM json_each(?)))))"""


async def since(
    db: Database,
    query: Query,
    *,
    moment: datetime,
    listed: date,
    today: date,
    limit: int,
    own: Sequence[str] = (),
) -> tuple[Found, ...]:
    """The papers with votes that answer `query` strictly and were last listed on `listed` or later, or whose
    counts changed at `moment` or later: at most `limit`, most votes first.

    A first count is no change: what an archive reads of long ago when it begins has not moved.
    """
    moved = """(p.listed_on >= ? OR (
        (SELECT max(seen_at) FROM observations WHERE paper_id = p.id) >= max(
            ?, (SELECT min(seen_at) + 1 FROM observations WHERE paper_id = p.id))))"""
    return await _found(db, query, moved, (listed.isoformat(), seconds(moment)), today, limit, own)


async def of_list(
    db: Database, query: Query, *, listed: date, today: date, limit: int, own: Sequence[str] = ()
) -> tuple[Found, ...]:
    """The papers of a day's list that have votes and answer `query` strictly: at most `limit`, most votes
    first."""
    there = f"""+p.id IN (
        SELECT paper_id FROM listings WHERE announced AND listed_on = ? AND feed = '{VOTED}')"""
    return await _found(db, query, there, (listed.isoformat(),), today, limit, own)


async def _found(
    db: Database,
    query: Query,
    moved: str,
    values: tuple[object, ...],
    today: date,
    limit: int,
    own: Sequence[str],
) -> tuple[Found, ...]:
    plan = Plan(query, today, own)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT id, votes, {_FIRST} FROM (
                SELECT p.id, p.votes, p.listed_on {plan.source} WHERE {plan.condition} AND p.votes > 0 AND {moved}
                ORDER BY p.votes DESC, p.listed_on DESC, p.id DESC LIMIT ?) found""",
            (json.dumps(own), *plan.values, *values, limit),
        )
    return tuple((PaperId(row[0]), row[1], day(row[2])) for row in rows)


async def newest_list(db: Database, *, until: date) -> date | None:
    """The last day up to `until` whose list has a paper with votes; None where there is none."""
    async with db.read() as connection:
        # By the index of days, which ends at the first row.
        rows = list(
            await connection.execute_fetchall(
                f"""SELECT l.listed_on FROM listings l CROSS JOIN papers p ON p.id = l.paper_id
                WHERE announced AND l.feed = '{VOTED}' AND l.listed_on <= ? AND p.votes > 0
                ORDER BY l.listed_on DESC LIMIT 1""",
                (until.isoformat(),),
            )
        )
    return day(rows[0][0]) if rows else None


async def watched(db: Database, moment: datetime, *, within: timedelta) -> bool:
    """Whether votes were counted in the time `within` before the moment. Of all lists of a week some paper's votes
    change in hours: where none did, Paperboy was not running, or not there yet."""
    first, last = (moment - timedelta(days=8)).date(), (moment + timedelta(days=1)).date()
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT EXISTS (SELECT 1 FROM listings l JOIN observations o ON o.paper_id = l.paper_id
            WHERE l.announced AND l.feed = '{VOTED}' AND l.listed_on BETWEEN ? AND ?
            AND o.seen_at BETWEEN ? AND ?)""",
            (first.isoformat(), last.isoformat(), seconds(moment - within), seconds(moment)),
        )
    return any(row[0] for row in rows)
