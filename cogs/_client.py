"""The bot: its connection, its cogs, its buttons, and the one place where a command's error is answered.

Owns: what every cog needs (database, clock, publisher). Refuses: any command of its own.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self, cast

import aiohttp  # only for the errors that discord.py lets through
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.digest import post as posts
from bot.digest.markup import escape
from bot.errors import ConfigError, DeliveryError, InvalidQuery, PaperboyError, StorageError, TryLater, UserError
from bot.models import Feed, Fetch, Post
from bot.pipeline.meaning import Meaning
from bot.pipeline.outside import Outside
from bot.pipeline.rewriting import Writer
from cogs._layout import layout
from cogs._publish import NEEDED, DiscordPublisher
from storage.database import Database

log = logging.getLogger(__name__)

COGS = (
    "cogs.subscribe",
    "cogs.subscriptions",
    "cogs.digest",
    "cogs.weekly",
    "cogs.search",
    "cogs.trending",
    "cogs.paper",
    "cogs.outside",
    "cogs.feeds",
    "cogs.status",
    "cogs.servers",
    "cogs.forget",
)
Clock = Callable[[], datetime]
Interaction = discord.Interaction["Paperboy"]
Handler = Callable[..., Awaitable[None]]
Acknowledge = Literal["answer", "update", "modal"]
"""How a press is acknowledged, before anything else, because Discord waits three seconds: with a private
answer to come, with a change of the message to come, or not at all (a form cannot follow a deferral)."""


class Paperboy(commands.Bot):
    """discord.py's bot with what the cogs need: `db`, `clock`, `publisher`, `actions`, the operator's `feeds`, and
    for those of servers the fetch behind the address guard and how many each may have, how many people may have
    `inboxes`, `outside` the way to Hugging Face's search, where it may be asked, and `writer` the operator's own
    model, where there is one."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        feeds: Sequence[Feed],
        guarded: Fetch | None = None,
        feeds_per_server: int = 0,
        inboxes: int = 0,
        meaning: Meaning | None = None,
        outside: Outside | None = None,
        writer: Writer | None = None,
        publisher: DiscordPublisher | None = None,
    ) -> None:
        # Nobody listens or speaks here; without this each start warns of libraries for voice.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            # In servers and in direct messages with the bot; in no conversation of others.
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            # Nothing here reads messages or members.
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            # Seconds, the least there is. A longer pause that Discord asks for is the ledger's, not a sleep.
            max_ratelimit_timeout=30.0,
        )
        self.db, self.clock, self.feeds = db, clock, tuple(feeds)
        self.guarded, self.feeds_per_server, self.inboxes = guarded, feeds_per_server, inboxes
        self.meaning = meaning
        self.outside = outside
        self.writer = writer
        self.publisher = publisher or DiscordPublisher(lambda: self)
        self.actions: dict[str, tuple[Acknowledge, Handler]] = {}
        """What a button or menu does: the verb in its id -> handler(interaction, *the id's other parts)."""
        self.tree.error(self._answer_error)

    async def setup_hook(self) -> None:
        for name in COGS:
            await self.load_extension(name)
        self.add_dynamic_items(Action)
        await self.tree.sync()

    async def _answer_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await answer_error(cast(Interaction, interaction), cause)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An event that could not be handled: what is expected (a full disk, a locked database) in its words."""
        error = sys.exc_info()[1]
        if isinstance(error, PaperboyError):
            log.error("%s: %s", event_method, error)
        else:
            await super().on_error(event_method, *args, **kwargs)


class Action(ui.DynamicItem[ui.Item[Any]], template=r"paperboy:(?P<verb>[a-z]+)(?::(?P<rest>.*))?"):
    """Every button and menu of ours, rebuilt from its id alone: it works after a restart too."""

    def __init__(self, item: ui.Item[Any], verb: str, parts: tuple[str, ...]) -> None:
        super().__init__(item)
        self.verb, self.parts = verb, parts

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        rest = match["rest"]
        return cls(item, match["verb"], tuple(rest.split(":")) if rest else ())

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            if self.verb not in interaction.client.actions:
                raise UserError("This button is from another version of Paperboy: please ask again.")
            acknowledge, handler = interaction.client.actions[self.verb]
            if acknowledge == "answer":
                await interaction.response.defer(ephemeral=True, thinking=True)
            elif acknowledge == "update":
                await interaction.response.defer()
            # A menu's choices follow what stands in its id.
            data = cast(Mapping[str, Any], interaction.data or {})
            await handler(interaction, *self.parts, *data.get("values", ()))
        except Exception as error:
            await answer_error(interaction, error)


# --- answering --------------------------------------------------------------------------------------


async def reply(interaction: Interaction, post: Post) -> None:
    """Answer privately; follows a `defer`."""
    await interaction.followup.send(view=layout(post), ephemeral=True)


async def change(interaction: Interaction, post: Post) -> None:
    """Put `post` in place of the message whose button was pressed; follows a `defer`."""
    await interaction.edit_original_response(view=layout(post))


async def answer_error(interaction: Interaction, error: BaseException) -> None:
    """Tell the person who asked, in their words; log what only the operator can mend."""
    match error:
        case InvalidQuery():
            text = f"{error}\n```\n{error.text[:1000].replace('`', '’')}\n{' ' * min(error.at, 1000)}^\n```"
        case UserError():
            text = str(error)
        case TryLater():
            text = f"Discord did not take it yet ({escape(str(error))}). It will be posted as soon as it does."
        case DeliveryError():
            text = f"That did not work: {escape(str(error))}."
        case app_commands.TransformerError():
            # A channel is the only option that discord.py looks up.
            text = "I cannot see that channel from here: leave the option out, or ask in the channel’s own server."
        case app_commands.CheckFailure():
            text = "You may not use this command here."
        case _:
            asked = interaction.command.qualified_name if interaction.command else "a button"
            log.error("%s failed: %s", asked, error, exc_info=None if isinstance(error, StorageError) else error)
            text = "Something went wrong on my side; the operator finds it in the log. Please try again later."
    try:
        if not interaction.response.is_done():
            await interaction.response.defer(ephemeral=True)
        await reply(interaction, posts.notice(text))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("an answer could not be given: %s", failure)


# --- the connection ---------------------------------------------------------------------------------


_FAREWELL = 2.0
"""Seconds for leaving Discord."""


class Connection:
    """Keeps a client connected: discord.py ends on a refused first connection or an event that it cannot
    parse; then a fresh client starts, after growing pauses. Use as `async with`. `fresh` makes a client, given the
    publisher that all of them share."""

    def __init__(self, token: str, fresh: Callable[..., Paperboy]) -> None:
        self._token, self._fresh = token, fresh
        self._bot: Paperboy | None = None
        self._closing = asyncio.Event()
        self.publisher = DiscordPublisher(lambda: self._bot if self.ready else None)

    @property
    def ready(self) -> bool:
        return self._bot is not None and self._bot.is_ready() and not self._bot.is_closed()

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect. Raises ConfigError where Discord refused the token."""
        self._closing.set()
        await self._serving

    async def wait(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until there is no use in trying."""
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({self._serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _serve(self) -> None:
        pause, clock = 5.0, asyncio.get_running_loop().time
        closing = asyncio.create_task(self._closing.wait())
        try:
            while not self._closing.is_set():
                began = clock()
                await self._connect(closing)
                if clock() - began > 600:
                    pause = 5.0
                if not self._closing.is_set():
                    log.info("next try in %.0f seconds", pause)
                    await asyncio.wait({closing}, timeout=pause)
                    pause = min(pause * 2, 300.0)
        finally:
            closing.cancel()

    async def _connect(self, closing: asyncio.Task[bool]) -> None:
        """One client, from login to its end."""
        bot = self._fresh(publisher=self.publisher)
        self._bot = bot
        running = asyncio.create_task(bot.start(self._token))
        try:
            await asyncio.wait({running, closing}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and (error := running.exception()):
                raise error
        except discord.LoginFailure:
            raise ConfigError(
                [
                    "DISCORD_TOKEN is refused by Discord: copy it again from the Bot page of your application "
                    "(“Reset Token” makes a new one)."
                ]
            ) from None
        except Exception as error:
            # discord.py trips over its own repair where the first connection to the gateway fails.
            tripped = isinstance(error, AttributeError) and error.__context__
            cause = tripped or error
            known = isinstance(cause, discord.DiscordException | aiohttp.ClientError | OSError)
            why = "" if known else "discord.py could not read what Discord sent: "
            log.warning("the connection to Discord ended: %s%s: %s", why, type(cause).__name__, cause)
        finally:
            self._bot = None
            leaving = asyncio.create_task(bot.close())
            # discord.py waits half a minute for a gateway that does not answer its farewell.
            await asyncio.wait({leaving}, timeout=_FAREWELL)
            await bot.http.close()
            for task in (leaving, running):
                task.cancel()
            await asyncio.gather(leaving, running, return_exceptions=True)


async def check_token(token: str) -> tuple[str, bool]:
    """(what Discord says of the token, whether it is good)."""
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token)
        return f"fine, {client.user}", True
    except discord.LoginFailure:
        return "refused by Discord: copy it again from the Bot page of your application", False
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        return f"Discord could not be asked ({type(error).__name__}): check the network, then try again", False
    finally:
        await client.close()


def invite(application_id: int | None, token: str) -> str:
    """The link that adds the bot to a server, with exactly the permissions that it needs.

    A token begins with its application's id in base64. Raises UserError where neither is given.
    """
    if application_id is None:
        try:
            head = token.partition(".")[0]
            application_id = int(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        except (ValueError, binascii.Error):
            raise UserError(
                "Whose invite? Set DISCORD_TOKEN, or give --application-id (the Application ID on the General "
                "Information page of your application)."
            ) from None
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application_id, permissions=NEEDED, scopes=scopes)
