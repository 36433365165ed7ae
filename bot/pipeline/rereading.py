"""Papers that an older Paperboy stored come to be read as today's are.

Owns: the pass over the archive after an update. Refuses: papers that come in; `reading` makes those readable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.models import Paper
from bot.papers import legibility
from storage import readings
from storage.database import Database

_SLICE = 200
"""Papers read at once: some tens of milliseconds in a thread, a few in the database."""


async def read_again(db: Database) -> int:
    """Read every paper that today's reader has not come to, slice by slice; the number of those that changed.

    Ends at once where there is none; begins where it was stopped.
    """
    changed = 0
    while papers := await readings.unread(db, legibility.READER, limit=_SLICE):
        changed += await readings.record(db, legibility.READER, await asyncio.to_thread(_read, papers))
    return changed


def _read(papers: Sequence[Paper]) -> list[tuple[Paper, Paper]]:
    return [(paper, legibility.legible(paper)) for paper in papers]
