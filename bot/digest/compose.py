"""Topics, their candidates and what the channel has had -> a Digest, or the words that explain its absence.

Owns: which papers, in which order, with which reasons. Refuses: I/O, Discord, dates other than its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from fractions import Fraction
from math import ceil

from bot.models import (
    And,
    Digest,
    Filter,
    Floor,
    Heat,
    Hit,
    Match,
    Node,
    Not,
    Or,
    Paper,
    PaperId,
    Query,
    VerdictKind,
)
from bot.papers import identity, trending
from bot.papers import query as queries
from bot.papers.summary import shorten, summarise

MORE = 60
"""Papers kept behind the "n more" button."""
OF_ONE_ORGANIZATION = 3
"""Papers of one organisation in one digest, where no topic asked for it."""
UPPER: Mapping[Floor, Fraction] = {
    Floor.ALL: Fraction(1),
    Floor.NORMAL: Fraction(1, 2),
    Floor.SELECTIVE: Fraction(1, 5),
    Floor.ELITE: Fraction(1, 20),
}
"""The share of a day's voted papers that a floor lets pass, best first; of few papers the best one always does."""
_RISERS = Fraction(1, 4)
"""The share of a digest's places that risers take while news wait (measured: `tests.bench.trending`)."""

Found = Mapping[Query, Mapping[PaperId, Hit]]


def compose(
    topics: Mapping[Query, Floor],
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    heats: Mapping[PaperId, Heat],
    shown: Set[PaperId],
    size: int,
    day: date,
    turn: int = 0,
    late: Set[PaperId] = frozenset(),
    risers: Set[PaperId] = frozenset(),
    most: int = MORE,
) -> Digest:
    """The day's answers: each topic's hottest in turn until `size` is reached.

    `candidates` holds each topic's strict hits; `shown` what the channel has had; `late` those of the last
    digest's day and before, `risers` those of them that are no news. `turn` counts the channel's digests: where
    there are more topics than places, another one begins each time, so that none starves. At most so many papers
    are named that were left out. An empty `papers` means that there is nothing to post; `silence` says why.
    """

    def key(paper: Paper) -> tuple[float, ...]:
        return trending.order(paper, heats.get(paper.id or PaperId(0)))

    found = {
        topic: {
            hit.paper.id: hit
            for hit in sorted(voted_only(topic, candidates[topic]), key=lambda hit: key(hit.paper))
            if hit.paper.id is not None and hit.paper.id not in shown
        }
        for topic in topics
    }
    chosen, held = _choose(topics, found, heats, size=size, turn=turn, risers=risers)
    ordered = sorted(chosen, key=lambda paper: (paper.id not in late, key(paper)))
    others = sorted((paper for paper, _ in held.values()), key=key)

    def match(paper: Paper) -> Match:
        number = paper.id or PaperId(0)
        why = held[number][1] if number in held else ""
        return _match(paper, found, heats.get(number, trending.UNKNOWN), late=number in late, held=why)

    return Digest(
        day=day,
        papers=tuple(map(match, ordered)),
        more=tuple(map(match, others[:most])),
        beyond=max(0, len(others) - most),
        topics=tuple(topic.text for topic in topics),
    )


def _choose(
    topics: Mapping[Query, Floor],
    found: Found,
    heats: Mapping[PaperId, Heat],
    *,
    size: int,
    turn: int,
    risers: Set[PaperId],
) -> tuple[list[Paper], dict[PaperId, tuple[Paper, str]]]:
    """The papers of a digest, and what it leaves out, by which rule."""
    turns = list(topics)
    begin = _begin(turn, size, len(turns))
    papers = {number: hit.paper for hits in found.values() for number, hit in hits.items()}
    below: dict[PaperId, str] = {}
    queues: list[list[PaperId]] = []
    for topic in (*turns[begin:], *turns[:begin]):
        told = {
            number: _below(topics[topic], papers[number], heats.get(number, trending.UNKNOWN))
            for number in found[topic]
        }
        below |= {number: why for number, why in told.items() if why}
        queues.append([number for number, why in told.items() if not why])
    asked = {number for topic in topics if _asks_for_organization(topic.root) for number in found[topic]}
    chosen: dict[PaperId, Paper] = {}
    held: dict[PaperId, str] = {}

    def takes(queue: Iterator[PaperId], most: int) -> bool:
        """Whether a topic had its turn: with its next paper that can stand there, or does already."""
        for number in queue:
            if number in chosen:
                return True
            if number in held or (number in risers and len(risers & chosen.keys()) >= most):
                continue
            if told_why := _obstacle(papers[number], list(chosen.values()), freely=number in asked):
                held[number] = told_why
                continue
            chosen[number] = papers[number]
            return True
        return False

    # Risers take their share first, then what the news leave.
    for most in (max(1, int(size * _RISERS)), size):
        waiting = [iter(queue) for queue in queues]
        while waiting and len(chosen) < size:
            waiting = [queue for queue in waiting if len(chosen) == size or takes(queue, most)]
    full = {
        number: f"all {size} places were taken" for queue in queues for number in queue if number not in chosen
    }
    left = {number: why for number, why in {**below, **full, **held}.items() if number not in chosen}
    return list(chosen.values()), {number: (papers[number], why) for number, why in left.items()}


def _begin(turn: int, size: int, topics: int) -> int:
    """The topic that begins: the one behind those of the digest before. Each round of all topics begins one later,
    or a topic whose papers come on Tuesdays might have its turn on Mondays for ever."""
    if not topics:
        return 0
    return (turn * size + turn // ceil(topics / size)) % topics


def _below(floor: Floor, paper: Paper, heat: Heat) -> str:
    """That a paper is not good enough for a topic, in words; "" where it is. Where nobody votes there is no
    telling: the two upper floors want votes."""
    if floor is Floor.ALL or (floor is Floor.NORMAL and not heat.of):
        return ""
    if not heat.of:
        why = "nobody votes on it" if paper.votes is None else "nothing of its day is there to compare it with"
        return f"below the floor “{floor}”: {why}"
    best = ceil(UPPER[floor] * heat.of)
    return (
        ""
        if heat.place <= best
        else f"below the floor “{floor}”: place {heat.place} of its day’s {heat.of}, the first {best} pass"
    )


def _obstacle(paper: Paper, chosen: Sequence[Paper], *, freely: bool) -> str:
    """Why a paper cannot stand beside those chosen before it, in words; "" where it can. `freely`: its
    organisation was asked for."""
    organization = identity.letters(paper.organization)
    if organization and not freely:
        same = sum(identity.letters(each.organization) == organization for each in chosen)
        if same >= OF_ONE_ORGANIZATION:
            return f"{same} papers of {shorten(paper.organization, 40)} stand there already"
    for other in chosen:
        if identity.alike(paper, other):
            return f"nearly the same as “{shorten(other.title, 80)}”"
    return ""


def _asks_for_organization(node: Node | None) -> bool:
    match node:
        case Filter(field="org"):
            return True
        case And(nodes) | Or(nodes):
            return any(map(_asks_for_organization, nodes))
        case _:
            return False


def silence(
    digest: Digest,
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    seen: int,
    since: date,
    today: date,
    again: bool = False,
    trouble: str = "",
    nearest: str = "",
) -> tuple[VerdictKind, str]:
    """Why there is nothing to post, in words.

    `digest`: the empty one; `seen`: papers announced since `since`; `today`: the sources' day; `again`: it has had
    its digest; `trouble`: the sources that could not be read lately; `nearest`: the paper that nearly matched.
    """
    begin = "the last digest" if again else f"{since:%A} {since.day} {since:%B}"
    if seen == 0 and trouble:
        return VerdictKind.STALE, f"no new papers: {trouble}; what they list meanwhile folds into the next digest"
    if seen == 0 and again:
        return VerdictKind.QUIET, f"no source has listed a paper since {begin}"
    if seen == 0 and today.weekday() >= 5:
        return VerdictKind.QUIET, f"weekend: no source has listed a paper since {begin}"
    if seen == 0:
        return VerdictKind.QUIET, f"no source has listed a paper since {begin}: a holiday, or the lists are late"
    if not digest.topics:
        told = "none of its topics can be read any more: change them with /subscriptions"
    elif digest.more:
        best = digest.more[0]
        told = (
            f"{trending.counted(digest.left, 'paper')} matched, and none passed; nearest: "
            f"“{shorten(best.paper.title, 80)}” ({best.held})"
        )
    elif any(candidates.values()):
        told = f"nothing new: everything that matched since {begin} was shown here already"
    else:
        topics_told = ", ".join(f"“{topic}”" for topic in digest.topics[:5])
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


def _match(paper: Paper, found: Found, heat: Heat, *, late: bool, held: str) -> Match:
    topics = [
        (topic, hit) for topic, hits in found.items() if paper.id is not None and (hit := hits.get(paper.id))
    ]
    why = [reason for topic, hit in topics for reason in queries.explain(topic, paper, hit.marks)]
    text, author = ("", "") if held else summarise(paper)
    return Match(
        paper=paper,
        topics=tuple(topic.text for topic, _ in topics),
        score=heat.expected or 0.0,
        reasons=(*dict.fromkeys(why), *(heat.reasons or trending.reasons(paper))),
        summary=text,
        summary_by=author,
        gained=heat.gained,
        late=late,
        held=held,
    )
