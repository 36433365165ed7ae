"""`/status` and `/help`: why something did or did not come, and how to ask."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.digest import status
from bot.models import GuildId
from cogs._client import Interaction, Paperboy, reply
from storage import channels, deliveries, feeds, papers


class Status(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot

    @app_commands.command(description="How the sources are, when digests come, and how the last ones went")
    @app_commands.guild_only()
    async def status(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        db = self.bot.db
        states = await feeds.states(db)
        own = await channels.of_guild(db, GuildId(interaction.guild_id or 0))
        told = [
            (channel, await channels.topics(db, channel.id), await deliveries.verdicts(db, channel.id))
            for channel in own
        ]
        sources = [(feed, states.get(feed.name)) for feed in self.bot.feeds]
        await reply(interaction, status.status_post(sources, told, papers=await papers.count(db)))

    @app_commands.command(description="What Paperboy can do, and what a query can say")
    @app_commands.guild_only()
    async def help(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(interaction, status.help_post())


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Status(bot))
