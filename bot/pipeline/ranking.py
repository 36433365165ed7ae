"""The archive's answers come in their order, best first.

Owns: that the inverted file keeps up with the papers, and the steps from a question to ranked ids. Refuses: the
weights (`bot.papers.ranking`) and the strict meaning (`storage.search`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.models import PaperId, Query, Texts
from bot.papers import fusion, ranking, terms
from bot.papers.meaning import Floats
from bot.papers.ranking import Scored, Scores
from storage import postings
from storage import search as index
from storage.database import Database

log = logging.getLogger(__name__)

_TOLD = 10_000
_SLICE = 500
"""Papers taken into the inverted file at once: a quarter of a second of writing."""
_FEW = 50
_ROUND = 120
"""The best so many are looked at for whether they may be shown; then ten times as many."""


async def catch_up(db: Database) -> int:
    """Take every paper that changed into the inverted file, slice by slice; how many there were.

    Until then it is found all the same, behind those that are ranked. Begins where it was stopped.
    """
    taken = 0
    while changes := await postings.unranked(db, limit=_SLICE):
        await postings.store(db, changes, await asyncio.to_thread(_counted, changes))
        if taken // _TOLD < (taken + len(changes)) // _TOLD:
            log.info("%d papers ranked, %d to go", taken + len(changes), await postings.waiting(db))
        taken += len(changes)
    return taken


def _counted(changes: Sequence[postings.Change]) -> dict[Texts, Counter[str]]:
    return {texts: terms.count(texts) for change in changes for texts in (change.before, change.after) if texts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What the inverted file, and the meaning where there is a model, say of one question."""

    said: tuple[str, ...]
    """All its words, in order."""
    scores: Scores
    words: Scored
    """The same by words alone."""
    scale: float = 1.0
    """What a score by words is multiplied by in `scores`."""

    @property
    def several(self) -> bool:
        """Whether a paper may answer in part: more than one word tells something, or there is meaning."""
        return len({*terms.telling(self.said)}) > 1 or self.scores is not self.words.by_paper


async def rank(db: Database, said: Sequence[str], near: Floats | None = None) -> Ranked:
    """Score every paper for the words of a question, in the order and as often as they were said; `near`: how near
    its meaning is, by paper id."""
    words = tuple(terms.words(" ".join(said)))
    asked = ranking.question(words, await postings.forms(db, words))
    found = await postings.read(db, (form.id for form in asked.forms))

    def ranked() -> Ranked:
        scored = ranking.score(asked, found)
        if near is None:
            return Ranked(said=words, scores=scored.by_paper, words=scored)
        scale = 1 / (float(scored.by_paper.max(initial=0)) or 1)
        return Ranked(said=words, scores=fusion.fused(scored.by_paper, near), words=scored, scale=scale)

    return await asyncio.to_thread(ranked)


async def answering(
    db: Database, ranked: Ranked, query: Query, *, today: date, own: Sequence[str]
) -> tuple[PaperId, ...]:
    """All papers that answer `query` strictly; `ranked` for its words.

    Where only a few have all of its words, as the inverted file knows, only those are asked.
    """
    every = ranked.words.every
    if index.plain(query) and every.size <= _FEW and not await postings.waiting(db):
        return await index.answering_of(
            db, query, [PaperId(each) for each in every.tolist()], today=today, own=own
        )
    return await index.answering(db, query, today=today, own=own)


async def order(db: Database, ranked: Ranked, ids: Sequence[PaperId], *, limit: int) -> tuple[PaperId, ...]:
    """The best `limit` of `ids`; those that no score knows yet are last, the newest first."""
    best = await asyncio.to_thread(ranking.best, ranked.scores, ids, max(limit, ranking.PAIRS))
    return (await _paired(db, ranked, best))[:limit]


async def wider(
    db: Database,
    ranked: Ranked,
    query: Query,
    strict: Sequence[PaperId],
    *,
    limit: int,
    today: date,
    own: Sequence[str],
) -> tuple[PaperId, ...]:
    """The best `limit` of the papers that share words with the question and do not answer it strictly."""
    found: tuple[PaperId, ...] = ()
    looked, number = 0, _ROUND
    while len(found) < max(limit, ranking.PAIRS):
        best = await asyncio.to_thread(ranking.others, ranked.scores, strict, number)
        found += await index.wider(db, query, best[looked:], today=today, own=own)
        if len(best) < number:
            break
        looked, number = number, number * 10
    return (await _paired(db, ranked, found))[:limit]


async def _paired(db: Database, ranked: Ranked, ids: Sequence[PaperId]) -> tuple[PaperId, ...]:
    """`ids`, the best of them anew: those gain that have two words side by side as the question has them."""
    asked = ranking.pairs(ranked.said)
    first = ids[: ranking.PAIRS]
    if not asked or len(first) < 2:
        return tuple(ids)
    texts = await postings.texts(db, first)
    scores = ranked.scores

    def gained() -> list[PaperId]:
        known = [paper_id for paper_id in first if paper_id in texts]
        gains = ranking.gains(asked, ranked.words.worth, [texts[paper_id] for paper_id in known])
        worth = {
            paper_id: (float(scores[paper_id]) if paper_id < scores.size else 0.0) + ranked.scale * gain
            for paper_id, gain in zip(known, gains, strict=True)
        }
        return sorted(first, key=lambda paper_id: -worth.get(paper_id, 0.0))

    return (*await asyncio.to_thread(gained), *ids[ranking.PAIRS :])
