"""Topics, their candidates and what the channel has had -> a Digest, or the words that explain its absence.

Owns: which papers, in which order, with which reasons. Refuses: I/O, Discord, dates other than its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date
from itertools import zip_longest

from bot.models import Digest, Hit, Match, Node, Not, Paper, PaperId, Query, VerdictKind
from bot.papers import query as queries
from bot.papers import trending
from bot.papers.summary import shorten, summarise

MORE = 60
"""Papers kept behind the "n more" button."""


def compose(
    topics: Sequence[Query],
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    shown: Set[PaperId],
    size: int,
    day: date,
) -> Digest:
    """The day's answers: each topic's best in turn until `size` is reached, then ordered by heat.

    `candidates` holds each topic's strict hits; `shown` what the channel has had. Another topic begins each
    day, so that none starves where there are more topics than places. An empty `papers` means that there is
    nothing to post; `silence` says why.
    """
    begin = day.toordinal() % max(1, len(topics))
    turns = [*topics[begin:], *topics[:begin]]
    fresh = {
        topic: {
            hit.paper.id: hit
            for hit in sorted(voted_only(topic, candidates[topic]), key=lambda hit: trending.order(hit.paper))
            if hit.paper.id is not None and hit.paper.id not in shown
        }
        for topic in turns
    }
    ranks = zip_longest(*(hits.values() for hits in fresh.values()))
    chosen = {hit.paper.id: hit.paper for rank in ranks for hit in rank if hit}
    papers = list(chosen.values())
    told = [
        sorted(papers[:size], key=trending.order),
        sorted(papers[size:], key=trending.order)[:MORE],
    ]
    found = [(topic, fresh[topic]) for topic in topics]
    shown_now, more = ([_match(paper, found) for paper in part] for part in told)
    return Digest(day=day, papers=tuple(shown_now), more=tuple(more), topics=tuple(topic.text for topic in topics))


def silence(
    topics: Sequence[Query],
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    seen: int,
    since: date,
    today: date,
    trouble: str = "",
    nearest: str = "",
) -> tuple[VerdictKind, str]:
    """Why there is nothing to post, in words.

    `seen`: papers announced since `since`; `today`: the sources' day; `trouble`: the sources that could not be
    read lately; `nearest`: the paper that nearly matched.
    """
    begin = f"{since:%A %d %B}"
    if seen == 0 and trouble:
        return VerdictKind.STALE, f"no new papers: {trouble}; what they list meanwhile folds into the next digest"
    if seen == 0 and today.weekday() >= 5:
        return VerdictKind.QUIET, f"weekend: no source has listed a paper since {begin}"
    if seen == 0:
        return VerdictKind.QUIET, f"no source has listed a paper since {begin}: a holiday, or the lists are late"
    if not topics:
        told = "none of its topics can be read any more: change them with /subscriptions"
    elif any(candidates[topic] for topic in topics):
        told = f"nothing new: everything that matched since {begin} was shown here already"
    else:
        topics_told = ", ".join(f"“{topic.text}”" for topic in topics[:5])
        told = f"nothing matched {topics_told}: {trending.counted(seen, 'paper')} seen since {begin}"
        if nearest:
            told += f"; nearest miss: {nearest}"
    return VerdictKind.NOTHING, f"{told}; {trouble}" if trouble else told


def miss(paper: Paper, part: Node) -> str:
    """A paper that answers everything but one part of a query."""
    lack = f"has {queries.told(part.node)}" if isinstance(part, Not) else f"lacks {queries.told(part)}"
    return f"“{shorten(paper.title, 80)}” ({lack})"


def voted_only(topic: Query, hits: Sequence[Hit]) -> list[Hit]:
    """A topic without words follows votes: where anything was voted on, papers of sources that count
    none (a day's six hundred from arXiv) do not fill the rest."""
    if topic.root is None and any(hit.paper.votes for hit in hits):
        return [hit for hit in hits if hit.paper.votes is not None]
    return list(hits)


def _match(paper: Paper, fresh: Sequence[tuple[Query, Mapping[PaperId, Hit]]]) -> Match:
    found = [(topic, hit) for topic, hits in fresh if paper.id is not None and (hit := hits.get(paper.id))]
    why = [reason for topic, hit in found for reason in queries.explain(topic, paper, hit.marks)]
    text, author = summarise(paper)
    return Match(
        paper=paper,
        topics=tuple(topic.text for topic, _ in found),
        score=float(paper.votes or 0),
        reasons=(*dict.fromkeys(why), *trending.reasons(paper)),
        summary=text,
        summary_by=author,
    )
