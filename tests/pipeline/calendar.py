"""Years of digests in seconds: `python -m tests.pipeline.calendar --days 400 --zones 40 --seeds 50`.

A simulated clock runs over many zones, with the real database and the real pipeline; only Discord is a list. What
should have come is reckoned by an oracle of its own, which reads each zone's wall clock minute by minute where it
changes and knows nothing of `bot.digest.due`. Each kind of trouble has its own run, with all that can be promised
under it, and one run has them all.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import random
import tempfile
import time as stopwatch
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.digest import due
from bot.models import ChannelId, Delivery, GuildId, MessageId, Owner, Post, Schedule, VerdictKind
from bot.pipeline import ask, deliver
from storage import channels, verdicts
from storage.database import Database
from tests.making import HF, entry, store

HOUR, DAY = 60, 1440
"""All times here are whole minutes: since 1970 in UTC, or of a day."""
GRACE = 6 * HOUR
EPOCH = date(1970, 1, 1).toordinal()

FIRST = datetime(2025, 9, 1, tzinfo=UTC)
ZONES = (
    # both ends of the year, and what they change at: midnight, one, two or three o'clock, UTC or local
    *(
        "Europe/Berlin",
        "Europe/London",
        "Europe/Dublin",
        "Atlantic/Azores",
        "America/New_York",
        "America/St_Johns",
    ),
    *("America/Los_Angeles", "America/Havana", "America/Nuuk", "America/Scoresbysund", "Atlantic/Bermuda"),
    *("Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Europe/Chisinau", "America/Tijuana"),
    *("America/Santiago", "Pacific/Easter", "Australia/Sydney", "Australia/Adelaide", "Australia/Lord_Howe"),
    *("Pacific/Auckland", "Pacific/Chatham", "Pacific/Norfolk", "Antarctica/Troll", "Antarctica/McMurdo"),
    # back in Ramadan
    *("Africa/Casablanca", "Africa/El_Aaiun"),
    # none now, and odd offsets
    *("UTC", "America/Asuncion", "Asia/Kathmandu", "Asia/Kolkata", "Pacific/Apia", "Pacific/Kiritimati"),
    *("Pacific/Pago_Pago", "Pacific/Marquesas", "Australia/Eucla", "Asia/Tokyo", "Asia/Tehran"),
)
HISTORY = (
    ("Pacific/Apia", datetime(2011, 12, 31, tzinfo=UTC)),  # a day that never was
    ("Pacific/Kwajalein", datetime(1993, 8, 21, tzinfo=UTC)),
    ("Pacific/Kiritimati", datetime(1995, 1, 1, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2014, 6, 26, tzinfo=UTC)),  # four changes in half a year
    ("Africa/Cairo", datetime(2014, 7, 31, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),
    ("America/Asuncion", datetime(2024, 10, 6, tzinfo=UTC)),
    ("Asia/Pyongyang", datetime(2018, 5, 4, tzinfo=UTC)),  # half an hour
    ("America/Caracas", datetime(2016, 5, 1, tzinfo=UTC)),
    ("Asia/Amman", datetime(2022, 10, 28, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2023, 3, 26, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 3, 14, tzinfo=UTC)),  # one minute past midnight
)
"""(zone, about when its clock did something that it does no more)."""

NASTY = (0, 1, 30, 59, 60, 90, 120, 121, 135, 150, 165, 179, 180, 210, 720, 1380, 1410, 1439)
"""Times of day at which clocks are changed, or nearly."""


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


# --- the oracle -------------------------------------------------------------------------------------


_LOOK = 6 * HOUR
"""No clock was ever changed and changed back in less."""


class Wall:
    """A zone's wall clock, read four times a day, and minute by minute where it was changed."""

    def __init__(self, zone: str, first: int, last: int) -> None:
        place = ZoneInfo(zone)

        def offset(at: int) -> int:
            told = datetime.fromtimestamp(at * 60, place).utcoffset()
            assert told is not None
            return int(told.total_seconds()) // 60

        self.starts, self.offsets = [first], [offset(first)]
        for begin in range(first, last, _LOOK):
            if offset(begin + _LOOK) != self.offsets[-1]:
                for at in range(begin + 1, begin + _LOOK + 1):
                    if offset(at) != self.offsets[-1]:
                        self.starts.append(at)
                        self.offsets.append(offset(at))
        self.ends = [*self.starts[1:], last]

    def shows(self, at: int) -> tuple[int, int]:
        """(local day, time of day)."""
        return divmod(at + self.offsets[bisect_right(self.starts, at) - 1], DAY)

    def day(self, at: int) -> int:
        return self.shows(at)[0]

    def first_showing(self, day: int, at: int) -> int | None:
        """When the clock first shows `at` on `day`. Where it skips that: when it would have, unless the day is
        over then; else as much before the gap. None where there is no such day."""
        local = day * DAY + at
        for start, end, offset in zip(self.starts, self.ends, self.offsets, strict=True):
            if start <= local - offset < end:
                return local - offset
        for start, before, after in zip(self.starts[1:], self.offsets, self.offsets[1:], strict=False):
            if start + before <= local < start + after:
                return next((at for at in (local - before, local - after) if self.day(at) == day), None)
        return None


@cache
def wall(zone: str, first: int, last: int) -> Wall:
    return Wall(zone, first - 9 * DAY, last + 30 * DAY)


class Plan(NamedTuple):
    at: int
    zone: str
    days: frozenset[int]

    def has(self, day: int) -> bool:
        return (day + EPOCH - 1) % 7 in self.days

    def schedule(self) -> Schedule:
        return Schedule(post_at=time(*divmod(self.at, 60)), zone=self.zone, days=self.days, size=1)


@dataclass
class Follower:
    """One channel, from its first subscription to its last."""

    number: ChannelId
    begin: int
    end: int
    plans: list[tuple[int, Plan]]
    """(since when, what was set)."""
    posts: list[tuple[int, str]] = field(default_factory=list)
    """(when, the zone in force)."""

    @property
    def plan(self) -> Plan:
        return self.plans[-1][1]


def expected(follower: Follower, clock: Callable[[str], Wall]) -> Iterator[tuple[int, int | None, str]]:
    """(local day, when its digest should come if at all, zone) of every day without a change of zone.

    Told day by day: what was set when the day began, and what each change of that day makes of it.
    """
    changes = follower.plans
    edges = [0, *(n for n in range(1, len(changes)) if changes[n][1].zone != changes[n - 1][1].zone), len(changes)]
    for low, high in itertools.pairwise(edges):
        zone = changes[low][1].zone
        shown = clock(zone)
        inside = changes[low:high]
        end = follower.end if high == len(changes) else changes[high][0]
        # Days that began or will end in another zone are not told.
        days = range(shown.day(inside[0][0]) + (low > 0), shown.day(end) + (high == len(changes)))
        for day in days:
            before = [plan for since, plan in inside if shown.day(since) < day]
            today = [(since, plan) for since, plan in inside if shown.day(since) == day]
            comes = None
            if before:
                comes = shown.first_showing(day, before[-1].at) if before[-1].has(day) else None
            elif today:  # subscribed on this day: only what is still to come
                since, plan = today.pop(0)
                comes = shown.first_showing(day, plan.at) if plan.has(day) else None
                comes = comes if comes is not None and comes > since else None
            for since, plan in today:
                if comes is not None and comes <= since:
                    break
                wanted = shown.first_showing(day, plan.at) if plan.has(day) else None
                if wanted is not None and wanted <= since:
                    wanted = since if comes is not None else None
                comes = wanted
            yield day, comes if comes is not None and comes <= end else None, zone


# --- the run ----------------------------------------------------------------------------------------


class Trouble(NamedTuple):
    """What goes on beside the days."""

    changes: bool = False
    zones: bool = False
    jumps: bool = False
    stops: bool = False

    def told(self) -> str:
        return " + ".join(name for name, there in self._asdict().items() if there) or "clock changes only"


RUNS = (
    Trouble(),
    Trouble(changes=True),
    Trouble(changes=True, zones=True),
    Trouble(jumps=True),
    Trouble(stops=True),
    Trouble(changes=True, zones=True, stops=True),
    Trouble(changes=True, zones=True, jumps=True, stops=True),
)


@dataclass
class Outcome:
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.counts.update(other.counts)
        self.faults.extend(other.faults)


class Channels:
    """Discord, as far as a digest sees it: what was posted, and when by the host's clock."""

    def __init__(self) -> None:
        self.posted: list[ChannelId] = []

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        assert post.blocks, nonce
        self.posted.append(channel)
        return MessageId(len(self.posted))

    async def find(self, delivery: Delivery) -> MessageId | None:
        raise AssertionError(f"nothing was interrupted: {delivery}")

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        raise AssertionError(f"nothing was refused: {guild}, {channel}, {sentence}, {to}")


class Run:
    """One seed of one kind of trouble."""

    def __init__(self, db: Database, windows: Iterable[tuple[str, int, int]], trouble: Trouble, seed: int) -> None:
        self.db, self.trouble = db, trouble
        self.random = random.Random(f"{seed} {trouble}")
        self.discord, self.outcome = Channels(), Outcome()
        chosen = list(windows)
        self.first, self.last = min(begin for _, begin, _ in chosen), max(end for _, _, end in chosen)
        self.followers = [
            Follower(ChannelId(number), begin, end, [(begin, self._first_plan(zone, begin, end))])
            for number, (zone, begin, end) in enumerate(chosen, start=1)
        ]
        self.now = self.first
        self.active: dict[ChannelId, Follower] = {}
        self.next: dict[ChannelId, int] = {}
        self.heard: list[int] = []
        """When a tick came, in order."""
        self._agenda: list[tuple[int, int, str, Follower | None]] = []
        self._numbers = itertools.count()
        self._papers = -1

    def clock(self, zone: str) -> Wall:
        return wall(zone, self.first, self.last)

    def _plan(self, zone: str) -> Plan:
        chosen = self.random
        days = range(7) if chosen.random() < 0.5 else chosen.sample(range(7), chosen.randint(1, 6))
        at = chosen.choice(NASTY) if chosen.random() < 0.7 else chosen.randrange(DAY)
        return Plan(at, zone, frozenset(days))

    def _first_plan(self, zone: str, begin: int, end: int) -> Plan:
        """Mostly at a time of day that the clock will skip, or show twice."""
        plan, shown = self._plan(zone), self.clock(zone)
        changes = zip(shown.starts[1:], shown.offsets, shown.offsets[1:], strict=False)
        local = [
            sorted((start + before, start + after)) for start, before, after in changes if begin <= start < end
        ]
        if not local or self.random.random() < 0.2:
            return plan
        return plan._replace(at=self.random.randrange(*self.random.choice(local)) % DAY)

    def _enter(self, at: int, what: str, follower: Follower | None = None) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), what, follower))

    async def run(self) -> Outcome:
        for follower in self.followers:
            self._enter(follower.begin, "begin", follower)
            self._enter(follower.end, "end", follower)
            if self.trouble.changes:
                self._enter(follower.begin + self.random.randrange(2 * DAY), "change", follower)
        for what, there, every in (("jump", self.trouble.jumps, 2), ("stop", self.trouble.stops, 12)):
            for day in range(0, (self.last - self.first) // DAY if there else 0, every):
                self._enter(self.first + day * DAY + self.random.randrange(every * DAY), what)
        while self._agenda or self.active:
            following = min([at for at, *_ in self._agenda[:1]] + list(self.next.values()))
            self.now = max(self.now, following)
            await self._tick()
            while self._agenda and self._agenda[0][0] <= self.now:
                _, _, what, who = heapq.heappop(self._agenda)
                await self._happen(what, who)
            for number, follower in self.active.items():
                if number not in self.next or self.next[number] <= self.now:
                    self._look_ahead(follower)
        for follower in self.followers:
            await self._judge(follower)
        self.outcome.counts["ticks"] += len(self.heard)
        return self.outcome

    def _look_ahead(self, follower: Follower) -> None:
        """A tick at the minute when the wall clock shows the hour; now and then one just before or after."""
        plan, shown = follower.plan, self.clock(follower.plan.zone)
        today = shown.day(self.now)
        found = (shown.first_showing(day, plan.at) for day in range(today - 1, today + 9) if plan.has(day))
        at = min((at for at in found if at is not None and at > self.now), default=self.now + 7 * DAY)
        self.next[follower.number] = at
        if self.random.random() < 0.2:
            for near in (at - 1, at + 1):
                self._enter(near, "look")

    async def _tick(self) -> None:
        now = moment(self.now)
        hour = self.now // HOUR
        if hour != self._papers:
            # Two local days, and so two digests, may end within hours: each has something new.
            self._papers = hour
            named = (f"{now:%y%m.%d%H}{number}" for number in range(2))
            listed = (entry(f"Paper {name}", arxiv_id=name, on=now.date(), votes=5) for name in named)
            await store(self.db, HF, *listed, at=now)
        before = len(self.discord.posted)
        await deliver.deliver_due(self.db, self.discord, now=now)
        self.heard.append(self.now)
        new = Counter(self.discord.posted[before:])
        for number, count in new.items():
            follower = self.followers[number - 1]
            follower.posts += [(self.now, follower.plan.zone)] * count
            if count > 1:
                self._fault(follower, f"{count} posts at once")

    async def _happen(self, what: str, who: Follower | None) -> None:
        self.outcome.counts[what] += 1
        match what:
            case "begin":
                assert who
                who.begin = self.now
                who.plans = [(self.now, who.plan)]
                schedule, now = who.plan.schedule(), moment(self.now)
                await channels.subscribe(
                    self.db,
                    who.number,
                    Owner(guild_id=GuildId(1)),
                    "trending",
                    schedule=schedule,
                    next_due=due.next_due(schedule, now),
                    now=now,
                )
                self.active[who.number] = who
            case "end":
                assert who
                await self._tick()
                who.end = self.now
                for topic in await channels.topics(self.db, who.number):
                    await channels.unsubscribe(self.db, topic.id)
                del self.active[who.number]
                self.next.pop(who.number, None)
            case "change":
                assert who
                if who.number in self.active:
                    await self._change(who)
                    self._enter(self.now + self.random.randrange(1, 2 * DAY), "change", who)
            case "jump":
                self.now += self.random.choice((-HOUR, HOUR))
                self.next.clear()
                await self._tick()
            case "stop":
                self.now += self.random.choice((HOUR, DAY, 7 * DAY)) + self.random.randrange(90)
                if self.trouble == RUNS[-1] and self.active:  # somebody is quicker than the first tick
                    await self._change(self.random.choice(list(self.active.values())))
                await self._tick()

    async def _change(self, who: Follower) -> None:
        plan = who.plan
        chosen = self.random
        zone = chosen.choice(ZONES) if self.trouble.zones and chosen.random() < 0.4 else plan.zone
        new = self._plan(zone)
        if chosen.random() < 0.3:  # around the present minute
            new = new._replace(at=(self.clock(zone).shows(self.now)[1] + chosen.randint(-90, 90)) % DAY)
        new = new._replace(days=plan.days if chosen.random() < 0.6 else new.days)
        schedule = new.schedule()
        found = await ask.reschedule(self.db, who.number, lambda _: schedule, now=moment(self.now))
        assert found.schedule == schedule
        who.plans.append((self.now, new))
        self.next.pop(who.number, None)
        await self._tick()

    # --- what came of it ---

    def _fault(self, follower: Follower, told: str) -> None:
        plan = follower.plan
        self.outcome.faults.append(f"{self.trouble.told()}, channel {follower.number} ({plan.zone}): {told}")

    async def _judge(self, follower: Follower) -> None:
        found = await verdicts.latest(self.db, follower.number, limit=100_000)
        ended = {minute(verdict.due_at): verdict.kind for verdict in reversed(found)}
        posted = [at for at, kind in ended.items() if kind is VerdictKind.POSTED]
        counts = self.outcome.counts
        counts["channels"] += 1
        counts["channel days"] += (follower.end - follower.begin) // DAY
        counts["verdicts"] += len(ended)
        counts["posts"] += len(follower.posts)
        if any(at % 60 for at in (int(verdict.due_at.timestamp()) for verdict in found)):
            self._fault(follower, "a due moment within a minute")
        if len(posted) != len(follower.posts):
            self._fault(follower, f"{len(follower.posts)} posts, {len(posted)} told")
        if set(ended.values()) - {VerdictKind.POSTED, VerdictKind.MISSED}:
            self._fault(follower, f"{Counter(ended.values())}")
        self._judge_dates(follower, posted)
        rough = self.trouble.changes and self.trouble.jumps
        if not rough:
            self._judge_days(follower, ended)
            self._judge_times(follower, ended)

    def _judge_dates(self, follower: Follower, posted: Sequence[int]) -> None:
        """No two digests on one local date, in the zone that was in force when the second came."""
        moments = sorted(posted)
        for number in range(1, min(len(moments), len(follower.posts))):
            shown = self.clock(follower.posts[number][1])
            if shown.day(moments[number - 1]) >= shown.day(moments[number]):
                self._fault(follower, f"two on one day: {moment(moments[number - 1])}, {moment(moments[number])}")

    def _judge_days(self, follower: Follower, ended: dict[int, VerdictKind]) -> None:
        """Every local day has what it should have, at the minute when it should."""
        for day, comes, zone in expected(follower, self.clock):
            self.outcome.counts["days compared"] += 1
            shown = self.clock(zone)
            came = [at for at in ended if shown.day(at) == day]
            if came != ([] if comes is None else [comes]):
                should = "none" if comes is None else str(moment(comes))
                told = ", ".join(str(moment(at)) for at in came) or "none"
                self._fault(follower, f"{date.fromordinal(day + EPOCH)}: {told} instead of {should}")

    def _judge_times(self, follower: Follower, ended: dict[int, VerdictKind]) -> None:
        """Posted by the first tick that could; what no tick saw for six hours is missed."""
        posts = iter(at for at, _ in follower.posts)
        for at, kind in ended.items():
            if kind is VerdictKind.POSTED:
                came = next(posts, None)
                late = None if came is None else came - at
                allowed = HOUR if self.trouble.jumps else GRACE if self.trouble.stops else 0
                if late is None or not 0 <= late <= allowed:
                    self._fault(follower, f"due {moment(at)}, posted {came and moment(came)}")
            elif not self.trouble.stops:
                self._fault(follower, f"{moment(at)}: {kind}")
            elif any(at <= heard < at + GRACE for heard in self.heard):
                self._fault(follower, f"{moment(at)}: {kind}, though a tick came in time")


def windows(zones: Sequence[str], days: int, *, thorough: bool, seed: int) -> list[tuple[str, int, int]]:
    """(zone, from, to): all the days, or a week around each change of the clock, and one of each other zone."""
    first = minute(FIRST)
    last = first + days * DAY
    if thorough:
        return [(zone, first, last) for zone in zones]
    chosen = random.Random(seed)
    found = []
    for zone in zones:
        changed = [at for at in wall(zone, first, last).starts[1:] if first <= at < last]
        for at in changed or [chosen.randrange(first, last)]:
            begin = at - chosen.randrange(3 * DAY, 4 * DAY)
            found.append((zone, begin, begin + 7 * DAY))
    return found


def history() -> list[list[tuple[str, int, int]]]:
    """Weeks in which a zone's clock did something rare; each has a time of its own."""
    return [[(zone, minute(at) - 5 * DAY, minute(at) + 5 * DAY)] for zone, at in HISTORY]


async def simulate(
    folder: Path, chosen: Iterable[tuple[str, int, int]], trouble: Trouble, *, seed: int
) -> Outcome:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        async with Database(Path(place) / "calendar.sqlite") as db:
            return await Run(db, chosen, trouble, seed).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--zones", type=int, default=len(ZONES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--weeks", action="store_true", help="only around changes of the clock, as the tests do")
    options = parser.parse_args()
    faults = 0
    for trouble in RUNS:
        whole, start = Outcome(), stopwatch.perf_counter()
        for seed in range(options.first, options.first + options.seeds):
            plan = windows(ZONES[: options.zones], options.days, thorough=not options.weeks, seed=seed)
            for chosen in (plan, *history()):
                whole.add(asyncio.run(simulate(Path(tempfile.gettempdir()), chosen, trouble, seed=seed)))
        seconds = stopwatch.perf_counter() - start
        counted = ", ".join(f"{count} {name}" for name, count in whole.counts.items())
        print(f"{trouble.told()}: {len(whole.faults)} faults; {counted}; {seconds:.0f} s", flush=True)
        print(*(f"  {fault}" for fault in whole.faults[:20]), sep="\n")
        faults += len(whole.faults)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
