"""The simulated Discord: a server with one channel, two people, the real bot, and a clock that can jump.

Owns: what stands around the bot, and the driver, which does what a running Paperboy's ticks would and what `/demo`
asks for. Refuses: how it begins (`cogs._demo.opening`), and any page of its own (SimCord's Preview draws it).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

import discord
import simcord

from bot import demo
from bot.digest import post as posts
from bot.digest.markup import escape
from bot.errors import FeedError, PaperboyError
from bot.models import ChannelId, Feed, Fetch, Fetched, Publisher, Validators
from bot.pipeline import additions, deliver, ingest, ranking, weekly
from bot.pipeline.outside import Outside
from cogs._client import Paperboy
from cogs._demo import opening
from cogs._demo.commands import Demo
from cogs._layout import layout
from storage import channels, verdicts
from storage.database import Database

if TYPE_CHECKING:
    from cogs._demo.page import Page

log = logging.getLogger(__name__)

SECONDS = 5.0
"""How often the simulated clock follows the real one, and the ticks look."""
_LOOK = 0.25
"""Seconds between two looks for wishes."""
_READING = 3.0
"""Seconds for reading an answer before the page turns."""
_HOP = timedelta(hours=6)
"""Sources are read so often during a jump."""
_SETTLE = 30.0
"""Seconds that a command may take."""

_INBOX = (
    "These are your direct messages with Paperboy. `/subscribe` gives you a digest of your own, `/demo next` "
    "brings it, `/demo channel` leads back."
)


class DemoBot(Paperboy):
    """The product's bot, and `/demo`."""

    stage: Stage

    async def setup_hook(self) -> None:
        # Instead of SimCord's: to it a command that says no has failed, and the page would keep it in the field.
        self.tree.error(self._answer_error)
        await self.add_cog(Demo(self.stage))
        await super().setup_hook()


class Stage:
    """What `opened` yields. `env` is the simulated Discord, `db` the database of the bot that runs now."""

    env: simcord.Env
    guild: simcord.GuildHandle
    papers: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor
    narrator: simcord.WebhookHandle
    db: Database

    def __init__(
        self, path: Path, start: datetime, feeds: Sequence[Feed], fetch: Fetch | None, guarded: Fetch | None
    ) -> None:
        self._path, self._feeds = path, tuple(feeds)
        self.clock: Callable[[], datetime] = lambda: start
        self.live = fetch is not None
        network = fetch or demo.Sample(self.now).fetch
        self.fetch, self.guarded = self._line(network), self._line(guarded or network)
        self._down = False
        self._wishes: deque[Callable[[], Awaitable[None]]] = deque()
        self.turn = asyncio.Lock()
        """SimCord does one thing at a time: a click, or what the driver does to the simulated world."""
        self._opened = AsyncExitStack()
        self.page: Page | None = None

    def _line(self, network: Fetch) -> Fetch:
        """To `network`, until it is cut."""

        async def fetch(url: str, validators: Validators) -> Fetched:
            if self._down:
                raise FeedError(url, "it does not answer")
            return await network(url, validators)

        return fetch

    def now(self) -> datetime:
        return self.clock()

    @property
    def publisher(self) -> Publisher:
        return cast(DemoBot, self.env.bot).publisher

    async def close(self) -> None:
        await self._opened.aclose()

    async def bot(self) -> DemoBot:
        """A fresh one, with a connection of its own to the file."""
        self.db = await self._opened.enter_async_context(Database(self._path))
        made = DemoBot(
            db=self.db,
            clock=self.now,
            feeds=self._feeds,
            guarded=self.guarded,
            feeds_per_server=10,
            inboxes=10,
            outside=Outside(fetch=self.fetch, address="https://huggingface.co"),
        )
        made.stage = self
        return made

    # --- what `/demo` asks for ------------------------------------------------------------------

    def wish(self, act: Callable[[], Awaitable[None]]) -> None:
        """A command may not change the world that it runs in: the driver does, between two commands."""
        self._wishes.append(act)

    @property
    def waiting(self) -> bool:
        return bool(self._wishes)

    async def next_due(self) -> datetime | None:
        """The first due moment of a digest or round-up that is still to come."""
        found = await channels.every(self.db)
        moments = [channel.next_due for channel in found]
        moments += [channel.round_up.next_due for channel in found if channel.round_up]
        return min((moment for moment in moments if moment), default=None)

    async def advance(self, seconds: float) -> None:
        async with self.turn:
            await self.env.advance_time(seconds)

    async def jump(self, due: datetime | None = None) -> None:
        """To a due moment, by default the next, with all that a running Paperboy does on the way."""
        due = due or await self.next_due()
        while due and self.now() < due:
            await self.advance(min(_HOP, due - self.now()).total_seconds())
            await self.read()
        await self.tick()

    async def tell_next(self, due: datetime) -> None:
        """Jump there and say how it ended. Who asks twice before the clock has jumped means the same moment."""
        if self.now() >= due:
            return
        await self.jump(due)
        said = [f"{demo.clock(self.now())}."]
        found = await verdicts.latest(self.db, ChannelId(self.papers.id), limit=1)
        said += [f"{told.told[0].upper()}{told.told[1:]}." for told in found if told.due_at == due]
        if not self.live and self.now() > demo.NOW + timedelta(days=1):
            said.append("The sample ends here; a fresh start of the demo brings it back.")
        await self.narrate(escape(" ".join(said)))

    async def narrate(self, text: str) -> None:
        """In the channel, in the demo's own name."""
        async with self.turn:
            await self.narrator.send(f"-# {text}")

    async def cut_sources(self) -> None:
        self._down = True

    async def fail_discord(self) -> None:
        async with self.turn:
            self.env.inject_error("POST", f"/channels/{self.papers.id}/messages", status=500, times=None)

    async def forbid(self, *, allowed: bool = False) -> None:
        async with self.turn:
            place = cast(discord.TextChannel, self.env.bot.get_channel(self.papers.id))
            await place.set_permissions(place.guild.me, send_messages=None if allowed else False)

    async def repair(self) -> None:
        self._down = False
        self.env.backend.faults.clear()
        await self.forbid(allowed=True)

    async def restart(self) -> None:
        """As after an update: a fresh bot on the same file."""
        async with self.turn:
            await self.env.settle()  # what does not end in time would end the simulation in the middle of it
            before, self._opened = self._opened, AsyncExitStack()
            async with before:
                await self.env.restart_bot(await self.bot())

    async def turn_to(self, person: int | None) -> None:
        """Show that person's direct messages, or the channel, once the answer that tells so was read."""
        await asyncio.sleep(_READING)
        actor = next((each for each in (self.admin, self.member) if each.id == person), None)
        if actor and not actor.user.dm_channel.history():
            await self.say(actor.user.dm_channel.id, _INBOX)
        if self.page:
            await self.page.turn_to(actor)

    async def say(self, channel: int, text: str) -> None:
        async with self.turn:
            await self.env.bot.get_partial_messageable(channel).send(view=layout(posts.notice(f"-# {text}")))
            await self.env.settle()

    # --- the driver -----------------------------------------------------------------------------

    async def read(self) -> None:
        """The ingest ticks."""
        now, hourly = self.now(), timedelta(hours=1)
        feeds = self._feeds if self.live else demo.sources(now)
        await ingest.ingest(self.db, self.fetch, feeds, now=now, poll=hourly, backfill_days=14)
        await additions.poll(self.db, self.guarded, now=now, every=hourly)
        await ranking.catch_up(self.db)

    async def tick(self) -> None:
        """The deliver tick."""
        await deliver.deliver_due(self.db, self.publisher, now=self.now())
        await weekly.deliver_weekly_due(self.db, self.publisher, now=self.now())

    async def drive(self) -> None:
        """Until cancelled: time passes, wishes come true, what is due comes, and the page shows it."""
        last = monotonic()
        while True:
            await asyncio.sleep(_LOOK)
            sent = len(self.env.http_requests)
            try:
                if self._wishes:
                    try:
                        await self._wishes[0]()
                    finally:
                        self._wishes.popleft()
                    sent = -1
                elif (passed := monotonic() - last) >= SECONDS:
                    last = monotonic()
                    await self.advance(passed)
                    await self.read()
                    await self.tick()
                else:
                    continue
            except (PaperboyError, TimeoutError) as error:
                log.error("%s", error)
            # Only then: a page that was changed refuses the click that was on its way to the one before.
            if self.page and len(self.env.http_requests) != sent:
                await self.page.refresh()


@asynccontextmanager
async def opened(
    path: Path,
    *,
    now: datetime | None = None,
    feeds: Sequence[Feed] = demo.SOURCES,
    fetch: Fetch | None = None,
    guarded: Fetch | None = None,
) -> AsyncIterator[Stage]:
    """The sample on its last day, with the digests of a few; or what `feeds`, read through `fetch`, have `now`.
    `guarded` fetches what people in Discord name."""
    start = now or demo.BEGIN
    stage = Stage(path, start, feeds, fetch, guarded)
    bot = await stage.bot()
    try:
        if now is None:
            await demo.fill(stage.db, until=demo.BEGIN)
        async with simcord.run(bot, settle_timeout=_SETTLE, check_errors=False) as stage.env:
            await stage.env.advance_time((start - stage.env.now()).total_seconds())
            stage.clock = stage.env.now
            await opening.people(stage)
            await (opening.digest_now(stage) if now else opening.digests(stage))
            await opening.welcome(stage)
            yield stage
    finally:
        await stage.close()
