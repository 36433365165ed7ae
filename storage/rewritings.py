"""Summaries by the operator's own model, and how often it was asked.

Owns: the tables rewritings (a paper's summary, or that none may be shown; it goes with the paper, and when title
or abstract change) and model_calls (of a day in UTC). Refuses: asking, and judging what was said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from bot.models import PaperId, Rewritten
from storage.database import Database, seconds
from storage.papers import one


async def known(db: Database, model: str, ids: Iterable[PaperId]) -> dict[PaperId, str | None]:
    """Of those that `model` was asked about: its text, or None where that may not be shown."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT paper_id, text FROM rewritings
            WHERE model = ? AND paper_id IN (SELECT value FROM json_each(?))""",
            (model, json.dumps([*ids])),
        )
    return {PaperId(row[0]): row[1] for row in rows}


async def keep(
    db: Database,
    model: str,
    paper_id: PaperId,
    made_of: tuple[str, str],
    *,
    text: str | None,
    why: str = "",
    now: datetime,
) -> bool:
    """Remember what `model` said of a paper, or `why` it may not be shown. False where the paper is gone, or its
    (title, abstract) are not what it was `made_of` any more."""
    async with db.write() as tx:
        kept = await tx.execute(
            """INSERT OR REPLACE INTO rewritings (paper_id, model, text, why, at)
            SELECT id, ?, ?, ?, ? FROM papers WHERE id = ? AND (title, abstract) = (?, ?)""",
            (model, text, why, seconds(now), paper_id, *made_of),
        )
        return kept.rowcount > 0


async def spend(db: Database, day: date, most: int) -> bool:
    """Count one call; False, and nothing counted, where the day has had `most`."""
    async with db.write() as tx:
        # Not those of yesterday: what a digest began to ask before midnight still counts for its day.
        await tx.execute("DELETE FROM model_calls WHERE day < ?", ((day - timedelta(days=7)).isoformat(),))
        await tx.execute("INSERT OR IGNORE INTO model_calls VALUES (?, 0)", (day.isoformat(),))
        spent = await tx.execute(
            "UPDATE model_calls SET calls = calls + 1 WHERE day = ? AND calls < ?", (day.isoformat(), most)
        )
        return spent.rowcount > 0


async def tally(db: Database, model: str, day: date) -> Rewritten:
    """What has come of `model`, and how often any was asked on `day`."""
    async with db.read() as connection:
        row = await one(
            connection,
            """SELECT count(text), count(*) - count(text),
                (SELECT coalesce(sum(calls), 0) FROM model_calls WHERE day = ?)
            FROM rewritings WHERE model = ?""",
            (day.isoformat(), model),
        )
    return Rewritten(kept=row[0], refused=row[1], calls=row[2])
