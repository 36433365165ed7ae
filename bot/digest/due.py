"""When a channel's digest is due: exactly once per local due day, through every clock change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.errors import UserError
from bot.models import RoundUp, Schedule

SUGGESTED_UTC = time(13, 0)
"""By then about three quarters of a Hugging Face day are listed; at 08:00 UTC it is under two thirds, and
0.7 of the day's final top five are not there yet (measured on 580 weekdays)."""
EARLY: Mapping[int, tuple[int, float]] = {7: (63, 0.77), 8: (63, 0.70), 9: (68, 0.42), 10: (73, 0.14)}
"""What an early digest costs: hour in UTC -> (% of the day's papers that Hugging Face has listed by then, how many
of the day's final top five are not among them). Measured on 307 mornings; from ten on it changes little."""
MIN_SIZE, MAX_SIZE = 1, 10
"""Papers in a digest: more do not fit one Discord message."""

_NEW_YORK, _ROLLOVER = ZoneInfo("America/New_York"), time(21, 30)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_NAMES = tuple(day[:3] for day in WEEKDAYS)
_GROUPS = {"daily": range(7), "every day": range(7), "weekdays": range(5), "weekends": (5, 6)}


def next_due(schedule: Schedule, after: datetime, *, served: datetime | None = None) -> datetime:
    """The first due moment later than `after`, in UTC.

    A local day on which `served` fell is over: it gets no second digest, however the schedule changes.
    A time that the clock skips that day is taken behind the gap (before it, where the gap ends the day); one
    that comes twice is taken the first time (PEP 495, fold=0).
    """
    zone = ZoneInfo(schedule.zone)
    done = served.astimezone(zone).date() if served else date.min
    # A fortnight holds every weekday twice, so that a day that a zone skipped (Samoa, 2011) costs nothing.
    for day in _days(after.astimezone(zone).date() - timedelta(days=1), 16):
        if day.weekday() not in schedule.days or day <= done:
            continue
        moment = _moment(day, schedule.post_at, zone)
        if moment is not None and moment > after:
            return moment
    raise ValueError(f"{schedule} is never due")


def after_change(
    schedule: Schedule, now: datetime, *, pending: datetime | None, served: datetime | None
) -> datetime:
    """The due moment of a channel that changes to `schedule`; `pending` is the one it had, None while paused.

    A day whose digest was still to come keeps it: where the new schedule has the day, but its time of day has
    passed, the digest is due at once. A moment that has come already, unseen by a tick, is left to the next
    tick, unless the new schedule has a later one on its day.
    """
    following = next_due(schedule, now, served=served)
    if pending is None:
        return following
    today, day = local_day(schedule, now), local_day(schedule, pending)
    if served and day <= local_day(schedule, served):
        return following
    if day == today == local_day(schedule, following):
        return following
    if pending <= now:
        return pending
    return now if day == today and today.weekday() in schedule.days else following


def weekly(schedule: Schedule, round_up: RoundUp) -> Schedule:
    """A round-up's own schedule, in the zone of its channel's."""
    return replace(schedule, post_at=round_up.post_at, days=frozenset({round_up.day}))


def after_move(before: Schedule, schedule: Schedule, now: datetime, pending: datetime) -> datetime:
    """The due moment of a round-up whose channel moves from the zone of `before` to that of `schedule`: on the
    local day on which it was to come, at once where that time has passed there."""
    if pending <= now:
        return pending
    moment = _moment(local_day(before, pending), schedule.post_at, ZoneInfo(schedule.zone))
    return max(moment, now) if moment else next_due(schedule, now)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """When it is `at` on the local `day`; None where the zone skipped the whole day."""
    for fold in (0, 1):
        # Where the clock skips from `at` over midnight (Nuuk, 23:00 to 24:00), fold=1 is as far before the gap.
        moment = datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).date() == day:
            return moment
    return None


def local_day(schedule: Schedule, now: datetime) -> date:
    """The reader's day at `now`."""
    return now.astimezone(ZoneInfo(schedule.zone)).date()


def _days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=at) for at in range(count))


def suggest(zone: str, now: datetime, size: int = 8) -> Schedule:
    """13:00 UTC in the zone's present time, on the local days on which it is Monday to Friday in UTC."""
    moment = datetime.combine(now.astimezone(UTC).date(), SUGGESTED_UTC, tzinfo=UTC)
    local = moment.astimezone(ZoneInfo(zone))
    shift = (local.date() - moment.date()).days
    days = frozenset((day + shift) % 7 for day in range(5))
    return Schedule(post_at=local.time().replace(microsecond=0), zone=zone, days=days, size=size)


def early_hour(schedule: Schedule, now: datetime) -> int | None:
    """The hour, in UTC, of the next digest, where it comes before most of its day's papers are listed."""
    moment = next_due(schedule, now)
    local = moment.astimezone(_NEW_YORK)
    # Until 21:30 in New York the day before is open, and its list is complete.
    begun = local.date() == moment.date() or local.time() >= _ROLLOVER
    return moment.hour if begun and moment.hour < max(EARLY) else None


@cache
def _zones() -> frozenset[str]:
    """Every zone's name but the host's own and none; reading them walks the disk."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def zone_named(text: str) -> str:
    """An IANA zone, whatever its capitals. Raises UserError with what would work."""
    wanted = text.strip().replace(" ", "_").casefold()
    for name in _zones():
        if name.casefold() == wanted:
            return name
    raise UserError(
        f"“{text[:60]}” is no time zone that I know. Choose one from the list as you type, for example "
        "`Europe/Berlin`, `America/New_York` or `UTC`."
    )


def zones_like(text: str, limit: int = 25) -> tuple[str, ...]:
    """Zones whose name contains `text`, those whose city begins with it first."""
    wanted = text.strip().replace(" ", "_").casefold()
    places = (name for name in _zones() if "/" in name and not name.startswith("Etc/"))
    found = [name for name in (*places, "UTC") if wanted in name.casefold()]

    def rank(name: str) -> tuple[bool, str]:
        city = name.rpartition("/")[2].casefold()
        return (not city.startswith(wanted), name)

    return tuple(sorted(found, key=rank)[:limit])


def time_named(text: str) -> time:
    """ "9", "09:30", "9:30" or "9 pm". Raises UserError."""
    raw = text.strip().casefold().replace(".", ":")
    afternoon = raw.endswith("pm")
    digits = raw.removesuffix("am").removesuffix("pm").strip()
    hour, _, minute = digits.partition(":")
    try:
        number = int(hour)
        if raw.endswith(("am", "pm")):
            if number > 12:
                raise ValueError(raw)
            number = number % 12 + (12 if afternoon else 0)
        return time(number, int(minute or 0))
    except ValueError:
        raise UserError(f"“{text[:40]}” is no time of day: write it as `09:30`.") from None


def days_named(text: str) -> frozenset[int]:
    """ "mon-fri", "tue, thu", "daily", "weekdays". Raises UserError."""
    raw = text.strip().casefold()
    if raw in _GROUPS:
        return frozenset(_GROUPS[raw])
    found: set[int] = set()
    for part in re.sub(r"\s*[-–]\s*", "-", raw).replace(",", " ").split():
        ends = [_day_number(end) for end in part.split("-")]
        if not 1 <= len(ends) <= 2 or None in ends:
            raise UserError(f"“{text[:60]}” names no days: write `mon-fri`, `tue, thu` or `daily`.")
        first, last = ends[0] or 0, ends[-1] or 0
        found |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    if not found:
        raise UserError("At least one day is needed: write `mon-fri`, `tue, thu` or `daily`.")
    return frozenset(found)


def _day_number(text: str) -> int | None:
    return next((at for at, name in enumerate(_DAY_NAMES) if text.startswith(name.casefold())), None)


def days_told(days: frozenset[int]) -> str:
    """ "Mon-Fri", "daily", "Tue, Thu"."""
    if len(days) == 7:
        return "daily"
    listed = sorted(days)
    if len(listed) > 2 and listed == list(range(listed[0], listed[-1] + 1)):
        return f"{_DAY_NAMES[listed[0]]}–{_DAY_NAMES[listed[-1]]}"
    return ", ".join(_DAY_NAMES[day] for day in listed)
