"""A digest is due exactly once per local due day, in every zone and through every clock change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digest import due
from bot.errors import UserError
from bot.models import RoundUp, Schedule

DAILY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))
ZONES = sorted(available_timezones())

zones = st.sampled_from(ZONES)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
day_sets = st.frozensets(st.integers(0, 6), min_size=1)
moments = st.integers(631_152_000, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
"""1990 to 2040."""


def _schedule(zone: str, at: str, days: frozenset[int] = DAILY) -> Schedule:
    return Schedule(post_at=time.fromisoformat(at), zone=zone, days=days)


def _chain(schedule: Schedule, start: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    for _ in range(count):
        start = due.next_due(schedule, start, served=found[-1] if found else None)
        found.append(start)
    return found


def _local(schedule: Schedule, moments: list[datetime]) -> list[str]:
    return [f"{moment.astimezone(ZoneInfo(schedule.zone)):%m-%d %H:%M}" for moment in moments]


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Whether any moment of the local day ever was."""
    start = datetime.combine(day, time(0), tzinfo=UTC) - timedelta(hours=15)
    return any((start + timedelta(hours=hour)).astimezone(zone).date() == day for hour in range(55))


@settings(deadline=None, max_examples=150)
@given(zones, times, day_sets, moments)
@example("Pacific/Apia", time(12, 0), frozenset({4}), datetime(2011, 12, 24, tzinfo=UTC))
@example("Pacific/Kwajalein", time(0, 0), DAILY, datetime(1993, 8, 18, tzinfo=UTC))
@example("Pacific/Kiritimati", time(23, 59), DAILY, datetime(1994, 12, 25, tzinfo=UTC))
@example("America/Nuuk", time(23, 30), DAILY, datetime(2025, 3, 20, tzinfo=UTC))
@example("America/Nuuk", time(23, 30), frozenset({5}), datetime(2025, 3, 29, tzinfo=UTC))
@example("America/Nuuk", time(0, 0), DAILY, datetime(2025, 10, 20, tzinfo=UTC))
@example("America/Sao_Paulo", time(0, 0), DAILY, datetime(2018, 11, 1, tzinfo=UTC))
@example("America/St_Johns", time(0, 0), DAILY, datetime(2010, 11, 1, tzinfo=UTC))
@example("Australia/Lord_Howe", time(2, 15), DAILY, datetime(2026, 9, 28, tzinfo=UTC))
@example("Antarctica/Troll", time(2, 30), DAILY, datetime(2026, 3, 25, tzinfo=UTC))
@example("Africa/Casablanca", time(2, 30), DAILY, datetime(2026, 2, 10, tzinfo=UTC))
def test_every_due_day_is_served_exactly_once(zone: str, at: time, days: frozenset[int], start: datetime) -> None:
    schedule = Schedule(post_at=at, zone=zone, days=days)
    place = ZoneInfo(zone)
    found = _chain(schedule, start, 3 * len(days))
    served = [moment.astimezone(place).date() for moment in found]
    assert all(earlier < later for earlier, later in zip([start, *found], found, strict=False))
    assert all(moment.tzinfo is UTC for moment in found)
    assert len(set(served)) == len(served)
    assert {day.weekday() for day in served} <= days
    # No day between is left out.
    between = (served[0] + timedelta(days=at) for at in range((served[-1] - served[0]).days))
    missed = [day for day in between if day.weekday() in days and day not in served and _exists(day, place)]
    assert missed == []
    # Nor one before the first: its moment had passed already.
    first = start.astimezone(place).date()
    before = [first + timedelta(days=at) for at in range((served[0] - first).days)]
    assert all(
        datetime.combine(day, at, tzinfo=place) <= start
        for day in before
        if day.weekday() in days and _exists(day, place)
    )


@settings(deadline=None, max_examples=100)
@given(zones, times, moments)
def test_a_restart_never_changes_the_next_due_moment(zone: str, at: time, start: datetime) -> None:
    schedule = Schedule(post_at=at, zone=zone, days=DAILY)
    moment = due.next_due(schedule, start)
    assert moment - start <= timedelta(days=3)
    for between in (start + (moment - start) / 2, moment - timedelta(seconds=1)):
        assert due.next_due(schedule, between) == moment
    assert due.next_due(schedule, moment) > moment


@settings(deadline=None, max_examples=100)
@given(zones, times, times, moments, st.integers(0, 40), day_sets)
def test_a_changed_schedule_gives_no_day_a_second_digest(
    zone: str, at: time, other: time, start: datetime, hours: int, days: frozenset[int]
) -> None:
    old = Schedule(post_at=at, zone=zone, days=DAILY)
    served = due.next_due(old, start)
    new = replace(old, post_at=other, days=days)
    following = due.next_due(new, served + timedelta(hours=hours), served=served)
    place = ZoneInfo(zone)
    assert following.astimezone(place).date() > served.astimezone(place).date()


def test_a_time_that_the_clock_skips_comes_right_behind_the_gap() -> None:
    berlin = _schedule("Europe/Berlin", "02:30")
    found = _chain(berlin, datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert _local(berlin, found) == ["03-28 02:30", "03-29 03:30", "03-30 02:30"]
    assert found[1] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_taken_the_first_time() -> None:
    berlin = _schedule("Europe/Berlin", "02:30")
    found = _chain(berlin, datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]
    new_york = _schedule("America/New_York", "01:30")
    found = _chain(new_york, datetime(2026, 10, 31, 12, tzinfo=UTC), 2)
    assert found == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 2, 6, 30, tzinfo=UTC)]


def test_a_gap_that_ends_the_day_is_served_before_it() -> None:
    nuuk = _schedule("America/Nuuk", "23:30")
    found = _chain(nuuk, datetime(2025, 3, 28, 12, tzinfo=UTC), 3)
    assert _local(nuuk, found) == ["03-28 23:30", "03-29 22:30", "03-30 23:30"]


def test_midnight_that_the_clock_skips_is_served_on_its_day() -> None:
    sao_paulo = _schedule("America/Sao_Paulo", "00:00")
    found = _chain(sao_paulo, datetime(2018, 11, 2, 12, tzinfo=UTC), 3)
    assert _local(sao_paulo, found) == ["11-03 00:00", "11-04 01:00", "11-05 00:00"]


def test_a_day_that_a_zone_skipped_has_no_digest() -> None:
    samoa = _schedule("Pacific/Apia", "09:00")
    found = _chain(samoa, datetime(2011, 12, 28, 20, tzinfo=UTC), 3)
    assert _local(samoa, found) == ["12-29 09:00", "12-31 09:00", "01-01 09:00"]
    fridays = _schedule("Pacific/Apia", "09:00", frozenset({4}))
    found = _chain(fridays, datetime(2011, 12, 22, tzinfo=UTC), 2)
    assert _local(fridays, found) == ["12-23 09:00", "01-06 09:00"]


def test_the_due_moment_itself_is_past() -> None:
    noon = _schedule("UTC", "12:00")
    moment = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert due.next_due(noon, moment - timedelta(seconds=1)) == moment
    assert due.next_due(noon, moment) == moment + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "served", "at", "expected"),
    [
        # served at 9, then moved to 15 at noon: tomorrow
        ("12:00", "09:00", "15:00", "04-01 15:00"),
        # not served yet, moved forward: today
        ("08:00", None, "15:00", "03-31 15:00"),
        # not served yet, moved behind now: tomorrow
        ("12:00", None, "09:00", "04-01 09:00"),
    ],
)
def test_a_change_in_mid_day(now: str, served: str | None, at: str, expected: str) -> None:
    def today(told: str) -> datetime:
        return datetime.combine(date(2026, 3, 31), time.fromisoformat(told), tzinfo=ZoneInfo("Asia/Tokyo"))

    schedule = _schedule("Asia/Tokyo", at)
    moment = due.next_due(schedule, today(now), served=today(served) if served else None)
    assert _local(schedule, [moment]) == [expected]


NOON = "03-31 12:00"


@pytest.mark.parametrize(
    ("pending", "served", "at", "days", "expected"),
    [
        # Today's is still to come: it moves within the day, or comes at once.
        ("03-31 13:00", "03-30 13:00", "15:00", DAILY, "03-31 15:00"),
        ("03-31 13:00", "03-30 13:00", "09:00", DAILY, NOON),
        ("03-31 13:00", None, "09:00", DAILY, NOON),
        # The new schedule has no digest today.
        ("03-31 13:00", "03-30 13:00", "09:00", frozenset({2}), "04-01 09:00"),
        # Today's has come, or its day began without one.
        ("04-01 10:00", "03-31 10:00", "15:00", DAILY, "04-01 15:00"),
        ("04-01 10:00", "03-31 10:00", "09:00", DAILY, "04-01 09:00"),
        ("04-01 10:00", "03-30 10:00", "15:00", DAILY, "03-31 15:00"),
        ("04-01 10:00", None, "09:00", DAILY, "04-01 09:00"),
        # Paused: whatever comes next.
        (None, "03-30 13:00", "09:00", DAILY, "04-01 09:00"),
        (None, "03-30 13:00", "15:00", DAILY, "03-31 15:00"),
        # Due already, and no tick has seen it.
        ("03-31 11:59", "03-30 11:59", "09:00", DAILY, "03-31 11:59"),
        ("03-31 11:59", "03-30 11:59", "11:59", DAILY, "03-31 11:59"),
        ("03-31 11:59", "03-30 11:59", "15:00", DAILY, "03-31 15:00"),
        ("03-31 11:59", "03-30 11:59", "09:00", frozenset({2}), "03-31 11:59"),
        ("03-30 23:00", "03-29 23:00", "15:00", DAILY, "03-30 23:00"),
    ],
)
def test_a_changed_schedule_leaves_no_due_day_without_its_digest(
    pending: str | None, served: str | None, at: str, days: frozenset[int], expected: str
) -> None:
    def moment(told: str | None) -> datetime | None:
        return None if told is None else datetime.strptime(f"2026-{told} +0900", "%Y-%m-%d %H:%M %z")

    now = moment(NOON)
    assert now is not None
    schedule = _schedule("Asia/Tokyo", at, days)
    found = due.after_change(schedule, now, pending=moment(pending), served=moment(served))
    assert _local(schedule, [found]) == [expected]


def test_a_changed_zone_has_a_day_of_its_own() -> None:
    # 08:00 on Wednesday in Auckland, an hour before its digest; on Tuesday's in Los Angeles nothing came yet.
    now = datetime(2026, 3, 31, 19, tzinfo=UTC)
    served, pending = now - timedelta(hours=23), now + timedelta(hours=1)
    assert due.after_change(_schedule("America/Los_Angeles", "09:00"), now, pending=pending, served=served) == now
    # Two days there are one day here: it has had its digest.
    served, pending = datetime(2026, 3, 31, 10, 30, tzinfo=UTC), datetime(2026, 3, 31, 11, 30, tzinfo=UTC)
    tokyo = _schedule("Asia/Tokyo", "09:00")
    for now in (served + timedelta(minutes=1), pending + timedelta(minutes=1)):
        found = due.after_change(tokyo, now, pending=pending, served=served)
        assert _local(tokyo, [found]) == ["04-01 09:00"]


def test_a_change_of_zone_counts_the_day_in_the_new_one() -> None:
    served = datetime(2026, 3, 31, 20, tzinfo=UTC)  # 1 April in Tokyo
    tokyo = _schedule("Asia/Tokyo", "23:00")
    assert _local(tokyo, [due.next_due(tokyo, served, served=served)]) == ["04-02 23:00"]


def test_a_schedule_without_days_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="never due"):
        due.next_due(_schedule("UTC", "12:00", frozenset()), datetime(2026, 3, 31, tzinfo=UTC))


def test_the_reader_s_day() -> None:
    now = datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert due.local_day(_schedule("Asia/Tokyo", "12:00"), now) == date(2026, 4, 1)
    assert due.local_day(_schedule("America/New_York", "12:00"), now) == date(2026, 3, 31)


# --- suggestions ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(zones, moments)
def test_a_suggestion_is_13_utc_on_the_working_days_of_the_lists(zone: str, now: datetime) -> None:
    schedule = due.suggest(zone, now, size=5)
    assert (schedule.zone, schedule.size) == (zone, 5)
    place = ZoneInfo(zone)
    offset = datetime.combine(now.date(), due.SUGGESTED_UTC, tzinfo=UTC).astimezone(place).utcoffset()
    for moment in _chain(schedule, now, 5):
        if moment.astimezone(place).utcoffset() == offset:
            assert moment.time() == time(13, 0)
            assert moment.weekday() in WEEKDAYS


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "Mon–Fri 13:00"),
        ("Europe/Berlin", "Mon–Fri 15:00"),
        ("America/Los_Angeles", "Mon–Fri 06:00"),
        ("Asia/Kolkata", "Mon–Fri 18:30"),
        ("Pacific/Auckland", "Tue–Sat 02:00"),
        ("Pacific/Pago_Pago", "Mon–Fri 02:00"),
    ],
)
def test_suggestions_in_local_time(zone: str, told: str) -> None:
    schedule = due.suggest(zone, datetime(2026, 3, 31, 8, tzinfo=UTC))
    assert f"{due.days_told(schedule.days)} {schedule.post_at:%H:%M}" == told


@pytest.mark.parametrize(
    ("zone", "at", "early"),
    [
        ("UTC", "09:59", 9),
        ("UTC", "10:00", None),
        ("UTC", "13:00", None),
        ("UTC", "01:30", 1),
        ("UTC", "01:29", None),
        ("UTC", "23:00", None),
        ("Europe/Berlin", "09:00", 7),
        ("America/Los_Angeles", "07:00", None),
        ("Asia/Tokyo", "09:00", None),
        ("Asia/Tokyo", "12:00", 3),
    ],
)
def test_early_is_before_most_of_the_day_is_listed(zone: str, at: str, early: int | None) -> None:
    assert due.early_hour(_schedule(zone, at), datetime(2026, 6, 15, 12, tzinfo=UTC)) == early


def test_in_winter_the_new_day_opens_an_hour_later() -> None:
    hours = [
        due.early_hour(_schedule("UTC", at), datetime(2026, 1, 12, 12, tzinfo=UTC)) for at in ("02:29", "02:30")
    ]
    assert hours == [None, 2]


# --- what people type -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_known_whatever_its_capitals(text: str, zone: str) -> None:
    assert due.zone_named(text) == zone


@pytest.mark.parametrize(
    "text", ["", "Berlin", "Mars/Olympus", "../../etc/passwd", "Europe/Berlin\0", "x" * 5_000]
)
def test_an_unknown_zone_is_answered_with_some_that_work(text: str) -> None:
    with pytest.raises(UserError, match="no time zone") as caught:
        due.zone_named(text)
    assert len(str(caught.value)) < 300
    assert due.zone_named("America/New_York") in str(caught.value)


def test_zones_are_found_by_any_part_and_first_by_their_city() -> None:
    assert due.zones_like("berlin") == ("Europe/Berlin",)
    assert "America/New_York" in due.zones_like("new york")
    assert due.zones_like("utc") == ("UTC",)
    assert due.zones_like("ber") == ("Atlantic/Bermuda", "Europe/Berlin", "Australia/Canberra")
    assert due.zones_like("nowhere") == ()
    assert len(due.zones_like("")) == 25
    assert len(due.zones_like("america", limit=3)) == 3
    assert all(due.zone_named(zone) == zone for zone in due.zones_like("a"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("9", "09:00"),
        ("09:30", "09:30"),
        ("9:30", "09:30"),
        ("9.30", "09:30"),
        (" 21:05 ", "21:05"),
        ("0", "00:00"),
        ("9 pm", "21:00"),
        ("9pm", "21:00"),
        ("9:30 PM", "21:30"),
        ("9 am", "09:00"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("12:30 am", "00:30"),
        ("0:30 am", "00:30"),
    ],
)
def test_a_time_of_day(text: str, told: str) -> None:
    assert f"{due.time_named(text):%H:%M}" == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "24",
        "24:00",
        "9:60",
        "-1",
        "13 pm",
        "13:30 pm",
        "15 am",
        "pm",
        "9:30:15",
        "0930",
        "9h",
        "x" * 500,
    ],
)
def test_no_time_of_day_is_answered_with_one_that_works(text: str) -> None:
    with pytest.raises(UserError, match="no time of day") as caught:
        due.time_named(text)
    assert len(str(caught.value)) < 200
    assert due.time_named("09:30") == time(9, 30)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("Mon–Fri", {0, 1, 2, 3, 4}),
        ("Monday - Friday", {0, 1, 2, 3, 4}),
        ("tue, thu", {1, 3}),
        ("tue,thu", {1, 3}),
        ("Tuesday Thursday", {1, 3}),
        ("tues thurs", {1, 3}),
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("Every Day", {0, 1, 2, 3, 4, 5, 6}),
        ("weekdays", {0, 1, 2, 3, 4}),
        ("weekends", {5, 6}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sun-mon, wed", {6, 0, 2}),
        ("sat-sat", {5}),
    ],
)
def test_days_are_understood(text: str, days: set[int]) -> None:
    assert due.days_named(text) == days


@pytest.mark.parametrize("text", ["", " , ", "never", "mon-", "-", "mon-tue-wed", "mon fry", "1-5", "m"])
def test_no_days_are_answered_with_some_that_work(text: str) -> None:
    with pytest.raises(UserError, match="mon-fri"):
        due.days_named(text)


@given(day_sets)
def test_days_that_are_told_are_understood_again(days: frozenset[int]) -> None:
    assert due.days_named(due.days_told(days)) == days


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({0, 1, 2, 3, 4}, "Mon–Fri"),
        (range(7), "daily"),
        ({1, 3}, "Tue, Thu"),
        ({5, 6}, "Sat, Sun"),
        ({4, 5, 6}, "Fri–Sun"),
        ({6, 0}, "Mon, Sun"),
        ({2}, "Wed"),
    ],
)
def test_days_are_told_shortly(days: set[int], told: str) -> None:
    assert due.days_told(frozenset(days)) == told


# --- round-ups ------------------------------------------------------------------------------------------


def test_a_round_up_has_its_own_day_and_time_in_the_channels_zone() -> None:
    channels = Schedule(post_at=time(13), zone="Europe/Berlin", days=frozenset(range(5)), size=3)
    own = due.weekly(channels, RoundUp(day=6, post_at=time(18, 30)))
    assert own == Schedule(post_at=time(18, 30), zone="Europe/Berlin", days=frozenset({6}), size=3)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", datetime(2026, 3, 31, 17, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 3, 31, 13, tzinfo=UTC)),  # at once: 17:00 was five hours ago
        ("Pacific/Honolulu", datetime(2026, 4, 1, 3, tzinfo=UTC)),  # Tuesday 17:00 there
        ("Pacific/Kiritimati", datetime(2026, 3, 31, 13, tzinfo=UTC)),  # Wednesday 03:00 there already
    ],
)
def test_a_round_up_that_is_still_to_come_keeps_its_local_day_in_another_zone(
    zone: str, expected: datetime
) -> None:
    """Tuesday 17:00 in New York is 21:00 UTC; it is 13:00 UTC."""
    before = Schedule(post_at=time(17), zone="America/New_York", days=frozenset({1}))
    now, pending = datetime(2026, 3, 31, 13, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC)
    after = replace(before, zone=zone)
    assert due.after_move(before, after, now, pending) == expected
    assert due.after_move(before, after, pending, pending) == pending


def test_a_day_that_the_other_zone_skipped_leaves_it_for_the_next_week() -> None:
    """Samoa had no 30 December 2011."""
    before = Schedule(post_at=time(17), zone="UTC", days=frozenset({4}))
    after = replace(before, zone="Pacific/Apia")
    now, pending = datetime(2011, 12, 28, 13, tzinfo=UTC), datetime(2011, 12, 30, 17, tzinfo=UTC)
    moved = due.after_move(before, after, now, pending)
    assert moved == due.next_due(after, now) == datetime(2012, 1, 6, 3, tzinfo=UTC)
