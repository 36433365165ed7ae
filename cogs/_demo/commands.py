"""`/demo`: what only the demo can do. Its bot alone loads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
        told = "No source answers any more. `/demo next`, then `/status` tells what that means."
        await self._wish(interaction, self.stage.cut_sources, told)

    @app_commands.command(name="discord-500", description="Discord answers every post with an error")
    async def discord_500(self, interaction: Interaction) -> None:
        told = (
            "Discord answers every post with 500. `/demo next`, then `/status`. After `/demo repair` the digest "
            "comes within a minute."
        )
        await self._wish(interaction, self.stage.fail_discord, told)

    @app_commands.command(description="Take away the bot's permission to post here")
    async def forbid(self, interaction: Interaction) -> None:
        told = (
            "Paperboy may not send messages here any more. `/demo next`, then `/status`; after `/demo repair`, "
            "`/digest resume`."
        )
        await self._wish(interaction, self.stage.forbid, told)

    @app_commands.command(description="Mend all that was broken")
    async def repair(self, interaction: Interaction) -> None:
        await self._wish(interaction, self.stage.repair, "All is well again.")

    @app_commands.command(description="Stop the bot and start it again; old buttons still work")
    async def restart(self, interaction: Interaction) -> None:
        told = "Paperboy stops and starts again. Press any button of an older message."
        await self._wish(interaction, self.stage.restart, told)

    @app_commands.command(
        description="Show your direct messages with the bot: there you can have a digest of your own"
    )
    async def inbox(self, interaction: Interaction) -> None:
        told = (
            "Reload this page: it shows your direct messages with Paperboy. `/subscribe` there gives you an "
            "inbox; `/demo channel` leads back."
        )
        await self._wish(interaction, partial(self.stage.turn_to, interaction.user.id), told)

    @app_commands.command(description="Show the channel again")
    async def channel(self, interaction: Interaction) -> None:
        await self._wish(interaction, partial(self.stage.turn_to, None), "Reload this page: it shows the channel.")

    async def _wish(self, interaction: Interaction, act: Callable[[], Awaitable[None]], told: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        self.stage.wish(act)
        await reply(interaction, posts.notice(told))
