"""How hot a paper is, with the reasons. Pure.

Owns: the order of a digest, and what is known of how votes grow (fitted: `bot.papers.growth`). Refuses: knowing
who asks.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from bot.models import Heat, Observation, Paper, PaperId
from bot.papers import growth

_HOMES = ("Hugging Face", "arXiv")
_LABELS = {"huggingface": "Hugging Face", "huggingface-search": "Hugging Face", "arxiv": "arXiv"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_OPEN = 24.0
"""Hours in which a day's list may still grow."""
_LATELY = timedelta(hours=growth.LATELY)
_RISERS = Fraction(2, 5)
UNKNOWN = Heat()


def rank(
    papers: Iterable[Paper], history: Mapping[PaperId, Sequence[Observation]], *, now: datetime
) -> dict[PaperId, Heat]:
    """How hot each paper is, with its place among those of its list's day."""
    heats, days = {}, defaultdict[date | None, list[tuple[tuple[float, ...], PaperId]]](list)
    for paper in papers:
        if paper.id is None:
            continue
        heats[paper.id] = found = heat(paper, history.get(paper.id, ()), now=now)
        if found.expected is not None:
            days[paper.listed_on].append((order(paper, found), paper.id))
    for listed in days.values():
        for place, (_, number) in enumerate(sorted(listed), start=1):
            heats[number] = replace(heats[number], place=place, of=len(listed))
    return heats


def risers(
    heats: Mapping[PaperId, Heat], history: Mapping[PaperId, Sequence[Observation]], *, since: datetime
) -> frozenset[PaperId]:
    """The papers that whoever missed them may want to know of: of the better two fifths of their list's day, which
    hold nearly all that its week ends with (measured: `tests.bench.trending`), those that gained votes since then.

    Old lists are looked at less often. A paper that nobody has looked at since has risen as far as anybody knows;
    where no paper was, nothing has.
    """
    counts = {number: _counts(history.get(number, ())) for number in heats}
    if not any(seen and seen[-1][0] > since for seen in counts.values()):
        return frozenset()
    return frozenset(
        number
        for number, found in heats.items()
        if 0 < found.place <= math.ceil(_RISERS * found.of) and _may_have_risen(counts[number], since)
    )


def _may_have_risen(counts: Sequence[tuple[datetime, int]], since: datetime) -> bool:
    before = _votes_at(counts, since)
    return before is None or counts[-1][0] <= since or counts[-1][1] > before


def _counts(seen: Sequence[Observation]) -> list[tuple[datetime, int]]:
    return [(each.seen_at, each.votes) for each in seen if each.votes is not None]


def heat(paper: Paper, seen: Sequence[Observation], *, now: datetime) -> Heat:
    """What a paper's counts over time, oldest first, let expect of its votes.

    Votes grow with the time since the day of the list that has it, not since publication (which tells less than
    the votes alone): log(1 + v) becomes a + b log(1 + v) + c log(1 + g) by the end of its week, g being what it
    gained lately; a, b and c depend on that time (`bot.papers.growth`). Comments, stars and code told nothing
    more on 140 measured days: they are reasons, no part of the order.
    """
    if paper.votes is None:
        return Heat(reasons=reasons(paper))
    counts = [count for count in _counts(seen) if count[0] <= now]
    at = counts[-1][0] if counts else now
    age = (at - _midnight(paper.listed_on)) / _HOUR if paper.listed_on else math.inf
    lately = _votes_at(counts, at - _LATELY)
    # Where nobody has looked since yesterday, nobody knows.
    yesterday = _votes_at(counts, at - _DAY) if now - at < _DAY else None
    if lately is None and age - growth.LATELY <= _OPEN:
        lately = 0  # its list was still open then: it came later, or Paperboy did
    gained = None if yesterday is None else paper.votes - yesterday
    return Heat(expected=_grown(paper.votes, lately, age), gained=gained, reasons=reasons(paper, gained))


def _votes_at(counts: Sequence[tuple[datetime, int]], moment: datetime) -> int | None:
    """The last count up to then."""
    found = bisect_right(counts, moment, key=lambda count: count[0])
    return counts[found - 1][1] if found else None


def _grown(votes: int, before: int | None, age: float) -> float:
    """What `votes` become, never less; `before`: how many there were LATELY hours ago, None where nobody knows.

    A young paper comes to every later age as well: no older one of as many votes becomes more.
    """
    table = growth.LEVEL if before is None else growth.LEVEL_AND_GAIN
    signs = (1.0, math.log1p(votes), math.log1p(max(0, votes - (before or 0))))
    told = [sum(weight * sign for weight, sign in zip(weights, signs, strict=True)) for _, weights in table]
    hours = [knot for knot, _ in table]
    after = min(max(bisect_right(hours, age), 1), len(hours) - 1)
    share = min(max((age - hours[after - 1]) / (hours[after] - hours[after - 1]), 0.0), 1.0)
    return math.expm1(max(told[after - 1] * (1 - share) + told[after] * share, *told[after:]))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def order(paper: Paper, heat: Heat | None = None) -> tuple[float, ...]:
    """The sorting key of a list, hottest first: the votes to be expected (without a `heat`: those that are
    there), then the newest list, then the latest stored. Papers that nobody votes on come behind, those that
    several sources have first."""
    listed = (paper.listed_on or date.min).toordinal()
    if paper.votes is None:
        return (1.0, -len({source(feed) for feed in paper.feeds}), -listed, -(paper.id or 0))
    expected = heat.expected if heat and heat.expected is not None else paper.votes
    return (0.0, -expected, -listed, -(paper.id or 0))


def reasons(paper: Paper, gained: int | None = None) -> tuple[str, ...]:
    """What speaks for it, in words: "34 votes, +21 since yesterday", "code, 1.2k stars", "also on arXiv cs.CL".
    `gained`: its votes since yesterday, where that is known."""
    found = []
    if paper.votes:
        found.append(", ".join(filter(None, (counted(paper.votes, "vote"), gain(gained)))))
    if paper.repository:
        found.append(f"code, {counted(paper.stars, 'star')}" if paper.stars else "code")
    names = tuple(dict.fromkeys(source(feed) for feed in sorted(paper.feeds, key=_nearness)))
    if others := [
        f"{name} {paper.categories[0]}" if name == "arXiv" and paper.categories else name for name in names[1:]
    ]:
        found.append(f"also on {', '.join(others)}")
    return tuple(found)


def _nearness(feed: str) -> int:
    """Where a paper is at home comes first: where it is voted on, then where it is published."""
    name = source(feed)
    return _HOMES.index(name) if name in _HOMES else len(_HOMES)


def gain(gained: int | None) -> str:
    """ "+21 since yesterday"; "" where it gained nothing, or that is not known."""
    return f"+{short(gained)} since yesterday" if gained and gained > 0 else ""


def source(feed: str) -> str:
    """A feed's name as people know it: "Hugging Face", "arXiv", "connect.biorxiv.org"."""
    kind, _, rest = feed.partition(":")
    return (
        _LABELS.get(kind) or re.split(r"[/?#]", rest.partition("://")[2])[0].removeprefix("www.") or rest or feed
    )


def counted(number: int, noun: str) -> str:
    """ "1 vote", "34 votes", "1.2k stars"."""
    return f"{short(number)} {noun}{'' if number == 1 else 's'}"


def short(number: int) -> str:
    """ "980", "1.2k", "34k"."""
    if number < 1_000:
        return str(number)
    return f"{number / 1_000:.1f}k".replace(".0k", "k") if number < 10_000 else f"{number // 1_000}k"
