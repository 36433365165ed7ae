"""A question that found nothing: which of its parts leaves nothing, and what it finds without it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from bot.errors import InvalidQuery
from bot.models import And, Node, Not, Query, Suggestion
from bot.papers import query
from storage import search as index
from storage.database import Database

_PARTS = 6
"""Parts of a question that are counted."""


async def suggestions(
    db: Database, asked: Query, *, now: datetime, own: Sequence[str] = ()
) -> tuple[Suggestion, ...]:
    """The parts of a question of several, each with what it finds alone and what the others find without it: the
    one without which there is most first. None for a question of one part that is not votes."""

    async def count(root: Node | None) -> int:
        _, total = await index.listed(db, Query(text="", root=root), today=now.date(), limit=0, own=own)
        return total

    async def suggestion(part: Node, rest: Query | None) -> Suggestion:
        text = _text(rest.root) if rest else ""
        return Suggestion(
            part=query.text_of(part),
            alone=None if isinstance(part, Not) else await count(part),
            rest=text,
            total=await count(rest.root) if rest and text else 0,
        )

    without = dict(query.relaxed(asked))
    parts = asked.root.nodes[:_PARTS] if isinstance(asked.root, And) else tuple(without)
    found = await asyncio.gather(*(suggestion(part, without.get(part)) for part in parts))
    return tuple(sorted(found, key=lambda each: -each.total))


def _text(root: Node | None) -> str:
    """A query for `root`, or "" where none asks for just that."""
    text = query.text_of(root)
    try:
        return text if query.parse(text).root == root else ""
    except InvalidQuery:
        return ""
