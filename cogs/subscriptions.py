"""`/subscribe` and `/subscriptions`: topics of channels and inboxes, previewed before they are saved."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import post as posts
from bot.errors import UserError
from bot.models import ChannelId, Floor, Post, Topic, TopicId
from bot.papers.query import MAX_LENGTH, parse, unordered
from bot.pipeline import ask
from cogs._client import Interaction, Paperboy, answer_error, change, reply
from cogs._place import channel_of, owner_of, require_manager, require_posting
from cogs.digest import zone_choices
from storage import channels, searches


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

    @app_commands.command(description="What is followed here; change or remove a topic")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(channel="Only this channel's topics")
    async def subscriptions(self, interaction: Interaction, channel: discord.TextChannel | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        only = ChannelId(channel.id) if channel else None
        await reply(interaction, await self._list(interaction, only=only))

    async def show(self, interaction: Interaction, number: str) -> None:
        topic = await self._topic(interaction, number)
        await change(interaction, answers.topic_post(topic, owner_of(interaction)))

    async def back(self, interaction: Interaction) -> None:
        await change(interaction, await self._list(interaction))

    async def remove(self, interaction: Interaction, number: str) -> None:
        topic = await self._topic(interaction, number)
        await channels.unsubscribe(self.bot.db, topic.id)
        await change(interaction, await self._list(interaction, removed=topic.text))

    async def edit(self, interaction: Interaction, number: str) -> None:
        await interaction.response.send_modal(Edit(self, await self._topic(interaction, number)))

    async def _topic(self, interaction: Interaction, number: str) -> Topic:
        return await channels.topic(self.bot.db, TopicId(int(number)), owner_of(interaction))

    async def _list(self, interaction: Interaction, *, only: ChannelId | None = None, removed: str = "") -> Post:
        owner = owner_of(interaction)
        found = await channels.of(self.bot.db, owner)
        told = [
            (channel, await channels.topics(self.bot.db, channel.id))
            for channel in found
            if only in (None, channel.id)
        ]
        if owner.person is not None:
            return answers.subscriptions_post(told, removed=removed, inbox=True)
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
        self.add_item(ui.Label(text="Floor: how good a paper has to be", component=self._floor))

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
