"""Topics, their candidates and what the channel has had -> a Digest, or the words that explain its absence.

Owns: which papers, in which order, with which reasons. Refuses: I/O, Discord, dates other than its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date

from bot.models import Digest, Hit, Match, Paper, PaperId, Query
from bot.papers import query as queries
from bot.papers import trending
from bot.papers.summary import summarise

MORE = 60
"""Papers kept behind the "n more" button."""


def compose(
    topics: Sequence[Query],
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    shown: Set[PaperId],
    size: int,
    day: date,
    source_url: str,
) -> Digest:
    """The day's answers: each topic's best in turn until `size` is reached, then ordered by heat.

    `candidates` holds each topic's strict hits; `shown` what the channel has had. An empty `papers` means
    that there is nothing to post; `silence` says why.
    """
    queues = [
        [hit for hit in voted_only(topic, candidates[topic]) if hit.paper.id not in shown] for topic in topics
    ]
    for queue in queues:
        queue.sort(key=lambda hit: trending.order(hit.paper))
    chosen: dict[PaperId, Paper] = {}
    for rank in range(max(map(len, queues), default=0)):
        for queue in queues:
            if rank < len(queue) and (paper_id := queue[rank].paper.id) is not None:
                chosen.setdefault(paper_id, queue[rank].paper)
    ordered = list(chosen.values())
    matches = [_match(paper, topics, queues) for paper in ordered]
    papers = sorted(matches[:size], key=lambda match: trending.order(match.paper))
    more = sorted(matches[size:], key=lambda match: trending.order(match.paper))
    return Digest(
        day=day,
        source_url=source_url,
        papers=tuple(papers),
        more=tuple(more[:MORE]),
        topics=tuple(topic.text for topic in topics),
    )


def silence(topics: Sequence[Query], candidates: Mapping[Query, Sequence[Hit]], *, seen: int, since: date) -> str:
    """Why there is nothing to post, in words. `seen`: papers announced since `since`."""
    if seen == 0:
        return f"nothing to post: no source has listed a paper since {since:%A %d %B} (weekend or holiday?)"
    if any(candidates[topic] for topic in topics):
        return f"nothing to post: everything that matched since {since:%A %d %B} was shown here already"
    topics_told = ", ".join(f"“{topic.text}”" for topic in topics[:5])
    return f"nothing matched {topics_told}: {trending.counted(seen, 'paper')} seen since {since:%A %d %B}"


def voted_only(topic: Query, hits: Sequence[Hit]) -> list[Hit]:
    """A topic without words follows votes: where anything was voted on, papers of sources that count
    none (a day's six hundred from arXiv) do not fill the rest."""
    if topic.root is None and any(hit.paper.votes for hit in hits):
        return [hit for hit in hits if hit.paper.votes is not None]
    return list(hits)


def _match(paper: Paper, topics: Sequence[Query], queues: Sequence[Sequence[Hit]]) -> Match:
    names: list[str] = []
    why: list[str] = []
    for topic, queue in zip(topics, queues, strict=True):
        hit = next((hit for hit in queue if hit.paper.id == paper.id), None)
        if hit:
            names.append(topic.text)
            why += queries.explain(topic, paper, hit.marks)
    text, author = summarise(paper)
    return Match(
        paper=paper,
        topics=tuple(names),
        score=float(paper.votes or 0),
        reasons=(*dict.fromkeys(why), *trending.reasons(paper)),
        summary=text,
        summary_by=author,
    )
