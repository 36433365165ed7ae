"""arXiv's announcement calendar: which list is out, which days have one, what was submitted for it. Pure.

Owns: New York time, weekends and holidays of arXiv.
Sources: arxiv-docs help/availability.md (deadline 14:00, announcement 20:00 Sunday to Thursday, Eastern time) and
help/rss.md (the feed is made anew at midnight and dated with that midnight, so a list's day is the day after its
announcement: Monday to Friday).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")
_DEADLINE = time(14)
_DAY = timedelta(days=1)


def today(now: datetime) -> date:
    """The day of the list that is served at `now`, if that day has one."""
    return now.astimezone(_NEW_YORK).date()


def has_list(day: date) -> bool:
    """Whether papers are surely listed on `day`: a weekday that no holiday touches."""
    return day.weekday() < 5 and not may_pause(day)


def may_pause(day: date) -> bool:
    """Whether a weekday's list may be left out for a holiday.

    arXiv names the days whose mailing it defers each year: the federal holidays that Cornell keeps, and some
    between Christmas and New Year. Whether the list of that day or of the next is the one that is missing depends
    on how the day is counted; an empty one is taken for the holiday's on both.
    """
    return day.weekday() < 5 and (_holiday(day) or _holiday(_weekday_before(day)))


def expected(now: datetime) -> date:
    """The newest day that surely has a list which is out at `now`."""
    day = today(now)
    while not has_list(day):
        day -= _DAY
    return day


def opens(now: datetime) -> datetime:
    """When the next list comes out, after `now`: a midnight in New York."""
    day = today(now) + _DAY
    while day.weekday() >= 5:
        day += _DAY
    return midnight(day)


def midnight(day: date) -> datetime:
    """When `day`'s list is made."""
    return datetime.combine(day, time(), _NEW_YORK).astimezone(UTC)


def days(first: date, last: date) -> Iterator[date]:
    """The days that have a list or, for a holiday, may be without one, from `first` to `last`."""
    day = first
    while day <= last:
        if day.weekday() < 5:
            yield day
        day += _DAY


def following(day: date) -> date:
    """The next day that surely has a list."""
    day += _DAY
    while not has_list(day):
        day += _DAY
    return day


def window(first: date, last: date) -> tuple[datetime, datetime]:
    """From when to when the papers of the lists `first` to `last` were submitted.

    A list that a holiday may have left out belongs to the next one.
    """
    before = first - _DAY
    while not has_list(before):
        before -= _DAY
    return _deadline(before), _deadline(last)


def announced_on(submitted: datetime, *, also: Collection[date] = ()) -> date:
    """The day of the list that a submission is for, one that surely is or one of `also`. Moderation may add days,
    of which nothing is known."""
    local = submitted.astimezone(_NEW_YORK)
    day = local.date() + _DAY
    while not (has_list(day) or day in also) or _deadline(day) <= local:
        day += _DAY
    return day


def _deadline(day: date) -> datetime:
    """Until when the papers of `day`'s list could be submitted."""
    return datetime.combine(_weekday_before(day), _DEADLINE, _NEW_YORK).astimezone(UTC)


def _weekday_before(day: date) -> date:
    day -= _DAY
    while day.weekday() >= 5:
        day -= _DAY
    return day


def _holiday(day: date) -> bool:
    month, number = day.month, day.day
    if (month, number) >= (12, 24) or (month, number) == (1, 1):
        return True
    monday, thursday = day.weekday() == 0, day.weekday() == 3
    floating = (
        (month == 1 and monday and 15 <= number <= 21)  # Martin Luther King
        or (month == 9 and monday and number <= 7)  # Labor Day
        or (month == 11 and thursday and 22 <= number <= 28)  # Thanksgiving
    )
    return floating or any(_observed(date(day.year, *fixed)) == day for fixed in ((6, 19), (7, 4)))


def _observed(day: date) -> date:
    """A holiday at the weekend is kept on the Friday before or the Monday after."""
    return day - _DAY if day.weekday() == 5 else day + _DAY if day.weekday() == 6 else day
