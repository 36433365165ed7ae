"""arXiv's calendar, against the tables that arXiv publishes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from bot.feeds import announcements

DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        # help/availability.md: from 14:00 to 14:00 in New York, announced that evening, listed the day after.
        ("2026-04-20", "2026-04-16T18:00", "2026-04-17T18:00"),  # Monday: Thursday to Friday
        ("2026-04-21", "2026-04-17T18:00", "2026-04-20T18:00"),  # Tuesday: Friday to Monday
        ("2026-04-22", "2026-04-20T18:00", "2026-04-21T18:00"),
        ("2026-04-24", "2026-04-22T18:00", "2026-04-23T18:00"),
        ("2026-01-14", "2026-01-12T19:00", "2026-01-13T19:00"),  # winter time
        ("2026-03-09", "2026-03-05T19:00", "2026-03-06T19:00"),
        ("2026-03-10", "2026-03-06T19:00", "2026-03-09T18:00"),  # the clocks changed on Sunday
        (
            "2026-09-09",
            "2026-09-03T18:00",
            "2026-09-08T18:00",
        ),  # behind Labor Day: what two lists may have left out
    ],
)
def test_what_was_submitted_for_a_list(day: str, start: str, end: str) -> None:
    listed = date.fromisoformat(day)
    assert announcements.window(listed, listed) == (at(start), at(end))
    assert announcements.announced_on(at(start)) == listed
    assert announcements.announced_on(at(end) - timedelta(seconds=1)) == listed
    assert announcements.announced_on(at(end)) > listed


def test_the_windows_of_a_year_leave_nothing_out_and_overlap_nowhere() -> None:
    found = announcements.days(date(2026, 1, 5), date(2027, 1, 20))
    days = [day for day in found if announcements.has_list(day)]
    windows = [announcements.window(day, day) for day in days]
    assert all(end == start for (_, end), (start, _) in pairwise(windows))
    assert announcements.window(days[3], days[8]) == (windows[3][0], windows[8][1])


@pytest.mark.parametrize(
    "holiday",
    # The days that arXiv named for 2026 and, in help/availability.md, for 2023, but for one of its own choice.
    [
        *("2026-01-01", "2026-01-19", "2026-06-19", "2026-07-03", "2026-09-07", "2026-11-26"),
        *("2026-12-25", "2026-12-29", "2026-12-31"),
        *("2023-01-16", "2023-06-19", "2023-07-04", "2023-09-04", "2023-11-23", "2023-12-25", "2023-12-27"),
    ],
)
def test_a_named_holiday_may_be_without_a_list(holiday: str) -> None:
    day = date.fromisoformat(holiday)
    following = day + DAY
    while following.weekday() >= 5:
        following += DAY
    assert announcements.may_pause(day)
    assert announcements.may_pause(following)
    assert not announcements.has_list(day)


def test_few_weekdays_are_in_doubt() -> None:
    weekdays = [date(2026, 1, 1) + n * DAY for n in range(365) if (date(2026, 1, 1) + n * DAY).weekday() < 5]
    assert sum(map(announcements.may_pause, weekdays)) <= 20


@pytest.mark.parametrize(
    ("now", "today", "expected", "opens"),
    [
        ("2026-04-20T03:59", "2026-04-19", "2026-04-17", "2026-04-20T04:00"),  # Sunday, 23:59 in New York
        ("2026-04-20T04:00", "2026-04-20", "2026-04-20", "2026-04-21T04:00"),
        ("2026-04-24T12:00", "2026-04-24", "2026-04-24", "2026-04-27T04:00"),  # Friday
        ("2026-01-13T04:59", "2026-01-12", "2026-01-12", "2026-01-13T05:00"),  # winter time
        ("2026-11-26T15:00", "2026-11-26", "2026-11-25", "2026-11-27T05:00"),  # Thanksgiving
    ],
)
def test_which_list_is_out(now: str, today: str, expected: str, opens: str) -> None:
    moment = at(now)
    assert announcements.today(moment) == date.fromisoformat(today)
    assert announcements.expected(moment) == date.fromisoformat(expected)
    assert announcements.opens(moment) == at(opens)
