"""`/digest`: when a digest comes, a look at it before, one right now, pause and resume; "n more"."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from discord import app_commands
from discord.ext import commands

from bot.digest import answer as answers
from bot.digest import due
from bot.digest import post as posts
from bot.digest.markup import escape, local, yours
from bot.errors import UserError
from bot.models import DeliveryId, UserId
from bot.papers.trending import counted
from bot.pipeline import ask, deliver, draft
from cogs._client import Interaction, Paperboy, reply
from cogs._place import Place, following, require_posting_in
from storage import channels


@app_commands.default_permissions(manage_guild=True)
class Digest(commands.GroupCog, group_name="digest", group_description="The daily digest"):
    def __init__(self, bot: Paperboy) -> None:
        self.bot = bot
        bot.actions["more"] = ("answer", self.more)

    @app_commands.command(description="When the digest comes, and how long it is; without options, what is set")
    @app_commands.describe(
        time="Time of day, like 09:30",
        zone="Time zone, like Europe/Berlin",
        days="mon-fri, tue, thu, or daily",
        size="Papers in one digest",
        late_risers="Whether a digest opens with what rose after the last one",
        channel="Default: here",
    )
    async def schedule(
        self,
        interaction: Interaction,
        time: str | None = None,
        zone: str | None = None,
        days: str | None = None,
        size: app_commands.Range[int, due.MIN_SIZE, due.MAX_SIZE] | None = None,
        late_risers: bool | None = None,
        channel: Place = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found, now = await following(interaction, channel), self.bot.clock()
        given: dict[str, Any] = {
            "post_at": due.time_named(time) if time else None,
            "zone": due.zone_named(zone) if zone else None,
            "days": due.days_named(days) if days else None,
            "size": size,
            "late_risers": late_risers,
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        if wanted:
            found = await ask.reschedule(self.bot.db, found.id, lambda old: replace(old, **wanted), now=now)
        if found.next_due is None:
            state = answers.paused_told(found.paused or "", found.paused_by)
        elif wanted and found.next_due <= now:
            state = "today’s digest has not come yet, so it comes now"
        else:
            state = f"the next {yours(found.next_due)}"
        early = answers.early_told(due.early_hour(found.schedule, now))
        where = answers.named(found.id, found.owner, begin=True)
        told = f"{where}: {answers.schedule_told(found.schedule)}; {state}.{early}"
        await reply(interaction, posts.notice(told))

    @schedule.autocomplete("zone")
    async def _zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return zone_choices(typed)

    @app_commands.command(description="Look at the next digest as it would be now; only you see it")
    @app_commands.describe(channel="Default: here")
    async def preview(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found, db = await following(interaction, channel), self.bot.db
        drafted = await draft.upcoming(db, found, now=self.bot.clock())
        if not drafted.digest.papers:
            raise UserError(f"As of now there would be no digest: {escape(drafted.why)}.")
        digest = await self.bot.writer.kept(drafted.digest) if self.bot.writer else drafted.digest
        shown, _ = await asyncio.to_thread(posts.digest_post, digest, DeliveryId("preview"))
        await reply(interaction, shown)

    @app_commands.command(description="Post a digest right now; the scheduled one will skip what it shows")
    @app_commands.describe(channel="Default: here")
    async def now(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await following(interaction, channel)
        await require_posting_in(self.bot, found)
        bot, now = self.bot, self.bot.clock()
        delivery = await deliver.deliver_now(bot.db, bot.publisher, found, now=now, writer=bot.writer)
        where = answers.named(found.id, found.owner)
        told = f"Posted {counted(len(delivery.shown), 'paper')} to {where}; the schedule stays as it was."
        await reply(interaction, posts.notice(told))

    @app_commands.command(description="Post nothing until resumed")
    @app_commands.describe(channel="Default: here")
    async def pause(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await following(interaction, channel)
        by, now = UserId(interaction.user.id), self.bot.clock()
        where = answers.named(found.id, found.owner, begin=True)
        if not await channels.pause(self.bot.db, found.id, "by hand with /digest pause", now=now, by=by):
            state = answers.paused_told(found.paused or "", found.paused_by)
            raise UserError(f"{where} is already {state}. `/digest resume` ends that.")
        await reply(interaction, posts.notice(f"{where} is paused. `/digest resume` ends that."))

    @app_commands.command(description="Post again after a pause")
    @app_commands.describe(channel="Default: here")
    async def resume(self, interaction: Interaction, channel: Place = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await following(interaction, channel)
        await require_posting_in(self.bot, found)
        next_due = await ask.resume(self.bot.db, found, now=self.bot.clock())
        where = answers.named(found.id, found.owner, begin=True)
        told = f"{where} runs again; the next digest {local(next_due, 'F')}."
        await reply(interaction, posts.notice(told))

    async def more(self, interaction: Interaction, delivery: str) -> None:
        if delivery == "preview":
            raise UserError("This is only a preview: the posted digest shows the rest.")
        await reply(interaction, posts.more_post(*await ask.more(self.bot.db, DeliveryId(delivery))))


def zone_choices(typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in due.zones_like(typed)]


async def setup(bot: Paperboy) -> None:
    await bot.add_cog(Digest(bot))
