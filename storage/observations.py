"""How the counts of papers went over time.

Owns: reading the table observations. Refuses: writing it (`storage.papers`), and what the numbers mean.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.models import Observation, PaperId
from storage.database import Database, known_moment, seconds


async def history(db: Database, papers: Sequence[PaperId]) -> Mapping[PaperId, tuple[Observation, ...]]:
    """The counts of each paper, oldest first: at every change, and when they were last seen. A paper that nobody
    counted is not there."""
    async with db.read() as connection:
        # What did not change is no row of observations: that it was looked at is known by the paper alone.
        rows = await connection.execute_fetchall(
            """SELECT paper_id, seen_at, votes, comments, stars FROM observations
            WHERE paper_id IN (SELECT value FROM json_each(?1))
            UNION SELECT id, counted_at, votes, comments, stars FROM papers
            WHERE id IN (SELECT value FROM json_each(?1)) AND counted_at NOT NULL
            ORDER BY paper_id, seen_at""",
            (json.dumps(papers),),
        )
    return await asyncio.to_thread(_by_paper, rows)


async def around(
    db: Database, papers: Sequence[PaperId], moments: Sequence[datetime]
) -> Mapping[PaperId, tuple[Observation, ...]]:
    """Of the counts of each paper's votes the first and the last before, between and behind the moments, oldest
    first, and when they were last seen: all that tells what it had at each, in a fraction of the rows."""
    stretch = " + ".join("(seen_at > ?)" for _ in moments)
    values = (json.dumps(papers), *(seconds(moment) for moment in moments))
    # Of a maximum or minimum SQLite gives the other columns of its row.
    ends = [
        f"""SELECT paper_id, {end}(seen_at) AS seen_at, votes, comments, stars FROM observations
        WHERE paper_id IN (SELECT value FROM json_each(?)) AND votes NOT NULL GROUP BY paper_id, {stretch}"""
        for end in ("min", "max")
    ]
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""{" UNION ".join(ends)} UNION SELECT id, counted_at, votes, comments, stars FROM papers
            WHERE id IN (SELECT value FROM json_each(?)) AND counted_at NOT NULL ORDER BY paper_id, seen_at""",
            (*values, *values, values[0]),
        )
    return await asyncio.to_thread(_by_paper, rows)


def _by_paper(rows: Iterable[sqlite3.Row]) -> dict[PaperId, tuple[Observation, ...]]:
    found: dict[PaperId, list[Observation]] = {}
    for row in rows:
        seen = Observation(
            seen_at=known_moment(row["seen_at"]),
            votes=row["votes"],
            comments=row["comments"],
            stars=row["stars"],
        )
        found.setdefault(PaperId(row["paper_id"]), []).append(seen)
    return {paper: tuple(seen) for paper, seen in found.items()}
