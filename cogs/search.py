"""`/search`: the archive's answer, in pages, with "Subscribe to this search"."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from discord import app_commands
from discord.ext import commands

from bot.digest import found as messages
from bot.digest.outside import offer_row
from bot.models import Answer, Post
from bot.papers.query import MAX_LENGTH, narrowed
from bot.pipeline import ask, nearest
from cogs._client import Interaction, Paperboy, change, reply
from cogs._place import own_of
from cogs.outside import may_ask, unbidden
from storage import facets, papers, searches

Choice = app_commands.Choice[str]
MOST = 25
"""Choices that Discord shows."""
SINCE = [
    app_commands.Choice(name=name, value=value)
    for name, value in (
        ("1 day", "1d"),
        ("1 week", "1w"),
        ("2 weeks", "2w"),
        ("30 days", "30d"),
        ("90 days", "90d"),
        ("1 year", "365d"),
    )
]
SORT = [
    app_commands.Choice(name=name, value=value)
    for name, value in (("the newest first", "new"), ("the most votes first", "votes"))
]


class Search(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["page"] = ("update", self.turn)

    @app_commands.command(description="Search the papers that have been seen")
    @app_commands.describe(
        query='Words, a sentence, "a phrase", an arXiv id or a link; /help shows all',
        author="Of this author",
        category="In this arXiv category",
        source="Carried by this source",
        since="Announced within this time",
        sort="What comes first, instead of what answers best",
    )
    @app_commands.choices(since=SINCE, sort=SORT)
    async def search(
        self,
        interaction: Interaction,
        query: app_commands.Range[str, 1, MAX_LENGTH],
        author: str = "",
        category: str = "",
        source: str = "",
        since: str = "",
        sort: str = "",
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        # One text from here on: pages, subscriptions and the people who read it see the same query.
        asked = narrowed(query, author=author, category=category, source=source, since=since, sort=sort)
        await reply(interaction, await self._page(interaction, asked, 0))

    @search.autocomplete("author")
    async def _authors(self, interaction: Interaction, typed: str) -> list[Choice]:
        return _choices(
            await facets.names(self.bot.db, "authors", typed, limit=MOST, own=await own_of(interaction))
        )

    @search.autocomplete("category")
    async def _categories(self, interaction: Interaction, typed: str) -> list[Choice]:
        own = await own_of(interaction)
        return _choices(await facets.names(self.bot.db, "categories", typed, limit=MOST, own=own))

    @search.autocomplete("source")
    async def _sources(self, interaction: Interaction, typed: str) -> list[Choice]:
        return _choices(await facets.sources(self.bot.db, typed, limit=MOST, own=await own_of(interaction)))

    async def turn(self, interaction: Interaction, number: str, page: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        await change(interaction, await self._page(interaction, query, max(0, int(page))))

    async def _page(self, interaction: Interaction, query: str, page: int) -> Post:
        now = self.bot.clock()
        own = await own_of(interaction)
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


def _choices(names: Sequence[str]) -> list[Choice]:
    return [app_commands.Choice(name=name, value=name) for name in names if 0 < len(name) <= 100]


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Search(bot))
