"""`/forget`: what is stored about the person who asks goes, at once."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.digest import post as posts
from bot.models import UserId
from bot.papers.trending import counted
from cogs._client import Interaction, Paperboy, reply
from storage import channels


class Forget(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot

    @app_commands.command(description="Take back what is stored about you")
    @app_commands.guild_only()
    async def forget(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        paused = await channels.forget(self.bot.db, UserId(interaction.user.id))
        gone = "Nothing was stored about you."
        if paused:
            gone = f"Forgotten: that it was you who paused {counted(paused, 'channel')}; the pause itself stays."
        never = (
            "I never store names, messages, members or who searched for what. Your ID is kept only where you "
            "pause a digest, until it is resumed, so that others know whom to ask."
        )
        await reply(interaction, posts.notice(f"{gone}\n-# {never}"))


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Forget(bot))
