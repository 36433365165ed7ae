"""Which papers gained most votes in a period, and how each moved since the period before. Pure.

Owns: what a vote gained is, and the order of a chart. Refuses: knowing who counted the votes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.models import Observation, PaperId, Rise

STANDS = timedelta(days=7)
"""A count that is older at a period's begin says nothing of it: what came since may be of any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, without its begin and with its end."""

    begin: datetime
    end: datetime
    open: date
    """The day whose list was open at the begin: whatever is first listed later, had no votes then."""
    stands: timedelta = STANDS
    """How old a count may be at the begin: less where nobody counted for a while before it."""

    @property
    def watched(self) -> bool:
        """Whether somebody counted just before it began."""
        return self.stands == STANDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A paper that may have gained votes."""

    paper_id: PaperId
    votes: int
    """As last counted."""
    listed: date | None
    """The day of its first list; None where none announced it."""
    history: tuple[Observation, ...]
    """Oldest first."""

    def joined(self, span: Span) -> bool:
        """Whether it was first listed within."""
        return self.listed is not None and self.listed > span.open

    def gained(self, span: Span, *, exactly: bool = False) -> int | None:
        """Votes at the end less those at the begin, fewer than none where some were taken back; None where nobody
        counted within.

        A paper first listed within began with none; one whose count at the begin is not known, with the first
        count within: then it gained that or more, and `exactly` None.
        """
        counts = [(seen.seen_at, seen.votes) for seen in self.history if seen.votes is not None]
        first, last = (bisect_right(counts, at, key=lambda count: count[0]) for at in (span.begin, span.end))
        if first == last:
            return None
        joined = self.joined(span)
        if first and (joined or counts[first - 1][0] >= span.begin - span.stands):
            begun = counts[first - 1][1]
        elif joined:
            begun = 0
        elif exactly:
            return None
        else:
            begun = counts[first][1]
        return counts[last - 1][1] - begun


def ranked(papers: Sequence[Candidate], span: Span) -> dict[PaperId, int]:
    """The papers that gained votes within -> how many, most first; of equals the one with more votes, the later
    listed, the later stored."""
    gains = [(paper, gained) for paper in papers if (gained := paper.gained(span) or 0) > 0]
    gains.sort(key=lambda found: (-found[1], *_order(found[0])))
    return {paper.paper_id: gained for paper, gained in gains}


def _order(paper: Candidate) -> tuple[int, int, int]:
    return -paper.votes, -(paper.listed or date.min).toordinal(), -paper.paper_id


def of_span(papers: Sequence[Candidate], span: Span, before: Span) -> tuple[tuple[Rise, ...], bool]:
    """(the chart of `span` with each paper's place in the one of `before`, whether that one has any). Where votes
    were not counted from its begin to its end, it is not known."""
    known = {paper.paper_id: paper for paper in papers}
    watched = before.watched and span.watched
    places = {paper_id: place for place, paper_id in enumerate(ranked(papers, before) if watched else (), 1)}
    rises = tuple(
        Rise(
            paper_id=paper_id,
            place=place,
            gained=gained,
            new=known[paper_id].joined(span),
            before=places.get(paper_id),
        )
        for place, (paper_id, gained) in enumerate(ranked(papers, span).items(), 1)
    )
    return rises, bool(places)


def of_list(papers: Sequence[Candidate], span: Span, last_day: Span) -> tuple[Rise, ...]:
    """The chart of one list's papers since it opened. The list before had others, so each is told what it gained
    in the last day."""
    known = {paper.paper_id: paper for paper in papers}
    return tuple(
        Rise(
            paper_id=paper_id,
            place=place,
            gained=gained,
            new=known[paper_id].joined(last_day),
            lately=known[paper_id].gained(last_day, exactly=True),
        )
        for place, (paper_id, gained) in enumerate(ranked(papers, span).items(), 1)
    )
