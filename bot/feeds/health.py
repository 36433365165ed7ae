"""Is a source fresh, quiet, partial, stale or broken? Told by what its lists hold, never by an HTTP status alone.

Owns: the judgement, its words, and when to look again. Pure: the calendar comes from the source's own module, the
past from storage. Measured by tests/bench/health.py on real captures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

from bot.errors import FeedError
from bot.feeds import announcements, huggingface
from bot.models import Batch, Entry, FeedKind, Health, HealthState, Sighting

PAST = timedelta(weeks=10)
"""How far back `usual` looks."""
_REPEATED = 0.5
"""A list of which more is known from an earlier day is that day's again. (Of 9,577 papers of Hugging Face four
were listed twice; of 18 days of cs.CV no announced one.)"""
_FEW = 3
"""Fewer entries, or fewer days of the past, prove nothing."""
_MANY = 12
"""Where fewer are usual, a day without any is nothing strange."""
_SHORT = 0.25
"""A list with less than this share of the usual number is short. (Three quarters of the mornings of Hugging Face
hold between half of the median and its double.)"""
_MORNING = 0.6
"""What a list of Hugging Face holds early in its day, of what it has at the end (measured at 07:00 to 09:00
UTC)."""
_MORNING_ENDS = 10
_REMEMBERED = timedelta(days=14)
"""A field that was not in every item for so long is not missed any more."""
_SHAPE = "its shape changed"
_FIRST_PAUSE = timedelta(minutes=10)
SETTLING = timedelta(minutes=30)
"""After arXiv makes a list, until it is there everywhere."""
_LONGEST_FRESH = timedelta(hours=6)
"""Even a list that is made once a day is looked at again: it may be mended."""


def sight(
    entries: Iterable[tuple[Entry, date | None]], *, category: str = "", day: date | None = None
) -> Sighting:
    """What a list held: its entries, each with the last earlier day on which the same feed had announced it.

    `day`: that of the whole answer, where a category may have none.
    """
    pairs = list(entries)
    own = [(entry, before) for entry, before in pairs if entry.announced]
    days = [entry.listed_on for entry, _ in own if entry.listed_on]
    repeated = [before for _, before in own if before]
    return Sighting(
        category=category,
        day=max(days, default=day),
        entries=len(own),
        new=len(own) - len(repeated),
        items=len(pairs),
        repeats=max(repeated, default=None),
    )


def judge(
    kind: FeedKind, sighting: Sighting, past: Sequence[Batch], *, now: datetime, changed: bool = True
) -> Health:
    """The health of one list at `now`. `past`: the batches of the same list; `changed`: whether it was read
    now, and not kept."""
    match kind:
        case FeedKind.ARXIV:
            state, told = _arxiv(sighting, past, now)
        case FeedKind.HUGGINGFACE:
            state, told = _huggingface(sighting, past, now)
        case FeedKind.RSS:
            state, told = _rhythm(sighting, past, now, changed=changed)
    return Health(state=state, told=told, sighting=sighting)


def broken(sighting: Sighting, reason: str) -> Health:
    return Health(state=HealthState.BROKEN, told=reason, sighting=sighting)


def _arxiv(seen: Sighting, past: Sequence[Batch], now: datetime) -> tuple[HealthState, str]:
    made = now - SETTLING
    today, due = announcements.today(made), announcements.expected(made)
    had = next((batch for batch in past if batch.day == due and batch.whole), None)
    if _is_repeat(seen) or seen.day is None or seen.day < due:
        if due < today:
            return HealthState.QUIET, f"no list today: {'weekend' if today.weekday() >= 5 else 'a holiday'}"
        if had:  # an old copy on the way back from a cache
            return HealthState.FRESH, f"{had.day:%A}'s list, {_entries(had.entries)}"
        if seen.day is None:
            number = usual(past, today)
            if number is not None and number < _MANY:
                return HealthState.QUIET, "nothing in today's list"
            return HealthState.PARTIAL, f"an empty list{_where(number)}: it is late, or there is a pause"
        return HealthState.STALE, _again(seen)
    if short := _short(seen, past, now=seen.day):
        return HealthState.PARTIAL, short
    return HealthState.FRESH, f"{seen.day:%A}'s list, {_entries(seen.entries)}"


def _huggingface(seen: Sighting, past: Sequence[Batch], now: datetime) -> tuple[HealthState, str]:
    day = huggingface.day_of(now)
    if day.weekday() >= 5:
        return HealthState.QUIET, "no list at the weekend"
    if _is_repeat(seen) or (seen.entries >= _FEW and seen.day and seen.day < day):
        return HealthState.STALE, _again(seen)
    utc = now.astimezone(UTC)
    early = utc.date() == day and utc.hour < _MORNING_ENDS
    if seen.entries == 0 and early:
        return HealthState.QUIET, f"{day:%A}'s list has only begun"
    if short := _short(seen, past, now=day, share=_MORNING if early else 1):
        return HealthState.PARTIAL, short
    return HealthState.FRESH, f"{day:%A}'s list, {_entries(seen.entries)} so far"


def _rhythm(seen: Sighting, past: Sequence[Batch], now: datetime, *, changed: bool) -> tuple[HealthState, str]:
    """A feed of unknown habits is measured by its own: stale is a silence far longer than any before."""
    if seen.new and changed:
        return HealthState.FRESH, _today(seen)
    days = sorted(batch.day for batch in past)
    if not days:
        return HealthState.QUIET, "nothing new yet" if seen.entries else "nothing yet"
    silence = max((now.date() - days[-1]).days, 0)
    pauses = [(after - before).days for before, after in pairwise(days)]
    if len(pauses) >= _FEW + 2 and silence > max(3 * max(pauses), 7):
        return (
            HealthState.STALE,
            f"nothing new since {days[-1]:%A} {days[-1].day} {days[-1]:%B}; it never paused for so long",
        )
    if silence:
        return HealthState.QUIET, f"nothing new since {days[-1]:%A} {days[-1].day} {days[-1]:%B}"
    return HealthState.FRESH, _today(seen)


def _today(seen: Sighting) -> str:
    return f"{_entries(seen.entries)}, the last new one today"


def _is_repeat(seen: Sighting) -> bool:
    return seen.entries >= _FEW and seen.entries - seen.new > _REPEATED * seen.entries


def _again(seen: Sighting) -> str:
    day = seen.repeats or seen.day
    told = f"still serving {day:%A}'s list" if day else "still serving an old list"
    if not seen.repeats:
        return told
    return f"{told} ({seen.new or 'none'} of {seen.entries} ids new)"


def _short(seen: Sighting, past: Sequence[Batch], *, now: date, share: float = 1) -> str:
    """That there are far fewer entries than usual on this weekday, in words; "" where there are not."""
    number = usual(past, now)
    if number is None or share * number < _MANY or seen.entries >= _SHORT * share * number:
        return ""
    return f"{_entries(seen.entries)}{_where(number)}"


def usual(past: Sequence[Batch], day: date) -> float | None:
    """The median number of entries on this weekday, else on any; None where too little is known."""
    whole = [batch for batch in past if batch.whole and batch.entries and day - PAST <= batch.day < day]
    same = [batch.entries for batch in whole if batch.day.weekday() == day.weekday()]
    found = same if len(same) >= _FEW else [batch.entries for batch in whole]
    return median(found) if len(found) >= _FEW else None


def _where(number: float | None) -> str:
    return f" where {number:.0f} are usual" if number else ""


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


# --- its shape ------------------------------------------------------------------------------------


def always(fields: Mapping[str, int], items: int) -> tuple[str, ...]:
    """The fields that every item of an answer has."""
    return tuple(name for name, number in fields.items() if number >= items) if items >= _FEW else ()


def vanished(fields: Mapping[str, int], items: int, known: Mapping[str, date], *, today: date) -> str:
    """That a field which every item used to have is in none any more, in words; "" where none is missed.

    `known`: field -> the last day on which every item had it.
    """
    gone = sorted(
        name
        for name, day in known.items()
        if items >= _FEW and fields.get(name) == 0 and today - day <= _REMEMBERED
    )
    return f"{_SHAPE}: none of {items} entries has {', '.join(gone)} any more" if gone else ""


def is_shape(told: str) -> bool:
    """Whether these are the words of `vanished`."""
    return told.startswith(_SHAPE)


# --- when to look again ---------------------------------------------------------------------------


def pause(
    kind: FeedKind,
    *,
    now: datetime,
    poll: timedelta,
    stalls: int,
    jitter: float = 0.0,
) -> timedelta:
    """How long until the next look. `stalls`: looks in a row, this one included, that brought less than was to be
    expected; `jitter`, 0 to 1, spreads the looks of many installations."""
    wait = poll
    if stalls:
        wait = min(_FIRST_PAUSE * 2 ** min(stalls - 1, 10), poll)
    elif kind is FeedKind.ARXIV:
        opening = announcements.opens(now) + SETTLING - now
        wait = min(max(opening, poll), max(_LONGEST_FRESH, poll))
    return wait * (1 + jitter / 10)


def after_error(
    error: FeedError | None,
    *,
    failures: int,
    poll: timedelta,
    first: timedelta = timedelta(minutes=5),
    jitter: float = 0.0,
) -> timedelta:
    """How long until the next look after a failed one, `failures` of them in a row before it: `first`, then twice
    as long each time up to `poll`; longer where the source asks for it."""
    growing: timedelta = first * 2 ** min(failures, 10)
    asked = timedelta(seconds=min(error.retry_after or 0, 86_400)) if error else timedelta()
    return max(min(growing, poll), asked) * (1 + jitter / 10)
