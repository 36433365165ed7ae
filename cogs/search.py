"""`/search`: the archive's answer, in pages, with "Subscribe to this search"."""

from __future__ import annotations

import asyncio

from discord import app_commands
from discord.ext import commands

from bot.digest import answer as answers
from bot.models import GuildId, Post
from bot.papers.query import MAX_LENGTH
from bot.pipeline import ask
from cogs._client import Interaction, Paperboy, change, reply
from cogs.outside import may_ask, unbidden
from storage import additions, papers, searches


class Search(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["page"] = ("update", self.turn)

    @app_commands.command(description="Search the papers that have been seen")
    @app_commands.describe(query='Words, "a phrase", author:name, cat:cs.CL, since:7d; /help shows all')
    async def search(self, interaction: Interaction, query: app_commands.Range[str, 1, MAX_LENGTH]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(interaction, await self._page(interaction, query, 0))

    async def turn(self, interaction: Interaction, number: str, page: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        await change(interaction, await self._page(interaction, query, max(0, int(page))))

    async def _page(self, interaction: Interaction, query: str, page: int) -> Post:
        now = self.bot.clock()
        own = await additions.own(self.bot.db, GuildId(interaction.guild_id or 0))
        answer = await ask.search(self.bot.db, query, now=now, offset=page * answers.PAGE, own=own)
        number = await searches.remember(self.bot.db, answer.query.text, now=now)
        outside = may_ask(self.bot, answer.query)
        if answer.hits:
            return await asyncio.to_thread(answers.answer_post, answer, number, outside=outside)
        archive = await papers.count(self.bot.db, own)
        nothing = answers.nothing_post(answer, archive)
        asked = await unbidden(self.bot, answer.query, nothing, interaction)
        return asked or answers.nothing_post(answer, archive, outside=number if outside else None)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Search(bot))
