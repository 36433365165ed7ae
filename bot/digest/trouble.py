"""How sources are, and what is wrong with them, in words, for verdicts and `/status`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.models import FeedState, Health, HealthState
from bot.papers.trending import source

_POLLED = timedelta(days=2)
"""A source that was not even tried for so long was taken out of the settings, or Paperboy stood still."""

_NUMBERS = re.compile(r" \([^()]*\)$")
"""What ends the words on a list: " (12 of 486 ids new)"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is the same for some lists of a feed."""

    categories: tuple[str, ...]
    """Those of the lists; empty where the feed has none."""
    troubled: bool
    told: str


def troubles(states: Iterable[FeedState], now: datetime) -> str:
    """The sources whose papers may be missing now, "" where all are well.

    "arXiv cs.AI: still serving Thursday's list (12 of 486 ids new), next look 06:10 UTC"
    """
    told = [
        _trouble(state, condition)
        for state in states
        if state.polled_at and now - state.polled_at < _POLLED
        for condition in conditions(state)
        if condition.troubled
    ]
    return "; ".join(told)


def _trouble(state: FeedState, condition: Condition) -> str:
    if condition.told == state.error:
        last = state.succeeded_at.astimezone(UTC) if state.succeeded_at else None
        since = f" since {_day(last)}, {last:%H:%M} UTC" if last else ""
        return f"{source(state.name)} could not be read{since} ({condition.told})"
    name = " ".join(filter(None, (source(state.name), ", ".join(condition.categories))))
    again = f", next look {state.next_poll_at.astimezone(UTC):%H:%M} UTC" if state.next_poll_at else ""
    return f"{name}: {condition.told}{again}"


def conditions(state: FeedState) -> tuple[Condition, ...]:
    """How a feed's lists are, those alike together but for their numbers, the troubled ones first."""
    found: dict[tuple[bool, str], list[Health]] = {}
    for health in state.health:
        fresh = not health.troubled and health.state is HealthState.FRESH
        alike = "" if fresh else _NUMBERS.sub("", health.told)
        found.setdefault((not health.troubled, alike), []).append(health)
    return tuple(
        Condition(
            categories=tuple(filter(None, (health.sighting.category for health in group))),
            troubled=not well,
            told=_told(group, alike) if alike else _fresh(group),
        )
        for (well, alike), group in sorted(found.items(), key=lambda pair: pair[0][0])
    )


def _told(group: Sequence[Health], alike: str) -> str:
    told = {health.told for health in group}
    return told.pop() if len(told) == 1 else alike


def _fresh(group: Sequence[Health]) -> str:
    if len(group) == 1:
        return group[0].told
    days = {health.sighting.day for health in group if health.sighting.day}
    numbers = ", ".join(f"{health.sighting.category} {health.sighting.entries}" for health in group)
    return f"{max(days):%A}'s lists: {numbers}" if days else numbers


def late(lists: Mapping[str, Sequence[date]]) -> str:
    """ "arXiv's lists of Monday 2 and Tuesday 3 March were read late"; "" where none was."""
    return "; ".join(
        f"{source(feed)}'s {'list' if len(days) == 1 else 'lists'} of {_days(days)} "
        f"{'was' if len(days) == 1 else 'were'} read late"
        for feed, days in lists.items()
        if days
    )


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def _days(days: Sequence[date]) -> str:
    told = [*map(_day, days)]
    if len(told) > 3:
        return f"{told[0]} to {told[-1]}"
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
