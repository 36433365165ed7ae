"""The simulated Discord: a server with one channel, two people, the real bot, and a clock that can jump.

Owns: what stands around the bot, and the driver, which does what a running Paperboy's ticks would and what `/demo`
asks for. Refuses: any page of its own (SimCord's Preview draws it).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

import discord
import simcord

from bot import demo
from bot.digest import post as posts
from bot.digest.markup import escape
from bot.errors import FeedError, PaperboyError, UserError
from bot.models import ChannelId, Feed, Fetch, Fetched, GuildId, Publisher, Validators
from bot.pipeline import deliver, ingest, ranking, weekly
from bot.pipeline.outside import Outside
from cogs._client import Paperboy
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

_WELCOME = (
    "Type `/` to talk to Paperboy: `/search`, `/paper`, `/subscriptions`, `/status`, `/help`. `/demo next` brings "
    "the next digest; other `/demo` commands break something, so that you see what Paperboy does about it."
)
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
        self._network = fetch or demo.Sample(self.now).fetch
        self._guarded = guarded or self._network
        self._down = False
        self._wishes: deque[Callable[[], Awaitable[None]]] = deque()
        self.turn = asyncio.Lock()
        """SimCord does one thing at a time: a click, or what the driver does to the simulated world."""
        self._opened = AsyncExitStack()
        self.page: Page | None = None

    async def fetch(self, url: str, validators: Validators) -> Fetched:
        """Raises FeedError."""
        if self._down:
            raise FeedError(url, "it does not answer")
        return await self._network(url, validators)

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
            guarded=self._guarded,
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
        said = [_clock(self.now())]
        found = await verdicts.latest(self.db, ChannelId(self.papers.id), limit=1)
        said += [f"{told.told[0].upper()}{told.told[1:]}." for told in found if told.due_at == due]
        if not self.live and self.now() > demo.NOW + timedelta(days=1):
            said.append("The sample ends here; a fresh start of the demo brings it back.")
        async with self.turn:
            await self.narrator.send(f"-# {escape(' '.join(said))}")

    async def cut_sources(self) -> None:
        self._down = True

    async def fail_discord(self) -> None:
        async with self.turn:
            self.env.inject_error("POST", f"/channels/{self.papers.id}/messages", status=500, times=None)

    async def forbid(self, *, allowed: bool = False) -> None:
        place = cast(discord.TextChannel, self.env.bot.get_channel(self.papers.id))
        await place.set_permissions(place.guild.me, send_messages=None if allowed else False)

    async def repair(self) -> None:
        self._down = False
        self.env.backend.faults.clear()
        await self.forbid(allowed=True)

    async def restart(self) -> None:
        """As after an update: a fresh bot on the same file."""
        before, self._opened = self._opened, AsyncExitStack()
        async with before, self.turn:
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
        """The ingest tick."""
        now, hourly = self.now(), timedelta(hours=1)
        feeds = self._feeds if self.live else demo.sources(now)
        await ingest.ingest(self.db, self.fetch, feeds, now=now, poll=hourly, backfill_days=14)
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
            except PaperboyError as error:
                log.error("%s", error)
            # Only then: a page that was changed refuses the click that was on its way to the one before.
            if self.page and len(self.env.http_requests) != sent:
                async with self.turn:
                    with suppress(simcord.SetupError):  # it was ended meanwhile
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
            await _people(stage)
            await demo.subscribe(stage.db, ChannelId(stage.papers.id), GuildId(stage.guild.id), now=stage.now())
            await (_digest_now(stage) if now else _digests(stage))
            await _welcome(stage)
            yield stage
    finally:
        await stage.close()


def _clock(now: datetime) -> str:
    return f"It is {now:%A} {now.day} {now:%B %Y, %H:%M} UTC."


async def _people(stage: Stage) -> None:
    env = stage.env
    env.backend.bot_user.name = "Paperboy"
    stage.guild = env.create_guild("The lab")
    stage.papers = stage.guild.create_text_channel("papers", topic="One digest a day")
    managing = stage.guild.create_role("Organisers", permissions=discord.Permissions(manage_guild=True))
    stage.admin = stage.guild.add_member(env.create_user("ada", global_name="Ada (admin)"), roles=[managing])
    stage.member = stage.guild.add_member(env.create_user("max", global_name="Max (member)"))
    stage.narrator = stage.guild.create_webhook(stage.papers, "The demo")
    await env.settle()


async def _digests(stage: Stage) -> None:
    while stage.now() < demo.NOW:
        await stage.jump()


async def _digest_now(stage: Stage) -> None:
    await stage.read()
    for channel in await channels.every(stage.db):
        try:
            await deliver.deliver_now(stage.db, stage.publisher, channel, now=stage.now())
        except UserError as error:
            await stage.narrator.send(f"-# No digest yet: {error} `/status` tells more.")


async def _welcome(stage: Stage) -> None:
    # From the bot: the page opens at its last message, and follows what comes only from there.
    await stage.say(stage.papers.id, f"{_clock(stage.now())} {_WELCOME}")
