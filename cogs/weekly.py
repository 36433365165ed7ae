"""`/weekly`: whether and when a look back at the week comes, and a look at that before."""

from __future__ import annotations

import asyncio
from typing import Literal

from discord import app_commands
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import due
from bot.digest import post as posts
from bot.digest import weekly as messages
from bot.digest.markup import escape, yours
from bot.errors import UserError
from bot.models import ChannelId, DeliveryId
from bot.pipeline import weekly
from cogs._client import Interaction, Paperboy, reply
from cogs._place import Place, channel_of, following, owner_of, require_posting_in
from storage import channels, round_ups

Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@app_commands.default_permissions(manage_guild=True)
class Weekly(commands.GroupCog, group_name="weekly", group_description="A look back at the week"):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["week"] = ("answer", self.about)

    @app_commands.command(description="Look back once a week: the best papers by topic, and what rose late")
    @app_commands.describe(
        day="Which day of the week; Friday or Monday suits most",
        time="Time of day, like 09:30, in the digest's time zone",
        channel="Default: here",
    )
    async def on(self, interaction: Interaction, day: Day, time: str, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found, now = await following(interaction, channel), self.bot.clock()
        at = due.time_named(time)
        await require_posting_in(self.bot, found)
        found = await weekly.turn_on(self.bot.db, found.id, due.WEEKDAYS.index(day), at, now=now)
        round_up = found.round_up
        if round_up is None:
            raise UserError("It was turned off at the same moment. Ask again if you want it.")
        if round_up.next_due is None:
            state = answers.paused_told(found.paused or "", found.paused_by)
        elif round_up.next_due <= now:
            state = "today’s has not come yet, so it comes now"
        else:
            state = f"the next {yours(round_up.next_due)}"
        where = answers.named(found.id, found.owner, begin=True)
        told = f"{where}: a round-up {messages.when_told(round_up, found.schedule)}; {state}."
        await reply(interaction, posts.notice(f"{told}\n-# `/weekly preview` shows what it would be now."))

    @app_commands.command(description="No look back at the week any more; digests stay as they are")
    @app_commands.describe(channel="Default: here")
    async def off(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        number = channel_of(interaction, channel.id if channel else None)
        where = answers.named(number, owner_of(interaction), begin=True)
        if not await round_ups.turn_off(self.bot.db, number, now=self.bot.clock()):
            raise UserError(f"{where} gets no round-up. `/weekly on` gives it one.")
        await reply(interaction, posts.notice(f"{where} gets no round-up any more; its digests stay."))

    @app_commands.command(description="Look at the round-up as it would be now; only you see it")
    @app_commands.describe(channel="Default: here")
    async def preview(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await following(interaction, channel)
        week, why = await weekly.preview(self.bot.db, found, now=self.bot.clock())
        if not week.sections:
            raise UserError(f"As of now there would be no round-up: {escape(why)}.")
        shown, _ = await asyncio.to_thread(messages.weekly_post, week, DeliveryId("preview"))
        await reply(interaction, shown)

    async def about(self, interaction: Interaction, _: str) -> None:
        found = await channels.get(self.bot.db, ChannelId(interaction.channel_id or 0))
        if found is None:
            raise UserError("Nothing is followed here any more: `/subscribe` begins.")
        await reply(interaction, messages.about_post(found.round_up, found.schedule))


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Weekly(bot))
