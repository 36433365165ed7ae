"""How much of the week's best a channel is shown: `python -m tests.bench.trending --data DIR`.

DIR holds what `tests.bench.captures` reads. A channel that follows everything, eight papers a digest, Monday to
Friday, is given its digests from the lists that were there at the hour: of 08:00 what was captured between 07:00
and 09:00, and of 13:00, of which there is no capture, votes on a straight line between the morning's and the
evening's, and papers that the morning lacks spread over the day (as measured elsewhere, three in ten of them by
10:00, the others evenly). Votes of days before are those of their last capture, at their day's or week's end.

- `shown`: of the twenty papers with most votes at the end of a week, the share that the channel was shown by the
  digest of its Friday, and of the Monday after.
- `first five`, `nDCG@5`: of a day's list, how far the order at that hour is the order of 24 to 72 hours later.
- `to come`: the rank correlation (Spearman) of the order with the votes still to come by the end of the week, over
  all papers of the last three lists.

Every order goes through `bot.digest.compose`; Paperboy's is replayed a second time as a whole, through storage,
drafts and deliveries. Weeks from `--until` on were not fitted to. One capture of a week shows another one's list
and is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from bot.digest import compose
from bot.models import ChannelId, Entry, Floor, Heat, Hit, Paper, PaperId, Schedule
from bot.papers import query, trending
from bot.pipeline import deliver
from storage import feeds
from storage.database import Database
from tests.bench.captures import DAY, TOP, Captures, Listed, Week
from tests.making import HF, channel, rows, store
from tests.pipeline.test_deliver import Discord

HOURS = (8, 13)
SIZE, REACH = 8, 7
EVERYTHING = query.parse("trending")
Order = Callable[[Captures, Sequence[Paper], datetime], Mapping[PaperId, float]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--until", type=date.fromisoformat, default=date(2025, 12, 1), metavar="DAY")
    given = arguments.parse_args()
    for hour in HOURS:
        captures = Captures.of(given.data)
        if hour != HOURS[0]:
            captures = between(captures, hour)
        print(f"\n## Digests of {hour:02}:00 UTC\n")
        replays = [Replay(captures, hour, name, order, late) for name, order, late in ORDERS]
        for replay in replays:
            replay.run()
        whole = asyncio.run(through_storage(captures, hour))
        coverage(captures, hour, [*replays, whole], given.until)
        quality(captures, hour, given.until)


# --- orders -----------------------------------------------------------------------------------------


def by_votes(captures: Captures, papers: Sequence[Paper], now: datetime) -> dict[PaperId, float]:
    return {number(paper): float(paper.votes or 0) for paper in papers}


def by_decay(captures: Captures, papers: Sequence[Paper], now: datetime) -> dict[PaperId, float]:
    """Hacker News: points less one, over the age in hours and two to the power of 1.8."""
    return {number(paper): ((paper.votes or 0) - 1) / (age(paper, now) + 2) ** 1.8 for paper in papers}


def by_velocity(captures: Captures, papers: Sequence[Paper], now: datetime) -> dict[PaperId, float]:
    """Votes an hour, between the last two counts, or since the list began."""
    found = {}
    for paper in papers:
        seen = captures.history(paper.key, now)
        (begin, before) = (seen[-2].seen_at, seen[-2].votes or 0) if len(seen) > 1 else (midnight(paper), 0)
        hours = max(1.0, (seen[-1].seen_at - begin) / timedelta(hours=1)) if seen else 1.0
        found[number(paper)] = ((paper.votes or 0) - before) / hours
    return found


def by_heat(captures: Captures, papers: Sequence[Paper], now: datetime) -> dict[PaperId, float]:
    found = {}
    for paper in papers:
        heat = trending.heat(paper, captures.history(paper.key, now), now=now)
        found[number(paper)] = heat.expected or 0.0
    return found


ORDERS: tuple[tuple[str, Order, bool], ...] = (
    ("votes, the day's list only", by_votes, False),
    ("votes", by_votes, True),
    ("Hacker News' decay", by_decay, True),
    ("velocity alone", by_velocity, True),
    ("Paperboy", by_heat, True),
)


def number(paper: Paper) -> PaperId:
    assert paper.id is not None
    return paper.id


def midnight(paper: Paper) -> datetime:
    assert paper.listed_on is not None
    return datetime.combine(paper.listed_on, time(), UTC)


def age(paper: Paper, now: datetime) -> float:
    return (now - midnight(paper)) / timedelta(hours=1)


# --- a channel's digests ----------------------------------------------------------------------------


@dataclass
class Replay:
    """A channel's digests over all weeks, ordered in one way."""

    captures: Captures
    hour: int
    name: str
    order: Order
    late: bool

    def __post_init__(self) -> None:
        self.shown: dict[str, datetime] = {}
        """arXiv id -> the digest that showed it."""

    def run(self) -> None:
        last: datetime | None = None
        for now in moments(self.captures, self.hour):
            begin = now.date() - REACH * DAY
            days = [now.date() - ago * DAY for ago in range(REACH + 1)]
            pool = [
                self.captures.paper(key, now)
                for day in days
                for key in self.captures.listed(day)
                if self.captures.first[key].at <= now
            ]
            heats = ranked(pool, self.order(self.captures, pool, now))
            since = last.date() + DAY if last else begin
            news = {
                number(paper)
                for paper in pool
                if (paper.listed_on or begin) >= since or not last or self.captures.first[paper.key].at > last
            }
            early = {number(paper) for paper in pool if (paper.listed_on or begin) < since}
            late = news & early
            history = {number(paper): self.captures.history(paper.key, now) for paper in pool}
            risers = trending.risers(heats, history, since=last or now) - news
            late |= risers
            wanted = [paper for paper in pool if number(paper) in news | late]
            if not self.late:
                late, risers, wanted = (
                    set(),
                    frozenset(),
                    [paper for paper in pool if paper.listed_on == now.date()],
                )
            digest = compose.compose(
                {EVERYTHING: Floor.ALL},
                {EVERYTHING: [Hit(paper=paper, score=0.0) for paper in wanted]},
                heats=heats,
                shown={number(self.captures.paper(key, now)) for key in self.shown},
                size=SIZE,
                day=now.date(),
                late=late,
                risers=risers,
            )
            for match in digest.papers:
                assert match.paper.key not in self.shown
                self.shown[match.paper.key] = now
            last = now


def ranked(papers: Sequence[Paper], scores: Mapping[PaperId, float]) -> dict[PaperId, Heat]:
    """As `bot.papers.trending.rank`, by any score."""
    days = defaultdict[date | None, list[Paper]](list)
    for paper in papers:
        days[paper.listed_on].append(paper)
    return {
        number(paper): Heat(expected=scores[number(paper)], place=place, of=len(listed))
        for listed in days.values()
        for place, paper in enumerate(
            sorted(listed, key=lambda paper: (-scores[number(paper)], -number(paper))), start=1
        )
    }


def moments(captures: Captures, hour: int) -> Iterator[datetime]:
    """When digests come: an hour late, because the last mornings' captures are of 08:59."""
    day, last = captures.lists[0].day, captures.weeks[-1].at.date()
    while day <= last:
        if day.weekday() < 5:
            yield datetime.combine(day, time(hour + (hour == HOURS[0])), UTC)
        day += DAY


async def through_storage(captures: Captures, hour: int) -> Replay:
    """The same through the archive, drafts and the ledger."""
    replay = Replay(captures, hour, "Paperboy, whole", by_heat, True)
    due = list(moments(captures, hour))
    schedule = Schedule(post_at=due[0].time(), zone="UTC", days=frozenset(range(5)), size=SIZE)
    lists = iter(sorted((*captures.lists, *captures.weekly()), key=lambda each: each.at))
    waiting = next(lists, None)
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "replay.sqlite") as db:
            await channel(db, 1, due=due[0], created=due[0] - DAY, schedule=schedule)
            # What a feed brings at its first reading is no news.
            await feeds.record_poll(db, HF, now=due[0] - DAY, next_poll_at=due[0], error=None, entries=0)
            for now in due:
                while waiting and waiting.at <= now:
                    listed = (Entry(paper=paper, listed_on=waiting.day) for paper in waiting.papers)
                    await store(db, HF, *listed, at=waiting.at)
                    waiting = next(lists, None)
                await deliver.deliver_due(db, Discord(), now=now)
            for key, at in await rows(
                db,
                """SELECT arxiv_id, due_at FROM delivery_papers JOIN papers ON papers.id = paper_id
                JOIN deliveries ON deliveries.id = delivery_id WHERE shown AND deliveries.channel_id = ?""",
                ChannelId(1),
            ):
                replay.shown[key] = datetime.fromtimestamp(at, UTC)
    return replay


def between(captures: Captures, hour: int) -> Captures:
    """With a list for `hour` between each day's morning and evening."""
    mornings = {each.day: each for each in captures.lists if each.morning}
    evenings = {each.day: each for each in reversed(captures.lists) if not each.morning}
    made = []
    for day, evening in evenings.items():
        at = datetime.combine(day, time(hour), UTC)
        if day not in mornings or evening.at <= at:
            continue
        before = {paper.key: paper for paper in mornings[day].papers}
        papers = []
        for paper in evening.papers:
            begin = mornings[day].at if paper.key in before else _arrival(paper.key, day)
            if begin > at:
                continue
            votes = before[paper.key].votes or 0 if paper.key in before else 0
            share = (at - begin) / (evening.at - begin)
            grown = votes + ((paper.votes or 0) - votes) * share
            papers.append(replace(before.get(paper.key, paper), votes=round(grown)))
        made.append(Listed(at, day, papers, morning=False))
    return captures.with_lists(made)


def _arrival(key: str, day: date) -> datetime:
    """When a paper that the morning lacks may have come, the same for the same paper."""
    chance = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
    hours = 8 + 2 * chance / 0.3 if chance < 0.3 else 10 + 14 * (chance - 0.3) / 0.7
    return datetime.combine(day, time(), UTC) + timedelta(hours=hours)


# --- what is printed --------------------------------------------------------------------------------


def coverage(captures: Captures, hour: int, replays: Sequence[Replay], until: date) -> None:
    weeks = [week for week in captures.weeks if captures.whole(week)]
    months = sorted({f"{week.monday:%Y-%m}" for week in weeks})
    print("Shown of the week's twenty best, by Friday's digest / by Monday's:\n")
    print("| by | all | fitted weeks | later weeks |\n|---|---|---|---|")
    groups: list[Callable[[Week], bool]] = [
        lambda _: True,
        lambda week: week.monday < until,
        lambda week: week.monday >= until,
    ]

    def share(replay: Replay, week: Week, days: int) -> float:
        end = datetime.combine(week.monday + days * DAY, time(23), UTC)
        return sum(key in replay.shown and replay.shown[key] <= end for key in week.top) / TOP

    def listed(week: Week, days: int) -> float:
        end = datetime.combine(week.monday + days * DAY, time(hour + 1), UTC)
        return sum(key in captures.first and captures.first[key].at <= end for key in week.top) / TOP

    def row(name: str, told: Callable[[Week, int], float]) -> None:
        of = [[week for week in weeks if group(week)] for group in groups]
        cells = (" / ".join(mean([told(week, days) for week in each]) for days in (4, 7)) for each in of)
        print(f"| {name} | {' | '.join(cells)} |")

    for replay in replays:
        row(replay.name, lambda week, days, replay=replay: share(replay, week, days))  # type: ignore[misc]
    row("listed by then: the bound", listed)
    print(f"\nBy month of the week's Monday, by Friday's digest / by Monday's ({len(weeks)} weeks):\n")
    print(f"| month | weeks | {' | '.join(replay.name for replay in replays)} |\n|---|---|{'---|' * len(replays)}")
    for month in months:
        of = [week for week in weeks if f"{week.monday:%Y-%m}" == month]
        cells = (
            " / ".join(mean([share(replay, week, days) for week in of]) for days in (4, 7)) for replay in replays
        )
        print(f"| {month} | {len(of)} | {' | '.join(cells)} |")


def quality(captures: Captures, hour: int, until: date) -> None:
    final = {key: votes for week in captures.weeks if captures.whole(week) for key, votes in week.votes.items()}
    months = defaultdict[str, dict[str, list[tuple[float, float, float]]]](lambda: defaultdict(list))
    for now in moments(captures, hour):
        days = [now.date() - ago * DAY for ago in range(3)]
        pool = [
            captures.paper(key, now)
            for day in days
            for key in captures.listed(day)
            if captures.first[key].at <= now and key in final
        ]
        today = [paper for paper in pool if paper.listed_on == now.date()]
        later = {paper.key: count for paper in today if (count := _later(captures, paper, now)) is not None}
        today = [paper for paper in today if paper.key in later]
        if len(today) < 10:
            continue
        for name, order, _ in ORDERS[1:]:
            scores = order(captures, pool, now)
            told = sorted(today, key=lambda paper: (-scores[number(paper)], -number(paper)))
            best = sorted(today, key=lambda paper: (-later[paper.key], -number(paper)))
            gains = [float(later[paper.key]) for paper in told]
            coming = spearman(
                [scores[number(paper)] for paper in pool],
                [float(final[paper.key] - (paper.votes or 0)) for paper in pool],
            )
            figures = (
                len({paper.key for paper in told[:5]} & {paper.key for paper in best[:5]}) / 5,
                dcg(gains) / (dcg(sorted(gains, reverse=True)) or 1.0),
                coming,
            )
            for group in ("all", "later weeks" if now.date() >= until else "fitted weeks", f"{now:%Y-%m}"):
                months[group][name].append(figures)
    names = [name for name, _, _ in ORDERS[1:]]
    print("\nFirst five of a day's list / nDCG@5 / rank correlation with the votes to come:\n")
    print(f"| | days | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    groups = ("all", "fitted weeks", "later weeks")
    for group in (*groups, *sorted(set(months) - set(groups))):
        found = months[group]
        cells = (" / ".join(mean(part) for part in zip(*found[name], strict=True)) for name in names)
        print(f"| {group} | {len(found[names[0]])} | {' | '.join(cells)} |")


def _later(captures: Captures, paper: Paper, now: datetime) -> int | None:
    """Its votes 24 to 72 hours after its list's day began."""
    begin = midnight(paper)
    first, last = max(now, begin + DAY), begin + 3 * DAY
    return next((votes for at, votes in captures.votes[paper.key] if first <= at <= last), None)


def dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:5]))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Pearson's correlation of the ranks, equal values sharing theirs."""

    def ranks(found: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.searchsorted(sorted(found), found) + np.searchsorted(sorted(found), found, "right")

    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def mean(found: Sequence[float]) -> str:
    return f"{sum(found) / len(found):.3f}".removeprefix("0") if found else "-"


if __name__ == "__main__":
    main()
