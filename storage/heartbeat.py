"""Signs of life: the ticks write them, the container's health check reads them.

Owns: the table beats.
"""

from __future__ import annotations

from datetime import datetime

from storage.database import Database, moment, seconds


async def beat(db: Database, name: str, now: datetime) -> None:
    async with db.write() as tx:
        await tx.execute(
            "INSERT INTO beats (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            (name, seconds(now)),
        )


async def last(db: Database, name: str) -> datetime | None:
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall("SELECT at FROM beats WHERE name = ?", (name,)))
    return moment(rows[0][0]) if rows else None
