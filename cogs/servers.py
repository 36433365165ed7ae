"""Servers and channels that go: their digests pause with a reason instead of failing for ever."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.models import ChannelId, GuildId
from cogs._client import Paperboy
from storage import channels


class Servers(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        reason = "the channel was deleted. Use /subscribe for another one"
        if await channels.pause(self.bot.db, ChannelId(channel.id), reason):
            await self.bot.publisher.tell(GuildId(channel.guild.id), ChannelId(channel.id), reason)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        reason = "I was removed from this server. Invite me again, then use /digest resume"
        await channels.pause_guild(self.bot.db, GuildId(guild.id), reason)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Servers(bot))
