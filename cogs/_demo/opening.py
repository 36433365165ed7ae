"""How the demo begins: a server, its people, the digests of the days before, and a word on what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot import demo
from bot.errors import UserError
from bot.models import ChannelId, GuildId
from bot.pipeline import deliver
from storage import channels

if TYPE_CHECKING:
    from cogs._demo.stage import Stage

_WELCOME = (
    "Type `/` to talk to Paperboy: `/search`, `/paper`, `/subscriptions`, `/status`, `/help`. `/demo next` brings "
    "the next digest; other `/demo` commands break something, so that you see what Paperboy does about it."
)


async def people(stage: Stage) -> None:
    """The server, whose one channel has its topics, and two people."""
    env = stage.env
    env.backend.bot_user.name = "Paperboy"
    stage.guild = env.create_guild("The lab")
    stage.papers = stage.guild.create_text_channel("papers", topic="One digest a day")
    managing = stage.guild.create_role("Organisers", permissions=discord.Permissions(manage_guild=True))
    stage.admin = stage.guild.add_member(env.create_user("ada", global_name="Ada (admin)"), roles=[managing])
    stage.member = stage.guild.add_member(env.create_user("max", global_name="Max (member)"))
    stage.narrator = stage.guild.create_webhook(stage.papers, "The demo")
    await env.settle()
    await demo.subscribe(stage.db, ChannelId(stage.papers.id), GuildId(stage.guild.id), now=stage.now())


async def digests(stage: Stage) -> None:
    """Those that the channel had by the sample's last day."""
    while stage.now() < demo.NOW and (due := await stage.next_due()):
        await stage.jump(due)


async def digest_now(stage: Stage) -> None:
    """One of what there is at this moment, or why there is none."""
    await stage.read()
    for channel in await channels.every(stage.db):
        try:
            await deliver.deliver_now(stage.db, stage.publisher, channel, now=stage.now())
        except UserError as error:
            await stage.narrate(f"No digest yet: {error} `/status` tells more.")


async def welcome(stage: Stage) -> None:
    # From the bot: the page opens at its last message, and follows what comes only from there.
    await stage.say(stage.papers.id, f"{demo.clock(stage.now())}. {_WELCOME}")
