"""Signs of life: the ticks write them, the container's health check reads them.

Owns: the table beats.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from storage.database import Database, moment, refuse_foreign, seconds, worded


async def beat(db: Database, name: str, now: datetime) -> None:
    async with db.write() as tx:
        await tx.execute(
            "INSERT INTO beats (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            (name, seconds(now)),
        )


def peek(path: Path, name: str) -> datetime | None:
    """`last` without opening the database for work: read-only, no migration, None where there is no file."""
    if not path.is_file():
        return None
    refuse_foreign(path)
    with worded(path), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT at FROM beats WHERE name = ?", (name,)).fetchall()
    return moment(rows[0][0]) if rows else None


async def last(db: Database, name: str) -> datetime | None:
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall("SELECT at FROM beats WHERE name = ?", (name,)))
    return moment(rows[0][0]) if rows else None
