"""`/subscribe` and `/subscriptions`: topics of channels, previewed before they are saved."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import post as posts
from bot.errors import UserError
from bot.models import ChannelId, Floor, GuildId, Post, Topic, TopicId
from bot.papers.query import MAX_LENGTH, parse, unordered
from bot.pipeline import ask
from cogs._client import Interaction, Paperboy, answer_error, change, reply, require_manager, require_posting
from cogs.digest import zone_choices
from storage import additions, channels, searches


class Subscriptions(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        # All but the first stand only in private answers of commands that Discord itself guards.
        bot.actions |= {
            "offer": ("answer", self.offer),
            "zone": ("update", self.choose_zone),
            "confirm": ("update", self.confirm),
            "cancel": ("update", self.cancel),
            "topic": ("update", self.show),
            "topics": ("update", self.back),
            "edit": ("modal", self.edit),
            "remove": ("update", self.remove),
        }

    @app_commands.command(description="Give a channel a topic: see what it would have brought, then confirm")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(
        query="What to follow, as in /search; empty for everything, by votes",
        channel="Where to post; default: this channel",
        zone="The channel's time zone, asked for once",
    )
    async def subscribe(
        self,
        interaction: Interaction,
        query: app_commands.Range[str, 0, MAX_LENGTH] = "",
        channel: discord.TextChannel | None = None,
        zone: str | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = channel or interaction.channel
        await reply(interaction, await self._offer(place, query, zone))

    @subscribe.autocomplete("zone")
    async def _zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return zone_choices(typed)

    async def offer(self, interaction: Interaction, number: str) -> None:
        """ "Subscribe to this search" under an answer."""
        require_manager(interaction)
        query = await searches.recall(self.bot.db, int(number))
        await reply(interaction, await self._offer(interaction.channel, query, None))

    async def choose_zone(self, interaction: Interaction, number: str, channel: str, zone: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        await change(interaction, await self._offer(self.bot.get_channel(int(channel)), query, zone))

    async def confirm(self, interaction: Interaction, number: str, channel: str, zone: str) -> None:
        query = await searches.recall(self.bot.db, int(number))
        guild = GuildId(interaction.guild_id or 0)
        found, new = await ask.subscribe(
            self.bot.db, ChannelId(int(channel)), guild, query, zone, now=self.bot.clock()
        )
        await change(interaction, answers.subscribed_post(found, query, new=new))

    async def cancel(self, interaction: Interaction) -> None:
        await change(interaction, posts.notice("Nothing was changed."))

    async def _offer(self, place: object, query: str, zone: str | None) -> Post:
        if not isinstance(place, discord.TextChannel):
            raise UserError("Digests go to text and announcement channels: `/subscribe` has an option `channel`.")
        require_posting(place)
        now = self.bot.clock()
        own = await additions.own(self.bot.db, GuildId(place.guild.id))
        offer = await ask.offer(self.bot.db, ChannelId(place.id), query, zone, now=now, own=own)
        number = await searches.remember(self.bot.db, offer.query.text, now=now)
        return answers.offer_post(offer, where=place.mention, number=number, channel=place.id)

    @app_commands.command(description="What this server's channels follow; change or remove a topic")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(channel="Only this channel's topics")
    async def subscriptions(self, interaction: Interaction, channel: discord.TextChannel | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        only = ChannelId(channel.id) if channel else None
        await reply(interaction, await self._list(interaction, only=only))

    async def show(self, interaction: Interaction, number: str) -> None:
        await change(interaction, answers.topic_post(await self._topic(interaction, number)))

    async def back(self, interaction: Interaction) -> None:
        await change(interaction, await self._list(interaction))

    async def remove(self, interaction: Interaction, number: str) -> None:
        topic = await self._topic(interaction, number)
        await channels.unsubscribe(self.bot.db, topic.id)
        await change(interaction, await self._list(interaction, removed=topic.text))

    async def edit(self, interaction: Interaction, number: str) -> None:
        await interaction.response.send_modal(Edit(self, await self._topic(interaction, number)))

    async def _topic(self, interaction: Interaction, number: str) -> Topic:
        return await channels.topic(self.bot.db, TopicId(int(number)), GuildId(interaction.guild_id or 0))

    async def _list(self, interaction: Interaction, *, only: ChannelId | None = None, removed: str = "") -> Post:
        found = await channels.of_guild(self.bot.db, GuildId(interaction.guild_id or 0))
        told = [
            (channel, await channels.topics(self.bot.db, channel.id))
            for channel in found
            if only in (None, channel.id)
        ]
        names = {channel.id: str(self.bot.get_channel(channel.id) or "deleted channel") for channel in found}
        return answers.subscriptions_post(told, names=names, removed=removed)


class Edit(ui.Modal, title="Change this topic"):
    """The topic's query as text, checked before it is saved, and its floor."""

    def __init__(self, cog: Subscriptions, topic: Topic) -> None:
        super().__init__(timeout=900)  # seconds; a form that was closed is forgotten then
        self._cog, self._topic = cog, topic
        self._text: ui.TextInput[Edit] = ui.TextInput(default=topic.text, max_length=MAX_LENGTH)
        self._floor: ui.Select[Edit] = ui.Select(
            options=[
                discord.SelectOption(label=floor, description=told, default=floor is topic.floor)
                for floor, told in answers.FLOORS.items()
            ]
        )
        self.add_item(ui.Label(text="Query, as in /search", component=self._text))
        self.add_item(ui.Label(text="Which of a day’s papers are good enough", component=self._floor))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        query = unordered(parse(self._text.value))
        await interaction.response.defer()
        floor = Floor(self._floor.values[0]) if self._floor.values else self._topic.floor
        await channels.edit_topic(self._cog.bot.db, self._topic.id, query.text, floor)
        await self._cog.back(interaction)  # type: ignore[arg-type]

    async def on_error(self, interaction: discord.Interaction, error: Exception) -> None:  # type: ignore[override]
        await answer_error(interaction, error)  # type: ignore[arg-type]


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Subscriptions(bot))
