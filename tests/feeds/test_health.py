"""Fresh, quiet, partial, stale or broken: one table of what lists hold and what is said of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.errors import FeedError
from bot.feeds import health
from bot.models import Batch, Entry, FeedKind, HealthState, Paper, Sighting

MON, TUE, WED, THU, FRI, SAT = (date(2026, 4, 20) + timedelta(days=number) for number in range(6))
HOUR = timedelta(hours=1)


def noon(day: date, hour: int = 14) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def past(*entries: int, until: date = TUE, whole: bool = True) -> list[Batch]:
    """Lists of the working days before and on `until`, the last one last."""
    days: list[date] = []
    day = until
    while len(days) < len(entries):
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return [
        Batch(day=day, entries=number, first_at=noon(day), whole=whole)
        for day, number in zip(reversed(days), entries, strict=True)
    ]


def seen(day: date | None, entries: int, new: int, repeats: date | None = None) -> Sighting:
    return Sighting(category="cs.AI", day=day, entries=entries, new=new, items=entries, repeats=repeats)


USUAL = past(100, 90, 200, 110, 100, 80, 100, 210, 100, 95, 90, 105, 190)
ARXIV = [
    (noon(WED), seen(WED, 101, 101), USUAL, "fresh", "Wednesday's list, 101 entries"),
    (noon(WED), seen(WED, 101, 95, TUE), USUAL, "fresh", "Wednesday's list, 101 entries"),
    (noon(WED), seen(TUE, 190, 0, TUE), USUAL, "stale", "still serving Tuesday's list (none of 190 ids new)"),
    # Yesterday's ids under today's date.
    (noon(WED), seen(WED, 486, 12, TUE), USUAL, "stale", "still serving Tuesday's list (12 of 486 ids new)"),
    (noon(WED), seen(TUE, 190, 190), [], "stale", "still serving Tuesday's list"),
    (noon(WED), seen(WED, 20, 20), USUAL, "partial", "20 entries where 100 are usual"),
    (noon(WED), seen(WED, 1, 1), USUAL, "partial", "1 entry where 100 are usual"),
    (noon(WED), seen(WED, 1, 1), past(2, 1, 3, 2, 2), "fresh", "Wednesday's list, 1 entry"),
    (noon(WED), seen(WED, 0, 0), past(9, 8, 7, 9), "fresh", "Wednesday's list, 0 entries"),
    (
        noon(WED),
        seen(None, 0, 0),
        USUAL,
        "partial",
        "an empty list where 100 are usual: it is late, or there is a pause",
    ),
    (noon(WED), seen(None, 0, 0), [], "partial", "an empty list: it is late, or there is a pause"),
    (noon(SAT), seen(None, 0, 0), USUAL, "quiet", "no list today: weekend"),
    (noon(SAT), seen(FRI, 100, 0, FRI), USUAL, "quiet", "no list today: weekend"),
    (noon(date(2026, 11, 26)), seen(None, 0, 0), USUAL, "quiet", "no list today: a holiday"),
    (noon(date(2026, 11, 27)), seen(None, 0, 0), USUAL, "quiet", "no list today: a holiday"),
    # Just past midnight in New York the old list is no fault yet.
    (noon(WED, 4), seen(TUE, 190, 0, TUE), USUAL, "fresh", "Tuesday's list, 190 entries"),
    # An old copy from a cache, when today's list was had already.
    (noon(TUE), seen(MON, 105, 0, MON), USUAL, "fresh", "Tuesday's list, 190 entries"),
    (noon(TUE), seen(None, 0, 0), USUAL, "fresh", "Tuesday's list, 190 entries"),
]
HUGGING_FACE = [
    (noon(WED), seen(WED, 20, 20), past(30, 30, 30, 30), "fresh", "Wednesday's list, 20 entries so far"),
    (noon(WED), seen(WED, 0, 0), past(30, 30, 30, 30), "partial", "0 entries where 30 are usual"),
    (noon(WED, 3), seen(None, 0, 0), past(30, 30, 30), "quiet", "Wednesday's list has only begun"),
    (noon(WED, 8), seen(WED, 5, 5), past(30, 30, 30), "fresh", "Wednesday's list, 5 entries so far"),
    (noon(WED, 8), seen(WED, 4, 4), past(30, 30, 30), "partial", "4 entries where 30 are usual"),
    (noon(WED), seen(WED, 2, 2), past(10, 10, 10), "fresh", "Wednesday's list, 2 entries so far"),
    (noon(WED), seen(TUE, 30, 0, TUE), [], "stale", "still serving Tuesday's list (none of 30 ids new)"),
    (noon(WED), seen(WED, 30, 2, TUE), [], "stale", "still serving Tuesday's list (2 of 30 ids new)"),
    (noon(SAT), seen(FRI, 30, 0, FRI), past(30, 30, 30, until=FRI), "quiet", "no list at the weekend"),
    # The last hour of the day in New York is the next day in UTC.
    (noon(THU, 0), seen(WED, 0, 0), past(30, 30, 30), "partial", "0 entries where 30 are usual"),
]
RSS = [
    (noon(WED), seen(WED, 5, 5), [], "fresh", "5 entries, the last new one today"),
    (noon(WED), seen(None, 0, 0), [], "quiet", "nothing yet"),
    (noon(WED), seen(TUE, 5, 0), past(1, 1), "quiet", "nothing new since Tuesday 21 April"),
    (
        noon(WED + timedelta(days=9)),
        seen(TUE, 5, 0),
        past(1, 1, 1, 1, 1, 1),
        "stale",
        "nothing new since Tuesday 21 April; it never paused for so long",
    ),
    (
        noon(WED + timedelta(days=8)),
        seen(TUE, 5, 0),
        past(1, 1, 1, 1, 1, 1),
        "quiet",
        "nothing new since Tuesday 21 April",
    ),
    (
        noon(WED + timedelta(days=90)),
        seen(TUE, 5, 0),
        past(1, 1, 1),
        "quiet",
        "nothing new since Tuesday 21 April",
    ),
]


@pytest.mark.parametrize(
    ("kind", "now", "sighting", "before", "state", "told"),
    [
        *((FeedKind.ARXIV, *row) for row in ARXIV),
        *((FeedKind.HUGGINGFACE, *row) for row in HUGGING_FACE),
        *((FeedKind.RSS, *row) for row in RSS),
    ],
)
def test_a_list_is_judged_by_what_it_holds(
    kind: FeedKind, now: datetime, sighting: Sighting, before: list[Batch], state: str, told: str
) -> None:
    found = health.judge(kind, sighting, before, now=now)
    assert (found.state, found.told) == (HealthState(state), told)
    assert found.troubled == (state in ("partial", "stale", "broken"))


def test_a_sighting_counts_what_is_announced_and_what_was_there_before() -> None:
    def entry(day: date | None, *, announced: bool = True) -> Entry:
        return Entry(paper=Paper(title="T", url="https://a.example"), listed_on=day, announced=announced)

    pairs = [(entry(WED), None), (entry(WED), MON), (entry(WED), TUE), (entry(WED, announced=False), MON)]
    assert health.sight(pairs, category="cs.AI") == Sighting(
        category="cs.AI", day=WED, entries=3, new=1, items=4, repeats=TUE
    )
    assert health.sight([], day=WED) == Sighting(day=WED)
    assert health.sight([(entry(None), None)]) == Sighting(entries=1, new=1, items=1)


def test_a_weekday_is_measured_by_itself_once_there_are_three() -> None:
    lists = past(100, 90, 200, 110, 100, 80, 100, 210, 100, 95, 90, 105, 190)
    assert health.usual(lists, TUE + timedelta(days=7)) == 200
    assert health.usual(lists[-4:], TUE + timedelta(days=7)) == 100
    assert health.usual(lists[-2:], WED) is None
    assert health.usual(past(1, 1, 1, 1, whole=False), WED) is None
    assert health.usual(lists, WED + timedelta(days=200)) is None


def test_a_field_that_was_always_there_is_missed() -> None:
    known = {"paper.id": MON, "paper.upvotes": TUE, "paper.summary": TUE - timedelta(days=30)}
    now = {"paper.id": 31, "paper.upvotes": 0, "paper.summary": 0}
    assert health.always({"a": 31, "b": 30}, 31) == ("a",)
    assert health.always({"a": 2}, 2) == ()
    assert health.vanished(now, 31, known, today=WED) == (
        "its shape changed: none of 31 entries has paper.upvotes any more"
    )
    assert health.vanished({**now, "paper.upvotes": 1}, 31, known, today=WED) == ""
    assert health.vanished(now, 2, known, today=WED) == ""
    assert health.vanished({}, 31, known, today=WED) == ""


def test_troubled_lists_are_asked_for_again_with_growing_pauses() -> None:
    pauses = [
        health.pause(FeedKind.ARXIV, now=noon(WED), poll=HOUR, stalls=stalls) // timedelta(minutes=1)
        for stalls in (1, 2, 3, 4, 5, 50)
    ]
    assert pauses == [10, 20, 40, 60, 60, 60]


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (noon(WED, 5), 6),
        (noon(WED, 22), 6.5),  # 04:30 UTC, half an hour past midnight in New York
        (noon(THU, 4), 6),
        (noon(SAT, 12), 6),
    ],
)
def test_arxiv_is_asked_when_its_next_list_is_there_and_a_few_times_between(now: datetime, hours: float) -> None:
    found = health.pause(FeedKind.ARXIV, now=now, poll=HOUR, stalls=0)
    assert found == min(timedelta(hours=hours), timedelta(hours=6))


def test_other_sources_are_asked_each_interval_and_nobody_at_the_same_second() -> None:
    assert health.pause(FeedKind.HUGGINGFACE, now=noon(WED), poll=HOUR, stalls=0) == HOUR
    assert health.pause(FeedKind.RSS, now=noon(WED), poll=HOUR, stalls=0, jitter=0.5) == 1.05 * HOUR
    assert health.after_error(None, failures=0, poll=HOUR, jitter=1) == timedelta(minutes=5.5)
    asked = FeedError("https://a.example", "busy", retry_after=7200)
    assert health.after_error(asked, failures=3, poll=HOUR) == 2 * HOUR
