"""What papers mean, as vectors of one model.

Owns: the tables embeddings (a paper's vector; it goes with the paper, and when title, abstract or summary change)
and meaning (which model is in use, or why none is). Refuses: making vectors, and looking into them; who may see
which paper is the search's affair.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.models import Embedded, PaperId
from storage.database import Database
from storage.papers import one


async def use(db: Database, model: str | None, *, trouble: str = "") -> None:
    """The model with this fingerprint is used from now on; None: none is, for the reason in `trouble`."""
    async with db.write() as tx:
        await tx.execute("INSERT OR REPLACE INTO meaning (one, model, trouble) VALUES (1, ?, ?)", (model, trouble))


async def forget(db: Database) -> None:
    """The option is off: its vectors go, if there are any. They are made again in minutes."""
    async with db.read() as connection:
        (known,) = await one(connection, "SELECT EXISTS (SELECT 1 FROM meaning)")
    if known:
        async with db.write() as tx:
            await tx.execute("DELETE FROM embeddings")
            await tx.execute("DELETE FROM meaning")


async def progress(db: Database) -> Embedded | None:
    """How far the model in use has come; None where the option is off."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                """SELECT (SELECT count(*) FROM embeddings e WHERE e.model = m.model),
                    (SELECT count(*) FROM papers), m.trouble FROM meaning m"""
            )
        )
    return Embedded(done=rows[0][0], papers=rows[0][1], trouble=rows[0][2]) if rows else None


async def waiting(db: Database, model: str, *, limit: int) -> tuple[PaperId, ...]:
    """The next papers without a vector of `model`, newest first."""
    async with db.read() as connection:
        # "+": the ids are read from an index, not from the papers with all their texts, and then sorted.
        rows = await connection.execute_fetchall(
            """SELECT id FROM papers WHERE id NOT IN (SELECT paper_id FROM embeddings WHERE model = ?)
            ORDER BY +id DESC LIMIT ?""",
            (model, limit),
        )
    return tuple(PaperId(row[0]) for row in rows)


async def texts(db: Database, ids: Sequence[PaperId]) -> tuple[tuple[PaperId, tuple[str, str, str]], ...]:
    """(paper, (title, abstract, summary)) of those that are still there."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT id, title, abstract, summary FROM papers WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
    return tuple((PaperId(row[0]), (row[1], row[2], row[3])) for row in rows)


async def store(db: Database, model: str, rows: Sequence[tuple[PaperId, tuple[str, str, str], bytes]]) -> int:
    """Store vectors with the texts that they were made of: how many. Where a text has changed meanwhile, or the
    paper is gone, its vector is left out."""
    async with db.write() as tx:
        stored = await tx.executemany(
            """INSERT OR REPLACE INTO embeddings (paper_id, model, vector)
            SELECT id, ?, ? FROM papers WHERE id = ? AND (title, abstract, summary) = (?, ?, ?)""",
            [(model, vector, paper_id, *text) for paper_id, text, vector in rows],
        )
        return max(stored.rowcount, 0)


async def vectors(
    db: Database, model: str, *, after: PaperId | None, limit: int
) -> tuple[tuple[PaperId, bytes], ...]:
    """The next (paper, vector) of `model` in the order of their ids."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT paper_id, vector FROM embeddings WHERE model = ? AND paper_id > ? ORDER BY paper_id LIMIT ?",
            (model, after or 0, limit),
        )
    return tuple((PaperId(row[0]), row[1]) for row in rows)
