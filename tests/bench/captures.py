"""Hugging Face's daily lists as others captured them: what was there in mornings, evenings, and at weeks' ends.

`DIR/mornings/DAY__CAPTUREDZ.json.gz` are raw answers for a day, most of 07:00 to 10:00 UTC; `DIR/evenings.jsonl`
the finished list, captured about midnight UTC (`{captured, papers: [{id, upvotes, title}]}`); `DIR/weeks.jsonl`
the week's list, in the night after its Sunday. Days without a list repeat the last one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from bot.feeds import huggingface
from bot.models import Observation, Paper, PaperId

DAY = timedelta(days=1)
TOP = 20
"""Papers of a week that its reader would not want to have missed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list at a time."""

    at: datetime
    day: date
    papers: Sequence[Paper]
    morning: bool


@dataclass(frozen=True)
class Week:
    """The votes at a week's end, by arXiv id."""

    monday: date
    at: datetime
    votes: Mapping[str, int]

    @cached_property
    def top(self) -> tuple[str, ...]:
        return tuple(sorted(self.votes, key=lambda key: (-self.votes[key], key))[:TOP])


class Captures:
    """All lists by time, and of every paper what is known of it at a moment."""

    def __init__(self, lists: Iterable[Listed], weeks: Sequence[Week]) -> None:
        self.lists, self.weeks = sorted(lists, key=lambda each: each.at), weeks
        self.first: dict[str, Listed] = {}
        """arXiv id -> the first list that had it."""
        self.votes: dict[str, list[tuple[datetime, int]]] = {}
        self._papers: dict[str, Paper] = {}
        for each in self.lists:
            for paper in each.papers:
                key = paper.key
                self.first.setdefault(key, each)
                known = self._papers.get(key)
                self._papers[key] = known if known and known.authors else paper
                if paper.votes is not None:
                    self.votes.setdefault(key, []).append((each.at, paper.votes))
        for week in self.weeks:
            for key, votes in week.votes.items():
                if key in self.first:
                    self.votes.setdefault(key, []).append((week.at, votes))
        for counts in self.votes.values():
            counts.sort()
        self._numbers = {key: PaperId(number) for number, key in enumerate(sorted(self._papers), start=1)}
        self._by_day: dict[date, list[str]] = {}
        for key in sorted(self.first):
            self._by_day.setdefault(self.first[key].day, []).append(key)

    @classmethod
    def of(cls, folder: Path) -> Captures:
        """What lies in `folder`, or in its `hf`."""
        folder = folder / "hf" if (folder / "hf").is_dir() else folder
        return cls((*_mornings(folder), *_evenings(folder)), tuple(_weeks(folder)))

    def with_lists(self, more: Iterable[Listed]) -> Captures:
        return Captures((*self.lists, *more), self.weeks)

    def weekly(self) -> Iterator[Listed]:
        """The counts of weeks' ends, by the lists that the papers are of."""
        for week in self.weeks:
            days: dict[date, list[Paper]] = {}
            for key in week.votes:
                if key in self.first:
                    days.setdefault(self.first[key].day, []).append(self.paper(key, week.at))
            for day, papers in days.items():
                yield Listed(week.at, day, [replace(paper, id=None, listed_on=day) for paper in papers], False)

    def whole(self, week: Week) -> bool:
        """Whether its top is in the lists at all: one capture shows another week's."""
        return sum(key in self.first for key in week.top) * 2 > TOP

    def listed(self, day: date) -> Sequence[str]:
        return self._by_day.get(day, ())

    def paper(self, key: str, now: datetime) -> Paper:
        """As it is known at `now`: with the last votes that were seen."""
        counts = [votes for at, votes in self.votes.get(key, ()) if at <= now]
        return replace(
            self._papers[key],
            id=self._numbers[key],
            votes=counts[-1] if counts else 0,
            listed_on=self.first[key].day,
            feeds=("huggingface",),
        )

    def history(self, key: str, now: datetime) -> tuple[Observation, ...]:
        return tuple(Observation(seen_at=at, votes=votes) for at, votes in self.votes.get(key, ()) if at <= now)


def _mornings(folder: Path) -> Iterator[Listed]:
    for path in sorted((folder / "mornings").glob("*.json.gz")):
        day, captured = path.name.removesuffix(".json.gz").split("__")
        at = datetime.strptime(captured, "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
        parsed = huggingface.parse(gzip.decompress(path.read_bytes()), day=date.fromisoformat(day))
        yield Listed(at, date.fromisoformat(day), [entry.paper for entry in parsed.entries], True)


def _evenings(folder: Path) -> Iterator[Listed]:
    for at, papers in _captured(folder / "evenings.jsonl"):
        day = huggingface.day_of(at)
        while day.weekday() > 4:
            day -= DAY
        yield Listed(at, day, papers, False)


def _weeks(folder: Path) -> Iterator[Week]:
    for at, papers in _captured(folder / "weeks.jsonl"):
        if at.weekday() == 0:
            votes = {paper.key: paper.votes or 0 for paper in papers}
            yield Week((at - 7 * DAY).date(), at, votes)


def _captured(path: Path) -> Iterator[tuple[datetime, list[Paper]]]:
    for line in path.read_text().splitlines():
        told = json.loads(line)
        papers = [
            Paper(
                title=paper["title"],
                url=f"https://arxiv.org/abs/{paper['id']}",
                arxiv_id=paper["id"],
                votes=paper["upvotes"],
            )
            for paper in told["papers"]
        ]
        yield datetime.fromisoformat(told["captured"]), papers
