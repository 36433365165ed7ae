"""Papers stored before texts were read as they are now.

Owns: the table readings, how far each way of reading has come. Refuses: reading; whoever asks brings the texts.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.models import Paper, PaperId
from storage.database import Database, join
from storage.papers import as_json, load

_TEXTS = "title, abstract, summary, keywords, authors"


async def unread(db: Database, reader: int, *, limit: int) -> tuple[Paper, ...]:
    """The next papers that `reader` has not come to, in the order of their ids."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT id FROM papers WHERE id > coalesce((SELECT upto FROM readings WHERE reader = ?), 0)
            ORDER BY id LIMIT ?""",
            (reader, limit),
        )
        ids = [PaperId(row[0]) for row in rows]
        found = await load(connection, ids)
    return tuple(found[paper_id] for paper_id in ids)


async def record(db: Database, reader: int, papers: Sequence[tuple[Paper, Paper]]) -> int:
    """Store what `unread` gave, as (as it was, as it reads now): how many changed.

    What a feed has changed meanwhile stays: it was read then.
    """
    async with db.write() as tx:
        changed = await tx.executemany(
            f"""UPDATE papers SET ({_TEXTS}, written) = (?, ?, ?, ?, ?, ?)
            WHERE id = ? AND ({_TEXTS}, written) IS (?, ?, ?, ?, ?, ?)""",
            [(*_texts(new), new.id, *_texts(old)) for old, new in papers if new != old],
        )
        await tx.execute("DELETE FROM readings WHERE reader != ?", (reader,))
        await tx.execute(
            "INSERT INTO readings VALUES (?1, ?2) ON CONFLICT DO UPDATE SET upto = ?2", (reader, papers[-1][0].id)
        )
        return max(changed.rowcount, 0)


def _texts(paper: Paper) -> tuple[str | None, ...]:
    return (
        paper.title,
        paper.abstract,
        paper.summary,
        join(paper.keywords),
        join(paper.authors),
        as_json(paper.written),
    )
