"""What the archive lacks is asked of Hugging Face's paper search, and kept.

Owns: what of a query leaves this machine (its words, nothing else), and one short call. What comes back is in the
archive from then on, but no digest's news until a feed carries it. Refuses: deciding that it is asked.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from bot.errors import FeedError, UserError
from bot.feeds import huggingface
from bot.models import Feed, FeedKind, Fetch, GuildId, Paper, Parsed, Query, Validators
from bot.pipeline import ranking, reading
from storage import papers, postings, questions
from storage.database import Database

log = logging.getLogger(__name__)

MOST = 10
"""Papers asked for; those that are not shown are in the archive for the next question."""
SECONDS = 2.0
"""For the whole call, with its wait for the pause between two requests: somebody waits."""
_AT_ONCE = 500
"""Papers that are ranked while somebody waits; more are left to those who do it anyhow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The way there."""

    fetch: Fetch
    address: str
    """The site's."""
    always: bool = False
    """Whether it is asked unbidden where the archive has nothing."""
    seconds: float = SECONDS


def words(asked: Query) -> str:
    """What is sent of a query: the words that an answer may contain, cut between two of them to what Hugging Face
    takes; "" where they are too few. No filter, no sign, nothing that was asked not to be there."""
    text = " ".join(" ".join(asked.said).split())
    if len(text) > huggingface.LONGEST_QUESTION:
        text = text[: huggingface.LONGEST_QUESTION + 1]
        text = text.rpartition(" ")[0] or text[: huggingface.LONGEST_QUESTION]
    return text if len(text) >= huggingface.SHORTEST_QUESTION else ""


async def ask(db: Database, outside: Outside, asked: Query, *, guild: GuildId, now: datetime) -> tuple[Paper, ...]:
    """What Hugging Face finds, in its order: asked once a day, and so often as `storage.questions` allows.

    Raises UserError.
    """
    said = words(asked)
    if not said:
        raise UserError("Hugging Face takes no such short question: write a longer word.")
    number, known = await questions.begin(db, said.casefold(), guild, now=now)
    if known is None:
        try:
            async with asyncio.timeout(outside.seconds):
                parsed = await _asked(outside, said)
        except (FeedError, TimeoutError) as error:
            log.info("Hugging Face's search gave no answer: %s", error or "it took too long")
            raise UserError("Hugging Face does not answer now: try again later.") from None
        keyed = await asyncio.to_thread(reading.keys, parsed.entries)
        if keyed:
            site = Feed(
                kind=FeedKind.HUGGINGFACE, name=papers.FOUND, label="Hugging Face", address=outside.address
            )
            await reading.store(db, site, keyed, parsed.skipped, seen_at=now, validators={})
        known = await questions.end(db, number, [identity.strong for _, identity in keyed])
        if await postings.waiting(db) <= _AT_ONCE:
            await ranking.catch_up(db)
    return await papers.get(db, known)


async def _asked(outside: Outside, said: str) -> Parsed:
    answer = await outside.fetch(huggingface.question_address(outside.address, said, MOST), Validators())
    return await asyncio.to_thread(huggingface.found, answer.body)
