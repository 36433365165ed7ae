"""Servers that the bot leaves and returns to, channels that go, and who is told of trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import discord
import pytest
from simcord.backend import serializers

from bot.models import ChannelId, GuildId
from bot.pipeline import alert
from cogs.servers import Servers
from storage import channels, guilds, upkeep
from tests.cogs.scene import Scene, shown, text
from tests.making import rows

DAY = timedelta(days=1)


async def left(scene: Scene) -> list[tuple[object, ...]]:
    return await rows(scene.bot.db, "SELECT id, left_at FROM guilds")


async def paused(scene: Scene) -> str | None:
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    return found.paused


def servers(scene: Scene) -> Servers:
    # Loading made a module of its own from the file.
    return cast(Servers, scene.bot.get_cog("Servers"))


async def restarted(scene: Scene) -> None:
    """The bot was off, and connects again."""
    scene.bot = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds)
    await scene.env.restart_bot(scene.bot)
    await scene.env.settle()


# --- servers ----------------------------------------------------------------------------------------


async def test_a_server_that_the_bot_was_removed_from_is_forgotten_a_month_later(scene: Scene) -> None:
    await scene.subscribe("agent")
    guild = scene.bot.get_guild(scene.guild.id)
    assert guild is not None
    await guild.leave()
    await scene.env.settle()
    now = scene.bot.clock()
    assert await left(scene) == [(scene.guild.id, int(now.timestamp()))]
    assert await paused(scene) == guilds.LEFT
    assert (await upkeep.prune(scene.bot.db, now + 29 * DAY)).channels == 0
    assert (await upkeep.prune(scene.bot.db, now + 31 * DAY)).channels == 1
    assert await channels.get(scene.bot.db, scene.channel_id) is None
    assert await left(scene) == []


async def test_an_outage_of_a_server_is_no_removal(scene: Scene) -> None:
    await scene.subscribe("agent")
    scene.env.backend.emit("GUILD_DELETE", {"id": str(scene.guild.id), "unavailable": True})
    await scene.env.settle()
    known = scene.bot.get_guild(scene.guild.id)
    assert known is not None
    assert known.unavailable
    await servers(scene).on_ready()
    assert await left(scene) == []
    assert await paused(scene) is None


async def test_a_removal_and_a_return_while_the_bot_was_off_are_seen_when_it_connects(scene: Scene) -> None:
    await scene.subscribe("agent")
    await restarted(scene)
    assert (await left(scene), await paused(scene)) == ([], None)

    there = scene.env.backend.guilds.pop(scene.guild.id)
    await restarted(scene)
    assert [number for number, at in await left(scene) if at] == [scene.guild.id]
    assert await paused(scene) == guilds.LEFT

    scene.env.backend.guilds[scene.guild.id] = there
    await restarted(scene)
    assert await left(scene) == [(scene.guild.id, None)]
    assert await paused(scene) == guilds.LEFT
    assert "runs again" in text(shown(await scene.admin.slash(scene.papers, "digest resume")))
    assert (await upkeep.prune(scene.bot.db, scene.bot.clock() + 60 * DAY)).channels == 0


@pytest.mark.parametrize("available", [{}, {"unavailable": False}], ids=["join", "available"])
async def test_an_invitation_keeps_what_was_stored(scene: Scene, available: dict[str, bool]) -> None:
    await scene.subscribe("agent")
    await guilds.leave(scene.bot.db, GuildId(scene.guild.id), scene.bot.clock())
    there = serializers.guild_create_payload(scene.env.backend, scene.env.backend.get_guild(scene.guild.id))
    scene.env.backend.emit("GUILD_CREATE", {**there, **available})
    await scene.env.settle()
    assert await left(scene) == [(scene.guild.id, None)]
    assert len(await channels.topics(scene.bot.db, scene.channel_id)) == 1


# --- who is told ------------------------------------------------------------------------------------


async def delete(scene: Scene, number: int) -> None:
    channel = scene.bot.get_channel(number)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    await scene.env.settle()


async def tell(scene: Scene) -> bool:
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    told = await alert.tell(scene.bot.db, scene.bot.publisher, found, "is paused: *no* @everyone permission")
    await scene.env.settle()
    return told


def direct(scene: Scene) -> list[str]:
    return [message.content for message in scene.guild.owner.dm_channel.history()]


async def test_trouble_goes_to_the_chosen_channel_then_to_the_owner_then_to_the_system_channel(
    scene: Scene,
) -> None:
    await scene.subscribe("agent")
    guild = scene.bot.get_guild(scene.guild.id)
    system = scene.guild.create_text_channel("general")
    scene.env.backend.edit_guild(scene.guild.id, {"system_channel_id": system.id})
    await scene.env.settle()
    assert guild is not None
    answer = await scene.admin.slash(scene.papers, "alerts", channel=scene.other)
    assert answer.ephemeral
    assert f"<#{scene.other.id}> hears of it" in text(shown(answer))

    assert await tell(scene)
    (message,) = scene.other.history()
    assert message.content.startswith(f"The digest of <#{scene.papers.id}> in **Lab** is paused: ")
    assert "*no*" not in message.content
    assert not message.mention_everyone
    assert direct(scene) == []

    scene.env.inject_error("POST", f"/channels/{scene.other.id}/messages", status=403, code=50013, times=None)
    assert await tell(scene)
    assert len(direct(scene)) == 1

    dms = scene.guild.owner.dm_channel.id
    scene.env.inject_error("POST", f"/channels/{dms}/messages", status=403, code=50007, times=None)
    assert await tell(scene)
    assert len(system.history()) == 1

    scene.env.inject_error("POST", f"/channels/{system.id}/messages", status=500, times=None)
    assert not await tell(scene)


async def test_nobody_is_told_of_a_server_that_is_not_there(scene: Scene) -> None:
    assert not await scene.bot.publisher.tell(GuildId(1), ChannelId(2), "is paused: x", None)


async def test_alerts_alone_tells_what_is_set_and_owner_goes_back(scene: Scene) -> None:
    assert "owner hears of it by direct message" in text(shown(await scene.admin.slash(scene.papers, "alerts")))
    await scene.admin.slash(scene.papers, "alerts", channel=scene.other)
    assert f"<#{scene.other.id}>" in text(shown(await scene.admin.slash(scene.papers, "alerts")))
    both = await scene.admin.slash(scene.papers, "alerts", channel=scene.other, owner=True)
    assert "choose one" in text(shown(both))
    back = await scene.admin.slash(scene.papers, "alerts", owner=True)
    assert "owner hears of it" in text(shown(back))
    assert await guilds.alerts_to(scene.bot.db, GuildId(scene.guild.id)) is None


async def test_a_channel_for_alerts_must_be_one_that_the_bot_may_post_in(scene: Scene) -> None:
    await scene.admin.slash(scene.papers, "alerts", channel=scene.papers)
    channel = scene.bot.get_channel(scene.other.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.set_permissions(channel.guild.me, send_messages=False)
    await scene.env.settle()
    refused = text(shown(await scene.admin.slash(scene.papers, "alerts", channel=scene.other)))
    assert f"In <#{scene.other.id}> I lack **Send Messages**" in refused
    assert await guilds.alerts_to(scene.bot.db, GuildId(scene.guild.id)) == scene.papers.id


async def test_a_channel_for_alerts_that_was_lost_is_told_when_asked(scene: Scene) -> None:
    await guilds.set_alerts(scene.bot.db, GuildId(scene.guild.id), ChannelId(12345))
    assert "I cannot see that channel" in text(shown(await scene.admin.slash(scene.papers, "alerts")))


async def test_a_deleted_channel_is_told_and_one_for_alerts_makes_room_for_the_owner(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "alerts", channel=scene.other)
    await delete(scene, scene.other.id)
    assert await guilds.alerts_to(scene.bot.db, GuildId(scene.guild.id)) is None
    assert direct(scene) == []
    await delete(scene, scene.papers.id)
    (told,) = direct(scene)
    assert told.startswith(f"The digest of <#{scene.papers.id}> in **Lab** is paused: the channel was deleted")
    assert "deleted" in (await paused(scene) or "")


async def test_alerts_are_for_managers(scene: Scene) -> None:
    assert "alerts" in scene.admin.available_commands(scene.papers)
    assert "alerts" not in scene.member.available_commands(scene.papers)
