"""Servers: what goes pauses with a reason instead of failing for ever, and `/alerts` says who is told."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.digest import post as posts
from bot.errors import UserError
from bot.models import ChannelId, GuildId
from bot.pipeline import alert
from cogs._client import Interaction, Paperboy, reply
from cogs._place import require_posting, server_of
from storage import channels, guilds


class Servers(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """The connection begins with all servers that the bot is in, those in an outage too; an outage that
        begins later is an event of its own. So none is ever taken for a removal."""
        present = {GuildId(guild.id) for guild in self.bot.guilds}
        await guilds.reconcile(self.bot.db, present, self.bot.clock())

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await guilds.leave(self.bot.db, GuildId(guild.id), self.bot.clock())

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await guilds.join(self.bot.db, GuildId(guild.id))

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Also a server that the bot joined while it was unavailable."""
        await guilds.join(self.bot.db, GuildId(guild.id))

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        number = ChannelId(channel.id)
        await guilds.drop_alerts(self.bot.db, number)
        reason = "the channel was deleted. Use /subscribe for another one"
        if await channels.pause(self.bot.db, number, reason, now=self.bot.clock()) and (
            found := await channels.get(self.bot.db, number)
        ):
            await alert.tell(self.bot.db, self.bot.publisher, found, f"is paused: {reason}")

    @app_commands.command(description="Which channel is told when a digest fails or is paused; alone, what is set")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(
        channel="Tell this channel", owner="Tell the server’s owner by direct message, as at the beginning"
    )
    async def alerts(
        self, interaction: Interaction, channel: discord.TextChannel | None = None, owner: bool = False
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild = server_of(interaction)
        if channel and owner:
            raise UserError("Either a channel or the owner: choose one of the two options.")
        if channel:
            require_posting(channel)
        if channel or owner:
            await guilds.set_alerts(self.bot.db, guild, ChannelId(channel.id) if channel else None)
        to = await guilds.alerts_to(self.bot.db, guild)
        if to is None:
            told = (
                "the server’s owner hears of it by direct message; where that is closed, the system channel does. "
                "The option `channel` chooses a channel instead."
            )
        else:
            place = self.bot.get_channel(to)
            told = f"<#{to}> hears of it"
            if isinstance(place, discord.TextChannel):
                require_posting(place)
            else:
                told += ", but I cannot see that channel: the owner does instead"
            told += ". The option `owner` goes back to the owner’s direct messages."
        await reply(interaction, posts.notice(f"When a digest fails three times or is paused, {told}"))


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Servers(bot))
