"""`/search`: the archive's answer, in pages, with "Subscribe to this search"."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from discord import app_commands
from discord.ext import commands

from bot.digest import found as messages
from bot.digest.outside import offer_row
from bot.models import Answer, GuildId, Post
from bot.papers.query import MAX_LENGTH
from bot.pipeline import ask, nearest
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
        answer = await ask.search(
            self.bot.db, query, now=now, offset=page * messages.PAGE, own=own, meaning=self.bot.meaning
        )
        number = await searches.remember(self.bot.db, answer.query.text, now=now)
        outside = may_ask(self.bot, answer.query)
        if answer.hits:
            return await asyncio.to_thread(messages.answer_post, answer, number, outside=outside)
        nothing = await self._nothing(answer, own)
        asked = await unbidden(self.bot, answer.query, nothing, interaction)
        return asked or Post((*nothing.blocks, *(offer_row(number) if outside else ())))

    async def _nothing(self, answer: Answer, own: Sequence[str]) -> Post:
        db, now = self.bot.db, self.bot.clock()
        without = await nearest.suggestions(db, answer.query, now=now, own=own)
        found = without and without[0].total
        return messages.nothing_post(
            answer,
            await papers.count(db, own),
            without=without,
            number=await searches.remember(db, without[0].rest, now=now) if found else None,
            since=await papers.earliest(db),
            today=now.date(),
        )


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Search(bot))
