"""`/digest`: when a channel's digest comes, a look at it before, one right now, pause and resume; "n more"."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import due
from bot.digest import post as posts
from bot.digest.markup import local
from bot.errors import UserError
from bot.models import Channel, ChannelId, DeliveryId, Schedule
from bot.pipeline import ask, deliver
from cogs._client import Interaction, Paperboy, reply, require_posting
from storage import channels

Place = discord.TextChannel | None


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Digest(commands.GroupCog, group_name="digest", group_description="The channel's daily digest"):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["more"] = self.more

    @app_commands.command(description="When the digest comes, and how long it is; without options, what is set")
    @app_commands.describe(
        time="Time of day, like 09:30",
        zone="Time zone, like Europe/Berlin",
        days="mon-fri, tue, thu, or daily",
        size="Papers in one digest",
        channel="Default: this channel",
    )
    async def schedule(
        self,
        interaction: Interaction,
        time: str | None = None,
        zone: str | None = None,
        days: str | None = None,
        size: app_commands.Range[int, due.MIN_SIZE, due.MAX_SIZE] | None = None,
        channel: Place = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found, now = await self._channel(interaction, channel), self.bot.clock()
        old = found.schedule
        wanted = Schedule(
            post_at=due.time_named(time) if time else old.post_at,
            zone=due.zone_named(zone) if zone else old.zone,
            days=due.days_named(days) if days else old.days,
            size=size or old.size,
        )
        if wanted != old:
            found = await ask.reschedule(self.bot.db, found, wanted, now=now)
        state = f"paused: {found.paused}" if found.next_due is None else f"the next {local(found.next_due, 'F')}"
        early = answers.early_told(due.is_early(wanted, now))
        await reply(interaction, posts.notice(f"<#{found.id}>: {answers.schedule_told(wanted)}; {state}.{early}"))

    @schedule.autocomplete("zone")
    async def _zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return zone_choices(typed)

    @app_commands.command(description="Look at the next digest as it would be now; only you see it")
    @app_commands.describe(channel="Default: this channel")
    async def preview(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._channel(interaction, channel)
        topics = [topic.text for topic in await channels.topics(self.bot.db, found.id)]
        digest, why = await deliver.preview(self.bot.db, topics, now=self.bot.clock(), channel=found)
        if not digest.papers:
            raise UserError(f"As of now there would be no digest: {why}.")
        await reply(interaction, posts.digest_post(digest, DeliveryId("preview"))[0])

    @app_commands.command(description="Post a digest right now; the scheduled one will skip what it shows")
    @app_commands.describe(channel="Default: this channel")
    async def now(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._channel(interaction, channel)
        place = channel or interaction.channel
        if isinstance(place, discord.TextChannel):
            require_posting(place)
        delivery = await deliver.deliver_now(self.bot.db, self.bot.publisher, found, now=self.bot.clock())
        text = f"Posted {len(delivery.shown)} papers to <#{found.id}>; the next scheduled digest stays as it was."
        await reply(interaction, posts.notice(text))

    @app_commands.command(description="Post nothing until resumed")
    @app_commands.describe(channel="Default: this channel")
    async def pause(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._channel(interaction, channel)
        if not await channels.pause(
            self.bot.db, found.id, f"by {interaction.user.display_name} with /digest pause"
        ):
            raise UserError(f"<#{found.id}> is paused already: {found.paused}. `/digest resume` ends that.")
        await reply(interaction, posts.notice(f"<#{found.id}> is paused. `/digest resume` ends that."))

    @app_commands.command(description="Post again after a pause")
    @app_commands.describe(channel="Default: this channel")
    async def resume(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._channel(interaction, channel)
        if not found.paused:
            raise UserError(f"<#{found.id}> is not paused. `/status` tells when its next digest comes.")
        following = await ask.resume(self.bot.db, found, now=self.bot.clock())
        await reply(
            interaction, posts.notice(f"<#{found.id}> runs again; the next digest {local(following, 'F')}.")
        )

    async def more(self, interaction: Interaction, delivery: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        if delivery == "preview":
            raise UserError("This is only a preview: the posted digest shows the rest.")
        left, day = await ask.more(self.bot.db, DeliveryId(delivery))
        await reply(interaction, posts.more_post(left, day))

    async def _channel(self, interaction: Interaction, place: Place) -> Channel:
        """Raises UserError where the channel has no digest."""
        number = ChannelId(place.id if place else interaction.channel_id or 0)
        found = await channels.get(self.bot.db, number)
        if found is None or not await channels.topics(self.bot.db, number):
            raise UserError(f"<#{number}> has no topic yet: `/subscribe` gives it one.")
        return found


def zone_choices(typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in due.zones_like(typed)]


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Digest(bot))
