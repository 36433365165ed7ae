"""`/subscribe`: a topic for a channel or an inbox, previewed before it is saved."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import post as posts
from bot.errors import UserError
from bot.models import ChannelId, Post
from bot.papers.query import MAX_LENGTH
from bot.pipeline import ask
from cogs._client import Interaction, Paperboy, change, reply
from cogs._place import channel_of, owner_of, require_manager, require_posting
from cogs.digest import zone_choices
from storage import searches


class Subscribe(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        # All but the first stand only in private answers of commands that Discord itself guards.
        bot.actions |= {
            "offer": ("answer", self.offer),
            "zone": ("update", self.choose_zone),
            "confirm": ("update", self.confirm),
            "cancel": ("update", self.cancel),
        }

    @app_commands.command(description="Follow a topic: see what it would have brought, then confirm")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(
        query="What to follow, as in /search; empty for everything, by votes",
        channel="Where to post; default: here",
        zone="The time zone of the digest, asked for once",
    )
    async def subscribe(
        self,
        interaction: Interaction,
        query: app_commands.Range[str, 0, MAX_LENGTH] = "",
        channel: discord.TextChannel | None = None,
        zone: str | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        number = channel_of(interaction, channel.id if channel else None)
        await reply(interaction, await self._offer(interaction, number, query, zone))

    @subscribe.autocomplete("zone")
    async def _zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return zone_choices(typed)

    async def offer(self, interaction: Interaction, number: str) -> None:
        """ "Subscribe to this search" under an answer."""
        require_manager(interaction)
        query = await searches.recall(self.bot.db, int(number))
        await reply(interaction, await self._offer(interaction, channel_of(interaction), query, None))

    async def choose_zone(self, interaction: Interaction, number: str, channel: str, zone: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        place = channel_of(interaction, int(channel))
        await change(interaction, await self._offer(interaction, place, query, zone))

    async def confirm(self, interaction: Interaction, number: str, channel: str, zone: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        place, owner, now = channel_of(interaction, int(channel)), owner_of(interaction), self.bot.clock()
        found, new = await ask.subscribe(self.bot.db, place, owner, query, zone, now=now, inboxes=self.bot.inboxes)
        await change(interaction, answers.subscribed_post(found, query, new=new))

    async def cancel(self, interaction: Interaction) -> None:
        await change(interaction, posts.notice("Nothing was changed."))

    async def _offer(self, interaction: Interaction, channel: ChannelId, query: str, zone: str | None) -> Post:
        owner, now, db = owner_of(interaction), self.bot.clock(), self.bot.db
        if owner.person is None:
            place = self.bot.get_channel(channel)
            if not isinstance(place, discord.TextChannel):
                raise UserError(
                    "Digests go to text and announcement channels: `/subscribe` has an option `channel`."
                )
            require_posting(place)
        offer = await ask.offer(db, channel, owner, query, zone, now=now, inboxes=self.bot.inboxes)
        number = await searches.remember(db, offer.query.text, now=now)
        return answers.offer_post(offer, channel=channel, owner=owner, number=number)


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Subscribe(bot))
