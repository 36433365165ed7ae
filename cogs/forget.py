"""`/forget`: what is stored about the person who asks goes; where that is an inbox, after a look at it."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.digest import people as messages
from bot.models import Post, UserId
from cogs._client import Interaction, Paperboy, change, reply
from storage import people


class Forget(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["forget"] = ("update", self.confirm)

    @app_commands.command(description="Take back what is stored about you")
    async def forget(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        traces = await people.traces(self.bot.db, UserId(interaction.user.id))
        await reply(interaction, messages.forget_post(traces) if traces.inbox else await self._forget(interaction))

    async def confirm(self, interaction: Interaction) -> None:
        await change(interaction, await self._forget(interaction))

    async def _forget(self, interaction: Interaction) -> Post:
        return messages.forgotten_post(await people.forget(self.bot.db, UserId(interaction.user.id)))


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Forget(bot))
