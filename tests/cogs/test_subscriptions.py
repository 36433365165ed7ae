"""Subscribing: previewed, confirmed, listed, changed, removed; and who may."""

from __future__ import annotations

from datetime import UTC, datetime

import discord
import pytest

from bot.models import ChannelId, Floor, GuildId
from storage import channels
from tests.cogs.scene import Scene, buttons, parts, shown, text


async def test_a_new_channel_is_asked_for_its_zone_then_confirms(scene: Scene) -> None:
    offered = await scene.admin.slash(scene.papers, "subscribe", query="agent")
    message = shown(offered)
    assert offered.ephemeral
    assert "last seven days it matched 20 papers" in text(message).replace("**", "")
    assert "Confirm" not in buttons(message)

    (menu,) = (part for part in parts(message) if part["type"] == 3)
    chosen = await scene.admin.select(message, custom_id=menu["custom_id"], values=["Europe/Berlin"])
    assert chosen.response is not None
    assert "Mon–Fri at **15:00** (Europe/Berlin)" in text(chosen.response.message)  # 13:00 UTC in summer time
    assert await channels.get(scene.bot.db, scene.channel_id) is None

    await scene.admin.click(message, label="Confirm")
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert saved.next_due == datetime(2026, 4, 1, 13, tzinfo=UTC)
    assert [topic.text for topic in await channels.topics(scene.bot.db, scene.channel_id)] == ["agent"]


async def test_a_second_topic_keeps_the_schedule_and_needs_no_zone(scene: Scene) -> None:
    await scene.subscribe("agent", "Asia/Tokyo")
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", query="robot"))
    assert "Asia/Tokyo" in text(offered)
    await scene.admin.click(offered, label="Confirm")
    assert len(await channels.topics(scene.bot.db, scene.channel_id)) == 2


async def test_the_same_topic_twice_is_one(scene: Scene) -> None:
    await scene.subscribe("agent")
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", query="AGENT"))
    answer = await scene.admin.click(offered, label="Confirm")
    assert answer.response is not None
    assert "already" in text(answer.response.message)
    assert len(await channels.topics(scene.bot.db, scene.channel_id)) == 1


async def test_an_empty_query_follows_everything_by_votes(scene: Scene) -> None:
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", zone="UTC"))
    assert "`trending`" in text(offered)
    assert "2603.27027" not in text(offered)


async def test_cancel_changes_nothing(scene: Scene) -> None:
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", query="agent", zone="UTC"))
    await scene.admin.click(offered, label="Cancel")
    assert await channels.get(scene.bot.db, scene.channel_id) is None


async def test_another_channel_can_be_named(scene: Scene) -> None:
    offered = shown(
        await scene.admin.slash(scene.papers, "subscribe", query="agent", zone="UTC", channel=scene.other)
    )
    await scene.admin.click(offered, label="Confirm")
    assert await channels.get(scene.bot.db, ChannelId(scene.other.id)) is not None
    assert await channels.get(scene.bot.db, scene.channel_id) is None


async def test_a_query_with_a_fault_shows_the_place(scene: Scene) -> None:
    answer = shown(await scene.admin.slash(scene.papers, "subscribe", query="robot (drone", zone="UTC"))
    assert "This ( is not closed" in text(answer)
    assert "robot (drone\n      ^" in text(answer)


async def test_an_unknown_zone_says_what_would_work(scene: Scene) -> None:
    answer = shown(await scene.admin.slash(scene.papers, "subscribe", query="robot", zone="Berlin time"))
    assert "Europe/Berlin" in text(answer)


async def test_zones_complete_as_one_types(scene: Scene) -> None:
    choices = await scene.admin.autocomplete(scene.papers, "subscribe", "zone", "berl")
    assert [choice["value"] for choice in choices] == ["Europe/Berlin"]
    assert len(await scene.admin.autocomplete(scene.papers, "digest schedule", "zone", "")) == 25


async def test_a_channel_where_the_bot_may_not_post_is_refused_at_once(scene: Scene) -> None:
    closed = scene.guild.create_text_channel(
        "closed", overwrites={scene.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    answer = shown(await scene.admin.slash(scene.papers, "subscribe", query="agent", channel=closed, zone="UTC"))
    assert "Send Messages" in text(answer)


async def test_members_are_not_offered_what_changes_things(scene: Scene) -> None:
    everybodys = {"search", "trending", "paper", "status", "help", "forget"}
    assert set(scene.member.available_commands(scene.papers)) == everybodys
    names = set(scene.admin.available_commands(scene.papers))
    assert {"subscribe", "subscriptions", "search", "status", "help"} <= names


async def test_subscribe_to_this_search_is_for_managers(scene: Scene) -> None:
    found = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    refused = shown(await scene.member.click(found, label="Subscribe to this search"))
    assert "Manage Server" in text(refused)

    found = shown(await scene.admin.slash(scene.papers, "search", query="diffusion"))
    offered = shown(await scene.admin.click(found, label="Subscribe to this search"))
    assert "`diffusion`" in text(offered)


async def test_topics_are_listed_changed_and_removed(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.subscribe("robot")
    listed = shown(await scene.admin.slash(scene.papers, "subscriptions"))
    (menu,) = (part for part in parts(listed) if part["type"] == 3)
    assert [option["label"] for option in menu["options"]] == ["#papers: agent", "#papers: robot"]

    agent, robot = (option["value"] for option in menu["options"])
    await scene.admin.select(listed, custom_id=menu["custom_id"], values=[agent])
    form = await scene.admin.click(listed, label="Change")
    assert form.modal is not None
    query, floor = (label["component"] for label in form.modal["components"])
    assert [option["label"] for option in floor["options"] if option["default"]] == ["all"]
    await scene.admin.submit_modal(form, {query["custom_id"]: "agents -survey", floor["custom_id"]: ["elite"]})
    assert {(topic.text, topic.floor) for topic in await channels.topics(scene.bot.db, scene.channel_id)} == {
        ("agents -survey", Floor.ELITE),
        ("robot", Floor.ALL),
    }
    listed = shown(await scene.admin.slash(scene.papers, "subscriptions"))
    assert "`agents -survey` · elite" in text(listed)

    await scene.admin.select(listed, custom_id=menu["custom_id"], values=[robot])
    await scene.admin.click(listed, label="Remove")
    assert [topic.text for topic in await channels.topics(scene.bot.db, scene.channel_id)] == ["agents -survey"]


async def test_a_wrong_change_keeps_the_topic(scene: Scene) -> None:
    await scene.subscribe("agent")
    listed = shown(await scene.admin.slash(scene.papers, "subscriptions"))
    (menu,) = (part for part in parts(listed) if part["type"] == 3)
    await scene.admin.select(listed, custom_id=menu["custom_id"], values=[menu["options"][0]["value"]])
    form = await scene.admin.click(listed, label="Change")
    assert form.modal is not None
    query, floor = (label["component"]["custom_id"] for label in form.modal["components"])
    answer = await scene.admin.submit_modal(form, {query: '"open', floor: ["selective"]})
    assert "not closed" in text(shown(answer))
    assert [topic.text for topic in await channels.topics(scene.bot.db, scene.channel_id)] == ["agent"]


async def test_a_topic_of_another_server_is_out_of_reach(scene: Scene) -> None:
    await scene.subscribe("agent")
    listed = shown(await scene.admin.slash(scene.papers, "subscriptions"))
    (menu,) = (part for part in parts(listed) if part["type"] == 3)
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE channels SET guild_id = ?", (GuildId(1),))
    answer = await scene.admin.select(listed, custom_id=menu["custom_id"], values=[menu["options"][0]["value"]])
    assert "gone already" in text(shown(answer))


async def test_buttons_work_after_a_restart(scene: Scene) -> None:
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", query="agent", zone="UTC"))
    again = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds)
    await scene.env.restart_bot(again)
    await scene.admin.click(offered, label="Confirm")
    assert await channels.get(again.db, scene.channel_id) is not None


@pytest.mark.parametrize(
    "name", ["subscriptions", "digest now", "digest preview", "digest pause", "digest schedule"]
)
async def test_a_channel_without_topics_is_told_how_to_begin(scene: Scene, name: str) -> None:
    assert "/subscribe" in text(shown(await scene.admin.slash(scene.papers, name)))
