"""`/subscriptions`: the topics of channels and inboxes, to be changed and removed."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.digest import answer as answers
from bot.models import ChannelId, Floor, Post, Topic, TopicId
from bot.papers.query import MAX_LENGTH, parse, unordered
from cogs._client import Interaction, Paperboy, answer_error, change, reply
from cogs._place import owner_of
from storage import channels


class Subscriptions(commands.Cog):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        # They stand only in private answers of a command that Discord itself guards.
        bot.actions |= {
            "topic": ("update", self.show),
            "topics": ("update", self.back),
            "edit": ("modal", self.edit),
            "remove": ("update", self.remove),
        }

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
