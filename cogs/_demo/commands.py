"""`/demo`: what only the demo can do. Its bot alone loads it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.digest import post as posts
from bot.digest.markup import local
from bot.errors import UserError
from cogs._client import Interaction, reply

if TYPE_CHECKING:
    from cogs._demo.stage import Stage


class Demo(commands.GroupCog, group_name="demo", group_description="Only in the demo: time, faults, restarts"):
    """A command of the bot may not change the world that it is in: each leaves a wish with the stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @app_commands.command(description="Jump to the next due moment, and see what comes")
    async def next(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        due = await self.stage.next_due()
        if due is None:
            raise UserError("Nothing is due here: `/subscribe` begins, `/digest resume` ends a pause.")
        self.stage.wish(partial(self.stage.tell_next, due))
        await reply(
            interaction,
            posts.notice(f"The clock jumps to {local(due, 'F')} … If nothing comes, `/status` tells why."),
        )

    @app_commands.command(name="source-down", description="No source answers any more")
    async def source_down(self, interaction: Interaction) -> None:
        self.stage.wish(self.stage.cut_sources)
        await self._told(
            interaction, "No source answers any more. `/demo next`, then `/status` tells what that means."
        )

    @app_commands.command(name="discord-500", description="Discord answers every post with an error")
    async def discord_500(self, interaction: Interaction) -> None:
        self.stage.wish(self.stage.fail_discord)
        await self._told(
            interaction,
            "Discord answers every post with 500. `/demo next`, then `/status`. After `/demo repair` the digest "
            "comes within a minute.",
        )

    @app_commands.command(description="Take away the bot's permission to post here")
    async def forbid(self, interaction: Interaction) -> None:
        self.stage.wish(self.stage.forbid)
        await self._told(
            interaction,
            "Paperboy may not send messages here any more. `/demo next`, then `/status`; after `/demo repair`, "
            "`/digest resume`.",
        )

    @app_commands.command(description="Mend all that was broken")
    async def repair(self, interaction: Interaction) -> None:
        self.stage.wish(self.stage.repair)
        await self._told(interaction, "All is well again.")

    @app_commands.command(description="Stop the bot and start it again; old buttons still work")
    async def restart(self, interaction: Interaction) -> None:
        self.stage.wish(self.stage.restart)
        await self._told(interaction, "Paperboy stops and starts again. Press any button of an older message.")

    @app_commands.command(
        description="Show your direct messages with the bot: there you can have a digest of your own"
    )
    async def inbox(self, interaction: Interaction) -> None:
        self.stage.wish(partial(self.stage.turn_to, interaction.user.id))
        await self._told(
            interaction,
            "Reload this page: it shows your direct messages with Paperboy. `/subscribe` there gives you an "
            "inbox; `/demo channel` leads back.",
        )

    @app_commands.command(description="Show the channel again")
    async def channel(self, interaction: Interaction) -> None:
        self.stage.wish(partial(self.stage.turn_to, None))
        await self._told(interaction, "Reload this page: it shows the channel.")

    async def _told(self, interaction: Interaction, text: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await reply(interaction, posts.notice(text))
