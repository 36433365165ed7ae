"""`/trending`: what gained most votes, with a button for each period."""

from __future__ import annotations

import asyncio

from discord import app_commands
from discord.ext import commands

from bot.digest import chart as messages
from bot.errors import UserError
from bot.models import Period, Post
from bot.papers.query import MAX_LENGTH, narrowed
from bot.pipeline import chart
from cogs._client import Interaction, Paperboy, change, reply
from cogs._place import own_of
from storage import searches

PERIODS = [
    app_commands.Choice(name=name, value=str(period))
    for name, period in (
        ("today: the newest list", Period.TODAY),
        ("week: the last 7 days", Period.WEEK),
        ("month: the last 30 days", Period.MONTH),
    )
]


class Trending(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["trending"] = ("update", self.turn)

    @app_commands.command(description="The papers that gained most votes")
    @app_commands.describe(
        period="In which time", topic="On what, as in /search; /help shows all that a query can say"
    )
    @app_commands.choices(period=PERIODS)
    async def trending(
        self,
        interaction: Interaction,
        period: str,
        topic: app_commands.Range[str, 1, MAX_LENGTH] = "trending",
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(interaction, await self._chart(interaction, Period(period), topic))

    async def turn(self, interaction: Interaction, period: str, number: str) -> None:
        if period not in tuple(Period):
            raise UserError("This button is from another version of Paperboy: please ask again.")
        topic = await searches.recall(self.bot.db, int(number))
        await change(interaction, await self._chart(interaction, Period(period), topic))

    async def _chart(self, interaction: Interaction, period: Period, topic: str) -> Post:
        db, now = self.bot.db, self.bot.clock()
        own = await own_of(interaction)
        made = await chart.trending(db, topic, period, now=now, own=own)
        number = await searches.remember(db, made.query.text, now=now)
        newest = None
        if not made.papers:
            text = narrowed(made.query.text if made.query.root else "", sort="new").strip()
            newest = await searches.remember(db, text, now=now) if len(text) <= MAX_LENGTH else None
        return await asyncio.to_thread(messages.chart_post, made, number, newest)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Trending(bot))
