"""One run: a seed's channels, papers and days, and a bot that is killed until it has been killed often enough."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import sqlite3
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from aiohttp import web

from bot.models import ChannelId, GuildId, Occasion, Owner, RoundUp, Schedule
from storage import channels, round_ups
from storage.database import Database
from tests.feeds.test_arxiv import item
from tests.kill import judge
from tests.kill.judge import Announced, Follower
from tests.kill.steps import LATE, LOOKED, MOMENT, OUTSIDE, RECEIVED, REST, STEPS, STORED, Need, Step
from tests.nursery import LAUNCH, Forked, Nursery
from tests.peer import rest
from tests.peer.faults import LOOK, SEND, Fault
from tests.peer.rest import Peer
from tests.peer.shapes import Json
from tests.pipeline import sources
from tests.test_cli import TOKEN, environment

KILLS = 13
BEGIN = datetime(2026, 3, 30, 9, tzinfo=UTC)
"""A Monday."""
LAST = timedelta(days=4)
"""Behind the last kill: what is older than a week, a digest does not reach back to."""
LEASE = 2
PLACES = (
    ("UTC", time(13)),
    ("Europe/Berlin", time(15)),
    ("America/New_York", time(9)),
    ("Asia/Kolkata", time(19)),
    ("Asia/Tokyo", time(23, 30)),
    ("Europe/London", time(14)),
)
"""Due at 13:00 UTC, four of them at once, at 13:30 and at 14:30."""
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
NO_WORDS = ("quagga", "zebra")
"""Of which no paper ever speaks."""
OPTIONS = ("--hurry", "0.02", "--lease", str(LEASE), "--every", "deliver=0.1", "--every", "ingest=0.1")


class World(sources.World):
    """Sources that remember what they gave a validator for."""

    def __init__(self) -> None:
        super().__init__()
        self.vouched: dict[str, frozenset[str]] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = await super().answer(request)
        tag = response.headers.get("ETag")  # the API gives none
        if tag and isinstance(response, web.Response) and isinstance(response.body, bytes) and response.body:
            self.vouched[tag] = frozenset(judge.NUMBER.findall(response.body.decode()))
        return response


@dataclass
class Taking(Fault):
    """The `passed`-th such request and no other."""

    passed: int = 1

    def fits(self, method: str, path: str) -> bool:
        if not super().fits(method, path):
            return False
        self.passed -= 1
        return self.passed == 0


@dataclass
class Behind(Fault):
    """Fails nothing: lets go what hangs, as soon as such a request is answered."""

    kept: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, method: str, path: str) -> bool:
        if super().fits(method, path):
            asyncio.get_running_loop().call_soon(self.kept.set)
        return False


@dataclass
class Tally:
    """What came of one run or of many."""

    starts: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    unreached: Counter[str] = field(default_factory=Counter)
    digests: int = 0
    """Of which so many are"""
    round_ups: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    papers: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    half: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.starts += other.starts
        self.digests += other.digests
        self.round_ups += other.round_ups
        self.papers += other.papers
        self.faults += other.faults
        for name in ("kills", "unreached", "verdicts", "lost", "doubled", "half"):
            getattr(self, name).update(getattr(other, name))


class Run:
    def __init__(self, seed: int, folder: Path, nursery: Nursery, *, kills: int = KILLS) -> None:
        self.seed, self.folder, self.nursery, self.kills = seed, folder, nursery, kills
        self.random = random.Random(seed)
        self.tally = Tally()
        self.world, self.peer = World(), Peer(channels=len(PLACES))
        self.now = BEGIN
        self.followers = self._followers()
        self.announced: list[Announced] = []
        self._listed: dict[date, list[str]] = {}
        self._told: set[str] = set()
        self._deck: list[Step] = []
        self._late: asyncio.Event | None = None
        """Lets Discord store what it still has in hand."""

    @property
    def database(self) -> Path:
        return self.folder / "paperboy.sqlite"

    def _followers(self) -> tuple[Follower, ...]:
        chosen = self.random
        places = chosen.sample(PLACES, len(PLACES))
        days = [frozenset(range(7)), *[frozenset(range(5))] * 4, frozenset((0, 1, 3))]
        chosen.shuffle(days)
        words = [*(tuple(chosen.sample(WORDS, 2)) for _ in PLACES[1:]), NO_WORDS]
        found = []
        for number, ((zone, at), on, both) in enumerate(zip(places, days, words, strict=True), 1):
            # Half of the round-ups are due with a digest, the others soon before or behind it.
            back_at = at.replace(hour=(at.hour + chosen.choice((0, 0, -2, 1))) % 24)
            found.append(Follower(number, zone, at, on, both, back_at, back_on=chosen.randrange(4)))
        return tuple(found)

    async def play(self) -> Tally:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(sources.serving(self.world))
            await stack.enter_async_context(rest.serving(self.peer))
            self.peer.nonce_window = timedelta(seconds=self.random.choice((0, 180)))
            await self._subscribe()
            tries = 0
            while self.tally.kills.total() < self.kills and tries < 3 * self.kills and self.now < BEGIN + LAST:
                tries += 1
                await self._kill_one()
            await self._finish()
        return self.tally

    async def _subscribe(self) -> None:
        async with Database(self.database) as db:
            for follower in self.followers:
                due, back = (follower.moments(each, BEGIN, BEGIN + timedelta(days=8))[0] for each in Occasion)
                schedule = Schedule(post_at=follower.at, zone=follower.zone, days=follower.days, size=3)
                for word in follower.words:
                    await channels.subscribe(
                        db,
                        ChannelId(follower.number),
                        Owner(guild_id=GuildId(7)),
                        word,
                        schedule=schedule,
                        next_due=due,
                        now=BEGIN,
                    )
                channel = await channels.get(db, ChannelId(follower.number))
                assert channel
                round_up = RoundUp(day=follower.back_on, post_at=follower.back_at, next_due=back)
                assert await round_ups.turn_on(db, channel, round_up)

    # --- the world goes on -----------------------------------------------------------------------------

    def _announce(self) -> None:
        """A few papers more, in one list or in both, and some votes."""
        day = judge.open_day(int(self.now.timestamp()))
        while day.weekday() > 4:
            day -= timedelta(days=1)
        for _ in range(self.random.randint(2, 5)):
            words = tuple(self.random.sample(WORDS, self.random.randint(1, 2)))
            count = len(self.announced) + 1
            title = f"{' '.join(words).title()} Study {count}"
            where = self.random.choice(("huggingface", "arxiv", "both"))
            if where != "arxiv":
                self.world.days.setdefault(day, []).append(sources.listed(count, day, title=title))
            if where != "huggingface":
                date_line = f"{day:%a, %d %b %Y} 00:00:00 -0400"
                self.world.arxiv.append(item(f"2603.{count:05}", title=title, date_line=date_line))
            self.announced.append(Announced(f"2603.{count:05}", words, day))
        for listed in self.world.days.get(day, ()):
            listed["paper"]["upvotes"] += self.random.randint(0, 3)

    # --- one start -------------------------------------------------------------------------------------

    async def _kill_one(self) -> None:
        step = self._next_step()
        self._prepare(step)
        passage = self.random.randint(1, step.most) if step.most > 3 or self.random.random() < 0.4 else 1
        killed = await self._start(step, passage)
        if killed:
            self.tally.kills[killed] += 1
        else:
            self.tally.unreached[step.name] += 1
        self._judge(killed or step.name)

    def _next_step(self) -> Step:
        """The next one of a shuffled deck; one that needs an open delivery only where there is one."""
        if not self._deck:
            self._deck = self._shuffled()
        open_ = judge.state(self.database, "SELECT 1 FROM deliveries WHERE state = 'claimed'")
        looking = bool(open_) and self.random.random() < 0.6
        step = next((step for step in self._deck if (step.need is Need.OPEN) == looking), self._deck[0])
        self._deck.remove(step)
        return step

    def _shuffled(self) -> list[Step]:
        """All steps; runs of neighbouring seeds begin with different ones."""
        steps = list(STEPS.values())
        first = self.seed * self.kills % len(steps)
        turned = steps[first:] + steps[:first]
        soon, later = turned[: self.kills], turned[self.kills :]
        return self.random.sample(soon, len(soon)) + self.random.sample(later, len(later))

    def _prepare(self, step: Step) -> None:
        """Let time and the world go on, so that the step can be reached."""
        chosen = self.random
        if self._late:  # Discord is slow by seconds, not by hours
            self.now += timedelta(seconds=chosen.randint(LEASE + 1, 60))
        elif step.need is Need.OPEN:
            self.now += timedelta(seconds=chosen.choice((LEASE + 1, 20, 170, 600, 3600)))
        elif step.need is Need.NEWS:
            self.now += timedelta(seconds=chosen.randint(660, 4000))
            self._announce()
        elif step.need is Need.NOTHING:
            self.now += timedelta(seconds=chosen.choice((1, 10, 300, 3600, 4 * 3600)))
            if chosen.random() < 0.5:
                self._announce()
        else:
            silent = step.need is Need.SILENCE
            due = self._next_round_up() if step.need is Need.WEEK else self._next_due(silent)
            self.now = max(self.now + timedelta(seconds=1), due + self._delay())
            if chosen.random() < 0.8:
                self._announce()

    def _next_round_up(self) -> datetime:
        """The next one of today or tomorrow; else the next digest."""
        ((first,),) = judge.state(self.database, "SELECT min(next_due) FROM round_ups")
        found = datetime.fromtimestamp(first, UTC)
        return found if found < self.now + timedelta(days=1) else self._next_due(silent=False)

    def _next_due(self, silent: bool) -> datetime:
        sql = "SELECT next_due FROM channels WHERE (id = ?) = ? ORDER BY next_due"
        rows = judge.state(self.database, sql, (self.followers[-1].number, silent))
        return datetime.fromtimestamp(rows[0][0], UTC)

    def _delay(self) -> timedelta:
        """How late the start comes: mostly little; now and then everything that was due meanwhile is missed."""
        return timedelta(seconds=self.random.choices((0, 30, 600, 3600, 7200, 25_500), (6, 4, 3, 2, 2, 1))[0])

    async def _start(self, step: Step | None, passage: int = 1) -> str | None:
        """Where it was killed; None where it came to rest before, and was stopped."""
        self.tally.starts += 1
        name = step.name if step else ""
        loop = asyncio.get_running_loop()
        at, began = self.now, loop.time()
        self.peer.clock = lambda: at + timedelta(seconds=loop.time() - began)
        self.peer.hanging.clear()
        where = ["--rest", self.peer.rest, "--gateway", self.peer.gateway.url, "--at", at.isoformat()]
        inner = ["--kill", f"{name}:{passage}"] if name and name not in OUTSIDE else []
        with (self.folder / "log").open("ab") as log:
            process = await self.nursery.start(
                LAUNCH,
                *(*where, *OPTIONS, *inner),
                folder=self.folder,
                environment=environment(self.folder, **self._settings()),
                out=log,
                err=log,
            )
        late = self._late
        if late:
            self.peer.faults.append(Behind(LOOK, kept=late))
        killing = asyncio.create_task(self._take(process, name, passage))
        stopped = None
        try:
            async with asyncio.timeout(60):
                while process.returncode is None and not self._rests(at):
                    await asyncio.wait({process.ending}, timeout=0.03)
                if process.returncode is None:
                    hard = name == REST or (bool(name) and self.random.random() < 0.5)
                    stopped = REST if hard else None
                    process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
                code = await process.wait()
        except TimeoutError:
            self._fault("half", name, "it does not come to rest")
            process.kill()
            code = await process.wait()
        finally:
            killing.cancel()
            self.peer.faults.clear()
            if late:
                late.set()
            if self._late is late:
                self._late = None
            self.now = self.peer.clock()
        if code == 0:
            return None
        if code != -signal.SIGKILL or not name:
            self._fault("half", name, f"it ended with {code}")
        return stopped or name

    def _settings(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": TOKEN,
            "PAPERBOY_SOURCES": "huggingface arxiv:cs.CL+cs.LG",
            "PAPERBOY_HUGGINGFACE_URL": self.world.base,
            "PAPERBOY_ARXIV_URL": self.world.base,
            "PAPERBOY_ARXIV_API_URL": self.world.base,
            "PAPERBOY_POLL_MINUTES": "10",
            "PAPERBOY_BACKFILL_DAYS": "2",
        }

    async def _take(self, process: Forked, name: str, passage: int) -> None:
        """The steps that are seen from outside."""
        if name == MOMENT:
            await asyncio.sleep(self.random.uniform(0, 0.2))
        elif name in (RECEIVED, STORED, LATE, LOOKED):
            match = LOOK if name == LOOKED else SEND
            self.peer.faults.append(Taking(match, what="hang", stored=name == STORED, passed=passage))
            await self.peer.hanging.wait()
            kept = self.peer.keep()
            if name == LATE:
                self._late, self.peer.nonce_window = kept, timedelta(seconds=180)
        else:
            return
        process.kill()

    def _rests(self, began: datetime) -> bool:
        """Whether nothing is left to be done now, by the file's word."""
        sql = """SELECT (SELECT count(*) FROM channels WHERE next_due <= :now)
            + (SELECT count(*) FROM round_ups WHERE next_due <= :now)
            + (SELECT count(*) FROM deliveries WHERE state = 'claimed' AND next_try_at <= :now)
            + (SELECT 2 - count(*) FROM feeds WHERE next_poll_at > :now AND name IN ('huggingface', 'arxiv'))
            + (SELECT 1 - count(*) FROM beats WHERE name = 'connected' AND at >= :began)"""
        values = {"now": int(self.peer.clock().timestamp()), "began": int(began.timestamp())}
        try:
            ((left,),) = judge.state(self.database, sql, values)
        except sqlite3.OperationalError:  # somebody writes what a crash left back
            return False
        return bool(left == 0)

    # --- what came of it -------------------------------------------------------------------------------

    def _fault(self, kind: str, step: str, *told: str) -> None:
        for words in told:
            if words not in self._told:
                self._told.add(words)
                getattr(self.tally, kind)[step or REST] += 1
                self.tally.faults.append(f"seed {self.seed}, {kind}, {step or 'undisturbed'}: {words}")

    def _messages(self) -> dict[int, list[Json]]:
        return {number: self.peer.messages(number) for number in self.peer.channels}

    def _judge(self, step: str) -> None:
        messages = self._messages()
        self._fault("doubled", step, *judge.doubled(messages))
        with judge.copied(self.database) as copy:
            self._fault("half", step, *judge.half_written(copy, self.world.vouched))
            self._fault("lost", step, *judge.astray(copy, messages))
            self._fault("lost", step, *judge.unjudged(copy, self.followers, BEGIN, end=self.now))
        log = (self.folder / "log").read_text(encoding="utf-8")
        for wrong in re.findall(r"^.*(?:ERROR|CRITICAL|Traceback|Unclosed|Warning:).*$", log, re.MULTILINE):
            self._fault("half", step, f"it says: {wrong}")

    async def _finish(self) -> None:
        """Undisturbed starts: first all is settled, then every channel has one digest more."""
        for minutes in (1, 30, 30, 30):
            self.now += timedelta(minutes=minutes)
            await self._start(None)
            if not judge.state(self.database, "SELECT 1 FROM deliveries WHERE state = 'claimed'"):
                break
        self._judge(REST)
        with judge.copied(self.database) as copy:
            self._fault("lost", REST, *judge.unsettled(copy, self.followers, self.now))
        # A list that was had is asked for again after hours: what was announced last is still to be read.
        for _ in range(24):
            ((read,),) = judge.state(self.database, "SELECT count(*) FROM papers")
            if read >= len(self.announced):
                break
            self.now += timedelta(hours=1)
            await self._start(None)
        waiting = {follower.number for follower in self.followers}
        while waiting:
            rows = judge.state(self.database, "SELECT next_due, id FROM channels ORDER BY next_due")
            first = min(due for due, number in rows if number in waiting)
            served = {number for due, number in rows if due <= first + 2 * 3600}
            self.now = max(
                datetime.fromtimestamp(max(due for due, number in rows if number in served), UTC),
                self.now + timedelta(seconds=1),
            )
            await self._start(None)
            waiting -= served
        self._judge(REST)
        with judge.copied(self.database) as copy:
            self._fault("lost", REST, *judge.unsettled(copy, self.followers, self.now))
            self._fault("lost", REST, *judge.unshown(copy, self.followers, self.announced))
        there = [message for some in self._messages().values() for message in some]
        self.tally.round_ups += sum("paperboy:week:" in str(message) for message in there)
        self.tally.digests += len(there)
        self.tally.papers += len(self.announced)
        kinds = judge.state(self.database, "SELECT kind, count(*) FROM verdicts GROUP BY kind")
        self.tally.verdicts.update(dict(kinds))
