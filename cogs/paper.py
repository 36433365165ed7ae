"""`/paper`: one paper's card, from an id, a link or its title, and what is like it."""

from __future__ import annotations

import asyncio

from discord import app_commands
from discord.ext import commands

from bot.digest import paper as messages
from bot.digest.handle import label
from bot.digest.why import why_post
from bot.models import ChannelId, PaperId, Post
from bot.pipeline import ask, lookup
from bot.pipeline import why as explanation
from cogs._client import Interaction, Paperboy, change, reply
from cogs._place import own_of
from storage import channels, observations


class Papers(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions |= {
            "card": ("answer", self.choose),
            "open": ("answer", self.open),
            "unfold": ("update", self.unfold),
            "bibtex": ("answer", self.bibtex),
            "similar": ("answer", self.similar),
            "why": ("answer", self.why),
        }

    @app_commands.command(description="One paper: its abstract, its links, and what is like it")
    @app_commands.describe(which="An arXiv id, a DOI, a link, or the beginning of the title")
    @app_commands.rename(which="id")
    async def paper(self, interaction: Interaction, which: app_commands.Range[str, 1, 1_000]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, which)

    @paper.autocomplete("which")
    async def _titles(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        own = await own_of(interaction)
        found = await lookup.titles(self.bot.db, typed, now=self.bot.clock(), own=own)
        return [app_commands.Choice(name=label(title), value=str(paper_id)) for paper_id, title in found]

    async def choose(self, interaction: Interaction, name: str) -> None:
        """A choice of "Open a paper" under an answer."""
        await self._show(interaction, name)

    async def open(self, interaction: Interaction, _place: str, *name: str) -> None:
        """ "Details" beside a paper; a DOI may hold the colons that part an id."""
        await self._show(interaction, ":".join(name))

    async def unfold(self, interaction: Interaction, number: str, unfolded: str) -> None:
        """ "Whole abstract" and "Fold" on a card."""
        await change(interaction, await self._card(interaction, number, unfolded=unfolded == "1"))

    async def bibtex(self, interaction: Interaction, number: str) -> None:
        paper = await lookup.paper(self.bot.db, number, now=self.bot.clock(), own=await own_of(interaction))
        await reply(interaction, await asyncio.to_thread(messages.bibtex_post, paper))

    async def similar(self, interaction: Interaction, number: str) -> None:
        """ "More like this" on a card."""
        db, now, own = self.bot.db, self.bot.clock(), await own_of(interaction)
        paper = await lookup.paper(db, number, now=now, own=own)
        hits = await ask.similar(
            db, PaperId(int(number)), now=now, limit=messages.SIMILAR, own=own, meaning=self.bot.meaning
        )
        await reply(interaction, await asyncio.to_thread(messages.similar_post, paper, hits))

    async def why(self, interaction: Interaction, number: str) -> None:
        """ "Why?" on a card: what became of the paper in the channel where somebody asks."""
        db, now = self.bot.db, self.bot.clock()
        paper = await lookup.paper(db, number, now=now, own=await own_of(interaction))
        channel = await channels.get(db, ChannelId(interaction.channel_id or 0))
        fate = await explanation.explain(db, channel, paper, now=now)
        await reply(interaction, await asyncio.to_thread(why_post, fate))

    async def _show(self, interaction: Interaction, which: str) -> None:
        await reply(interaction, await self._card(interaction, which))

    async def _card(self, interaction: Interaction, which: str, *, unfolded: bool = False) -> Post:
        db = self.bot.db
        paper = await lookup.paper(db, which, now=self.bot.clock(), own=await own_of(interaction))
        known = paper.id or PaperId(0)
        seen = (await observations.history(db, [known])).get(known, ())
        return await asyncio.to_thread(messages.paper_post, paper, seen, unfolded=unfolded)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Papers(bot))
