"""`/feeds`: a server's own feeds, looked at before they are saved."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.digest import additions as messages
from bot.digest import post as posts
from bot.digest.markup import escape
from bot.models import FeedPreview, Post
from bot.papers.summary import shorten
from bot.pipeline import additions
from cogs._client import Interaction, Paperboy, change, reply
from cogs._place import require_manager, server_of
from storage import additions as kept
from storage import feeds as states
from storage import searches

_CHOICES = 25
"""A menu of Discord holds so many."""


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class Feeds(commands.GroupCog, group_name="feeds", group_description="Feeds of this server alone"):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions |= {"look": ("update", self.choose), "follow": ("update", self.follow)}

    @app_commands.command(description="Add a feed for this server alone: see what it holds, then confirm")
    @app_commands.describe(url="The address of an RSS or Atom feed, or of a page that has one")
    async def add(
        self, interaction: Interaction, url: app_commands.Range[str, 1, additions.LONGEST_ADDRESS]
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(interaction, await self._look(interaction, url))

    async def choose(self, interaction: Interaction, number: str, place: str) -> None:
        """One of the feeds that a page names."""
        found = await kept.seen(self.bot.db, server_of(interaction), int(number), int(place))
        await change(interaction, await self._look(interaction, found.address))

    async def follow(self, interaction: Interaction, number: str) -> None:
        """The feed that was shown is added."""
        require_manager(interaction)
        guild, now = server_of(interaction), self.bot.clock()
        found = await kept.seen(self.bot.db, guild, int(number), 0)
        new = await kept.add(self.bot.db, guild, found, limit=self.bot.feeds_per_server, now=now)
        search = await searches.remember(self.bot.db, messages.all_of(found), now=now)
        await change(interaction, messages.added_post(found, search, new=new))

    async def _look(self, interaction: Interaction, address: str) -> Post:
        limit, guild = self.bot.feeds_per_server, server_of(interaction)
        if self.bot.guarded is None or not limit:
            raise kept.full(0)
        number, found = await additions.look(
            self.bot.db,
            self.bot.guarded,
            address,
            guild=guild,
            sources=self.bot.feeds,
            limit=limit,
            now=self.bot.clock(),
        )
        if not isinstance(found, FeedPreview):
            return messages.choices_post(found, number)
        has = len(await kept.own(self.bot.db, guild))
        return messages.preview_post(found, number, has=has, limit=limit)

    @app_commands.command(name="list", description="This server's own feeds, and how they are")
    async def list_(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        read = await states.states(self.bot.db)
        own = await kept.of_guild(self.bot.db, server_of(interaction))
        told = [(feed, read.get(feed.name)) for feed in own]
        await reply(interaction, messages.list_post(told, limit=self.bot.feeds_per_server))

    @app_commands.command(description="Take away one of this server's own feeds")
    @app_commands.describe(feed="Choose one; what it brought is not shown here any more")
    async def remove(self, interaction: Interaction, feed: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        gone = await additions.remove(self.bot.db, server_of(interaction), feed)
        told = f"✓ **{escape(shorten(gone.title, 100))}** is removed: nothing of it is shown here any more."
        await reply(interaction, posts.notice(told))

    @remove.autocomplete("feed")
    async def _own(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        own = await kept.of_guild(self.bot.db, server_of(interaction))
        return [
            app_commands.Choice(name=shorten(f"{feed.title} · {feed.address}", 100), value=additions.handle(feed))
            for feed in additions.like(typed, own)[:_CHOICES]
        ]


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Feeds(bot))
