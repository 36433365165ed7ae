"""The button "Ask Hugging Face" under an answer of `/search`."""

from __future__ import annotations

import asyncio

from discord.ext import commands

from bot.digest import outside as messages
from bot.digest import post as posts
from bot.errors import NotFound, UserError
from bot.models import GuildId, Post, Query
from bot.papers.query import parse
from bot.pipeline import outside
from cogs._client import Interaction, Paperboy, reply
from storage import searches


class Outside(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["outside"] = ("answer", self.press)

    async def press(self, interaction: Interaction, number: str) -> None:
        if self.bot.outside is None:
            raise NotFound("This bot does not ask Hugging Face any more.")
        asked = parse(await searches.recall(self.bot.db, int(number)))
        guild = GuildId(interaction.guild_id or 0)
        papers = await outside.ask(self.bot.db, self.bot.outside, asked, guild=guild, now=self.bot.clock())
        await reply(interaction, await asyncio.to_thread(messages.found_post, papers))


def may_ask(bot: Paperboy, asked: Query) -> bool:
    """Whether the button is of use."""
    return bot.outside is not None and bool(outside.words(asked))


async def unbidden(bot: Paperboy, asked: Query, nothing: Post, interaction: Interaction) -> Post | None:
    """`nothing`, with what Hugging Face found; None where it is asked by the button only."""
    if bot.outside is None or not bot.outside.always or not outside.words(asked):
        return None
    guild = GuildId(interaction.guild_id or 0)
    try:
        papers = await outside.ask(bot.db, bot.outside, asked, guild=guild, now=bot.clock())
    except UserError as error:
        return Post((*nothing.blocks, *posts.notice(str(error)).blocks))
    return await asyncio.to_thread(messages.found_post, papers, nothing.blocks)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Outside(bot))
