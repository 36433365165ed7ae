"""Where somebody asks, whose digests are spoken of there, and who may change them.

Owns: that a server's channels are changed in that server only, by those who may manage it, and an inbox by its
person only, in their direct messages with the bot. Refuses: any command of its own.
"""

from __future__ import annotations

import discord

from bot.digest.answer import named
from bot.errors import UserError
from bot.models import Channel, ChannelId, GuildId, Owner, UserId
from cogs._client import Interaction, Paperboy
from cogs._publish import NEEDED
from storage import additions, channels, room

Place = discord.TextChannel | None
"""What a command's option `channel` gives."""


def owner_of(interaction: Interaction) -> Owner:
    """The server, or in a direct message with the bot the person. Raises UserError anywhere else."""
    if interaction.guild_id is not None:
        return Owner(guild_id=GuildId(interaction.guild_id))
    if not interaction.context.dm_channel:
        raise UserError("I answer in servers and in direct messages to me, and nowhere else.")
    return Owner(person=UserId(interaction.user.id))


def server_of(interaction: Interaction) -> GuildId:
    """Raises UserError in a direct message."""
    if interaction.guild_id is None:
        raise UserError("That is a server’s: ask in one.")
    return GuildId(interaction.guild_id)


async def own_of(interaction: Interaction) -> tuple[str, ...]:
    """The added feeds whose papers whoever asks may see: those of the server where they ask."""
    guild = interaction.guild_id
    return () if guild is None else await additions.own(interaction.client.db, GuildId(guild))


def require_manager(interaction: Interaction) -> None:
    """Everybody manages their own inbox. Buttons carry no default permissions of their own. Raises UserError."""
    if owner_of(interaction).person is None and not interaction.permissions.manage_guild:
        told = "Only people with **Manage Server** can change this server’s digests."
        if interaction.client.inboxes:
            told += " In a direct message to me, `/subscribe` gives you one of your own."
        raise UserError(told)


def channel_of(interaction: Interaction, number: int | None = None) -> ChannelId:
    """The channel that is spoken of: the one of this `number`, else where somebody asks. Raises UserError for one
    that is not the server's, or in a direct message for any other."""
    here = interaction.channel_id or 0
    if number is None or number == here:
        return ChannelId(here)
    place = interaction.client.get_channel(number)
    if not isinstance(place, discord.TextChannel) or place.guild.id != interaction.guild_id:
        raise UserError("That channel is not to be had from here: ask in its own server.")
    return ChannelId(number)


async def following(interaction: Interaction, place: Place) -> Channel:
    """The channel that a command is about. Raises UserError where it follows nothing."""
    owner, number = owner_of(interaction), channel_of(interaction, place.id if place else None)
    found = await channels.get(interaction.client.db, number)
    if found is None or found.owner != owner or not await channels.topics(interaction.client.db, number):
        raise UserError(f"{named(number, owner, begin=True)} has no topic yet: `/subscribe` gives it one.")
    return found


def require_posting(channel: discord.abc.GuildChannel) -> None:
    """Raises UserError that names what is missing for posting in `channel`."""
    held = channel.permissions_for(channel.guild.me)
    missing = [name for name, wanted in NEEDED if wanted and not getattr(held, name)]
    if missing:
        names = ", ".join(f"**{name.replace('_', ' ').title()}**" for name in missing)
        raise UserError(
            f"In {channel.mention} I lack {names}: allow it in the channel’s settings, then ask again."
        )


async def require_posting_in(bot: Paperboy, found: Channel) -> None:
    """Raises UserError that names what is missing for posting there."""
    if found.person is not None:
        await room.ask(bot.db, found.id, bot.inboxes)
    place = bot.get_channel(found.id)
    if isinstance(place, discord.TextChannel):
        require_posting(place)
