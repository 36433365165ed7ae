"""Queries behind buttons: a button's id holds 100 characters, a query some thousand.

Owns: the table searches. Nothing is kept of who asked.
"""

from __future__ import annotations

from datetime import datetime

from bot.errors import NotFound
from storage.database import Database, seconds


async def remember(db: Database, query: str, *, now: datetime) -> int:
    """A number for `query`, the same for the same text (`storage.upkeep` tells for how long)."""
    async with db.write() as tx:
        rows = list(
            await tx.execute_fetchall(
                """INSERT INTO searches (query, asked_at) VALUES (?, ?)
                ON CONFLICT (query) DO UPDATE SET asked_at = excluded.asked_at RETURNING id""",
                (query, seconds(now)),
            )
        )
        return int(rows[0][0])


async def recall(db: Database, number: int) -> str:
    """Raises NotFound."""
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall("SELECT query FROM searches WHERE id = ?", (number,)))
    if not rows:
        raise NotFound("This search is too old: please ask it again with `/search`.")
    return str(rows[0][0])
