"""Papers by their keys, or by the words that their titles begin with.

Owns: the questions behind `/paper`. Refuses: making keys and taking titles apart; `storage.search` says who sees
what.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from bot.models import PaperId, Query
from storage import search
from storage.database import Database

_CANDIDATES = 200
_FORMS = 20
_FROM = 3
"""Letters of a word from which whole words that begin so are looked for."""
_END = "\U0010ffff"


async def keyed(db: Database, keys: Sequence[str], *, today: date, own: Sequence[str] = ()) -> tuple[PaperId, ...]:
    """The papers with these strong keys that the asker may see, everybody's first."""
    asked = json.dumps(keys)
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT paper_id, 0 AS place FROM identities WHERE key IN (SELECT value FROM json_each(?1))
            UNION SELECT paper_id, 1 FROM claims WHERE strong AND key IN (SELECT value FROM json_each(?1))
                AND feed IN (SELECT value FROM json_each(?2))
            ORDER BY place, paper_id""",
            (asked, json.dumps(own)),
        )
    return await visible(db, tuple(dict.fromkeys(PaperId(row[0]) for row in rows)), today=today, own=own)


async def visible(
    db: Database, ids: Sequence[PaperId], *, today: date, own: Sequence[str] = ()
) -> tuple[PaperId, ...]:
    """Those of `ids` that there are and the asker may see."""
    return await search.wider(db, Query(text="", root=None), ids, today=today, own=own)


async def titled(
    db: Database, words: Sequence[str], *, today: date, own: Sequence[str] = ()
) -> tuple[tuple[PaperId, str], ...]:
    """(paper, title), the latest stored first: those whose titles may have words that begin with `words`, or any
    without. The index keeps stems, so a title may have other words of the same stem instead."""
    async with db.read() as connection:
        if words:
            parts = []
            for word in dict.fromkeys(words):
                # The stem of half a word need not be the beginning of the whole word's.
                forms = (
                    await connection.execute_fetchall(
                        "SELECT word FROM words WHERE word > ? AND word < ? ORDER BY papers DESC LIMIT ?",
                        (word, word + _END, _FORMS),
                    )
                    if len(word) >= _FROM
                    else ()
                )
                parts.append(
                    f"({' OR '.join([f'{search.quoted(word)}*', *(search.quoted(form) for (form,) in forms)])})"
                )
            rows = await connection.execute_fetchall(
                "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid DESC LIMIT ?",
                (f"title : ({' AND '.join(parts)})", _CANDIDATES),
            )
        else:
            rows = await connection.execute_fetchall(
                "SELECT id FROM papers ORDER BY id DESC LIMIT ?", (_CANDIDATES,)
            )
    ids = await visible(db, [PaperId(row[0]) for row in rows], today=today, own=own)
    async with db.read() as connection:
        found = await connection.execute_fetchall(
            "SELECT id, title FROM papers WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
            (json.dumps(ids),),
        )
    return tuple((PaperId(row[0]), str(row[1])) for row in found)
