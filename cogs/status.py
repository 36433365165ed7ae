"""`/status` and `/help`: why something did or did not come, and how to ask."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.digest import status
from bot.digest.additions import polled
from bot.models import Channel, GuildId
from cogs._client import Interaction, Paperboy, reply
from cogs._place import owner_of
from storage import additions, channels, embeddings, feeds, papers, verdicts


class Status(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot

    @app_commands.command(description="How the sources are, when digests come, and how the last ones went")
    async def status(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        db = self.bot.db
        states, owner = await feeds.states(db), owner_of(interaction)
        told = [
            (channel, await channels.topics(db, channel.id), await verdicts.latest(db, channel.id))
            for channel in await channels.of(db, owner)
            if self._may_see(interaction, channel)
        ]
        own = [polled(feed) for feed in await additions.of_guild(db, owner.guild_id or GuildId(0))]
        sources = [(feed, states.get(feed.name)) for feed in (*self.bot.feeds, *own)]
        count = await papers.count(db, [feed.name for feed in own])
        meaning = await embeddings.progress(db)
        inbox = owner.person is not None
        await reply(interaction, status.status_post(sources, told, papers=count, meaning=meaning, inbox=inbox))

    def _may_see(self, interaction: Interaction, channel: Channel) -> bool:
        """A hidden channel's topics stay hidden; a deleted one's are for those who can mend it. An inbox is shown
        to its person only, who is the one that asks."""
        place = self.bot.get_channel(channel.id)
        if isinstance(place, discord.abc.GuildChannel) and isinstance(interaction.user, discord.Member):
            return place.permissions_for(interaction.user).view_channel
        return channel.person is not None or interaction.permissions.manage_guild

    @app_commands.command(description="What Paperboy can do, and what a query can say")
    async def help(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(
            interaction, status.help_post(inbox=interaction.guild_id is None, inboxes=self.bot.inboxes > 0)
        )


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Status(bot))
