"""What a search may be narrowed by: the authors, categories and sources of papers that begin as somebody typed.

Owns: reading them from the papers that the asker may see. Refuses: what a filter means (`storage.search`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from storage.database import Database, split
from storage.papers import is_added
from storage.search import quoted, seen

_READ = 500
"""Papers that are read for one answer, the newest: enough to know who is common."""


async def names(
    db: Database, field: Literal["authors", "categories"], typed: str, *, limit: int, own: Sequence[str] = ()
) -> tuple[str, ...]:
    """Authors or categories with a word that begins so, those of most papers first."""
    words = typed.casefold().replace(";", " ").split()
    match = " ".join(f"{field} : {quoted(word)} *" for word in words)
    source = "names JOIN papers p ON p.id = names.rowid WHERE names MATCH ? AND" if words else "papers p WHERE"
    condition, values = seen("p.id", own)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"SELECT p.{field} FROM {source} {condition} ORDER BY p.id DESC LIMIT {_READ}",
            (*((match,) if words else ()), *values),
        )
    counted = Counter(name for row in rows for name in split(row[0]) if _begins(name, words))
    return tuple(name for name, _ in counted.most_common(limit))


async def sources(db: Database, typed: str, *, limit: int, own: Sequence[str] = ()) -> tuple[str, ...]:
    """The feeds that were read, by what `source:` finds them by: "huggingface", a host."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall("SELECT name FROM feeds WHERE first_at IS NOT NULL ORDER BY name")
    read = [row[0] for row in rows if row[0] in own or not is_added(row[0])]
    found = dict.fromkeys(map(_host, read))
    return tuple(name for name in found if typed.casefold().strip() in name)[:limit]


def _host(feed: str) -> str:
    kind, _, address = feed.partition(":")
    return address.partition("//")[2].partition("/")[0] if "//" in address else kind


def _begins(name: str, words: Sequence[str]) -> bool:
    parts = name.casefold().replace("-", " ").split()
    return all(any(part.startswith(word) for part in (*parts, name.casefold())) for word in words)
